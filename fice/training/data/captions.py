"""What the people in the photographs wear, and exact sentences about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from fice.language.designs import DESIGN_NAMES
from fice.language.lexicon import COLOURS, GARMENTS, PATTERNS, SYNONYMS
from fice.language.words import Sentence, parse
from fice.subject.regions import REGION_CLASSES
from fice.training.data.dataset import Framed
from fice.training.data.folder import MERGE
from fice.training.data.hues import kept_back, names_for

# class of the photographs' labels -> garment words that are right for it, the most apt first
NAMES: dict[str, tuple[str, ...]] = {
    "blazer": ("blazer",),
    "blouse": ("blouse", "top"),
    "bodysuit": ("bodysuit",),
    "cape": ("cape",),
    "cardigan": ("cardigan",),
    "coat": ("coat",),
    "dress": ("dress",),
    "hoodie": ("hoodie", "sweatshirt"),
    "jacket": ("jacket",),
    "jeans": ("jeans",),
    "jumper": ("jumper", "sweater"),
    "leggings": ("leggings",),
    "pants": ("trousers",),
    "romper": ("jumpsuit",),
    "shirt": ("shirt",),
    "shorts": ("shorts",),
    "skirt": ("skirt",),
    "suit": ("suit", "outfit"),
    "sweater": ("sweater", "jumper"),
    "sweatshirt": ("sweatshirt", "hoodie"),
    "t-shirt": ("t-shirt", "top"),
    "top": ("top",),
    "vest": ("vest", "top"),
}
PLACED = frozenset(name for names in MERGE.values() for name in names.split())  # classes that `NAMES` was made for
WORN_REGIONS = ("upper", "outer", "dress", "skirt", "trousers")
TWO_COLOURED = ("striped", "vertical-striped", "checked", "polka-dot", "floral")
_OTHERS = {word: [w for w, to in SYNONYMS.items() if to == word and not kept_back(w)] for word in SYNONYMS.values()}


@dataclass(frozen=True)
class Worn:
    """One garment on a framed person: mask (H, W) bool; names: words right for it, () when not known."""

    mask: np.ndarray
    names: tuple[str, ...]
    sleeve: str | None
    length: str | None


@dataclass(frozen=True)
class Appearance:
    """How a garment looks; shade is the sRGB 0..255 of its cloth, design of `fice.language.designs.DESIGNS`.

    None (and no names) means: not known.
    """

    colour: str | None
    second: str | None
    pattern: str | None
    names: tuple[str, ...]
    sleeve: str | None
    length: str | None
    shade: tuple[int, ...] | None = None
    design: str | None = None


@cache
def garment_names(name: str) -> tuple[str, ...]:
    """Garment words that are right for a class of labels, the most apt first; () where fice knows none."""
    if name in NAMES:
        return NAMES[name]
    garment = parse(name)[0].garment if any(letter.isalnum() for letter in name) else None
    return (garment,) if garment and GARMENTS[garment] != "full" else ()


def find_worn(framed: Framed, index: int, least: float = 0.008) -> list[Worn]:
    """The garments of one framed person that cover at least `least` of the canvas (twice that without pixel labels).

    Pixel labels name them; without pixel labels the region does, with the tag that fits it if there is just one.
    Classes of other people's labels are garments where they lie in a garment's region.
    """
    labels, garments = framed.labels[index], []
    if framed.labelled[index]:
        cloth = np.isin(labels, [REGION_CLASSES.index(region) for region in WORN_REGIONS])
        for value, name in enumerate(framed.classes):
            if name not in NAMES and name in PLACED:
                continue
            mask = framed.fine[index] == value
            if name in NAMES or 2 * (mask & cloth).sum() > mask.sum():
                garments.append((mask, garment_names(name), name == "suit"))
    else:
        for region in WORN_REGIONS:
            fitting = [tag for tag in framed.tags[index] if tag in MERGE[region].split() and tag in NAMES]
            names = NAMES[fitting[0]] if len(fitting) == 1 else ()
            garments.append((labels == REGION_CLASSES.index(region), names, "suit" in fitting))
    found = []
    for mask, names, whole in garments:
        if mask.mean() >= (least if framed.labelled[index] else 2 * least):
            sleeve, length = (None, None) if whole else measure(mask, labels, names)
            found.append(
                Worn(mask, (*names, "gown") if names == ("dress",) and length == "maxi" else names, sleeve, length)
            )
    return found


def measure(mask: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> tuple[str | None, str | None]:
    """(sleeve, length) words read off a garment's mask (H, W) and the person's labels (H, W); None in doubt.

    Sleeves: the share of bare skin between the shoulders and the hips, unless a coat hides it. Length: how far
    down the person the hem reaches.
    """
    rows = np.flatnonzero((labels > 0).any(1))
    top, tall = rows[0], rows[-1] - rows[0] + 1
    own = np.flatnonzero(mask.sum(1) > 2)
    if len(own) == 0:
        return None, None
    region = GARMENTS[names[0]] if names else None
    sleeve = length = None
    if region in ("upper", "dress", "outer"):
        outer = (labels == REGION_CLASSES.index("outer")).mean()
        skin = labels == REGION_CLASSES.index("skin")
        bare = skin[own[0] + int(0.06 * tall) : own[0] + int(0.4 * tall)].sum() / tall**2
        if region == "outer":
            sleeve = "long-sleeved" if bare < 0.005 and "cape" not in names else None
        elif outer < 0.005:
            sleeve = "long-sleeved" if bare < 0.005 else "short-sleeved" if 0.009 < bare < 0.016 else None
            sleeve = "sleeveless" if bare > 0.0195 else sleeve
    hem = (own[-1] - top) / tall
    if names and names[0] in ("dress", "skirt"):
        steps = ((0.645, "mini"), (0.665, None), (0.74, "knee-length"), (0.76, None), (0.85, "midi"), (0.87, None))
        length = next((word for limit, word in steps if hem < limit), "maxi")
    elif names and names[0] in ("trousers", "jeans"):
        length = "cropped" if 0.7 < hem < 0.87 else None
    elif names and names[0] in ("t-shirt", "top", "sweater", "blouse"):
        length = "cropped" if hem < 0.4 else None
    return sleeve, length


def caption(
    rng: np.random.Generator,
    colour: str | None = None,
    pattern: str | None = None,
    garment: str | None = None,
    sleeve: str | None = None,
    length: str | None = None,
    second: str | None = None,
    shade: tuple[int, ...] | None = None,
    design: str | None = None,
) -> str:
    """A sentence that mentions some of these words (canonical, None: not known), in varied wording and order.

    Where the shade of the colour and the design of the pattern are known, it may name just these.

    What it mentions is exact: `parse` of the sentence gives back the given words or None. At least one of colour,
    pattern and garment is mentioned, and a second colour only with its first and with the pattern.
    """
    keep = {
        "colour": 0.92,
        "pattern": 0.35 if pattern == "solid" else 0.88,
        "garment": 0.85,
        "sleeve": 0.4,
        "length": 0.4,
    }
    given = {"colour": colour, "pattern": pattern, "garment": garment, "sleeve": sleeve, "length": length}
    said = {kind: word if word and rng.random() < keep[kind] else None for kind, word in given.items()}
    if not (said["colour"] or said["pattern"] or said["garment"]):
        said = given
    second = second if said["colour"] and said["pattern"] in TWO_COLOURED and rng.random() < 0.3 else None
    for other in (True, False):
        text = _wording(rng, said, second, other, shade, design)
        if _says(parse(text)[0], said, second):
            break
    return text


def describe(rng: np.random.Generator, looks: Sequence[Appearance]) -> tuple[str, list[Sentence]]:
    """One caption for one or several garments, and what it says of each."""
    texts = [
        caption(
            rng,
            look.colour,
            look.pattern,
            str(rng.choice(look.names)) if look.names else None,
            look.sleeve,
            look.length,
            look.second,
            look.shade,
            look.design,
        )
        for look in looks
    ]
    return " and ".join(texts), [parse(text)[0] for text in texts]


def matches(said: Sentence, look: Appearance) -> bool | None:
    """Whether a look is what a caption says: True, False, or None when that is not known."""
    colours = [word for word in said.words if word in COLOURS]
    answers = [
        _agree(said.pattern, look.pattern),
        True if said.design in (None, *PATTERNS) or "animal" in said.text else _agree(said.design, look.design),
        True if said.garment is None else said.garment in look.names if look.names else None,
        _agree(said.sleeve, look.sleeve),
        _agree(said.length, look.length),
        _agree(colours[0] if colours else None, look.colour),
        _agree(colours[1] if len(colours) > 1 else None, look.second),
    ]
    if colours and colours[0] == look.second:
        answers[5] = None  # red on white is also white: neither right nor wrong
    return False if False in answers else None if None in answers else True


def _agree(said: str | None, known: str | None) -> bool | None:
    return True if said is None else None if known is None else said == known


def _wording(
    rng: np.random.Generator,
    said: dict[str, str | None],
    second: str | None,
    varied: bool,
    shade: tuple[int, ...] | None,
    design: str | None,
) -> str:
    def word(canonical: str | None, kind: str = "") -> str:
        others = _OTHERS.get(canonical or "", []) if varied and rng.random() < 0.4 else []
        if varied and canonical and kind == "colour" and shade and rng.random() < 0.5:
            others = names_for(canonical, shade)
        if varied and canonical and kind == "pattern":
            others = _names_of_design(design or canonical) if rng.random() < 0.6 else []
        return str(rng.choice(others)) if others else canonical or ""

    parts = {kind: word(canonical, kind) for kind, canonical in said.items()}
    if second:
        parts["colour"] += f" and {word(second)}"
    order = ["length", "sleeve", "colour", "pattern", "garment"]
    form = rng.random() if varied else 1.0
    if form < 0.15:  # "dress in red, floral"
        order = ["garment", "colour", "pattern", "sleeve", "length"]
    elif form < 0.4:
        order = [order[i] for i in rng.permutation(5)]
    text = " ".join(parts[kind] for kind in order if parts[kind])
    return f"a {text}" if rng.random() < 0.3 else text


@cache
def _names_of_design(design: str) -> list[str]:
    """What people call a design, or a word of PATTERNS that names several."""
    return [word for word, named in DESIGN_NAMES.items() if named == design and word != "animal"]


def _says(sentence: Sentence, said: dict[str, str | None], second: str | None) -> bool:
    """Whether a sentence says just these words."""
    return sorted(sentence.words) == sorted(word for word in (*said.values(), second) if word)
