"""Trains the first guess of an edit: `python -m fice.training.recipes.guess --data PREPARED --out RUN --bundle BUNDLE`.

A garment of a photograph is re-dressed as several sentences say, and each of these pictures is encoded once by the
bundle's encoder. From any of them to any other is an exact step of the latent, in known words; the network learns
those steps. A sentence that names no colour keeps that of the garment, so it is asked of the photograph alone.
`fice.training.recipes.starts` measures what the guess is worth to an edit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import trange

from fice.bundle.bundle import Bundle, load_bundle
from fice.bundle.pack import save_figures, save_part
from fice.cloth.redress import dress_as
from fice.device import half, keep_freed_memory
from fice.evaluation.measures import colour_error
from fice.inversion.encoder import Encoder
from fice.language.clip import Semantics
from fice.language.lexicon import COLOURS, GARMENTS, PATTERNS
from fice.language.words import Sentence
from fice.nets.guess import Guess
from fice.subject.regions import REGION_CLASSES, REGIONS
from fice.training.data.captions import Look, Worn, describe
from fice.training.data.dataset import Framed, load_framed
from fice.training.data.outfits import Wardrobe
from fice.training.recipe import Average, Clock, cosine, count, load_checkpoint, options, save_checkpoint, set_rate
from fice.training.recipes.judge import psnr_on_person

LOOKS = 3  # sentences for one garment
PLAIN = 0.4  # share of sentences without a pattern
ELSEWHERE = 0.4  # share of sentences that name another garment than is worn, as people's wishes do
LEAST = 0.03  # share of the canvas that a garment must cover
AT_ONCE = 8  # lessons that are encoded together
NOISE = 0.1  # of a latent, in its deviations: what fitting to a photograph adds to it
CHECKPOINT = "checkpoint.safetensors"


@dataclass
class Lesson:
    """One garment of one photograph in its own cloth and in others.

    Attributes:
        pictures: (1 + LOOKS, H, W, 3) uint8, the photograph first.
        mask: (H, W) bool, the garment.
        sentences: what was said of the others.
    """

    pictures: np.ndarray
    mask: np.ndarray
    sentences: list[Sentence]


class Lessons:
    """Draws lessons; half of them are mirrored.

    Args:
        framed: the prepared photographs, on the generator's canvas.
        chosen: indices of those to draw from.
    """

    def __init__(self, framed: Framed, chosen: np.ndarray):
        wardrobe = Wardrobe(framed, chosen.tolist())
        large = [k for k, (_, worn) in enumerate(wardrobe.garments) if worn.mask.mean() > LEAST]
        self.framed, self.garments = framed, [wardrobe.garments[k] for k in large]
        self.odds = wardrobe.odds[large] / wardrobe.odds[large].sum()

    def draw(self, rng: np.random.Generator) -> Lesson:
        index, worn = self.garments[rng.choice(len(self.garments), p=self.odds)]
        if rng.random() < ELSEWHERE:
            worn = self._elsewhere(index, rng) or worn
        picture, clothed, sentences = self.framed.pictures[index], [], []
        for _ in range(LOOKS):
            pattern = "solid" if rng.random() < PLAIN else str(rng.choice(PATTERNS[1:]))
            look = Look(str(rng.choice(list(COLOURS))), None, pattern, worn.names, worn.sleeve, worn.length)
            sentences.append(describe(rng, [look])[1][0])
            clothed.append(dress_as(picture, worn.mask, sentences[-1], int(rng.integers(2**31))))
        turn = 1 if rng.random() < 0.5 else -1
        return Lesson(np.stack([picture, *clothed])[:, :, ::turn].copy(), worn.mask[:, ::turn].copy(), sentences)

    def _elsewhere(self, index: int, rng: np.random.Generator) -> Worn | None:
        """All that a sentence about some garment would change, whatever is worn there."""
        name = str(rng.choice(list(GARMENTS)))
        region = GARMENTS[name]
        classes = REGIONS[region] if region != "dress" else ("upper", "dress", "skirt", "trousers")
        mask = np.isin(self.framed.labels[index], [REGION_CLASSES.index(name) for name in classes])
        return Worn(mask, (name,), None, None) if mask.mean() > LEAST else None


class Studio:
    """The networks of a bundle that turn lessons into numbers."""

    def __init__(self, bundle: Bundle, device: str):
        self.generator, network = (
            bundle.part(name, device).to(memory_format=torch.channels_last) for name in ("generator", "encoder")
        )
        self.encoder = Encoder(network, self.generator)
        self.semantics = Semantics.from_bundle(bundle, device)
        self.device = device

    @torch.no_grad()
    def encode(self, lessons: list[Lesson]) -> dict[str, Tensor]:
        """ws (N, 1 + LOOKS, R, D), text (N, LOOKS, T), and whether a colour is named, (N, LOOKS) bool."""
        pictures = self.tensor(np.concatenate([lesson.pictures for lesson in lessons]))
        with half(self.device):  # half the time
            ws = self.encoder.latent(pictures).float()
        text = self.semantics.encode_text([said.text for lesson in lessons for said in lesson.sentences])
        named = torch.tensor([[said.colour is not None for said in lesson.sentences] for lesson in lessons])
        return {"ws": ws.unflatten(0, (-1, 1 + LOOKS)), "text": text.unflatten(0, (-1, LOOKS)), "named": named}

    def tensor(self, pictures: np.ndarray) -> Tensor:
        """(N, H, W, 3) uint8 -> (N, 3, H, W) float in [0, 1]."""
        return torch.from_numpy(pictures).permute(0, 3, 1, 2).to(self.device).float() / 255


def encoded(
    studio: Studio, framed: Framed, chosen: np.ndarray, number: int, seed: int, path: Path, origin: str
) -> dict[str, Tensor]:
    """So many lessons as numbers, from `path` where they were made from the same `origin`, else written there.

    A checkpoint beside `path` goes with the lessons it has learnt from.
    """
    if path.exists():
        with safe_open(path, "pt") as file:
            if file.metadata()["origin"] == origin:
                return load_file(path)
    (path.parent / CHECKPOINT).unlink(missing_ok=True)
    lessons, rng, parts = Lessons(framed, chosen), np.random.default_rng(seed), []
    for first in trange(0, number, AT_ONCE, desc="lessons", mininterval=10):
        parts.append(studio.encode([lessons.draw(rng) for _ in range(min(AT_ONCE, number - first))]))
    whole = {name: torch.cat([part[name] for part in parts]).cpu() for name in parts[0]}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(whole, path, {"origin": origin})
    return whole


def batches(data: dict[str, Tensor], size: int, chance: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Endless (ws (B, R, D), text (B, T), ws (B, R, D)): before, said, after."""
    ws, text, named = data["ws"], data["text"], data["named"]
    while True:
        which = torch.randint(len(ws), (size,), generator=chance)
        after, before = torch.randint(LOOKS, (2, size), generator=chance)  # before: 0 is the photograph
        before = (before + (before > after).long()) * named[which, after]
        yield ws[which, before], text[which, after], ws[which, after + 1]


