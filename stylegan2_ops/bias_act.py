"""Bias, activation, gain and clamp in one op: what follows every convolution of StyleGAN2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import torch
import torch.nn.functional as F
from torch import Tensor

from .choice import use_compiled


@dataclass(frozen=True)
class Activation:
    """An activation, the slope it starts with, and the gain that keeps the variance of its input."""

    function: Callable[[Tensor, float], Tensor]
    alpha: float = 0.0
    gain: float = 1.0


ACTIVATIONS = {
    "linear": Activation(lambda x, alpha: x),
    "relu": Activation(lambda x, alpha: torch.relu(x), gain=sqrt(2)),
    "lrelu": Activation(F.leaky_relu, alpha=0.2, gain=sqrt(2)),
    "tanh": Activation(lambda x, alpha: torch.tanh(x)),
    "sigmoid": Activation(lambda x, alpha: torch.sigmoid(x)),
    "elu": Activation(lambda x, alpha: F.elu(x)),
    "selu": Activation(lambda x, alpha: F.selu(x)),
    "softplus": Activation(lambda x, alpha: F.softplus(x)),
    "swish": Activation(lambda x, alpha: torch.sigmoid(x) * x, gain=sqrt(2)),
}

NUMBER = {name: number for number, name in enumerate(ACTIVATIONS)}  # as csrc/ops.h counts them
# On the CPU torch vectorises exp and tanh better than a compiler does.
PIECEWISE = ("linear", "relu", "lrelu")


def bias_act(
    x: Tensor,
    b: Tensor | None = None,
    *,
    dim: int = 1,
    act: str = "linear",
    alpha: float | None = None,
    gain: float | None = None,
    clamp: float | None = None,
    impl: str = "auto",
) -> Tensor:
    """clamp(gain * act(x + b)), the bias running along dimension `dim`.

    x: floating point, any shape and memory layout. b: (x.shape[dim],) of the same dtype, or None.
    act: a name of ACTIVATIONS. alpha: slope of lrelu below zero. gain: default keeps the variance (sqrt(2) for
    relu, lrelu and swish, else 1). clamp: the result stays within -clamp ... clamp; None does not clamp.
    impl: "auto", "ref" or "compiled".

    Returns shape and dtype of x; differentiable twice in x and b. Raises ValueError for arguments that do not
    fit and OpsError where impl="compiled" is not available.
    """
    if act not in ACTIVATIONS:
        raise ValueError(f"unknown activation {act!r}; known: {', '.join(ACTIVATIONS)}")
    if not x.is_floating_point():
        raise ValueError(f"x must be floating point, not {x.dtype}")
    if clamp is not None and clamp < 0:
        raise ValueError(f"clamp must not be negative, got {clamp}")
    if b is not None:
        if not -x.ndim <= dim < x.ndim:
            raise ValueError(f"dim {dim} is not a dimension of x, which has {x.ndim}")
        if b.shape != (x.shape[dim],) or b.dtype != x.dtype:
            wanted = f"{x.dtype} ({x.shape[dim]},)"
            raise ValueError(f"the bias must be {wanted} to fit x, not {b.dtype} {tuple(b.shape)}")
    default = ACTIVATIONS[act]
    alpha = default.alpha if alpha is None else float(alpha)
    gain = default.gain if gain is None else float(gain)
    if use_compiled(impl, x, faster=worthwhile(x, act)):
        return torch.ops.stylegan2_ops.bias_act(x, b, dim % max(x.ndim, 1), NUMBER[act], alpha, gain, clamp)
    return reference(x, b, dim, act, alpha, gain, clamp)


def worthwhile(x: Tensor, act: str) -> bool:
    """Where the compiled op beats the reference; the measurements are in README.md."""
    return x.is_cuda or (act in PIECEWISE and x.dtype != torch.float16)


def reference(
    x: Tensor, b: Tensor | None, dim: int, act: str, alpha: float, gain: float, clamp: float | None
) -> Tensor:
    """`bias_act` in plain torch; arguments are checked and complete."""
    if b is not None:
        shape = [1] * x.ndim
        shape[dim] = -1
        x = x + b.reshape(shape)
    x = ACTIVATIONS[act].function(x, alpha)
    if gain != 1:
        x = x * gain
    return x if clamp is None else x.clamp(-clamp, clamp)
