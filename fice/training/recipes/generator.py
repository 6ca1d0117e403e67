"""Trains the generator with its encoder: `python -m fice.training.recipes.generator --data PREPARED --out RUN
--regions RUN`.

A supervised start for small machines: the encoder writes W+ in several passes, the generator must draw the photograph
again, and critics on the region network's features ask for pictures as crisp as photographs. It grows from a quarter of
the canvas to the whole, keeps W+ near W (rows alike for some pictures) and W smooth (noise on w), and ends with a
mapping network fitted to the w of the photographs as they were taken. `--start` goes on from a smaller generator.
`fice.training.recipes.adversarial` goes on from there on a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.bundle.bundle import Bundle, load_bundle
from fice.bundle.pack import save_part
from fice.device import half
from fice.inversion.encoder import correct, draw_so_far
from fice.nets import Features
from fice.nets.restyle import ReStyle
from fice.nets.stylegan2 import Generator
from fice.training.critics import ProjectedDiscriminator, critics_loss, fooling_loss
from fice.training.data.dataset import load_framed
from fice.training.data.people import People
from fice.training.features import features_of
from fice.training.mapping import fit_mapping
from fice.training.recipe import Average, begin, cosine, lay_out, options, run_of, take_over, train
from fice.training.reconstruction import feature_loss, pixel_loss

SIZE = {
    "z_dim": 256,
    "w_dim": 256,
    "img_resolution": 256,
    "square": False,
    "mapping_kwargs": {"num_layers": 4},
    "synthesis_kwargs": {"channel_base": 4096, "channel_max": 256},
}
EQUALISED = 3.0  # the generator's weights are stored at unit deviation, and move that much faster
W_NOISE = 0.05  # standard deviation of the noise that keeps W smooth


@dataclass(frozen=True)
class Recipe:
    """The choices that were compared; the model card has the table."""

    rate: float = 1e-3  # of the encoder
    passes: int = 3  # of the encoder
    alike: float = 0.2  # share of the pictures whose rows are all alike
    features: float = 0.3  # weight of the perceptual loss
    critics: float = 0.05  # weight of the critics' loss, 0 for none
    critics_from: float = 0.25  # share of the time after which they begin
    drawn: float = 0.25  # share of the batch, beside it, drawn from the distribution of w for the critics alone
    quarter: float = 0.1  # share of the time spent at a quarter of the canvas
    half: float = 0.6  # share of the time after which the whole canvas is drawn


def arguments(smoke: bool) -> dict:
    if not smoke:
        return SIZE
    return SIZE | {"img_resolution": 128, "synthesis_kwargs": {"channel_base": 512, "channel_max": 32}}


def grow(generator: Generator, encoder: ReStyle, bundle: Bundle) -> None:
    """Starts both from those of a bundle: what has the same shape is taken, what is new adds nothing to the picture."""
    small = bundle.part("generator")
    take_over(generator, small)
    take_over(encoder, bundle.part("encoder"))
    for height in generator.synthesis.heights:
        if height > small.canvas[0]:
            getattr(generator.synthesis, f"b{height}").torgb.weight.data.zero_()


class Distribution(nn.Module):
    """The Gaussian of the last main w's, to draw people who are in no photograph.

    Args:
        w_dim: width of w.
        last: how many are remembered.
    """

    kept: Tensor
    count: Tensor

    def __init__(self, w_dim: int, last: int = 2048):
        super().__init__()
        self.register_buffer("kept", torch.zeros(last, w_dim))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def remember(self, w: Tensor) -> None:
        """w: (B, w_dim); the oldest are forgotten."""
        self.kept[(torch.arange(len(w), device=w.device) + self.count) % len(self.kept)] = w.float()
        self.count += len(w)

    def draw(self, number: int, chance: torch.Generator) -> Tensor:
        """(number, w_dim): the mean, and a random mixture of the deviations from it."""
        known = self.kept[: min(int(self.count), len(self.kept))]
        if number == 0 or len(known) < 2:
            return self.kept[:0]
        mixture = torch.randn(number, len(known), generator=chance).to(known) / len(known) ** 0.5
        return known.mean(0) + mixture @ (known - known.mean(0))


class GeneratorTrainer:
    """Generator, encoder and critics with all that their training needs to remember, on one device.

    seed: of the random numbers, with the step at which a run goes on.
    """

    def __init__(self, generator: Generator, encoder: ReStyle, features: Features, recipe: Recipe, seed: int):
        self.generator_average, self.encoder_average = Average(generator), Average(encoder)
        self.generator, self.encoder = lay_out(generator), lay_out(encoder)
        self.generator.train().requires_grad_(True)
        self.encoder.train().requires_grad_(True)
        self.features, self.recipe, self.seed = features, recipe, seed
        self.chance: torch.Generator | None = None
        self.device = encoder.w_avg.device
        self.critics = ProjectedDiscriminator(features.channels).to(self.device)
        self.people = Distribution(encoder.w_dim).to(self.device)
        self.parameters = [*generator.synthesis.parameters(), *encoder.parameters()]
        groups = [{"params": [*generator.synthesis.parameters()]}, {"params": [*encoder.parameters()]}]
        self.optimisers = {
            "optimiser": torch.optim.Adam(groups, betas=(0.5, 0.99)),
            "critics_adam": torch.optim.Adam(self.critics.parameters(), lr=1e-3, betas=(0.0, 0.99)),
        }
        self.modules = {
            "generator": generator,
            "encoder": encoder,
            "critics": self.critics,
            "people": self.people,
            "generator_average": self.generator_average.module,
            "encoder_average": self.encoder_average.module,
        }

    def step(self, number: int, fraction: float, wanted: Tensor) -> dict[str, Tensor]:
        """Step `number`, at a `fraction` of the time, with pictures (B, 3, H, W) in [0, 1]; figures of the log."""
        recipe, chance = self.recipe, self.chance or torch.Generator().manual_seed(self.seed + number)
        self.chance = chance
        share = cosine(fraction) if fraction > 0.6 else min(1, (number + 1) / 200)
        rates = recipe.rate * EQUALISED, recipe.rate
        for group, rate in zip(self.optimisers["optimiser"].param_groups, rates, strict=True):
            group["lr"] = rate * share
        full = self.generator.canvas[0]
        height = full // 4 if fraction < recipe.quarter else full // 2 if fraction < recipe.half else full
        judged = recipe.critics if fraction >= recipe.critics_from else 0.0
        with half(self.device):
            w = self.encode(wanted, chance)
            noise = (torch.randn(w[:, :1].shape, generator=chance) * W_NOISE).to(w)
            nobody = self.people.draw(round(len(w) * recipe.drawn) if judged else 0, chance)
            ws = torch.cat([w + noise, nobody[:, None].expand(-1, w.shape[1], -1)])
            everyone = self.generator.synthesis(ws, until=height).float() * 0.5 + 0.5
            drawn = everyone[: len(w)]
            small = F.interpolate(wanted, size=drawn.shape[-2:], mode="area")
            maps = self.features.features(everyone)
            found = [x[: len(w)] for x in maps]
            with torch.no_grad():
                targets = self.features.features(small)
            losses = {"pixels": pixel_loss(drawn, small), "features": feature_loss(found, targets)}
            losses["critics"] = fooling_loss(self.critics(maps)) if judged else drawn.new_zeros(())
        w = w.float()
        self.people.remember(w.mean(1))
        losses["latent"] = (w - w[:, :1]).square().mean()
        losses["size"] = w.square().mean()
        weights = {"pixels": 1, "features": recipe.features, "critics": judged, "latent": 0.01, "size": 0.002}
        self._descend("optimiser", reduce(torch.add, [weights[name] * loss for name, loss in losses.items()]))
        if judged:
            with half(self.device):
                judgement = critics_loss(self.critics(targets), self.critics([x.detach() for x in maps]))
            self._descend("critics_adam", judgement)
            losses["judgement"] = judgement
        decay = min(0.998, (number + 1) / (number + 10))
        self.generator_average.update(self.generator, decay)
        self.encoder_average.update(self.encoder, decay)
        return {name: value.detach() for name, value in losses.items()}

    def encode(self, wanted: Tensor, chance: torch.Generator) -> Tensor:
        """W+ after 1 to `passes` passes, another number for each picture; the last has gradients, the others are the
        averages' and have none."""
        batch, encoder = len(wanted), self.encoder
        offsets = (torch.rand(batch, generator=chance) >= self.recipe.alike).to(wanted.device)
        before = torch.randint(self.recipe.passes, (batch,), generator=chance).to(wanted.device)
        small = F.interpolate(wanted, size=encoder.seen, mode="area")
        ws = encoder.w_avg.expand(batch, encoder.num_ws, -1).clone()
        teacher, artist = self.encoder_average.module, self.generator_average.module
        with torch.no_grad():
            for done in range(self.recipe.passes - 1):
                rows = (before > done).nonzero()[:, 0]
                if len(rows):
                    correction = teacher(small[rows], draw_so_far(teacher, artist, ws[rows]), offsets[rows])
                    ws[rows] += correction.float()
            drawn = draw_so_far(encoder, artist, ws)
        return ws + encoder(small, drawn.float(), offsets)

    def _descend(self, name: str, loss: Tensor) -> None:
        optimiser = self.optimisers[name]
        optimiser.zero_grad()
        if name == "optimiser":
            self.critics.requires_grad_(False)
        loss.backward()
        self.critics.requires_grad_(True)
        torch.nn.utils.clip_grad_norm_([p for g in optimiser.param_groups for p in g["params"]], 1.0)
        optimiser.step()