def train(data: dict[str, Tensor], args) -> Guess:
    """Trains for args.minutes and returns the average; resumes from args.out/checkpoint.safetensors."""
    ws, device = data["ws"], args.device
    network = Guess(ws.shape[2], ws.shape[3], data["text"].shape[2])
    network.centre.copy_(ws.mean((0, 1)))
    network.scale.copy_(ws.std((0, 1)) + 1e-4)
    network.reach.copy_((ws[:, 1:] - ws[:, :1]).std((0, 1, 3))[:, None] + 1e-4)
    network.to(device)
    average = Average(network)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=args.decay, betas=(0.9, 0.98))
    modules, checkpoint = {"network": network, "average": average.module}, args.out / CHECKPOINT
    done = load_checkpoint(checkpoint, modules, {"optimiser": optimiser})
    clock = Clock(args.minutes * 60, done, tick=1 if args.smoke else 30)
    print(f"{len(ws)} garments, {count(network.parameters())} parameters, from step {clock.step}", flush=True)
    pairs = batches(data, args.batch, torch.Generator().manual_seed(args.seed + clock.step))
    for number in clock.steps():
        before, text, after = (each.to(device) for each in next(pairs))
        with half(device):
            step = network(before + NOISE * network.scale * torch.randn_like(before), text)
        off = (step.float() - (after - before)) / network.reach
        losses = {"l2": off.square().mean(), "l1": off.abs().mean()}
        set_rate(optimiser, args.rate * cosine(clock.fraction))
        optimiser.zero_grad()
        (losses["l2"] + losses["l1"]).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        average.update(network, min(0.995, (1 + number) / (10 + number)))
        if clock.log({name: loss.item() for name, loss in losses.items()}):
            save_checkpoint(checkpoint, modules, {"optimiser": optimiser}, clock.progress)
    save_checkpoint(checkpoint, modules, {"optimiser": optimiser}, clock.progress)
    return average.module


@torch.no_grad()
def evaluate(network: Guess, studio: Studio, lessons: Lessons, number: int, seed: int) -> dict[str, float]:
    """What the guess makes of photographs, beside the photograph itself and the encoded answer; medians.

    PSNR (dB) on the garment against the picture drawn from the answer's latent, and the distance (CIELAB) of the
    garment's median colour to the named one; and the share of the steps' square that the guess leaves.
    """
    draw = lambda ws: (studio.generator.synthesis(ws) * 0.5 + 0.5).clamp(0, 1)  # noqa: E731
    rng, rows = np.random.default_rng(seed), []
    for _ in range(number):
        lesson = lessons.draw(rng)
        found = studio.encode([lesson])
        before, answer = found["ws"][0, :1].expand(LOOKS, -1, -1), found["ws"][0, 1:]
        guess = before + network(before, found["text"][0])
        inside = torch.from_numpy(lesson.mask)[None, None].float().to(studio.device).expand(LOOKS, -1, -1, -1)
        drawn = {"photograph": draw(before[:1]).expand(LOOKS, -1, -1, -1), "guess": draw(guess), "answer": draw(answer)}
        left = (answer - guess).square().sum((1, 2)) / (answer - before).square().sum((1, 2)).clamp(min=1e-6)
        row = {"left": left.tolist()}
        for name, pictures in drawn.items():
            if name != "answer":
                row[f"psnr {name}"] = psnr_on_person(pictures, drawn["answer"], inside).tolist()
            row[f"colour distance {name}"] = [
                colour_distance(picture, lesson.mask, said.colour)
                for picture, said in zip(pictures, lesson.sentences, strict=True) if said.colour
            ]  # fmt: skip
        rows.append(row)
    figures = {name: round(float(np.median(np.concatenate([row[name] for row in rows]))), 2) for name in rows[0]}
    return figures | {"sentences": number * LOOKS}


def colour_distance(picture: Tensor, mask: np.ndarray, colour: str) -> float:
    """CIELAB distance of a named colour to the median of a picture (3, H, W) in [0, 1] where mask (H, W) is True."""
    return colour_error(picture.permute(1, 2, 0).cpu().numpy(), mask, COLOURS[colour])


def main() -> None:
    parser = options(__doc__)
    parser.set_defaults(minutes=3, batch=64)
    parser.add_argument("--bundle", required=True, help="a bundle with generator, encoder and clip")
    parser.add_argument("--garments", type=int, default=1000, help="garments that are re-dressed and encoded")
    parser.add_argument("--judged", type=int, default=60, help="garments of other people for the figures")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=0.05)
    args = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(args.threads or torch.get_num_threads())
    torch.manual_seed(args.seed)
    bundle = load_bundle(args.bundle)
    studio, framed = Studio(bundle, args.device), load_framed(args.data).resized(bundle.canvas)
    train_on, held_out = np.flatnonzero(~framed.validation), np.flatnonzero(framed.validation)
    number = 6 if args.smoke else args.garments
    origin = json.dumps([number, args.seed, *(bundle.parts[name].sha256 for name in ("generator", "encoder", "clip"))])
    chosen = train_on[:24] if args.smoke else train_on
    data = encoded(studio, framed, chosen, number, args.seed, args.out / "lessons.safetensors", origin)
    network = train(data, args)
    shape = {"num_ws": network.num_ws, "w_dim": network.w_dim, "embed_dim": network.embed_dim}
    save_part(args.out, "guess", network, "guess", shape)
    figures = evaluate(network, studio, Lessons(framed, held_out), 4 if args.smoke else args.judged, args.seed + 1)
    save_figures(args.out, {"guess": figures})
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
