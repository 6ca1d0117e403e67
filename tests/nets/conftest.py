"""What comparisons with official networks share: two pictures and made-up weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file


@pytest.fixture(scope="session")
def pictures(golden: Path) -> torch.Tensor:
    """(2, 3, 256, 256) uint8."""
    both = load_file(golden / "inputs.safetensors")
    return torch.stack([both["picture_a"], both["picture_b"]])


@pytest.fixture(scope="session")
def official(golden: Path, fill: Callable[..., torch.Tensor]) -> Callable[[str], dict[str, torch.Tensor]]:
    """official(name): made-up weights under the official names and shapes of a network."""

    def weights(name: str) -> dict[str, torch.Tensor]:
        shapes = json.loads((golden / f"{name}.json").read_text())["state_dict"]
        return {key: fill(key, shape) for key, shape in shapes.items()}

    return weights
