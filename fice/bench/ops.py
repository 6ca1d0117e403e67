"""The compiled ops and their references, in each dtype, against the references in float64 on the CPU."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from stylegan2_ops import build
from stylegan2_ops.bench import cases

CPU = torch.device("cpu")
# how far the largest difference may be, as a share of the largest value
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 3e-2, torch.float16: 5e-3}
ORDERS = ("value", "gradient", "second")


def differences(device: torch.device, tiny: bool = False) -> list[dict[str, Any]]:
    """A row for each op and size, twin and dtype: {name, twin, dtype, value, gradient, second, right}.

    value, gradient and second (the gradient's gradient): the largest difference as a share of the largest value.
    Compiled twins are left out where none is built for the device.
    """
    twins = ["ref", *(["compiled"] if build.load() and build.covers(device) else [])]
    torch.manual_seed(0)
    rows = []
    for name, x, function in list(cases(2, CPU))[: 5 if tiny else None]:
        for dtype, most in TOLERANCE.items():
            given = x.to(dtype), *(torch.randn_like(function(x)).to(dtype), torch.randn_like(x).to(dtype))
            rounded = _with(function, CPU, dtype)
            wanted = _orders(
                partial(_with(rounded, CPU, torch.float64), impl="ref"), *(each.double() for each in given)
            )
            for twin in twins:
                own = partial(_with(function, device, dtype), impl=twin)
                found = _orders(own, *(each.to(device) for each in given))
                away = [
                    float((is_.cpu().double() - should).abs().max() / should.abs().max())
                    for is_, should in zip(found, wanted, strict=True)
                ]
                row = {"name": name, "twin": twin, "dtype": str(dtype).removeprefix("torch.")}
                rows.append(row | dict(zip(ORDERS, away, strict=True)) | {"right": all(each < most for each in away)})
    return rows


def told_differences(rows: list[dict[str, Any]]) -> str:
    """The largest differences by op, twin and dtype, and which cases are wrong."""
    lines = [f"{'op, twin, dtype':40}" + "".join(f"{order:>10}" for order in ORDERS)]
    for key in dict.fromkeys(map(_kind, rows)):
        alike = [row for row in rows if _kind(row) == key]
        largest = "".join(f"{max(row[order] for row in alike):10.1e}" for order in ORDERS)
        lines.append(f"{', '.join(key):40}{largest}  {'right' if all(row['right'] for row in alike) else 'WRONG'}")
    if all(row["twin"] == "ref" for row in rows):
        lines.append("No compiled ops are built for this device.")
    return "\n".join(lines)


def _kind(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["name"].rpartition(" ")[0], row["twin"], row["dtype"]


def _with(function: partial[Tensor], device: torch.device, dtype: torch.dtype) -> partial[Tensor]:
    """A case whose own tensors are elsewhere, and in another dtype."""
    own = {
        name: each.to(device, dtype) if isinstance(each, Tensor) else each for name, each in function.keywords.items()
    }
    return partial(function.func, **own)


def _orders(function: partial[Tensor], x: Tensor, slope: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The value at x, the gradient of its product with slope, and that of the gradient's product with second."""
    x, slope = x.requires_grad_(), slope.requires_grad_()
    value = function(x)
    (gradient,) = torch.autograd.grad(value, x, slope, create_graph=True)
    (of_gradient,) = torch.autograd.grad(gradient, slope, second)
    return value.detach(), gradient.detach(), of_gradient
