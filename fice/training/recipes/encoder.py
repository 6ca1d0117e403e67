"""Trains an encoder for a generator that stays as it is: `python -m fice.training.recipes.encoder --data PREPARED
--out RUN --generator RUN`, or with several processes, as in docs/gpu.md.

Each picture is corrected as often as when it is edited, every correction is judged by the picture that it leads to, and
the slope of that judgement is what the next correction is told. A bundle's encoder is gone on from.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fice.bundle.bundle import Bundle, load_bundle
from fice.bundle.pack import save_part
from fice.device import half
from fice.evaluation.measures import psnr_on_person
from fice.inversion.encoder import gradient_step, misfit, shrunk
from fice.nets.restyle import ReStyle
from fice.nets.stylegan2 import Generator
from fice.training import together
from fice.training.data.dataset import load_framed
from fice.training.data.people import Ahead, People
from fice.training.recipe import Average, begin, cosine, lay_out, options, run_of, set_rate, take_over, train

REDRESSED = 0.3  # share of the pictures in random outfits, which edits begin with as well


class EncoderTrainer:
    """An encoder, its average and what their training needs to remember, beside the generator."""

    def __init__(self, encoder: ReStyle, generator: Generator, rate: float):
        self.encoder = lay_out(encoder).requires_grad_(True)
        self.encoder.eval()  # the passes differ too much for statistics of their batches
        self.generator = lay_out(generator).eval().requires_grad_(False)
        self.rate = rate
        self.average = Average(encoder)
        self.modules = {"encoder": encoder, "average": self.average.module}
        self.optimisers = {"adam": torch.optim.Adam(encoder.parameters(), betas=(0.9, 0.99))}

    def step(self, number: int, fraction: float, wanted: Tensor) -> dict[str, Tensor]:
        """Step `number`, at a `fraction` of the time, with pictures (B, 3, H, W) in [0, 1]; PSNR after each pass."""
        encoder, adam = self.encoder, self.optimisers["adam"]
        set_rate(adam, self.rate * cosine(fraction))
        adam.zero_grad()
        seen, figures = shrunk(encoder, wanted), {}
        person = (wanted < 0.98).any(1, keepdim=True).float()
        ws = encoder.w_avg.expand(len(wanted), encoder.num_ws, -1)
        with half(wanted.device):
            drawn, slope = gradient_step(encoder, self.generator, ws, wanted)
        for done in range(encoder.passes):
            with half(wanted.device):
                ws = (ws.detach() + encoder(seen, drawn, slope=slope)).float()
                ws.retain_grad()
                picture = self.generator.synthesis(ws).float() * 0.5 + 0.5
            misfit(picture, ws, wanted).mean().backward()
            slope, picture = ws.grad * len(ws), picture.detach().clamp(0, 1)
            drawn = shrunk(encoder, picture)
            figures[f"pass {done + 1}"] = psnr_on_person(picture, wanted, person).mean()
        together.average([p.grad for p in encoder.parameters() if p.grad is not None])
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        adam.step()
        self.average.update(encoder, min(0.998, (number + 1) / (number + 10)))
        return figures


def beginning(bundle: Bundle, generator: Generator, passes: int) -> tuple[ReStyle, dict]:
    """An encoder for a generator, with the weights of the bundle's where they fit, and its arguments."""
    shape = {"canvas": generator.canvas, "num_ws": generator.num_ws, "w_dim": generator.w_dim, "passes": passes}
    encoder = ReStyle(**shape, descends=True)
    encoder.w_avg.copy_(generator.mapping.w_avg.view(-1, generator.w_dim).mean(0))
    if "encoder" in bundle.parts and isinstance(found := bundle.part("encoder"), ReStyle):
        take_over(encoder, found)
    return encoder, {**shape, "descends": True}


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--generator", required=True, help="a bundle or run folder with the generator")
    parser.add_argument("--start", help="another one, whose encoder is gone on from")
    parser.add_argument("--passes", type=int, default=6, help="corrections of a latent")
    parser.add_argument("--rate", type=float, default=1e-3)
    args = parser.parse_args()
    begin(args.threads, args.seed)
    device = together.join(args.device)
    bundle = load_bundle(args.generator)
    generator = bundle.part("generator", device)
    encoder, shape = beginning(load_bundle(args.start) if args.start else bundle, generator, args.passes)
    framed = load_framed(args.data)
    people = People(framed.only(~framed.validation), generator.canvas, REDRESSED, args.seed)
    draw = Ahead(people, device, (args.seed, together.rank()))
    side, share = EncoderTrainer(encoder.to(device), generator, args.rate), together.share(args.batch)
    train(side, lambda number: draw(number, share), run_of(args))
    if together.rank() == 0:
        save_part(args.out, "encoder", side.average.module, "restyle", shape)
    together.leave()


if __name__ == "__main__":
    main()
