"""Build, find and load the compiled ops. Importing anything compiles nothing; only `build` does."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import torch

from .errors import OpsError

SOURCES = Path(__file__).with_name("csrc")
# Compiled code for each generation, and PTX for GPUs newer than this list.
ARCHITECTURES = "7.5;8.0;9.0+PTX"
VECTORS = {
    "AVX512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx2", "-mfma", "-mf16c"],
    "AVX2": ["-mavx2", "-mfma", "-mf16c"],
}
LONGEST = 1800  # seconds a compilation may take

_loaded: dict | None = None  # what the loaded build was made with
_missed = False  # looked once and found none


def build(*, force: bool = False, verbose: bool = False, timeout: float = 300) -> Path:
    """Compile the ops for this machine and return the library's path.

    force: build again what is built. verbose: show the compiler's output. timeout: seconds to wait for another
    build of the same ops. Raises OpsError when there is no compiler or ninja, when compilation fails, when the
    folder cannot be written, or when the wait is over.
    """
    global _missed
    for tool, found in (("C++ compiler", compiler()), ("ninja", ninja())):
        if not found:
            remedy = "install g++ or clang++" if tool != "ninja" else "run: pip install ninja"
            raise OpsError(f"No {tool} was found to build the ops with; {remedy}, or go on with the reference ops.")
    target = library()
    try:
        target.parent.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent.with_suffix(".lock"), timeout):
            if force or not target.exists():
                _build_into(target.parent, verbose)
    except OSError as error:
        raise OpsError(
            f"The ops cannot be built in {target.parent.parent} ({error}); "
            "set FICE_HOME to a folder that can be written."
        ) from error
    _missed = False
    return target


def status() -> dict:
    """How the ops stand: built, path, key, reason (None when built), compiler, ninja, nvcc, cuda_arch."""
    target = library()
    built = target.exists()
    made = json.loads((target.parent / "build.json").read_text()) if built else {}
    return {
        "built": built,
        "path": str(target),
        "key": target.parent.name,
        "reason": None if built else _reason(),
        "compiler": _version(compiler()),
        "ninja": _version(ninja()),
        "nvcc": _version(shutil.which("nvcc"), r"release \S+, (\S+)"),
        "cuda_arch": made.get("architectures"),
    }


def load() -> bool:
    """Load the built ops into torch, once; False where none is built. Raises OpsError when a build does not load."""
    global _loaded, _missed
    if _loaded is not None:
        return True
    if _missed:
        return False
    target = library()
    if not target.exists():
        _missed = True
        return False
    try:
        torch.ops.load_library(str(target))
        _loaded = json.loads((target.parent / "build.json").read_text())
    except (OSError, ValueError) as error:
        _missed = True
        raise OpsError(f"The compiled ops do not load ({error}); run: fice ops build --force") from error
    return True


load._dynamo_marked_constant = True  # type: ignore[attr-defined]  # what torch.compiler does, after two seconds of imports


def covers(device: torch.device) -> bool:
    """Whether the loaded build has kernels for this device."""
    if device.type == "cpu":
        return True
    if device.type != "cuda" or _loaded is None or not _loaded["architectures"]:
        return False
    return covers_capability(_loaded["architectures"], _capability(device.index or 0))


def covers_capability(architectures: str, capability: tuple[int, int]) -> bool:
    """Whether code built for a list such as "8.0;9.0+PTX" runs on a GPU of this capability."""
    for entry in re.split(r"[;\s]+", architectures.strip()):
        match = re.fullmatch(r"(\d+)\.(\d+)a?(\+PTX)?", entry)
        if not match:
            continue
        made = (int(match[1]), int(match[2]))
        # Compiled code runs on later GPUs of its generation, PTX on every later one.
        if made <= capability and (match[3] or made[0] == capability[0]):
            return True
    return False


@cache
def _capability(index: int) -> tuple[int, int]:
    return torch.cuda.get_device_capability(index)


def library() -> Path:
    """Where the build for these sources, this torch and this machine lies, or would."""
    return cache_folder() / key() / "stylegan2_ops.so"


def cache_folder() -> Path:
    """The folder of all builds: $FICE_HOME/ops, else fice/ops in the user's cache folder."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("FICE_HOME")
    home = os.path.abspath(os.path.expanduser(chosen)) if chosen else user_cache_path("fice", appauthor=False)
    return Path(home) / "ops"


