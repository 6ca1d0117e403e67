"""The losses of CLIP: pictures beside captions, altered captions, single words, and the colours of cloth."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.language.clip import TextReader, preprocess
from fice.language.designs import DESIGNS
from fice.language.lexicon import COLOURS, GARMENTS, LENGTHS, PATTERNS, SLEEVES
from fice.language.words import Sentence, parse
from fice.nets.clip import Towers
from fice.srgb import to_lab
from fice.training.data.captions import Appearance, describe, matches
from fice.training.data.hues import OWN, hues, rightness
from fice.training.data.views import SIZE

LARGEST_SCALE = math.log(30)  # CLIP stops at 100; lower keeps cosines far apart, and an edit's gradient alive
MEAN, STD = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)  # the pictures as they are: the features see to the rest
READ = 64  # names of colours that are read in a step
NAMING = 15.0  # times the cosines of names with each other
KINDS = {
    "colour": tuple(COLOURS),
    "pattern": PATTERNS,
    "garment": tuple(GARMENTS),
    "sleeve": SLEEVES,
    "length": LENGTHS,
    "design": tuple(DESIGNS),
}


def changed(said: Sentence, rng: np.random.Generator) -> Sentence:
    """The same sentence with another colour, pattern or garment."""
    word = str(rng.choice([w for w in (said.colour, said.pattern, said.garment) if w]))
    kind = next(kind for kind in (KINDS["colour"], KINDS["pattern"], KINDS["garment"]) if word in kind)
    other = str(rng.choice(kind))
    return parse(" ".join(other if w == word else w for w in said.words))[0]


def agreement(captions: Sequence[Sequence[Sentence]], looks: Sequence[Sequence[Appearance]]) -> Tensor:
    """(B pictures, C captions): 1 right, 0 wrong, nan not known. A caption is right when each of its clauses is."""
    table = [[_right(clauses, each) for clauses in captions] for each in looks]
    return torch.tensor([[math.nan if known is None else float(known) for known in row] for row in table])


def _right(clauses: Sequence[Sentence], looks: Sequence[Appearance]) -> bool | None:
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


def read(model: Towers, tokenizer: TextReader, texts: Sequence[str]) -> Tensor:
    """(B, D) unit vectors of texts; columns that only pad are left out, which changes nothing and saves time."""
    ids = tokenizer.encode(texts).to(model.logit_scale.device)
    return F.normalize(model.encode_text(ids[:, : int(ids.argmax(1).max()) + 1]), dim=1)


def look(model: Towers, views: Tensor) -> Tensor:
    """(B, D) unit vectors of views (B, 3, SIZE, SIZE) in [0, 1]."""
    device = model.logit_scale.device
    parts = [model.encode_image(preprocess(part, SIZE, MEAN, STD).to(device)) for part in views.split(64)]
    return F.normalize(torch.cat(parts).float(), dim=1)


def step_loss(
    model: Towers, looks: Sequence[Sequence[Appearance]], seen: Tensor, tokenizer: TextReader, rng: np.random.Generator
) -> dict[str, Tensor]:
    """One batch, seen as unit vectors (B, D): its captions, their altered twins, and every word of the language."""
    described = [describe(rng, each[:2]) for each in looks]
    texts, clauses = [text for text, _ in described], [said for _, said in described]
    twins = [[changed(said[0], rng), *said[1:]] for said in clauses]
    right = agreement([*clauses, *twins], looks)
    right[:, : len(looks)].fill_diagonal_(1)
    device = model.logit_scale.device
    right = right.to(device)
    twin_texts = [" and ".join(" ".join(said.words) for said in twin) for twin in twins]
    single = [word for words in KINDS.values() for word in words]
    chosen = rng.permutation(len(hues().names))[:READ]
    named = [hues().names[k] for k in chosen]

    texts_read = torch.cat([read(model, tokenizer, [*texts, *twin_texts]), read(model, tokenizer, [*single, *named])])
    scale = model.logit_scale.clamp(max=LARGEST_SCALE).exp()
    logits = seen @ texts_read.T * scale
    captions, words, shades = logits.split([right.shape[1], len(single), READ], 1)
    losses = {"caption": (multi_positive(captions, right) + multi_positive(captions.T, right.T)) / 2}
    losses["slope"] = colour_slope(model, tokenizer, seen, words[:, : len(COLOURS)] / scale, looks, rng)
    for (kind, names), part in zip(KINDS.items(), words.split([len(n) for n in KINDS.values()], 1), strict=True):
        rows = [_known(each, kind, names) for each in looks]
        losses[kind] = multi_positive(part, torch.tensor(rows, device=device))
    own = len(COLOURS)
    colours = torch.cat([words[:, :own], shades], 1)
    losses["hue"] = shade_loss(colours, looks, np.concatenate([OWN, hues().lab[chosen]]))
    nearest = torch.from_numpy(rightness(hues().lab[chosen], OWN)).to(logits)
    near = texts_read[-READ:] @ texts_read[right.shape[1] : right.shape[1] + own].T * NAMING
    losses["name"] = F.cross_entropy(near, nearest)
    return losses


def shade_loss(logits: Tensor, looks: Sequence[Sequence[Appearance]], lab: np.ndarray) -> Tensor:
    """Cross-entropy of names of colours (logits: (B, N), lab: (N, 3) CIELAB) against what was dyed, where it is known.

    A name is right as far as its colour is near.
    """
    known = [row for row, each in enumerate(looks) if len(each) == 1 and each[0].shade]
    if not known:
        return logits.new_zeros(())
    dyed = to_lab(np.array([looks[row][0].shade for row in known], np.float64))
    return F.cross_entropy(logits[known], torch.from_numpy(rightness(dyed, lab)).to(logits))


def colour_slope(
    model: Towers, tokenizer: TextReader, seen: Tensor, cosines: Tensor, looks: Sequence[Sequence[Appearance]], rng
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
    distances = np.linalg.norm(shades - OWN, axis=2)
    target = torch.from_numpy(0.5 * np.exp(distances / -40)).to(seen)
    return F.mse_loss(cosines - cosines.mean(1, keepdim=True), target - target.mean(1, keepdim=True))


def _known(looks: Sequence[Appearance], kind: str, names: Sequence[str]) -> list[float]:
    """Which words of a kind are right for a sample; none where several garments or not knowing blur it.

    Of a garment's names only the most apt is right, the others (a blouse is also a top) take no part.
    """
    if len(looks) > 1:
        return [0.0] * len(names)
    first, *others = looks[0].names or (None,) if kind == "garment" else (getattr(looks[0], kind),)
    if kind == "design" and looks[0].pattern and looks[0].pattern != first:
        others.append(looks[0].pattern)  # a houndstooth is also checked
    return [math.nan if name in others else float(name == first) for name in names]
