"""`fice models` as people and scripts meet it."""

from __future__ import annotations

from click.testing import CliRunner

from fice.cli import main


def test_a_missing_bundle_ends_with_4(photo, fice_command):
    done = fice_command("models", "show", photo.parent)
    assert done.returncode == 4 and "bundle.json" in done.stderr


def test_models_verify_finds_damage(tmp_path):
    from fice.bundle.pack import save_part
    from fice.nets.parser import Parser

    save_part(tmp_path, "regions", Parser(2), "parser", {"classes": 2})
    assert CliRunner().invoke(main, ["models", "verify", str(tmp_path)]).exit_code == 0
    (tmp_path / "regions.safetensors").write_bytes(b"<html>quota exceeded</html>")
    result = CliRunner().invoke(main, ["models", "verify", str(tmp_path)])
    assert result.exit_code == 4 and "bytes instead of" in result.stdout


def test_a_diffusion_model_is_shown_to_people(tmp_path, monkeypatch):
    from fice.bundle.pack import save_folder

    monkeypatch.setenv("FICE_HOME", str(tmp_path))
    folder = tmp_path / "bundles" / "sd"
    (folder / "pipeline" / "unet").mkdir(parents=True)
    (folder / "pipeline" / "unet" / "model.safetensors").write_bytes(bytes(5_000_000))
    save_folder(folder, "pipeline", "StableDiffusionInpaintPipeline", "a licence", "somebody/sd")
    shown = CliRunner().invoke(main, ["models", "show", "sd"]).stdout
    line = (
        "StableDiffusionInpaintPipeline of Stable Diffusion 1.5 and 2, 5.0 MB; origin: somebody/sd; licence: a licence"
    )
    assert f"folders:\n  pipeline: {line}" in shown and "size: 5.0 MB" in shown and "canvas" not in shown
    assert "(a licence)" in CliRunner().invoke(main, ["models", "list"]).stdout
    assert CliRunner().invoke(main, ["models", "verify", "sd"]).stdout == "sd: all files are right\n"
    (folder / "pipeline" / "unet" / "model.safetensors").write_bytes(bytes(4_999_999) + b"1")
    assert CliRunner().invoke(main, ["models", "verify", "sd"]).exit_code == 4
    assert CliRunner().invoke(main, ["models", "remove", "sd"]).exit_code == 0 and not folder.exists()
