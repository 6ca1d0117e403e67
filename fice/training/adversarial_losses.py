"""What adversaries want, and what is asked of them besides: losses, penalties, and the optimiser that fits them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.nets.stylegan2 import Generator
from fice.training import together


def generator_loss(fake: Tensor) -> Tensor:
    """Non-saturating logistic loss (arXiv 1406.2661) of logits of any shape: a scalar."""
    return F.softplus(-fake).mean()


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Logistic loss of logits of any shape: a scalar."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def gradient_penalty(discriminator: nn.Module, pictures: Tensor) -> Tensor:
    """R1 (arXiv 1801.04406): (B,) squared norms of the gradient of each logit, differentiable.

    pictures: (B, 3, H, W) as the discriminator sees them, that is after augmentation.
    """
    pictures = pictures.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(pictures).sum(), pictures, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3))


def r1_weight(canvas: tuple[int, int], batch: int) -> float:
    """The heuristic of arXiv 2006.06676, appendix C: 0.0002 times pixels over batch."""
    return 0.0002 * canvas[0] * canvas[1] / batch


class PathLength(nn.Module):
    """The path length penalty of the generator (arXiv 1912.04958, section 3.2), with its running mean."""

    mean: Tensor

    def __init__(self, decay: float = 0.01):
        super().__init__()
        self.decay = decay
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, generator: Generator, z: Tensor) -> Tensor:
        """z (B, z_dim) -> (B,): how far each path length is from the running mean, squared; differentiable."""
        ws = generator.mapping(z)
        pictures = generator.synthesis(ws, noise="random")
        noise = torch.randn_like(pictures) / math.sqrt(pictures.shape[2] * pictures.shape[3])
        (gradient,) = torch.autograd.grad((pictures * noise).sum(), ws, create_graph=True)
        lengths = gradient.square().sum(dim=2).mean(dim=1).sqrt()  # (B,)
        mean = lengths.detach().mean()
        together.average([mean])
        self.mean.lerp_(mean, self.decay)
        return (lengths - self.mean).square()


def lazy_adam(module: nn.Module, rate: float, every: int | None) -> torch.optim.Adam:
    """Adam, its rate and memory corrected for a penalty that adds one step in `every` (None: no penalty)."""
    share = 1.0 if every is None else every / (every + 1)
    parameters = {"params": list(module.parameters()), "share": share}
    return torch.optim.Adam([parameters], lr=rate * share, betas=(0.0, 0.99**share), eps=1e-8)
