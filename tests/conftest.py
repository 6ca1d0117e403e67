"""What all tests share: data beside the project (skipped where absent), devices, tolerances."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Callable
from pathlib import Path

import fice  # noqa: F401  before torch, so that its threads sleep while they wait

# isort: split
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]

if "PYTEST_XDIST_WORKER" in os.environ:  # workers share the cores, and so does what they start
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)

# a shell that runs the tests in the background makes them, and what they start, deaf to interrupts
signal.signal(signal.SIGINT, signal.default_int_handler)

# How far a result of ours may be from the reference in each dtype; import it, or hand it to torch.testing as **.
TOLERANCE = {
    torch.float64: {"rtol": 1e-9, "atol": 1e-11},
    torch.float32: {"rtol": 1e-5, "atol": 1e-5},
    torch.float16: {"rtol": 5e-3, "atol": 5e-3},
    torch.bfloat16: {"rtol": 3e-2, "atol": 3e-2},
}


def _beside(name: str) -> Path:
    path = ROOT.parent / "shared" / name
    if not path.is_dir():
        pytest.skip(f"no {name} beside the project")
    return path


@pytest.fixture(scope="session")
def golden() -> Path:
    """Folder of the parity vectors."""
    return _beside("golden")


@pytest.fixture(scope="session")
def street() -> Path:
    """Folder of the street photographs."""
    return _beside("data/street")


@pytest.fixture(scope="session")
def fill(golden: Path) -> Callable[..., torch.Tensor]:
    """fill(name, shape, dtype=float32): the deterministic weights behind the parity vectors."""
    spec = importlib.util.spec_from_file_location("golden_fill", golden / "fill.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.fill


_needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=_needs_cuda)])
def device(request: pytest.FixtureRequest) -> torch.device:
    """Each device at hand in turn."""
    return torch.device(request.param)


@pytest.fixture
def tolerance() -> dict[torch.dtype, dict[str, float]]:
    """The `TOLERANCE` table."""
    return TOLERANCE


def person_on_a_wall(folder: Path, seed: int = 3) -> Path:
    """A generated person on a plain wall, 400 x 300, as PNG."""
    from PIL import Image

    from fice.bundle.bundle import load_bundle
    from fice.inversion.sample import people

    path, generator = folder / "person.png", load_bundle("street").part("generator")
    made = Image.fromarray(people(generator, 1, seed=seed)[0]).resize((150, 300), Image.Resampling.BICUBIC)
    wall = Image.new("RGB", (300, 400), (255, 255, 255))
    wall.paste(made, (70, 60))
    wall.save(path)
    return path
