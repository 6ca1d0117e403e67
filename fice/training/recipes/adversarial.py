"""Adversarial training of the generator.

`python -m fice.training.recipes.adversarial --data PREPARED --out RUN [--start BUNDLE]`; docs/gpu.md has more. By
default the discriminator stands on pretrained features (Projected GANs, arXiv 2111.01007), which a CPU can train in
hours; `--discriminator stylegan2` is StyleGAN2-ADA's own (arXiv 2006.06676), for GPUs. `GanTrainer` goes on from
whatever weights it is given, fresh ones or those of the supervised start.
"""

from __future__ import annotations

import argparse
import copy
import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import save_part
from fice.device import half
from fice.errors import UsageError
from fice.inversion.sample import people, sheet
from fice.nets import Features
from fice.nets.discriminator import stylegan2_discriminator
from fice.nets.stylegan2 import Generator
from fice.outputs import save_png
from fice.training import together
from fice.training.adversarial_losses import (
    PathLength,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    lazy_adam,
    r1_weight,
)
from fice.training.critics import ROWS, critics_loss, critics_on, fooling_loss, judged
from fice.training.data.augment import Augment, Perturb
from fice.training.data.dataset import load_framed
from fice.training.data.people import Ahead, People
from fice.training.features import FEATURES, load_features
from fice.training.mapping import with_rows
from fice.training.pivots import Pivots, find_pivots, pivot_loss
from fice.training.recipe import Average, begin, between, lay_out, options, run_of, set_rate, train

PIVOTS = "pivots.safetensors"  # their latents, in the run's folder
SHOWN = 32  # people on the sheet that shows how far a run is
PROJECTED_RATE, CRITIC_RATE = 9e-4, 2e-4  # against a projected discriminator; its own at a batch of 16
SIZES = {"small": (4096, 256), "medium": (8192, 256), "large": (16384, 256)}  # channel_base, channel_max
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


@dataclass(frozen=True)
class Recipe:
    """The numbers of a run; pictures are counted as the discriminator is shown photographs."""

    batch: int = 32  # of all processes together
    rate: float = 0.0025  # Adam's, of both networks
    lead: int = 100  # steps in which the generator's rate rises from nothing: fresh critics lead it astray
    critic_rate: float | None = None  # of the discriminator; None: the same
    fade: int = 0  # pictures over which critics on features come to see fine detail, at first half of the rows
    height: int | None = None  # rows of the pictures it is shown; None: the generator's whole canvas
    r1: float | None = None  # weight of the gradient penalty; None: the heuristic of `r1_weight`
    r1_every: int = 16  # steps; a penalty now and then costs little and does as much (arXiv 1912.04958, section 3.1)
    pivots: float = 0.0  # weight of photographs' reconstruction by the start's encoder; 0 for none
    path: float = 0.0  # weight of the path length penalty; it doubles the generator's cost, 2 is usual
    path_every: int = 4  # steps
    augment_target: float = 0.6  # of the mean sign of D(photograph)
    augment_horizon: int = 500_000  # pictures in which p may go from 0 to 1
    average: float = 10_000  # pictures: half-life of the generator's average
    average_ramp: float = 0.05  # at most this share of the pictures so far
    dtype: torch.dtype = torch.float32  # or bfloat16, of the main losses' networks; penalties are always float32
    layout: torch.memory_format = torch.contiguous_format  # or channels_last, which tensor cores want


