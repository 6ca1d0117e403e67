"""Trains the generator with its encoder: `python -m fice.training.generator --data PREPARED --out RUN --regions RUN`.

A supervised start for small machines: the encoder writes W+, the generator must draw the photograph again.
It grows from half the canvas to the whole, keeps W+ near W (rows alike in a quarter of the batches) and W smooth
(noise on w), and ends with a mapping network fitted to the distribution of w. `fice.training.adversarial` goes on
from there on a GPU.
"""

from __future__ import annotations

import json

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.bundle import load_bundle
from fice.nets.encoder import Encoder
from fice.nets.parser import Parser
from fice.nets.stylegan2 import Generator
from fice.pack import save_figures, save_part
from fice.training.data import load_framed
from fice.training.people import People
from fice.training.recipe import Average, Clock, cosine, load_checkpoint, options, save_checkpoint, set_rate

SIZE = {
    "z_dim": 256,
    "w_dim": 256,
    "img_resolution": 128,
    "square": False,
    "mapping_kwargs": {"num_layers": 4},
    "synthesis_kwargs": {"channel_base": 4096, "channel_max": 256},
}
HALF_CANVAS = 0.2  # share of the time spent at half the canvas
EQUALISED = 3.0  # the generator's weights are stored at unit deviation, and move that much faster
W_NOISE = 0.05  # standard deviation of the noise that keeps W smooth
W_SHARE = 0.25  # share of the batches in which all rows are alike


def arguments(smoke: bool) -> dict:
    if not smoke:
        return SIZE
    return SIZE | {"img_resolution": 64, "synthesis_kwargs": {"channel_base": 512, "channel_max": 32}}


def likeness(critic: Parser, drawn: Tensor, wanted: Tensor) -> dict[str, Tensor]:
    """How far `drawn` is from `wanted`, both (B, 3, H, W) in [0, 1], in pixels at three scales and in features.

    The person counts three times as much as the white around it. Features are those of the region network at
    strides 2, 4 and 8, scaled to unit deviation (perceptual loss, arXiv 1603.08155).
    """
    person = (wanted < 0.98).any(1, keepdim=True).float()
    weight = (1 + 2 * F.max_pool2d(person, 3, 1, 1)) / 2
    pixels = ((drawn - wanted).abs() * weight).mean()
    for scale in (2, 4):
        pixels = pixels + (F.avg_pool2d(drawn, scale) - F.avg_pool2d(wanted, scale)).abs().mean() * 2
    features = drawn.new_zeros(())
    with torch.no_grad():
        targets = critic.features(wanted)[:3]
    for found, target in zip(critic.features(drawn)[:3], targets, strict=True):
        features = features + (found - target).abs().mean() / target.std()
    return {"pixels": pixels, "features": features}


def train(generator: Generator, encoder: Encoder, critic: Parser, people: People, args) -> tuple[Generator, Encoder]:
    """Trains both for args.minutes and returns their averages; resumes from args.out/checkpoint.safetensors."""
    averages = {"generator_average": Average(generator), "encoder_average": Average(encoder)}
    layout = torch.channels_last
    generator, encoder = generator.to(memory_format=layout).train(), encoder.to(memory_format=layout).train()
    parameters = [*generator.synthesis.parameters(), *encoder.parameters()]
    groups = [{"params": [*generator.synthesis.parameters()]}, {"params": [*encoder.parameters()]}]
    optimiser = torch.optim.Adam(groups, betas=(0.5, 0.99))
    modules = {"generator": generator, "encoder": encoder} | {k: v.module for k, v in averages.items()}
    checkpoint = args.out / "checkpoint.safetensors"
    clock = Clock(args.minutes * 60, load_checkpoint(checkpoint, modules, {"optimiser": optimiser}))
    chance = torch.Generator().manual_seed(args.seed + clock.step)
    full = generator.canvas[0]
    for step in clock.steps():
        share = cosine(clock.fraction) if clock.fraction > 0.6 else min(1, (step + 1) / 200)
        for group, rate in zip(optimiser.param_groups, (args.rate * EQUALISED, args.rate), strict=True):
            group["lr"] = rate * share
        height = full // 2 if clock.fraction < HALF_CANVAS else full
        wanted = people.draw(args.batch).to(args.device, memory_format=layout)
        with torch.autocast(args.device, dtype=torch.bfloat16):
            w = encoder(wanted, offsets=torch.rand((), generator=chance).item() > W_SHARE)
            noise = torch.randn(w[:, :1].shape, generator=chance).to(w) * W_NOISE
            drawn = generator.synthesis(w + noise, until=height)
            small = F.interpolate(wanted, size=drawn.shape[-2:], mode="area")
            losses = likeness(critic, drawn.float() * 0.5 + 0.5, small)
        w = w.float()
        losses["latent"] = (w - w[:, :1]).square().mean()
        losses["size"] = w.square().mean()
        loss = losses["pixels"] + 0.3 * losses["features"] + 0.02 * losses["latent"] + 0.002 * losses["size"]
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        decay = min(0.998, (step + 1) / (step + 10))
        averages["generator_average"].update(generator, decay)
        averages["encoder_average"].update(encoder, decay)
        if clock.log({name: value.detach() for name, value in losses.items()}):
            save_checkpoint(checkpoint, modules, {"optimiser": optimiser}, clock.progress)
    save_checkpoint(checkpoint, modules, {"optimiser": optimiser}, clock.progress)
    return averages["generator_average"].module, averages["encoder_average"].module


