"""What a network begins with; an outline, on the device "meta", with nothing, as any sum there imports a compiler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


def normal(*size: int, std: float = 1.0) -> Tensor:
    """Normal numbers of a deviation, (size) float32."""
    numbers = torch.empty(size)
    return numbers if numbers.is_meta else numbers.normal_().mul_(std)


class Blank(TorchFunctionMode):
    """Where networks are built without numbers: torch.nn.init leaves tensors as they are."""

    def __torch_function__(self, func: Callable, types: Any, args: Sequence = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)
