"""What fice finds on this machine, what is missing, and the one command that mends it."""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import dataclass
from typing import Any

from fice.errors import WeightsError


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `needed`: without it nothing works; `remedy`: the command that mends it."""

    name: str
    ok: bool
    text: str
    needed: bool = False
    remedy: str | None = None

    def __str__(self) -> str:
        mark = "ok  " if self.ok else "FAIL" if self.needed else "note"
        return f"{mark} {self.name}: {self.text}" + (f"\n     -> {self.remedy}" if self.remedy else "")


def examine() -> list[Finding]:
    """Everything an edit needs or profits from, in the order in which it is needed."""
    findings = [_python(), _torch()]
    if findings[-1].ok:
        findings += [_device(), *_compilers(), _ops()]
    return findings + _bundles()


def usable(findings: list[Finding]) -> bool:
    """Whether fice can edit: nothing that is needed is missing, and a bundle is whole."""
    return all(finding.ok for finding in findings if finding.needed)


def report(findings: list[Finding]) -> dict[str, Any]:
    """The findings as json."""
    return {"usable": usable(findings), "findings": [vars(finding) for finding in findings]}


def _python() -> Finding:
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("python", sys.version_info >= (3, 10), text, True, "install Python 3.10 or newer")


def _torch() -> Finding:
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: its libraries do not fit this system
        return Finding("torch", False, f"cannot be imported ({error})", True, "pip install torch")
    return Finding("torch", True, f"{torch.__version__}, {torch.get_num_threads()} CPU threads", True)


def _device() -> Finding:
    import torch

    from fice.device import resolve

    device, reason = resolve("auto")
    remedy = None
    if device.type == "cpu" and shutil.which("nvidia-smi") and torch.version.cuda is None:
        remedy = "pip install --force-reinstall torch, from the CUDA index of pytorch.org"
    return Finding("device", remedy is None, f"{device}: {reason}", remedy=remedy)


def _compilers() -> list[Finding]:
    import torch

    cxx = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    text = cxx or "none; the reference ops are used"
    found = [Finding("compiler", cxx is not None, text, remedy=None if cxx else "install g++ (or clang++)")]
    nvcc = shutil.which("nvcc")
    wanted = torch.cuda.is_available() and nvcc is None
    text = nvcc or ("none, so the ops for the GPU cannot be compiled" if wanted else "none, and no GPU to want it")
    remedy = "install the CUDA toolkit" if wanted else None
    return [*found, Finding("nvcc", not wanted, text, remedy=remedy)]


def _ops() -> Finding:
    from stylegan2_ops import build

    status = build.status()
    text = ", ".join(f"{key} {value}" for key, value in status.items())
    return Finding("ops", True, text)


def _bundles() -> list[Finding]:
    from fice.bundle import list_bundles, load_bundle, verify

    names = list_bundles()
    remedy = "install fice again: pip install --force-reinstall --no-deps fice"
    if not names:
        return [Finding("bundle", False, "none is installed", True, remedy)]
    findings = []
    for name in names:
        try:
            bundle = load_bundle(name)
            problems = verify(bundle)
        except WeightsError as error:
            bundle, problems = None, [str(error)]
        whole = f"{bundle.bytes / 1e6:.1f} MB in {len(bundle.parts)} parts, checksums right" if bundle else ""
        text = " ".join(problems) or whole
        findings.append(Finding(f"bundle {name}", not problems, text, name == "street", remedy if problems else None))
    return findings