def key() -> str:
    """A name for everything a build depends on."""
    parts = [torch.__version__, str(torch.version.cuda), str(sysconfig.get_config_var("SOABI")), platform.machine()]
    parts += [torch.backends.cpu.get_cpu_capability(), architectures() or ""]
    digest = hashlib.sha256("\n".join(parts).encode())
    for path in sources("*.*"):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def sources(pattern: str) -> list[Path]:
    return sorted(SOURCES.glob(pattern))


def architectures() -> str | None:
    """The GPU architectures to build for; None where torch has no CUDA or there is no nvcc."""
    if torch.version.cuda is None or not shutil.which("nvcc"):
        return None
    return os.environ.get("TORCH_CUDA_ARCH_LIST") or ARCHITECTURES


def compiler() -> str | None:
    """The C++ compiler torch's builder calls."""
    return shutil.which(os.environ.get("CXX") or "c++")


def ninja() -> str | None:
    """ninja, also where it was installed beside a python that is not on the PATH."""
    return shutil.which("ninja", path=_path())


def _path() -> str:
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])


def _reason() -> str:
    if not compiler():
        return "no C++ compiler was found; install g++ or clang++"
    if not ninja():
        return "ninja was not found; run: pip install ninja"
    return "not built yet; run: fice ops build"


def _version(tool: str | None, pattern: str = r"(\d+\.\d[\w.+-]*)") -> str | None:
    if tool is None:
        return None
    text = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(pattern, text)
    return f"{tool} {match[1]}" if match else tool


@contextlib.contextmanager
def locked(path: Path, timeout: float) -> Iterator[None]:
    """Hold a file lock; the system frees the lock of a process that dies, so none is ever stale."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(path, timeout):
            yield
    except Timeout:
        raise OpsError(
            f"Another build of the ops still runs after {timeout:g} s; wait for it or end it, then try again."
        ) from None


def _build_into(folder: Path, verbose: bool) -> None:
    """Compile in a temporary folder beside `folder`, then rename, so that a half-made build is never seen."""
    for left in folder.parent.glob(f"{folder.name}.tmp*"):  # of a build that was killed; we hold the lock
        shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=f"{folder.name}.tmp", dir=folder.parent))
    try:
        code, log = _run_compiler(work, verbose)
        if code != 0:
            folder.parent.joinpath(f"{folder.name}.log").write_text(log)
            error = re.search(r"(?:error|Error): .*", log)
            raise OpsError(
                f"The ops did not compile ({error[0] if error else f'exit code {code}'}); the reference ops work "
                f"without them; the compiler's words are in {folder.parent / folder.name}.log"
            )
        done = work / "done"
        done.mkdir()
        shutil.move(work / "stylegan2_ops.so", done)
        made = {"torch": torch.__version__, "architectures": architectures()}
        (done / "build.json").write_text(json.dumps(made))
        if folder.exists():
            os.replace(folder, work / "old")
        os.replace(done, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _run_compiler(work: Path, verbose: bool) -> tuple[int, str]:
    """Build in a process of its own: torch's builder loads what it built, and this process may hold an older one."""
    environment = {**os.environ, "PATH": _path(), "PYTHONPATH": os.pathsep.join([str(SOURCES.parents[1]), *sys.path])}
    if architectures():
        environment["TORCH_CUDA_ARCH_LIST"] = str(architectures())
    command = [sys.executable, "-m", "stylegan2_ops.build", str(work)]
    with subprocess.Popen(
        command,
        env=environment,
        stdout=None if verbose else subprocess.PIPE,
        stderr=None if verbose else subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that ninja and the compilers can be ended with it
    ) as process:
        try:
            log, _ = process.communicate(timeout=LONGEST)
        except BaseException as error:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:  # Windows
                process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise OpsError(
                    f"The compiler was stopped after {LONGEST} s; try again on a quieter machine."
                ) from error
            raise
    return process.returncode, log or ""


def _compile(folder: str) -> None:
    """The work of the building process: ninja through torch's extension builder, then a trial load."""
    from torch.utils.cpp_extension import load as load_extension

    cuda = architectures() is not None
    optimise = ["-O3", "-fno-math-errno", "-fno-trapping-math"]
    load_extension(
        "stylegan2_ops",
        [str(path) for path in sources("*.cpp") + (sources("*.cu") if cuda else [])],
        extra_cflags=optimise + VECTORS.get(torch.backends.cpu.get_cpu_capability(), []) + ["-DWITH_CUDA"] * cuda,
        extra_cuda_cflags=["-O3"],
        build_directory=folder,
        with_cuda=cuda,
        is_python_module=False,
        verbose=True,
    )


if __name__ == "__main__":
    _compile(sys.argv[1])