def fit_mapping(generator: Generator, ws: Tensor, steps: int, seed: int) -> list[float]:
    """Fits the mapping network so that mapped z are distributed as `ws` (N, w_dim); sets w_avg.

    Minimises the sliced Wasserstein distance (Rabin et al., 2011) and returns its course.
    """
    chance = torch.Generator().manual_seed(seed)
    mapping = generator.mapping.train().requires_grad_(True)
    mean, scale = ws.mean(0), ws.std()
    optimiser = torch.optim.Adam(mapping.parameters(), lr=0.05, betas=(0.9, 0.99))
    course = []
    for step in range(steps):
        set_rate(optimiser, 0.05 * cosine(step / steps))
        rows = ws[torch.randint(len(ws), (512,), generator=chance)]
        mapped = mapping(torch.randn(512, generator.z_dim, generator=chance))[:, 0]
        directions = F.normalize(torch.randn(ws.shape[1], 256, generator=chance), dim=0)
        found, wanted = (mapped @ directions).sort(0)[0], (rows @ directions).sort(0)[0]
        loss = (found - wanted).square().mean() / scale**2 + (mapped.mean(0) - mean).square().mean() / scale**2
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        course.append(loss.item())
    mapping.eval().requires_grad_(False).w_avg.copy_(mean)
    return course


@torch.no_grad()
def encode_all(encoder: nn.Module, people: People, count: int) -> Tensor:
    """The main w of `count` drawn people: (count, w_dim)."""
    return torch.cat([encoder(people.draw(32), offsets=False)[:, 0] for _ in range(-(-count // 32))])[:count]


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--regions", required=True, help="a bundle or run folder that has regions")
    parser.add_argument("--rate", type=float, default=1e-3)
    args = parser.parse_args()
    torch.set_num_threads(args.threads or torch.get_num_threads())
    torch.manual_seed(args.seed)
    framed = load_framed(args.data)
    keep = ~framed.validation
    generator = Generator(**arguments(args.smoke))
    encoder = Encoder(generator.canvas, generator.num_ws, generator.w_dim)
    people = People(framed.only(keep), generator.canvas, 0.6, args.seed)
    generator, encoder = train(generator, encoder, load_bundle(args.regions).part("regions", args.device), people, args)
    ws = encode_all(encoder, people, 256 if args.smoke else 4096)
    course = fit_mapping(generator, ws, 20 if args.smoke else 1500, args.seed)
    save_part(args.out, "generator", generator, "stylegan2", arguments(args.smoke))
    shape = {"canvas": generator.canvas, "num_ws": generator.num_ws, "w_dim": generator.w_dim}
    save_part(args.out, "encoder", encoder, "encoder", shape)
    figures = {"sliced wasserstein": round(course[-1], 4)}
    save_figures(args.out, {"mapping": figures})
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
