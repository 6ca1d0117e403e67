"""The command line as people and scripts meet it: help, errors, exit codes, and what is handed on."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import warnings
from types import SimpleNamespace

import click
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import ROOT
from PIL import Image

import cli
import fice.session
from fice.cli.terminal import Progress, explain
from fice.errors import DeviceError, FiceError, InputError, UsageError, WeightsError
from stylegan2_ops import OpsError


def fice_command(*arguments, **kwargs):
    return subprocess.run(
        [sys.executable, ROOT / "cli.py", *map(str, arguments)], capture_output=True, text=True, timeout=120, **kwargs
    )


def verbs(group=cli.main, path=()):
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from verbs(command, (*path, name))


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((64, 48, 3), 200, np.uint8)).save(path)
    return path


@pytest.fixture
def forwarded(monkeypatch):
    """What `edit` hands to the library, which does not run."""
    calls = []

    def edit_file(photo, text, **options):
        calls.append((photo, text, {k: v for k, v in options.items() if k not in ("tell", "progress", "callback")}))
        return {"output": "out.png", "notices": ["two people; the largest is edited"], "text": text}

    monkeypatch.setattr(fice.session, "edit_file", edit_file)
    return calls


# help and version


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_nothing_heavy(option):
    code = (
        "import sys, runpy; sys.argv = ['fice', sys.argv[1]]\n"
        "try: runpy.run_path('cli.py', run_name='__main__')\n"
        "finally: print(sorted({'torch', 'numpy', 'PIL', 'scipy', 'imageio', 'tqdm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, option], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "[]"


def test_importing_fice_does_not_import_torch():
    code = (
        "import sys, fice, fice.nets, fice.bundle.bundle; fice.list_bundles(); fice.load_bundle; print('torch' in sys.modules)"  # noqa: E501
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stdout == "False\n"


def test_version():
    import fice

    done = fice_command("--version")
    assert done.stdout == f"fice, version {fice.__version__}\n"


@pytest.mark.parametrize("path", [path for path, _ in verbs() if path[-1] not in cli.RECIPES], ids=" ".join)
def test_every_verb_has_help_with_an_example_that_parses(path):
    command = dict(verbs())[path]
    result = CliRunner().invoke(cli.main, [*path, "--help"], prog_name="fice")
    assert result.exit_code == 0 and command.help
    if not isinstance(command, click.Group):
        assert f"fice {' '.join(path)}" in result.output.split("Example", 1)[1]


def test_the_public_names_exist():
    import fice

    for name in fice.__all__:
        assert getattr(fice, name).__name__ == name
    with pytest.raises(AttributeError):
        fice.nothing  # noqa: B018


def test_verbs_and_options_come_in_the_order_of_use():
    verbs = CliRunner().invoke(cli.main, ["--help"], prog_name="fice").output.split("Commands:")[1]
    assert verbs.index("  edit  ") < verbs.index("  batch  ") < verbs.index("  train  ") and "..." not in verbs
    told = CliRunner().invoke(cli.main, ["edit", "--help"], prog_name="fice").output
    shown = "What to change:|--region|How to edit:|--preset|What to write:|--output|Where to compute:|Options:|--help"
    told = told[told.index("What to change:") :]
    places = [told.index(name) for name in shown.split("|")]
    assert places == sorted(places)


@pytest.mark.parametrize("verb", ["edit", "batch"])
def test_a_sentence_without_quotes_is_asked_for_with_them(verb):
    result = CliRunner().invoke(cli.main, [verb, "photo.jpg", "red", "floral", "dress", "-o", "out"])
    assert result.exit_code == 2 and "in quotes" in result.stderr


def test_quiet_says_nothing_but_the_result(forwarded, photo):
    result = CliRunner().invoke(cli.main, ["edit", str(photo), "red dress", "-q"])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "out.png\n", "")


def test_quiet_does_not_hide_errors(tmp_path):
    result = CliRunner().invoke(cli.main, ["edit", str(tmp_path / "none.jpg"), "red dress", "-q"])
    assert result.exit_code == 3 and result.stderr.startswith("Error:")


def test_a_batch_ends_with_its_page(tmp_path, monkeypatch):
    import fice.batch.run
    from fice.batch.journal import Summary

    monkeypatch.setattr(fice.batch.run, "run_batch", lambda *_, **__: Summary())
    command = ["batch", "photos", "red dress", "-o", str(tmp_path)]
    page = str(tmp_path / "index.html")
    assert CliRunner().invoke(cli.main, command).stdout.splitlines()[-1] == page
    assert json.loads(CliRunner().invoke(cli.main, [*command, "--json"]).stdout)["page"] == page


# what is handed on


def test_only_what_was_said_is_forwarded(forwarded, photo):
    result = CliRunner().invoke(cli.main, ["edit", str(photo), "red dress"])
    assert result.exit_code == 0, result.output
    assert forwarded == [(photo, "red dress", {})]
    assert result.stdout == "out.png\n" and "largest" in result.stderr


def test_all_options_are_forwarded(forwarded, photo, tmp_path):
    words = (
        "-o o.png --bundle b --region upper --mask m.png --preset fast --steps 3 --strength 0.5 --candidates 2"
        " --seed 0 --device cpu --save-mask s.png --save-latent l.safetensors --compare c.png --trace t.gif"
        " --set rate=0.1 --set views=0 --force --json"
    )
    result = CliRunner().invoke(cli.main, ["edit", str(photo), "red dress", *words.split()])
    assert result.exit_code == 0, result.output
    options = {
        k: str(v) if "." in str(v) and k != "strength" and k != "assignments" else v for k, v in forwarded[0][2].items()
    }
    assert options == {
        "output": "o.png", "bundle": "b", "region": "upper", "mask": "m.png", "preset": "fast", "steps": 3,
        "strength": 0.5, "candidates": 2, "seed": 0, "device": "cpu", "save_mask": "s.png",
        "save_latent": "l.safetensors", "compare": "c.png", "trace": "t.gif",
        "assignments": ("rate=0.1", "views=0"), "force": True,
    }  # fmt: skip
    assert json.loads(result.stdout)["text"] == "red dress"


def test_choices_are_those_of_the_library():
    from fice.settings import PRESETS
    from fice.subject.regions import REGIONS

    options = {option.name: option.type for option in cli.edit.params}
    assert set(options["preset"].choices) == set(PRESETS)
    assert set(options["region"].choices) == {"auto", *REGIONS}


def test_json_is_one_line_whatever_the_text(forwarded, photo):
    result = CliRunner().invoke(cli.main, ["edit", str(photo), "röd\nklänning 👗", "--json"])
    assert len(result.stdout.splitlines()) == 1 and json.loads(result.stdout)["text"] == "röd\nklänning 👗"


def test_a_result_at_standard_output_is_alone_there(photo, monkeypatch):
    monkeypatch.setattr(fice.session, "edit_file", lambda *_, **__: {"output": "-", "notices": ["two people"]})
    for arguments in (["-"], ["-", "-o", "-"], [str(photo), "-o", "-"]):
        result = CliRunner().invoke(cli.main, ["edit", arguments[0], "red dress", *arguments[1:]])
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "two people\n")
        result = CliRunner().invoke(cli.main, ["edit", arguments[0], "red dress", *arguments[1:], "--json"])
        assert (result.exit_code, result.stdout) == (2, "") and "name a file with -o" in result.stderr


# errors


@pytest.mark.parametrize(
    "arguments",
    [
        "fly", "edit", "edit photo.png", "edit p t --nonsense", "edit p t --region sky", "edit p t --strength much",
        "edit p t --seed -1", "edit p t --candidates 0", "sample -n 0", "train nothing",
    ],
)  # fmt: skip
def test_usage_errors_end_with_2(arguments):
    result = CliRunner().invoke(cli.main, arguments.split())
    assert result.exit_code == 2 and result.stdout == "" and "Error:" in result.stderr


@pytest.mark.parametrize(
    "options",
    [["--strength", "nan"], ["--strength", "inf"], ["--strength", "-1"], ["--steps", "0"], ["--set", "rate"],
     ["--set", "rate=nan"], ["--set", "colour=red"], ["--set", "steps=1.5"], ["--set", "clamp=maybe"]],
    ids=" ".join,
)  # fmt: skip
def test_settings_that_make_no_sense_end_with_2(options, photo):
    result = CliRunner().invoke(cli.main, ["edit", str(photo), "red dress", *options])
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
    result = CliRunner().invoke(cli.main, ["edit", "photo.png", "red dress", *options])
    assert result.exit_code == 2 and said in result.stderr and len(result.stderr.splitlines()) == 1, result.output
    assert sorted(photo.parent.iterdir()) == before and (photo.parent / "there.png").read_bytes() == b"mine"


def test_a_missing_photo_is_one_sentence(tmp_path):
    done = fice_command("edit", tmp_path / "nothing.jpg", "red dress")
    assert done.returncode == 3 and done.stdout == "" and len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr and not list(tmp_path.iterdir())


def test_debug_shows_the_traceback(tmp_path):
    done = fice_command("edit", tmp_path / "nothing.jpg", "red dress", "--debug")
    assert done.returncode == 3 and "Traceback" in done.stderr


def test_empty_text_ends_with_3(photo):
    for text in ("", "  \n"):
        assert CliRunner().invoke(cli.main, ["edit", str(photo), text]).exit_code == 3


def test_a_missing_bundle_ends_with_4(photo):
    done = fice_command("models", "show", photo.parent)
    assert done.returncode == 4 and "bundle.json" in done.stderr


def test_an_unknown_device_ends_with_2_and_a_missing_one_with_6(photo):
    result = CliRunner().invoke(cli.main, ["edit", str(photo), "red dress", "--device", "abacus"])
    assert result.exit_code == 2, result.output
    result = CliRunner().invoke(cli.main, ["edit", str(photo), "red dress", "--device", "cuda:999"])
    assert result.exit_code == 6, result.output


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (FiceError("a"), 1, "a"),
        (UsageError("b"), 2, "b"),
        (InputError("c"), 3, "c"),
        (WeightsError("d"), 4, "d"),
        (DeviceError("e"), 6, "e"),
        (OSError(errno.ENOSPC, "No space left on device", "x.png"), 1, "disk is full, so x.png"),
        (PermissionError(errno.EACCES, "Permission denied", "x.png"), 1, "x.png (Permission denied)"),
        (MemoryError(), 6, "memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), 6, "memory"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory"), 6, "memory"),
        (OpsError("f"), 6, "f"),
        (UnicodeEncodeError("ascii", "\xc5", 0, 1, "ordinal not in range(128)"), 2, "PYTHONUTF8=1"),
        (KeyError("surprise"), 1, "bug"),
        (RuntimeError(), 1, "bug"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_error_is_a_sentence_with_its_code(error, code, said, photo, monkeypatch):
    sentence, exit_code = explain(error)
    assert exit_code == code and said in sentence and "\n" not in sentence

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(fice.session, "edit_file", fail)
    result = CliRunner().invoke(cli.main, ["edit", str(photo), "red dress"])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"Error: {sentence}\n")


def test_ctrl_c_ends_with_5(photo, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(fice.session, "edit_file", interrupt)
    result = CliRunner().invoke(cli.main, ["edit", str(photo), "red dress"])
    assert result.exit_code == 5 and result.stdout == "" and "Interrupted" in result.stderr


def test_a_signal_from_outside_is_ctrl_c(photo):
    code = (
        "import signal, cli, fice.session\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a background shell leaves it ignored
        "def wait(*_, **__): print('ready', flush=True); signal.pause()\n"
        "fice.session.edit_file = wait\n"
        "cli.main()"
    )
    command = [sys.executable, "-c", code, "edit", str(photo), "red dress"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 5 and said.startswith("Error: Interrupted") and "Traceback" not in said


def test_a_warning_is_one_plain_line(photo, monkeypatch):
    def edit_file(*_, **__):
        warnings.warn("the reference ops are used", UserWarning, stacklevel=1)
        return {"output": "o.png", "notices": []}

    monkeypatch.setattr(fice.session, "edit_file", edit_file)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = CliRunner().invoke(cli.main, ["edit", str(photo), "red dress"])
    assert (result.stdout, result.stderr) == ("o.png\n", "the reference ops are used\n")


def test_a_closed_pipe_is_no_error():
    code = f"{sys.executable} cli.py models --help | head -c 0"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {code}"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr


# progress


def test_progress_is_silent_when_nobody_watches(capsys):
    with Progress() as progress:
        for step in range(1, 4):
            progress("loop", step / 3)
            progress.loss(SimpleNamespace(losses={"image": 1.0}))
    assert capsys.readouterr() == ("", "")


def test_progress_shows_stage_loss_and_time_left_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("fice.cli.terminal.PATIENCE", 0)
    with Progress() as progress:
        for step in range(4):
            progress("loop", step / 4)
            progress.loss(SimpleNamespace(losses={"image": 1.25, "pose": 1.0}))
    said = capsys.readouterr().err
    assert "editing" in said and "50 %" in said and "left" in said and "loss 2.250" in said


# the other verbs


def test_a_recipe_gets_what_follows_its_name():
    done = fice_command("train", "regions", "--help")
    assert done.returncode == 0 and "--data" in done.stdout and "fice train regions" in done.stdout


def test_doctor_says_what_is_there():
    done = fice_command("doctor", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["usable"] else 4)
    findings = {finding["name"]: finding for finding in told["findings"]}
    assert (
        findings["python"]["ok"]
        and findings["torch"]["ok"]
        and {"device", "compiler", "ninja", "nvcc", "ops"} <= set(findings)
    )
    assert all(finding["ok"] or finding["remedy"] for finding in told["findings"])


def test_models_verify_finds_damage(tmp_path):
    from fice.bundle.pack import save_part
    from fice.nets.parser import Parser

    save_part(tmp_path, "regions", Parser(2), "parser", {"classes": 2})
    assert CliRunner().invoke(cli.main, ["models", "verify", str(tmp_path)]).exit_code == 0
    (tmp_path / "regions.safetensors").write_bytes(b"<html>quota exceeded</html>")
    result = CliRunner().invoke(cli.main, ["models", "verify", str(tmp_path)])
    assert result.exit_code == 4 and "bytes instead of" in result.stdout


def test_every_recipe_can_be_trained():
    recipes = {path.stem for path in (ROOT / "fice" / "training").glob("*.py") if '"__main__"' in path.read_text()}
    assert set(cli.RECIPES) == recipes