@torch.no_grad()
def encode_all(encoder: ReStyle, generator: Generator, people: People, count: int) -> Tensor:
    """The main w of `count` drawn people: (count, w_dim)."""
    draw = lambda: people.draw(32).to(encoder.w_avg.device)  # noqa: E731
    ws = [correct(encoder, generator, draw(), encoder.passes, offsets=False)[:, 0] for _ in range(-(-count // 32))]
    return torch.cat(ws)[:count]


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--regions", required=True, help="a bundle or run folder that has regions")
    parser.add_argument("--start", help="a bundle or run folder with a smaller generator to go on from")
    for name, value in vars(Recipe()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    args = parser.parse_args()
    begin(args.threads, args.seed)
    recipe = Recipe(**{name: getattr(args, name) for name in vars(Recipe())})
    framed = load_framed(args.data)
    regions = features_of(load_bundle(args.regions), "regions", args.device)
    generator = Generator(**arguments(args.smoke)).to(args.device)
    shape = {"canvas": generator.canvas, "num_ws": generator.num_ws, "w_dim": generator.w_dim, "passes": recipe.passes}
    encoder = ReStyle(**shape).to(args.device)
    if args.start:
        grow(generator, encoder, load_bundle(args.start))
    people = People(framed.only(~framed.validation), generator.canvas, 0.6, args.seed)
    side = GeneratorTrainer(generator, encoder, regions, recipe, args.seed)
    draw = lambda _: people.draw(args.batch).to(args.device, memory_format=torch.channels_last)  # noqa: E731
    train(side, draw, run_of(args))
    generator, encoder = side.generator_average.module, side.encoder_average.module
    as_taken = People(framed.only(~framed.validation), generator.canvas, 0.0, args.seed)
    fit_mapping(generator, encode_all(encoder, generator, as_taken, 256 if args.smoke else 4096))
    save_part(args.out, "generator", generator, "stylegan2", arguments(args.smoke))
    save_part(args.out, "encoder", encoder, "restyle", shape)


if __name__ == "__main__":
    main()