class GanTrainer:
    """Both networks with all that their training needs to remember; `step` is one step of both.

    Where several processes train together each has its share of the batch, and all have the same weights. features: a
    frozen network whose maps the discriminator is shown instead of pictures. pivots: photographs that the generator
    goes on drawing, by those maps, too; UsageError for fewer than four pictures of a process beside them.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: nn.Module,
        recipe: Recipe,
        device: str | torch.device,
        features: Features | None = None,
        pivots: Pivots | None = None,
    ):
        self.recipe, self.device, self.features, self.pivots = recipe, torch.device(device), features, pivots
        projected = features is not None
        self.fooling = fooling_loss if projected else _of_one(generator_loss)
        self.judging = critics_loss if projected else _of_one(discriminator_loss)
        self.share, self.rows = together.share(recipe.batch), ROWS
        if pivots and self.share < 4:
            raise UsageError("Pivots are a quarter of a process's pictures: give it four or more, as --batch.")
        self.generator = lay_out(generator.to(self.device), recipe.layout).train()
        self.discriminator = lay_out(discriminator.to(self.device), recipe.layout).train()
        self.average = Average(self.generator)
        self.augment = Perturb().to(self.device) if projected else Augment().to(self.device)
        self.path = PathLength().to(self.device)
        self.r1 = 0.0 if projected else r1_weight(generator.canvas, recipe.batch) if recipe.r1 is None else recipe.r1
        self.modules = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average.module,
            "augment": self.augment,
            "path": self.path,
        }
        self.optimisers = {
            "generator_adam": lazy_adam(generator, recipe.rate, recipe.path_every if recipe.path else None),
            "discriminator_adam": lazy_adam(
                discriminator, recipe.critic_rate or recipe.rate, recipe.r1_every if self.r1 else None
            ),
        }

    def step(self, number: int, fraction: float, photographs: Tensor) -> dict[str, Tensor]:
        """Step `number`, from 0, with photographs (B, 3, H, W) in [0, 1]; returns the figures of the log, scalars."""
        set_rate(self.optimisers["generator_adam"], self.recipe.rate * min(1.0, (number + 1) / self.recipe.lead))
        if self.recipe.fade:
            self.rows = min(ROWS, round(ROWS / 2 * (1 + number * self.recipe.batch / self.recipe.fade)))
        figures, drawn = self.improve_generator(number)
        figures |= self.improve_discriminator(number, photographs.to(self.device) * 2 - 1, drawn)
        together.average([figures["sign"], self.generator.mapping.w_avg])
        if isinstance(self.augment, Augment):
            target, horizon = self.recipe.augment_target, self.recipe.augment_horizon
            self.augment.update(figures["sign"], self.recipe.batch, target, horizon)
            figures["p"] = self.augment.p
        pictures = (number + 1) * self.recipe.batch
        half_life = min(self.recipe.average, pictures * self.recipe.average_ramp)
        self.average.update(self.generator, 0.5 ** (self.recipe.batch / half_life))
        return figures

    def improve_generator(self, number: int) -> tuple[dict[str, Tensor], Tensor]:
        """Half a step: the main loss, and the path length penalty when it is its turn; with what was drawn."""
        self.discriminator.requires_grad_(False)
        drawn, kept = self._generate()
        fooling = self.fooling(self._judge(self.augment(drawn)))
        self._descend("generator_adam", fooling if kept is None else fooling + self.recipe.pivots * kept)
        self.discriminator.requires_grad_(True)
        if self.recipe.path and number % self.recipe.path_every == 0:
            penalty = self.path(self.generator, self._z(max(self.share // 2, 1))).mean()
            self._descend("generator_adam", penalty * (self.recipe.path * self.recipe.path_every))
        figures = {"generator": fooling.detach()} | ({} if kept is None else {"pivots": kept.detach()})
        return figures, drawn.detach()

    def improve_discriminator(self, number: int, photographs: Tensor, drawn: Tensor) -> dict[str, Tensor]:
        """The other half: the main loss, and R1 when it is its turn; both kinds of pictures in [-1, 1]."""
        with torch.no_grad():
            real, fake = self.augment(photographs), self.augment(drawn)
        logits = self._judge(real)
        loss = self.judging(logits, self._judge(fake))
        self._descend("discriminator_adam", loss)
        if self.r1 and number % self.recipe.r1_every == 0:
            penalty = gradient_penalty(self.discriminator, real).mean()
            self._descend("discriminator_adam", penalty * (self.r1 / 2 * self.recipe.r1_every))
        signs = [each.detach().sign().mean() for each in logits]
        return {"discriminator": loss.detach(), "sign": torch.stack(signs).mean()}

    def _z(self, batch: int) -> Tensor:
        return torch.randn(batch, self.generator.z_dim, device=self.device)

    def _generate(self) -> tuple[Tensor, Tensor | None]:
        """A share of pictures, (B, 3, H, W) in about [-1, 1], a quarter of them pivots; and how far these are off."""
        height, count = self.recipe.height, self.share // 4 if self.pivots else 0
        ws = self.generator.mapping(self._z(self.share - count))
        with self._convolving():
            drawn = self.generator.synthesis(ws, noise="random", until=height).float()
            if not (self.pivots and self.features):
                return drawn, None
            again, wanted = self.pivots.draw(self.generator, count, height)
            return torch.cat([drawn, again]), pivot_loss(again * 0.5 + 0.5, wanted, self.features)

    def _judge(self, pictures: Tensor) -> list[Tensor]:
        """Logits of pictures in [-1, 1], of each map that is judged."""
        pictures = pictures.contiguous(memory_format=self.recipe.layout)
        with self._convolving():
            if self.features is None:
                return [self.discriminator(pictures).float()]
            return self.discriminator(judged(self.features, pictures * 0.5 + 0.5, self.rows))

    def _convolving(self) -> AbstractContextManager:
        """Only the networks: augmentation must treat photographs and generated pictures alike."""
        return half(self.device) if self.recipe.dtype == torch.bfloat16 else nullcontext()

    def _descend(self, name: str, loss: Tensor) -> None:
        self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()
        together.average([p.grad for p in self.modules[name.removesuffix("_adam")].parameters() if p.grad is not None])
        self.optimisers[name].step()


def _of_one(loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A loss of single logits as one of the logits of several maps, of which there is one."""
    return lambda *logits: loss(*(each[0] for each in logits))


def fresh(channels: tuple[int, int], canvas: int = 256) -> dict:
    """The arguments of a generator of pictures half as wide as high; channels: channel_base and channel_max."""
    return {
        "z_dim": 256,
        "w_dim": 256,
        "img_resolution": canvas,
        "square": False,
        "mapping_kwargs": {"num_layers": 4},
        "synthesis_kwargs": {"channel_base": channels[0], "channel_max": channels[1]},
    }


