"""What fice finds on this machine, what is missing, and the one command that mends it."""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fice.errors import WeightsError
from fice.extras import EXTRAS, install, missing

if TYPE_CHECKING:
    from fice.bundle.bundle import Bundle


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
        findings += [_device(), _half(), *_ops()]
    return [*findings, _memory(), *_extras(), *_bundles()]


def usable(findings: list[Finding]) -> bool:
    """Whether fice can edit: nothing that is needed is missing, and a bundle is whole."""
    return all(finding.ok for finding in findings if finding.needed)


def report(findings: list[Finding]) -> dict[str, Any]:
    """The findings as json."""
    return {"usable": usable(findings), "findings": [vars(finding) for finding in findings]}


def _python() -> Finding:
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    ok = sys.version_info >= (3, 10)
    return Finding("python", ok, text, True, None if ok else "install Python 3.10 or newer")


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


def _half() -> Finding:
    """Whether recipes may train in bfloat16 on the CPU."""
    from fice.device import wrong_in_half

    if not (wrong := wrong_in_half()):
        return Finding("bfloat16", True, "this processor computes it right; training uses it")
    text = f"this processor gets {len(wrong)} convolutions wrong ({wrong[0]}); training on it uses float32"
    return Finding("bfloat16", False, text, remedy="export ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16")


def _ops() -> list[Finding]:
    """The compilers and what they built; without either, the reference ops work."""
    import torch

    from stylegan2_ops import build

    status = build.status()
    remedies = {"compiler": "install g++ or clang++", "ninja": "pip install ninja"}
    found = [
        Finding(name, True, status[name]) if status[name] else Finding(name, False, "none", remedy=remedy)
        for name, remedy in remedies.items()
    ]
    wanted = torch.cuda.is_available() and not status["nvcc"]
    text = status["nvcc"] or ("none, so there are no ops for the GPU" if wanted else "none, and no GPU to want it")
    found.append(Finding("nvcc", not wanted, text, remedy="install the CUDA toolkit" if wanted else None))
    text = f"compiled, {status['path']}" if status["built"] else f"the reference ops are used ({status['reason']})"
    return [*found, Finding("ops", status["built"], text, remedy=None if status["built"] else "fice ops build")]


def _memory() -> Finding:
    from fice import memory

    count, size = memory.held()
    text = f"photographs analysed for good: {count}, {size / 1e6:.0f} MB in {memory.folder()}"
    return Finding("memory", True, f"{text} (fice doctor --forget deletes them)")


def _extras() -> list[Finding]:
    """What is used where it is installed, and never needed for an edit."""
    findings = []
    for extra, (_, use) in EXTRAS.items():
        lacking = missing(extra)
        text = f"{use}; {' and '.join(lacking) + ' not' if lacking else 'all'} installed"
        findings.append(Finding(f"extra {extra}", not lacking, text, remedy=install(extra) if lacking else None))
    return findings


def _bundles() -> list[Finding]:
    from fice.bundle.bundle import list_bundles, load_bundle, verify
    from fice.files import shipped

    names = list_bundles()
    checkout = (shipped().parent / ".git").exists()
    remedy = f"git checkout -- {shipped()}" if checkout else install("", "--force-reinstall", "--no-deps")
    if not names:
        return [Finding("bundle", False, "none is installed", True, remedy)]
    findings = []
    for name in names:
        try:
            bundle = load_bundle(name)
            problems = verify(bundle)
        except WeightsError as error:
            bundle, problems = None, [str(error)]
        text = " ".join(problems) or (_whole(bundle) if bundle else "")
        mended = remedy if problems and (shipped() / name).is_dir() else None  # sentences on others have their own
        findings.append(Finding(f"bundle {name}", not problems, text, name == "street", mended))
    return findings


def _whole(bundle: Bundle) -> str:
    from fice.diffusion.families import family_of
    from fice.models.sources import megabytes

    painter = bundle.folders.get("pipeline")
    family = f" and a pipeline of {family_of(painter.kind).name}" if painter else ""
    return f"{megabytes(bundle.bytes)} in {len(bundle.parts)} parts{family}, checksums right"
