"""Building and choosing: nothing compiles unasked, locks expire or are taken over, failures are sentences."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

import stylegan2_ops as ops
from stylegan2_ops import OpsError, build, choice

HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def nothing_built(tmp_path, monkeypatch):
    """A fresh cache folder, and a process that has loaded nothing."""
    monkeypatch.setenv("FICE_HOME", str(tmp_path))
    monkeypatch.setattr(build, "_loaded", None)
    monkeypatch.setattr(build, "_missed", False)
    monkeypatch.setattr(choice, "_noticed", False)
    return tmp_path


@pytest.fixture
def holder(tmp_path):
    """Another process that holds a lock: (process, path of the lock)."""
    path = tmp_path / "key.lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process, path
        process.kill()


def test_a_held_lock_ends_in_a_sentence(holder):
    with pytest.raises(OpsError, match="Another build of the ops still runs after 0.2 s; wait for it"):
        with build.locked(holder[1], timeout=0.2):
            pass


def test_the_lock_of_a_dead_process_is_taken_over(holder):
    process, path = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    with build.locked(path, timeout=0):
        pass


def test_import_compiles_nothing(tmp_path):
    environment = {**os.environ, "FICE_HOME": str(tmp_path), "PYTHONPATH": str(Path(ops.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", "import stylegan2_ops"], check=True, env=environment)
    assert list(tmp_path.iterdir()) == []


def test_status_without_a_build(nothing_built):
    status = build.status()
    assert set(status) == {"built", "path", "key", "reason", "compiler", "ninja", "nvcc", "cuda_arch"}
    assert not status["built"]
    assert status["reason"]
    assert Path(status["path"]).is_relative_to(nothing_built)


def test_status_of_a_build(compiled):
    status = build.status()
    assert status["built"]
    assert status["reason"] is None
    assert Path(status["path"]).is_file()
    assert status["compiler"] and status["ninja"]


def test_a_second_build_is_free(compiled, monkeypatch):
    monkeypatch.setattr(build, "_run_compiler", lambda *_: pytest.fail("compiled again"))
    assert build.build() == build.library()


def test_without_a_build_auto_runs_the_reference_with_one_notice(nothing_built):
    x, b = torch.randn(2, 3, 4, 4), torch.randn(3)
    with pytest.warns(UserWarning, match="fice ops build") as notices:
        y = ops.bias_act(x, b, act="lrelu")
        ops.bias_act(x, b, act="lrelu")
    assert len(notices) == 1
    torch.testing.assert_close(y, ops.bias_act(x, b, act="lrelu", impl="ref"))
    with pytest.raises(OpsError, match="fice ops build"):
        ops.bias_act(x, b, impl="compiled")


def test_the_next_process_is_not_told_again(nothing_built, monkeypatch):
    x = torch.randn(2, 3, 4, 4)
    with pytest.warns(UserWarning, match="fice ops build"):
        ops.bias_act(x, act="lrelu")
    monkeypatch.setattr(choice, "_noticed", False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ops.bias_act(x, act="lrelu")


def test_auto_runs_the_compiled_op(compiled, monkeypatch):
    monkeypatch.setattr(sys.modules["stylegan2_ops.bias_act"], "reference", lambda *_: pytest.fail("not the reference"))
    monkeypatch.setattr(
        sys.modules["stylegan2_ops.upfirdn2d"], "reference", lambda *_: pytest.fail("not the reference")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = ops.bias_act(torch.randn(1, 3, 4, 4), act="lrelu")
        ops.upsample2d(x, ops.setup_filter([1, 3, 3, 1]))


def test_a_filter_that_learns_needs_the_reference(compiled):
    f = torch.ones(2, 2, requires_grad=True)
    x = torch.randn(1, 1, 4, 4)
    ops.upfirdn2d(x, f, up=2).sum().backward()
    assert f.grad is not None
    with pytest.raises(OpsError, match="does not cover"):
        ops.upfirdn2d(x, f, up=2, impl="compiled")


def test_missing_tools_are_named(nothing_built, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(OpsError, match=r"No C\+\+ compiler"):
        build.build()
    assert "compiler" in build.status()["reason"]


@pytest.mark.skipif(not build.compiler() or not build.ninja(), reason="no C++ compiler or no ninja")
def test_a_failed_compilation_leaves_a_log_and_nothing_else(nothing_built, monkeypatch):
    monkeypatch.setattr(build, "_run_compiler", lambda *_: (1, "x.cpp:1: error: no such luck\n"))
    with pytest.raises(OpsError, match="error: no such luck"):
        build.build()
    left = sorted(path.suffix for path in (nothing_built / "ops").iterdir())
    assert left == [".lock", ".log"]


def test_a_folder_that_cannot_be_written(nothing_built, monkeypatch):
    (nothing_built / "file").touch()
    monkeypatch.setenv("FICE_HOME", str(nothing_built / "file"))
    with pytest.raises(OpsError, match="FICE_HOME"):
        build.build()


@pytest.mark.parametrize(
    "architectures, capability, covered",
    [
        ("8.0;9.0+PTX", (8, 0), True),
        ("8.0;9.0+PTX", (8, 9), True),
        ("8.0;9.0+PTX", (12, 0), True),
        ("8.0;9.0+PTX", (7, 5), False),
        ("8.0;9.0", (10, 0), False),
        ("9.0+PTX", (8, 0), False),
    ],
)
def test_which_gpus_a_build_covers(architectures, capability, covered):
    assert build.covers_capability(architectures, capability) is covered


@pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc is not installed")
@pytest.mark.parametrize("source", build.sources("*.cu"), ids=lambda path: path.name)
def test_kernels_compile_with_nvcc_alone(source, tmp_path):
    assert not re.search(r"#include\s*<(torch|ATen|c10)", source.read_text())
    targets = ["arch=compute_80,code=sm_80", "arch=compute_90,code=sm_90", "arch=compute_90,code=compute_90"]
    flags = [word for target in targets for word in ("-gencode", target)]
    command = ["nvcc", "-std=c++17", "--threads=2", *flags, "-c", str(source), "-o", str(tmp_path / "kernel.o")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if shutil.which("cuobjdump"):
        command = ["cuobjdump", "-lelf", "-lptx", str(tmp_path / "kernel.o")]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert all(name in listed for name in ("sm_80.cubin", "sm_90.cubin", "sm_90.ptx"))
