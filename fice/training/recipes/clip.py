"""The recipe of the bundled CLIP: re-dressed people and exact captions, pulled together.

    python -m fice.training.recipes.clip --data PREPARED --out RUN --minutes 25
    python -m fice.training.recipes.clip --data PREPARED --out RUN --minutes 25 --seed 1 --judge
    python -m fice.training.recipes.clip --data PREPARED --out RUN --evaluate

What differs from CLIP's own recipe (arXiv 2103.00020): captions that are right for several pictures of a batch are
right for all of them (and left out where that is not known); every picture also meets its caption with one word
changed, and every single word of each kind; and the cosine falls steadily with the distance of the colour meant from
the colour seen, so that an edit which starts far from its colour is led there.

The judge is a CLIP that never guides an edit, and shares as little as it can with the one that does: another depth,
other augmentation, and nothing that bends its cosines; patterns weigh more.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.bundle.pack import save_figures, save_part
from fice.device import half
from fice.errors import InputError
from fice.language.clip import preprocess
from fice.language.lexicon import COLOURS, GARMENTS, LENGTHS, PATTERNS, SLEEVES
from fice.language.tokenizer import Tokenizer
from fice.language.words import Sentence, parse
from fice.nets import network
from fice.srgb import to_lab
from fice.training.data.captions import Look, describe, matches
from fice.training.data.dataset import Framed, load_framed
from fice.training.data.outfits import Sample, Wardrobe
from fice.training.data.views import SIZE, Pool, degrade, disturb, look_at
from fice.training.recipe import (
    Average,
    Clock,
    cosine,
    count,
    load_checkpoint,
    options,
    save_checkpoint,
    set_rate,
)

CONTEXT = 16
LARGEST_SCALE = math.log(30)  # CLIP stops at 100; lower keeps cosines far apart, and an edit's gradient alive
KINDS = {
    "colour": tuple(COLOURS),
    "pattern": PATTERNS,
    "garment": tuple(GARMENTS),
    "sleeve": SLEEVES,
    "length": LENGTHS,
}
WEIGHTS = {"caption": 1.0, "colour": 1.0, "pattern": 1.0, "garment": 1.0, "sleeve": 0.3, "length": 0.3, "slope": 30.0}
JUDGE = WEIGHTS | {"pattern": 3.0, "garment": 0.3, "slope": 0.0}


def arguments(tokenizer: Tokenizer, judge: bool = False) -> dict:
    """Constructor arguments of the network: small enough to be asked hundreds of times in one edit on a CPU.

    The judge is asked once, and is twice as deep.
    """
    return {
        "embed_dim": 256, "image_resolution": SIZE, "vision_layers": (2, 2, 2, 2) if judge else (1, 1, 1, 1),
        "vision_width": 32,
        "vision_patch_size": None, "context_length": CONTEXT, "vocab_size": tokenizer.vocab_size,
        "transformer_width": 128, "transformer_heads": 4, "transformer_layers": 2,
    }  # fmt: skip


def changed(said: Sentence, rng: np.random.Generator) -> Sentence:
    """The same sentence with another colour, pattern or garment."""
    word = str(rng.choice([w for w in (said.colour, said.pattern, said.garment) if w]))
    kind = next(kind for kind in (KINDS["colour"], KINDS["pattern"], KINDS["garment"]) if word in kind)
    other = str(rng.choice(kind))
    return parse(" ".join(other if w == word else w for w in said.words))[0]


def agreement(captions: Sequence[Sequence[Sentence]], looks: Sequence[Sequence[Look]]) -> Tensor:
    """(B pictures, C captions): 1 right, 0 wrong, nan not known. A caption is right when each of its clauses is."""
    table = [[_right(clauses, each) for clauses in captions] for each in looks]
    return torch.tensor([[math.nan if known is None else float(known) for known in row] for row in table])


def _right(clauses: Sequence[Sentence], looks: Sequence[Look]) -> bool | None:
    """Each clause wants some garment that it is right for; None when it may or may not have one."""
    clause_answers = []
    for said in clauses:
        answers = [matches(said, look) for look in looks]
        clause_answers.append(True if True in answers else None if None in answers else False)
    return False if False in clause_answers else None if None in clause_answers else True


def multi_positive(logits: Tensor, right: Tensor) -> Tensor:
    """Cross-entropy of each row against all its right columns alike; unknown (nan) columns take no part.

    logits, right: (N, M); rows without a right column count nothing. Returns the mean over the others.
    """
    chances = logits.masked_fill(right.isnan(), -torch.inf).log_softmax(1)
    right = right.nan_to_num(0)
    found = right.sum(1)
    losses = -(right * chances.masked_fill(right == 0, 0)).sum(1) / found.clamp(min=1)
    return losses.sum() / (found > 0).sum().clamp(min=1)


def read(model: nn.Module, tokenizer: Tokenizer, texts: Sequence[str]) -> Tensor:
    """(B, D) unit vectors of texts; columns that only pad are left out, which changes nothing and saves time."""
    ids = tokenizer.encode(texts).to(model.logit_scale.device)
    return F.normalize(model.encode_text(ids[:, : int(ids.argmax(1).max()) + 1]), dim=1)


def look(model: nn.Module, views: Tensor) -> Tensor:
    """(B, D) unit vectors of views (B, 3, SIZE, SIZE) in [0, 1]."""
    device = model.logit_scale.device
    parts = [model.encode_image(preprocess(part, SIZE).to(device)) for part in views.split(64)]
    return F.normalize(torch.cat(parts).float(), dim=1)


def step_loss(
    model: nn.Module, looks: Sequence[Sequence[Look]], views: Tensor, tokenizer: Tokenizer, rng: np.random.Generator
) -> dict[str, Tensor]:
    """One batch: its captions, their altered twins, and every word of the language by itself."""
    described = [describe(rng, each[:2]) for each in looks]
    texts, clauses = [text for text, _ in described], [said for _, said in described]
    twins = [[changed(said[0], rng), *said[1:]] for said in clauses]
    right = agreement([*clauses, *twins], looks)
    right[:, : len(looks)].fill_diagonal_(1)
    device = model.logit_scale.device
    right = right.to(device)
    twin_texts = [" and ".join(" ".join(said.words) for said in twin) for twin in twins]
    single = [word for words in KINDS.values() for word in words]

    with half(device):  # three times as fast on a recent CPU
        seen = look(model, views)
    texts_read = torch.cat([read(model, tokenizer, [*texts, *twin_texts]), read(model, tokenizer, single)])
    scale = model.logit_scale.clamp(max=LARGEST_SCALE).exp()
    logits = seen @ texts_read.T * scale
    captions, words = logits.split([right.shape[1], len(single)], 1)
    losses = {"caption": (multi_positive(captions, right) + multi_positive(captions.T, right.T)) / 2}
    losses["slope"] = colour_slope(model, tokenizer, seen, words[:, : len(COLOURS)] / scale, looks, rng)
    for (kind, names), part in zip(KINDS.items(), words.split([len(n) for n in KINDS.values()], 1), strict=True):
        rows = [_known(each, kind, names) for each in looks]
        losses[kind] = multi_positive(part, torch.tensor(rows, device=device))
    return losses


def colour_slope(
    model: nn.Module, tokenizer: Tokenizer, seen: Tensor, cosines: Tensor, looks: Sequence[Sequence[Look]], rng
) -> Tensor:
    """How far cosines are from falling with the distance of colours (CIELAB), as exp(-distance / 40).

    For every known colour against all colour words (cosines: (B, colours)), and for a few pictures against their
    whole sentence in all colours. Only differences between colours count, not their mean.
    """
    known = [row for row, each in enumerate(looks) if len(each) == 1 and each[0].shade]
    chosen = rng.permutation(known)[:3].tolist()
    rests = [[w for w in (looks[k][0].pattern, *looks[k][0].names[:1]) if w and rng.random() < 0.8] for k in chosen]
    texts = [" ".join([colour, *rest]) for rest in rests for colour in COLOURS]
    if not texts:
        return seen.new_zeros(())
    sentences = read(model, tokenizer, texts).unflatten(0, (len(chosen), -1))
    cosines = torch.cat([cosines[known], torch.einsum("bd,bkd->bk", seen[chosen], sentences)])
    shades = to_lab(np.array([looks[k][0].shade for k in known + chosen]))[:, None]
    distances = np.linalg.norm(shades - to_lab(np.array(list(COLOURS.values()))), axis=2)
    target = torch.from_numpy(0.5 * np.exp(distances / -40)).to(seen)
    return F.mse_loss(cosines - cosines.mean(1, keepdim=True), target - target.mean(1, keepdim=True))


def _known(looks: Sequence[Look], kind: str, names: Sequence[str]) -> list[float]:
    """Which words of a kind are right for a sample; none where several garments or not knowing blur it.

    Of a garment's names only the most apt is right, the others (a blouse is also a top) take no part.
    """
    if len(looks) > 1:
        return [0.0] * len(names)
    first, *others = looks[0].names or (None,) if kind == "garment" else (getattr(looks[0], kind),)
    return [math.nan if name in others else float(name == first) for name in names]


def train(args) -> None:
    torch.manual_seed(args.seed)
    framed, tokenizer = load_framed(args.data), Tokenizer(context_length=CONTEXT)
    chosen = np.flatnonzero(~framed.validation)
    wardrobe = Wardrobe(framed, chosen[:24] if args.smoke else chosen)
    if not wardrobe.people:
        raise InputError(f"Nobody in {args.data} wears a garment that can be told apart: label or tag some.")
    pool = Pool(wardrobe)
    shape = arguments(tokenizer, args.judge)
    weights = JUDGE if args.judge else WEIGHTS
    model = network("clip")(**shape).to(args.device)
    average = Average(model)
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=0.02, betas=(0.9, 0.98), fused=True)
    parts = {"model": model, "average": average.module}
    done = load_checkpoint(args.out / "checkpoint.safetensors", parts, {"optimiser": optimiser})
    clock = Clock(4 if args.smoke else args.minutes * 60, done, tick=1 if args.smoke else 30)
    print(
        f"{len(wardrobe.garments)} garments, {count(model.parameters())} parameters, from step {clock.step}", flush=True
    )
    for step in clock.steps():
        rng = np.random.default_rng([args.seed, step])
        looks, views = pool.draw(args.batch, rng)
        if args.judge:
            views = disturb(views, rng)
        else:
            views = degrade(views, rng, min(1.0, 0.2 + 2 * clock.fraction))  # clean pictures first
        losses = step_loss(model, looks, views, tokenizer, rng)
        total = sum(weight * losses[name] for name, weight in weights.items())
        set_rate(optimiser, args.rate * cosine(clock.fraction))
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average.update(model, min(0.99, (1 + step) / (10 + step)))
        if clock.log({name: loss.item() for name, loss in losses.items()}):
            save_checkpoint(args.out / "checkpoint.safetensors", parts, {"optimiser": optimiser}, clock.progress)
    save_checkpoint(args.out / "checkpoint.safetensors", parts, {"optimiser": optimiser}, clock.progress)
    extra = {"vocabulary": list(tokenizer.vocabulary), "context_length": CONTEXT, "image_resolution": SIZE}
    save_part(args.out, "clip", average.module, "clip", shape, extra)
    figures = evaluate(average.module, framed, tokenizer, args.device, 16 if args.smoke else 600)
    save_figures(args.out, {"clip": figures})
    print(json.dumps(figures), flush=True)


@torch.no_grad()
def evaluate(model: nn.Module, framed: Framed, tokenizer: Tokenizer, device: str, number: int = 600) -> dict:
    """Accuracy on people never trained on, re-dressed with seeds never used; 1 is perfect.

    caption_32: the right one among 32 random colour x pattern x garment captions. near_32: the 31 others differ in one
    word only. colour, pattern, garment: the right word among all of its kind. Each also as `soft_...` (canvas of
    128 x 64), `coarse_...` (64 x 32) and `noisy_...` (Gaussian noise of 0.08). own_colour: the colour of clothes as
    they were photographed, where their median has a clear name.
    """
    model = model.to(device).eval()
    wardrobe = Wardrobe(framed, np.flatnonzero(framed.validation), own=0, whole=0, between=0, busy=math.inf)
    if not wardrobe.people:
        return {"samples": 0, "people": 0}
    samples = [wardrobe.draw(np.random.default_rng([2**31, k])) for k in range(number)]
    samples = [sample for sample in samples if sample.looks[0].names]
    figures: dict[str, float] = {"samples": len(samples), "people": len(wardrobe.people)}
    if samples:
        figures |= _accuracies(model, tokenizer, samples)
    wardrobe.own = 1
    own = [wardrobe.draw(np.random.default_rng([2**31 + 1, k])) for k in range(number)]
    own = [sample for sample in own if sample.looks[0].pattern is None]
    if own:
        best = (look(model, look_at(own)) @ read(model, tokenizer, KINDS["colour"]).T).argmax(1).tolist()
        named = [KINDS["colour"][k] == sample.looks[0].colour for k, sample in zip(best, own, strict=True)]
        figures["own_colour"] = round(float(np.mean(named)), 4)
    return figures


def _accuracies(model: nn.Module, tokenizer: Tokenizer, samples: list[Sample]) -> dict[str, float]:
    """The figures of samples of one garment each, whose names are known."""
    noise = torch.randn(len(samples), 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0)) * 0.08
    plain = look_at(samples)
    ways = {
        "": plain, "soft_": look_at(samples, height=128), "coarse_": look_at(samples, height=64),
        "noisy_": (plain + noise).clamp(0, 1),
    }  # fmt: skip

    choices = [_choices(sample.looks[0], np.random.default_rng([7, k])) for k, sample in enumerate(samples)]
    texts = {
        name: torch.stack([read(model, tokenizer, c[name]) for c in choices]) for name in ("caption_32", "near_32")
    }
    kinds = {kind: read(model, tokenizer, KINDS[kind]) for kind in ("colour", "pattern", "garment")}
    figures = {}
    for way, views in ways.items():
        seen = look(model, views)
        for name, candidates in texts.items():
            best = torch.einsum("bd,bkd->bk", seen, candidates).argmax(1)
            figures[way + name] = round((best == 0).float().mean().item(), 4)
        for kind, words in kinds.items():
            best = [KINDS[kind][k] for k in (seen @ words.T).argmax(1).tolist()]
            right = [
                word in worn.names if kind == "garment" else word == getattr(worn, kind)
                for word, worn in zip(best, (sample.looks[0] for sample in samples), strict=True)
            ]
            figures[way + kind] = round(float(np.mean(right)), 4)
    return figures


def _choices(look: Look, rng: np.random.Generator) -> dict[str, list[str]]:
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
    parser = options(__doc__.splitlines()[0])
    parser.set_defaults(batch=32, minutes=25)
    parser.add_argument("--rate", type=float, default=6e-4, help="learning rate")
    parser.add_argument("--judge", action="store_true", help="train the judge, which never guides an edit")
    parser.add_argument("--evaluate", action="store_true", help="only print the figures of the finished run")
    args = parser.parse_args(argv)
    args.out = Path(args.out)
    if args.threads:
        torch.set_num_threads(args.threads)
    if not args.evaluate:
        return train(args)
    tokenizer = Tokenizer(context_length=CONTEXT)
    model = network("clip")(**arguments(tokenizer, args.judge))
    if load_checkpoint(args.out / "checkpoint.safetensors", {"average": model}, {}) is None:
        parser.error(f"{args.out} holds no checkpoint: train first.")
    print(json.dumps(evaluate(model, load_framed(args.data), tokenizer, args.device)))


if __name__ == "__main__":
    main()
