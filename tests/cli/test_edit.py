"""`fice edit` as people and scripts meet it: what is handed on, what is refused, what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import fice.cli.edit
from fice.cli import main
from fice.order import Garment, Order
from fice.outputs import Outputs
from fice.settings import Settings


def test_quiet_says_nothing_but_the_result(forwarded, photo):
    result = CliRunner().invoke(main, ["edit", str(photo), "red dress", "-q"])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "out.png\n", "")


def test_quiet_does_not_hide_errors(tmp_path):
    result = CliRunner().invoke(main, ["edit", str(tmp_path / "none.jpg"), "red dress", "-q"])
    assert result.exit_code == 3 and result.stderr.startswith("Error:")


def test_only_what_was_said_is_forwarded(forwarded, photo):
    result = CliRunner().invoke(main, ["edit", str(photo), "red dress"])
    assert result.exit_code == 0, result.output
    outputs = Outputs(photo.with_name("photo.red-dress.png"))
    assert forwarded == [(photo, Order.of("red dress"), outputs, Settings(), {})]
    assert result.stdout == "out.png\n" and "largest" in result.stderr


def test_all_options_are_forwarded(forwarded, photo, tmp_path):
    words = (
        "-o o.png --bundle b --region upper --mask m.png --preset generated --steps 3 --strength 0.5 --candidates 2"
        " --seed 0 --device cpu --save-mask s.png --save-latent l.safetensors --compare c.png --trace t.gif"
        " --latent w.npy --set rate=0.1 --set views=0 --force --json"
    )
    result = CliRunner().invoke(main, ["edit", str(photo), "red dress", *words.split()])
    assert result.exit_code == 0, result.output
    ((_, order, outputs, settings, where),) = forwarded
    assert order == Order.of("red dress", region="upper", mask="m.png", candidates=2, latent="w.npy")
    beside = {"mask": "s.png", "latent": "l.safetensors", "compare": "c.png", "trace": "t.gif"}
    assert outputs == Outputs(Path("o.png"), {name: Path(file) for name, file in beside.items()})
    assert settings == Settings.preset("generated", steps=3, strength=0.5, rate=0.1, views=0)
    assert where == {"bundle": "b", "device": "cpu", "force": True}
    assert json.loads(result.stdout)["text"] == "red dress"


@pytest.mark.parametrize(
    ("background", "name"),
    [("warm grey", "photo.warm-grey-background.jpg"), ("transparent", "photo.transparent-background.png")],
)
def test_a_background_needs_no_text(forwarded, photo, background, name):
    photo = photo.rename(photo.with_suffix(".jpg"))
    photo.write_bytes(b"\xff\xd8\xff")
    result = CliRunner().invoke(main, ["edit", str(photo), "--background", background])
    assert result.exit_code == 0, result.output
    ((_, order, outputs, *_),) = forwarded
    assert order == Order(background=background) and outputs.result.name == name


def test_a_jpeg_that_should_be_transparent_is_refused_before_the_work_begins(photo):
    result = CliRunner().invoke(main, ["edit", str(photo), "--background", "transparent", "-o", "out.jpg"])
    assert result.exit_code == 2 and "out.jpg cannot be transparent; write a .png" in result.stderr


def test_an_order_comes_from_a_file_and_what_is_said_beside_it_counts(forwarded, photo, tmp_path):
    file = tmp_path / "order.json"
    garments = [{"text": "white shirt", "mask": "m.png"}, {"text": "blue jeans", "region": "lower"}]
    file.write_text(json.dumps({"garments": garments, "seed": 4}))
    result = CliRunner().invoke(main, ["edit", str(photo), "--order", str(file), "--candidates", "2"])
    assert result.exit_code == 0, result.output
    shirt, jeans = Garment("white shirt", mask=str(tmp_path / "m.png")), Garment("blue jeans", "lower")
    assert forwarded[0][1] == Order((shirt, jeans), seed=4, candidates=2)


def test_nothing_to_wear_is_answered(photo):
    result = CliRunner().invoke(main, ["edit", str(photo)])
    assert result.exit_code == 2 and "--order FILE" in result.stderr


def test_choices_are_those_of_the_library():
    from fice.settings import PRESETS

    options = {option.name: option.type for option in main.commands["edit"].params}
    assert set(options["preset"].choices) == set(PRESETS)


def test_json_is_one_line_whatever_the_text(forwarded, photo):
    result = CliRunner().invoke(main, ["edit", str(photo), "röd\nklänning 👗", "--json"])
    assert len(result.stdout.splitlines()) == 1 and json.loads(result.stdout)["text"] == "röd\nklänning 👗"


def test_a_result_at_standard_output_is_alone_there(photo, monkeypatch):
    monkeypatch.setattr(fice.cli.edit, "edit_file", lambda *_, **__: {"output": "-", "notices": ["two people"]})
    for arguments in (["-"], ["-", "-o", "-"], [str(photo), "-o", "-"]):
        result = CliRunner().invoke(main, ["edit", arguments[0], "red dress", *arguments[1:]])
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "two people\n")
        result = CliRunner().invoke(main, ["edit", arguments[0], "red dress", *arguments[1:], "--json"])
        assert (result.exit_code, result.stdout) == (2, "") and "name a file with -o" in result.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--strength", "nan"],
        ["--strength", "inf"],
        ["--strength", "-1"],
        ["--steps", "0"],
        ["--set", "rate"],
        ["--set", "rate=nan"],
        ["--set", "colour=red"],
        ["--set", "steps=1.5"],
        ["--set", "clamp=maybe"],
    ],
    ids=" ".join,
)
def test_settings_that_make_no_sense_end_with_2(options, photo):
    result = CliRunner().invoke(main, ["edit", str(photo), "red dress", *options])
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1, result.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "photo.png"], "is the photo itself"),
        (["-o", "there.png"], "--force"),
        (["-o", "no/where.png"], "does not exist"),
        (["-o", "out.bmpx"], "should end in"),
        (["-o", "out.png", "--save-mask", "out.png"], "two results"),
        (["-o", "out.png", "--save-mask", "m.jpg"], ".png"),
        (["-o", "out.png", "--trace", "t.png"], ".gif"),
        (["-o", "out.png", "--save-latent", "l.pt"], ".safetensors"),
        (["-o", "out.png", "--trace", "there.gif"], "--force"),
    ],
)
def test_outputs_are_refused_before_the_work(options, said, photo, monkeypatch):
    monkeypatch.chdir(photo.parent)
    for name in ("there.png", "there.gif"):
        (photo.parent / name).write_bytes(b"mine")
    before = sorted(photo.parent.iterdir())
    result = CliRunner().invoke(main, ["edit", "photo.png", "red dress", *options])
    assert result.exit_code == 2 and said in result.stderr and len(result.stderr.splitlines()) == 1, result.output
    assert sorted(photo.parent.iterdir()) == before and (photo.parent / "there.png").read_bytes() == b"mine"


@pytest.mark.parametrize("kept", ["--save-latent l.safetensors", "--trace t.gif"])
def test_what_only_generated_garments_have_is_refused_without_them(kept, photo, monkeypatch):
    monkeypatch.chdir(photo.parent)
    result = CliRunner().invoke(main, ["edit", "photo.png", "red dress", *kept.split()])
    assert result.exit_code == 2 and "--preset generated" in result.stderr and len(result.stderr.splitlines()) == 1
    assert [*photo.parent.iterdir()] == [photo]


@pytest.mark.parametrize("options", ["--steps 5", "--strength 2", "--set rate=0.1", "--preset fast --set cloth=0"])
def test_settings_of_the_loop_are_refused_without_one(options, photo):
    result = CliRunner().invoke(main, ["edit", str(photo), "red dress", *options.split()])
    assert result.exit_code == 2 and "add --preset generated" in result.stderr, result.output


def test_a_missing_photo_is_one_sentence(tmp_path, fice_command):
    done = fice_command("edit", tmp_path / "nothing.jpg", "red dress")
    assert done.returncode == 3 and done.stdout == "" and len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr and not list(tmp_path.iterdir())


def test_empty_text_ends_with_3(photo):
    for text in ("", "  \n"):
        assert CliRunner().invoke(main, ["edit", str(photo), text]).exit_code == 3


def test_an_unknown_device_ends_with_2_and_a_missing_one_with_6(photo):
    result = CliRunner().invoke(main, ["edit", str(photo), "red dress", "--device", "abacus"])
    assert result.exit_code == 2, result.output
    result = CliRunner().invoke(main, ["edit", str(photo), "red dress", "--device", "cuda:999"])
    assert result.exit_code == 6, result.output
