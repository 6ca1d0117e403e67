"""Adversarial training of the generator (StyleGAN2-ADA, arXiv 2006.06676) as a small library, meant for a GPU.

`train` goes on from whatever weights it is given, fresh ones or those of the supervised start.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.bundle import load_bundle
from fice.nets.discriminator import Discriminator
from fice.nets.stylegan2 import Generator
from fice.pack import save_part
from fice.training.augment import Augment
from fice.training.data import load_framed
from fice.training.people import People
from fice.training.recipe import Average, Clock, load_checkpoint, options, save_checkpoint

Draw = Callable[[int, int], Tensor]


@dataclass(frozen=True)
class Recipe:
    """The numbers of a run; pictures are counted as the discriminator is shown photographs."""

    batch: int = 32
    rate: float = 0.0025  # Adam's, of both networks
    r1: float | None = None  # weight of the gradient penalty; None: the heuristic of `r1_weight`
    r1_every: int = 16  # steps; a penalty now and then costs little and does as much (arXiv 1912.04958, section 3.1)
    path: float = 0.0  # weight of the path length penalty; it doubles the generator's cost, 2 is usual
    path_every: int = 4  # steps
    augment_target: float = 0.6  # of the mean sign of D(photograph)
    augment_horizon: int = 500_000  # pictures in which p may go from 0 to 1
    average: float = 10_000  # pictures: half-life of the generator's average
    average_ramp: float = 0.05  # at most this share of the pictures so far
    dtype: torch.dtype = torch.float32  # or bfloat16, of the main losses' networks; penalties are always float32


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
        self.mean.lerp_(lengths.detach().mean(), self.decay)
        return (lengths - self.mean).square()


def lazy_adam(module: nn.Module, rate: float, every: int | None) -> torch.optim.Adam:
    """Adam, its rate and memory corrected for a penalty that adds one step in `every` (None: no penalty)."""
    share = 1.0 if every is None else every / (every + 1)
    return torch.optim.Adam(module.parameters(), lr=rate * share, betas=(0.0, 0.99**share), eps=1e-8)


class Adversaries:
    """Both networks with all that their training needs to remember; `step` is one step of both."""

    def __init__(self, generator: Generator, discriminator: Discriminator, recipe: Recipe, device: str | torch.device):
        self.recipe, self.device = recipe, torch.device(device)
        self.generator = generator.to(self.device).train()
        self.discriminator = discriminator.to(self.device).train()
        self.average = Average(self.generator)
        self.augment = Augment().to(self.device)
        self.path = PathLength().to(self.device)
        self.r1 = r1_weight(generator.canvas, recipe.batch) if recipe.r1 is None else recipe.r1
        self.modules = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average.module,
            "augment": self.augment,
            "path": self.path,
        }
        self.optimisers = {
            "generator_adam": lazy_adam(generator, recipe.rate, recipe.path_every if recipe.path else None),
            "discriminator_adam": lazy_adam(discriminator, recipe.rate, recipe.r1_every if self.r1 else None),
        }

    def step(self, number: int, photographs: Tensor) -> dict[str, Tensor]:
        """Step `number`, from 0; photographs (B, 3, H, W) in [0, 1]. Returns the figures of the log, scalars."""
        figures = self.improve_generator(number)
        figures |= self.improve_discriminator(number, photographs.to(self.device) * 2 - 1)
        self.augment.update(figures["sign"], self.recipe.batch, self.recipe.augment_target, self.recipe.augment_horizon)
        pictures = (number + 1) * self.recipe.batch
        half_life = min(self.recipe.average, pictures * self.recipe.average_ramp)
        self.average.update(self.generator, 0.5 ** (self.recipe.batch / half_life))
        return figures | {"p": self.augment.p}

    def improve_generator(self, number: int) -> dict[str, Tensor]:
        """Half a step: the main loss, and the path length penalty when it is its turn."""
        self.discriminator.requires_grad_(False)
        loss = generator_loss(self._judge(self.augment(self._generate())))
        self._descend("generator_adam", loss)
        self.discriminator.requires_grad_(True)
        if self.recipe.path and number % self.recipe.path_every == 0:
            penalty = self.path(self.generator, self._z(max(self.recipe.batch // 2, 1))).mean()
            self._descend("generator_adam", penalty * (self.recipe.path * self.recipe.path_every))
        return {"generator": loss.detach()}

    def improve_discriminator(self, number: int, photographs: Tensor) -> dict[str, Tensor]:
        """The other half: the main loss, and R1 when it is its turn; photographs in [-1, 1]."""
        with torch.no_grad():
            fake = self.augment(self._generate())
            real = self.augment(photographs)
        logits = self._judge(real)
        loss = discriminator_loss(logits, self._judge(fake))
        self._descend("discriminator_adam", loss)
        if self.r1 and number % self.recipe.r1_every == 0:
            penalty = gradient_penalty(self.discriminator, real).mean()
            self._descend("discriminator_adam", penalty * (self.r1 / 2 * self.recipe.r1_every))
        return {"discriminator": loss.detach(), "sign": logits.detach().sign().mean()}

    def _z(self, batch: int) -> Tensor:
        return torch.randn(batch, self.generator.z_dim, device=self.device)

    def _generate(self) -> Tensor:
        ws = self.generator.mapping(self._z(self.recipe.batch))
        with self._convolving():
            return self.generator.synthesis(ws, noise="random").float()

    def _judge(self, pictures: Tensor) -> Tensor:
        with self._convolving():
            return self.discriminator(pictures).float()

    def _convolving(self) -> torch.autocast:
        """Only the networks: augmentation must treat photographs and generated pictures alike."""
        wanted = self.recipe.dtype
        return torch.autocast(self.device.type, dtype=wanted, enabled=wanted != torch.float32)

    def _descend(self, name: str, loss: Tensor) -> None:
        self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()
        self.optimisers[name].step()


def train(
    generator: Generator,
    discriminator: Discriminator,
    draw: Draw,
    steps: int,
    device: str | torch.device,
    checkpoint: Path,
    recipe: Recipe,
    seed: int = 0,
    minutes: float = math.inf,
) -> Generator:
    """Trains both until `steps` or `minutes` are over, all resumptions counted; returns the generator's average.

    draw: draw(step, batch) -> (B, 3, H, W) in [0, 1], the same pictures whenever it is asked for the same step.
    checkpoint: a safetensors file; written at every log line and at the end, resumed from where it exists.

    Each step draws from random numbers seeded by `seed` and its number, so that an interrupted run ends exactly
    as an uninterrupted one. The global random numbers are left as they were.
    """
    sides = Adversaries(generator, discriminator, recipe, device)
    clock = Clock(minutes * 60, load_checkpoint(checkpoint, sides.modules, sides.optimisers))
    cuda = [sides.device] if sides.device.type == "cuda" else []
    with torch.random.fork_rng(cuda):
        for number in clock.steps():
            if number >= steps:
                break
            torch.manual_seed(seed * 10_000_019 + number)  # the CPU uses the lower 32 bits alone
            figures = sides.step(number, draw(number, recipe.batch))
            if clock.log(figures):
                save_checkpoint(checkpoint, sides.modules, sides.optimisers, clock.progress | {"step": number + 1})
    save_checkpoint(checkpoint, sides.modules, sides.optimisers, clock.progress)
    return sides.average.module


def main() -> None:
    """Goes on from the generator of a bundle or run, with photographs and re-dressed ones as the real pictures."""
    parser = options(main.__doc__)
    parser.set_defaults(batch=32)
    parser.add_argument("--start", type=Path, required=True, help="a bundle or run folder that has a generator")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    start, framed = load_bundle(args.start), load_framed(args.data)
    shape = start.parts["generator"].arguments
    generator = start.part("generator", args.device).requires_grad_(True)
    sizes = {key: shape["synthesis_kwargs"][key] for key in ("channel_base", "channel_max")}
    discriminator = Discriminator(shape["img_resolution"], shape["square"], **sizes).to(args.device)
    people = People(framed.only(~framed.validation), generator.canvas, 0.3, args.seed)

    def draw(step: int, batch: int) -> Tensor:
        people.rng = np.random.default_rng((args.seed, step))
        return people.draw(batch).to(args.device)

    recipe = Recipe(batch=args.batch, dtype=torch.bfloat16 if args.device.startswith("cuda") else torch.float32)
    steps = 2 if args.smoke else 10**9
    average = train(
        generator, discriminator, draw, steps, args.device, args.out / "checkpoint.safetensors", recipe,
        seed=args.seed, minutes=args.minutes,
    )  # fmt: skip
    save_part(args.out, "generator", average, "stylegan2", shape)


if __name__ == "__main__":
    main()