def arguments() -> argparse.Namespace:
    parser = options(__doc__)
    parser.set_defaults(batch=Recipe.batch)
    parser.add_argument("--start", help="a bundle or run folder whose generator is gone on from; none: a fresh one")
    parser.add_argument("--discriminator", choices=("projected", "stylegan2"), default="projected")
    parser.add_argument("--features", default=FEATURES, help="lite0 to lite2, or a bundle that has some")
    parser.add_argument("--size", choices=SIZES, default="large", help="of a fresh generator")
    parser.add_argument("--channel-base", type=int, help="of a fresh generator, and of the discriminator")
    parser.add_argument("--channel-max", type=int, help="of a fresh generator, and of the discriminator")
    parser.add_argument("--redressed", type=float, default=0.3, help="share of the photographs in random outfits")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw pictures; 0: none of their own")
    parser.add_argument("--dtype", choices=DTYPES, help="bfloat16 on CUDA, else float32, unless given")
    parser.add_argument("--layout", choices=LAYOUTS, help="channels_last on CUDA, else contiguous, unless given")
    parser.add_argument("--blend", type=float, default=1.0, help="share of what is learnt in what is written")
    parser.add_argument("--steps", type=int, help="at most, over all resumptions")
    parser.add_argument("--tick", type=float, default=60, help="seconds between two checkpoints")
    for field in fields(Recipe):
        if field.name not in ("batch", "dtype", "layout"):
            kind = int if isinstance(field.default, int) or field.name == "height" else float
            name = f"--{field.name.replace('_', '-')}"
            parser.add_argument(name, type=kind, default=field.default, help="of the recipe")
    parser.set_defaults(rate=None)
    args = parser.parse_args()
    projected = args.discriminator == "projected"
    if (args.pivots or args.blend != 1) and not args.start or args.pivots and not projected:
        parser.error("--pivots and --blend need --start, --pivots its encoder and a projected discriminator")
    args.rate = args.rate or (PROJECTED_RATE if projected else Recipe.rate)
    args.critic_rate = args.critic_rate or (CRITIC_RATE * (args.batch / 16) ** 0.5 if projected else None)
    cuda = args.device.startswith("cuda")
    args.dtype = DTYPES[args.dtype or ("bfloat16" if cuda else "float32")]
    args.layout = LAYOUTS[args.layout or ("channels_last" if cuda else "contiguous")]
    args.steps = args.steps or (2 if args.smoke else math.inf)
    return args


def beginning(start: str | None, shape: dict[str, Any]) -> tuple[Generator, dict[str, Any]]:
    """The generator of a bundle, or a fresh one of the shape where none is named, and its arguments."""
    if start is None:
        return Generator(**shape), shape
    bundle = load_bundle(start)
    return bundle.part("generator").requires_grad_(True), bundle.parts["generator"].arguments


def main() -> None:
    args = arguments()
    begin(args.threads, args.seed)
    torch.backends.cudnn.benchmark = True  # sizes stay the same
    device = together.join(args.device)
    sizes = {key: getattr(args, key) for key in ("channel_base", "channel_max") if getattr(args, key)}
    shape = fresh((256, 16), 64) if args.smoke else fresh(SIZES[args.size])
    shape["synthesis_kwargs"] |= sizes
    generator, shape = beginning(args.start, shape)
    features = load_features(args.features).to(device) if args.discriminator == "projected" else None
    if features:
        discriminator: nn.Module = critics_on(features)
    else:
        discriminator = stylegan2_discriminator(generator, shape.get("synthesis_kwargs", {}), sizes)
    framed = load_framed(args.data)
    height, width = generator.canvas
    shown = args.height or height
    drawn = People(framed.only(~framed.validation), (shown, shown * width // height), args.redressed, args.seed)
    draw = Ahead(drawn, device, (args.seed, together.rank()), args.workers)
    recipe = Recipe(**{field.name: getattr(args, field.name) for field in fields(Recipe)})
    pivots = None
    if recipe.pivots:
        encoder = load_bundle(args.start).part("encoder", device)
        pivots = find_pivots(framed.only(~framed.validation), encoder, generator.to(device), args.out / PIVOTS, device)
        generator, shape = with_rows(generator, shape, pivots.latents)
    begun = copy.deepcopy(generator.synthesis).to(device)
    side = GanTrainer(generator, discriminator, recipe, device, features, pivots)

    def show() -> None:
        made = copy.deepcopy(side.average.module)
        between(begun, made.synthesis, args.blend)
        save_part(args.out, "generator", made, "stylegan2", shape)
        save_png(sheet(people(made, SHOWN, until=args.height)), args.out / "sheet.png")

    run = replace(run_of(args), steps=args.steps, tick=args.tick, compact=True)
    train(side, lambda number: draw(number, side.share), run, show)
    together.leave()


if __name__ == "__main__":
    main()
