"""Errors: one sentence, its exit code, no traceback."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import warnings

import pytest
from click.testing import CliRunner
from conftest import ROOT

import fice.cli.edit
from fice.cli import main
from fice.errors import DeviceError, FiceError, InputError, UsageError, WeightsError, explain
from stylegan2_ops import OpsError


@pytest.mark.parametrize(
    "arguments",
    [
        "fly",
        "edit",
        "edit photo.png",
        "edit p t --nonsense",
        "edit p t --strength much",
        "edit p t --seed -1",
        "edit p t --candidates 0",
        "sample -n 0",
        "train nothing",
    ],
)
def test_usage_errors_end_with_2(arguments):
    result = CliRunner().invoke(main, arguments.split())
    assert result.exit_code == 2 and result.stdout == "" and "Error:" in result.stderr


def test_debug_shows_the_traceback(tmp_path, fice_command):
    done = fice_command("edit", tmp_path / "nothing.jpg", "red dress", "--debug")
    assert done.returncode == 3 and "Traceback" in done.stderr


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

    monkeypatch.setattr(fice.cli.edit, "edit_file", fail)
    result = CliRunner().invoke(main, ["edit", str(photo), "red dress"])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"Error: {sentence}\n")


def test_ctrl_c_ends_with_5(photo, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(fice.cli.edit, "edit_file", interrupt)
    result = CliRunner().invoke(main, ["edit", str(photo), "red dress"])
    assert result.exit_code == 5 and result.stdout == "" and "Interrupted" in result.stderr


def test_a_signal_from_outside_is_ctrl_c(photo):
    code = (
        "import signal, fice.cli, fice.cli.edit\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a background shell leaves it ignored
        "def wait(*_, **__): print('ready', flush=True); signal.pause()\n"
        "fice.cli.edit.edit_file = wait\n"
        "fice.cli.main()"
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

    monkeypatch.setattr(fice.cli.edit, "edit_file", edit_file)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = CliRunner().invoke(main, ["edit", str(photo), "red dress"])
    assert (result.stdout, result.stderr) == ("o.png\n", "the reference ops are used\n")


def test_a_closed_pipe_is_no_error():
    code = f"{sys.executable} cli.py models --help | head -c 0"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {code}"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr
