"""The recipe of the bundled CLIP: re-dressed people and exact captions, pulled together.

    python -m fice.training.recipes.clip --data PREPARED --out RUN --minutes 25
    python -m fice.training.recipes.clip --data PREPARED --out RUN --minutes 25 --seed 1 --judge
    python -m fice.training.recipes.clip --data PREPARED --out street --evaluate

Pictures are seen through a pretrained EfficientNet-Lite, which stays as it is, and texts are read through the word
vectors of a sentence encoder: a word that no caption has is understood by its neighbours.

What differs from CLIP's own recipe (arXiv 2103.00020): captions that are right for several pictures of a batch are
right for all of them (and left out where that is not known); every picture also meets its caption with one word
changed, and every single word of each kind; and the cosine falls steadily with the distance of the colour meant from
the colour seen, so that an edit which starts far from its colour is led there.

The judge is a CLIP that never guides an edit, and shares as little as it can with the one that does: other features,
other augmentation, and nothing that bends its cosines; patterns weigh more.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import round_as_kept
from fice.device import half
from fice.errors import InputError
from fice.language.clip import Semantics, TextReader
from fice.language.tokenizer import WORDS, WordTokenizer
from fice.language.words import parse
from fice.nets.clip import Towers
from fice.nets.lite_clip import LiteClip
from fice.srgb import to_lab
from fice.training.contrastive import KINDS, MEAN, STD, look, read, step_loss
from fice.training.data.captions import Appearance, matches
from fice.training.data.dataset import Framed, load_framed
from fice.training.data.hues import OWN, hues, nearest
from fice.training.data.outfits import Sample, Wardrobe
from fice.training.data.views import SIZE, Pool, See, degrade, disturb, look_at
from fice.training.features import load_features
from fice.training.recipe import Average, begin, cosine, finish, options, run_of, set_rate, train
from fice.training.words import ENCODER, load_words

Batch = tuple[list[list[Appearance]], list[Tensor], np.random.Generator]
CONTEXT = 16
FEATURES, JUDGED_BY = "lite0", "lite2"  # the guide is asked hundreds of times in one edit, the judge once
WEIGHTS = {
    "caption": 1.0,
    "colour": 3.0,
    "pattern": 1.0,
    "design": 1.0,
    "garment": 1.0,
    "sleeve": 0.3,
    "length": 0.3,
    "hue": 0.5,
    "name": 1.0,
    "slope": 15.0,
}
ONE_COLOURED = ("solid", "denim", "knit")
JUDGE = WEIGHTS | {"pattern": 2.0, "slope": 0.0}


def fresh(features: str, words: str, few: bool = False) -> tuple[LiteClip, dict, WordTokenizer]:
    """A network on pretrained features and word vectors, the arguments that build it again, and its tokenizer.

    words, few: as of `load_words`.
    """
    pretrained = load_features(features)
    known, vectors = load_words(words, few)
    tokenizer = WordTokenizer(known, CONTEXT)
    shape = {
        "embed_dim": 256,
        "image_resolution": SIZE,
        "vision_size": pretrained.size,
        "vision_width": 512,
        "context_length": CONTEXT,
        "vocab_size": tokenizer.vocab_size,
        "word_width": vectors.shape[1],
        "transformer_width": 128,
        "transformer_heads": 4,
        "transformer_layers": 2,
    }
    network = LiteClip(**shape)
    network.words[1 : len(known) + 1] = vectors
    network.visual.backbone.load_state_dict(pretrained.state_dict(), strict=False)  # ImageNet's classes go
    return network, shape, tokenizer


class ClipTrainer:
    """A CLIP, whose features stay as they are, and its average; judge: the one that judges edits."""

    def __init__(self, model: LiteClip, tokenizer: WordTokenizer, rate: float, judge: bool):
        self.model, self.tokenizer, self.rate, self.judge = model, tokenizer, rate, judge
        self.weights = JUDGE if judge else WEIGHTS
        self.average = Average(model)
        model.visual.backbone.eval().requires_grad_(False)
        learning = [each for each in model.parameters() if each.requires_grad]
        self.optimiser = torch.optim.AdamW(learning, weight_decay=0.05, betas=(0.9, 0.98), fused=True)
        self.modules = {"model": model, "average": self.average.module}
        self.optimisers = {"optimiser": self.optimiser}

    @torch.no_grad()
    def see(self, views: Tensor, rng: np.random.Generator) -> list[Tensor]:
        """The maps of views (B, 3, SIZE, SIZE) in [0, 1], augmented."""
        views = disturb(views, rng) if self.judge else degrade(views, rng)
        device = self.model.logit_scale.device
        with half(device):  # three times as fast on a recent CPU
            return [each.to(torch.bfloat16) for each in self.model.visual.maps(views.to(device))]

    def step(self, number: int, fraction: float, batch: Batch) -> dict[str, Tensor]:
        """One step with looks, the maps of their views and random numbers; returns the losses."""
        looks, maps, rng = batch
        with half(self.model.logit_scale.device):
            seen = self.model.visual.seen(maps)
        losses = step_loss(self.model, looks, F.normalize(seen.float(), dim=1), self.tokenizer, rng)
        total = reduce(torch.add, [weight * losses[name] for name, weight in self.weights.items()])
        set_rate(self.optimiser, self.rate * cosine(fraction))
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.average.update(self.model, min(0.99, (1 + number) / (10 + number)))
        return losses


def lessons(framed: Framed, see: See, batch: int, seed: int, most: int | None = None) -> Callable[[int], Batch]:
    """What draws the batch of a step from the people to train on, or from the first of them; InputError for none.

    see: as of `Pool`.
    """
    wardrobe = Wardrobe(framed, np.flatnonzero(~framed.validation)[:most], fine=0.6, plain=0.4)
    if not wardrobe.people:
        raise InputError("Nobody in the data wears a garment that can be told apart: label or tag some.")
    pool = Pool(wardrobe, see)

    def draw(number: int) -> Batch:
        rng = np.random.default_rng([seed, number])
        return *pool.draw(batch, rng), rng

    return draw


@torch.no_grad()
def evaluate(model: Towers, framed: Framed, tokenizer: TextReader, number: int) -> dict:
    """Accuracy on `number` pictures of people never trained on, re-dressed with seeds never used; 1 is perfect.

    caption_32: the right one among 32 random colour x pattern x garment captions. near_32: the 31 others differ in one
    word only. colour, pattern, garment: the right word among all of its kind; of two colours that cover about as much
    only one counts, which plain_colour (solid, denim, knit) leaves out. Each also as `soft_...` (canvas of
    128 x 64), `coarse_...` (64 x 32) and `noisy_...` (Gaussian noise of 0.08). counted_colour: what counting pixels
    gets right with the garment's outline given, each by the colour it is nearest to; nobody can know the two colours
    apart. own_colour: the colour of clothes as they were photographed, where their median has a clear name. design:
    the right one of all that fice draws, however alike. unseen_colour, new_colour: as of `unseen_names`.
    """
    figures: dict[str, float] = unseen_names(model, tokenizer)
    wardrobe = Wardrobe(framed, np.flatnonzero(framed.validation), own=0, whole=0, between=0, busy=math.inf)
    if not wardrobe.people:
        return figures | {"samples": 0, "people": 0}
    samples = [wardrobe.draw(np.random.default_rng([2**31, k])) for k in range(number)]
    samples = [sample for sample in samples if sample.looks[0].names]
    figures |= {"samples": len(samples), "people": len(wardrobe.people)}
    if samples:
        figures |= _accuracies(model, tokenizer, samples)
    wardrobe.fine = 1
    drawn = [wardrobe.draw(np.random.default_rng([2**31 + 2, k])) for k in range(number)]
    drawn = [sample for sample in drawn if sample.looks[0].pattern != "solid"]
    if drawn:
        best = (look(model, look_at(drawn)) @ read(model, tokenizer, KINDS["design"]).T).argmax(1).tolist()
        right = [KINDS["design"][k] == sample.looks[0].design for k, sample in zip(best, drawn, strict=True)]
        figures["design"] = round(float(np.mean(right)), 4)
    wardrobe.own = 1
    own = [wardrobe.draw(np.random.default_rng([2**31 + 1, k])) for k in range(number)]
    own = [sample for sample in own if sample.looks[0].pattern is None]
    if own:
        best = (look(model, look_at(own)) @ read(model, tokenizer, KINDS["colour"]).T).argmax(1).tolist()
        named = [KINDS["colour"][k] == sample.looks[0].colour for k, sample in zip(best, own, strict=True)]
        figures["own_colour"] = round(float(np.mean(named)), 4)
    return figures


def unseen_names(model: Towers, tokenizer: TextReader) -> dict[str, float]:
    """How well names of colours that were never trained on are understood; 1 is perfect.

    unseen_colour: the share of these names whose text vector is nearest, of those of fice's 39 colours, to the one
    whose colour is nearest in CIELAB. new_colour: among names that share no word with any name that was trained on.
    unseen_far: how much further in CIELAB the colour found is than the nearest one, on average.
    """
    unseen = hues(unseen=True)
    found = read(model, tokenizer, unseen.names) @ read(model, tokenizer, KINDS["colour"]).T
    best = [KINDS["colour"][k] for k in found.argmax(1).tolist()]
    right = np.array([one == other for one, other in zip(best, unseen.words, strict=True)])
    seen = {word for name in hues().names for word in name.split()}
    new = np.array([not seen & set(name.split()) for name in unseen.names])
    far = [
        np.linalg.norm(unseen.lab - OWN[[KINDS["colour"].index(word) for word in words]], axis=1)
        for words in (best, unseen.words)
    ]
    figures = {"unseen_colour": right.mean(), "new_colour": right[new].mean(), "unseen_far": (far[0] - far[1]).mean()}
    return {"unseen_names": len(right)} | {name: round(float(value), 4) for name, value in figures.items()}


def _accuracies(model: Towers, tokenizer: TextReader, samples: list[Sample]) -> dict[str, float]:
    """The figures of samples of one garment each, whose names are known."""
    noise = torch.randn(len(samples), 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0)) * 0.08
    plain = look_at(samples)
    ways = {
        "": plain,
        "soft_": look_at(samples, height=128),
        "coarse_": look_at(samples, height=64),
        "noisy_": (plain + noise).clamp(0, 1),
    }

    choices = [_choices(sample.looks[0], np.random.default_rng([7, k])) for k, sample in enumerate(samples)]
    texts = {
        name: torch.stack([read(model, tokenizer, c[name]) for c in choices]) for name in ("caption_32", "near_32")
    }
    kinds = {kind: read(model, tokenizer, KINDS[kind]) for kind in ("colour", "pattern", "garment")}
    counted = [_counted(sample) == sample.looks[0].colour for sample in samples]
    figures = {"counted_colour": round(float(np.mean(counted)), 4)}
    for way, views in ways.items():
        seen = look(model, views)
        for name, candidates in texts.items():
            best = torch.einsum("bd,bkd->bk", seen, candidates).argmax(1)
            figures[way + name] = round((best == 0).float().mean().item(), 4)
        for kind, words in kinds.items():
            named = [KINDS[kind][k] for k in (seen @ words.T).argmax(1).tolist()]
            right = [
                word in worn.names if kind == "garment" else word == getattr(worn, kind)
                for word, worn in zip(named, (sample.looks[0] for sample in samples), strict=True)
            ]
            figures[way + kind] = round(float(np.mean(right)), 4)
            one_coloured = [sample.looks[0].pattern in ONE_COLOURED for sample in samples]
            if kind == "colour" and any(one_coloured):
                figures[way + "plain_colour"] = round(float(np.mean(np.array(right)[one_coloured])), 4)
    return figures


def _counted(sample: Sample) -> str:
    """The colour that most of a garment's pixels are nearest to in CIELAB."""
    found = nearest(to_lab(sample.picture[sample.mask].astype(np.float64)))
    return KINDS["colour"][np.bincount(found).argmax()]


def _choices(look: Appearance, rng: np.random.Generator) -> dict[str, list[str]]:
    """32 captions of each sort; the first is right and no other is."""
    words = (str(look.colour), str(look.pattern), look.names[0])
    kinds = (KINDS["colour"], KINDS["pattern"], KINDS["garment"])
    found: dict[str, list[str]] = {"caption_32": [" ".join(words)], "near_32": [" ".join(words)]}
    for name, captions in found.items():
        while len(captions) < 32:
            other = [str(rng.choice(kind)) for kind in kinds]
            if name == "near_32":
                changed_at = int(rng.integers(3))
                other = [other[k] if k == changed_at else words[k] for k in range(3)]
            text = " ".join(other)
            if text not in captions and matches(parse(text)[0], look) is False:
                captions.append(text)
    return found


def main(argv: Sequence[str] | None = None) -> None:
    parser = options(__doc__.splitlines()[0], evaluates=True)
    parser.set_defaults(batch=64, minutes=25)
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate")
    parser.add_argument("--judge", action="store_true", help="train the judge, which never guides an edit")
    parser.add_argument("--features", help=f"lite0 to lite2, or a bundle's; {FEATURES}, of a judge {JUDGED_BY}")
    parser.add_argument("--words", default="street", help=f"a bundle whose clip has word vectors, or {ENCODER}")
    args = parser.parse_args(argv)
    begin(args.threads, args.seed)
    framed, number = load_framed(args.data), 16 if args.smoke else 600
    if args.evaluate:
        clip = Semantics.from_bundle(load_bundle(str(args.out)), args.device)
        print(json.dumps(evaluate(cast(Towers, clip.network), framed, clip.tokenizer, number)))
        return
    model, shape, tokenizer = fresh(args.features or (JUDGED_BY if args.judge else FEATURES), args.words, args.smoke)
    side = ClipTrainer(model.to(args.device), tokenizer, args.rate, args.judge)
    draw = lessons(framed, side.see, args.batch, args.seed, 24 if args.smoke else None)
    train(side, draw, replace(run_of(args), minutes=4 / 60, tick=1) if args.smoke else run_of(args))
    extra = {"tokenizer": "words", "context_length": CONTEXT, "image_resolution": SIZE, "mean": MEAN, "std": STD}
    round_as_kept(side.average.module)
    figures = evaluate(side.average.module.eval(), framed, tokenizer, number)
    files = {WORDS: "\n".join(tokenizer.words).encode()}
    finish(args.out, "clip", side.average.module, "lite-clip", shape, extra, figures, files)


if __name__ == "__main__":
    main()
