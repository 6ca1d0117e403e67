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
