"""A garment cut by words: of which kind, and how far its sleeves and its hem reach on somebody."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from torch import Tensor

from fice.cloth.drape import has_legs
from fice.language.lexicon import CUTS
from fice.language.words import Sentence
from fice.references.reference import BODICE, POINTS, Reference
from fice.subject.regions import Regions
from fice.subject.subject import Subject

WORN_AS = {"upper": "t-shirt", "outer": "jacket", "dress": "dress"}  # what keeps its kind, by its region
SLEEVES = {"sleeveless": 0.0, "short-sleeved": 0.36, "long-sleeved": 1.0}  # of the arm, from the shoulder to the wrist
HEMS = {"mini": 0.34, "knee-length": 0.56, "midi": 0.75, "maxi": 0.97}  # of the leg, from the hip to the ankle
FLARE = {"mini": 1.04, "knee-length": 1.1, "midi": 1.18, "maxi": 1.25}  # times as wide at the hem as at the hips
USUAL = "knee-length"
ALIKE = 0.08  # of the leg, by which a hem must be elsewhere than it is
LONG, SHORT = 0.7, 0.5  # of the leg, from which trousers are no shorts, and up to which they are

# half of each paper pattern from its top: cm from its middle, and down
_TOP = {"neck": (8.0, 0.0), "shoulder": (20.0, 3.0), "armpit": (22.0, 20.0), "waist": (20.0, 40.0)}
_LOW = {"waist": (17.0, 0.0), "hip": (22.0, 20.0)}
_HALVES = {
    "t-shirt": _TOP | {"hem": (22.0, 65.0)},
    "jacket": _TOP | {"hem": (24.0, 72.0)},
    "dress": _TOP | {"hem": (24.0, 110.0)},
    "skirt": _LOW | {"hem": (24.0, 60.0)},
    "trousers": _LOW | {"hem outside": (20.0, 104.0), "hem inside": (4.0, 104.0), "crotch": (0.0, 28.0)},
    "shorts": _LOW | {"hem outside": (27.0, 44.0), "hem inside": (2.0, 44.0), "crotch": (0.0, 28.0)},
}
_ARM, _CUFF, _SLEEVE = 56.0, 13.0, np.array([(0.6, 0.8), (-0.8, 0.6)])  # cm; the ways along a sleeve and across it
SMOOTH = 4  # samples a pixel in each direction
PIXELS, MARGIN, DIP = 4, 3.0, 2.0  # of a pattern's picture in a cm; cm around it, and by which hems hang in the middle
# light on cloth, its log: along an outline, over so many cm; of folds towards a hem, which there are so many of across;
# and of creases, whose cm across and down, and phase
EDGE, TURNS, FOLD, FOLDS = -0.6, 3.0, 0.11, ((3.1, 0.4), (5.3, 1.9), (8.9, 0.2))
CREASE, CREASES = 0.035, ((31.0, 19.0, 0.3), (-23.0, 13.0, 1.1), (47.0, -9.0, 2.0), (-14.0, 7.5, 0.7))


@dataclass(frozen=True)
class Cut:
    """What words say of an outline.

    Attributes:
        kind: one of `fice.references.reference.KINDS`.
        sleeve, length: the words for them, or None: as they are worn.
    """

    kind: str
    sleeve: str | None = None
    length: str | None = None

    @property
    def legs(self) -> bool:
        """It goes around each leg."""
        return "crotch" in _HALVES[self.kind]


@dataclass(frozen=True, eq=False)
class Paper(Reference):
    """A paper pattern: the outline of a garment that is cut by words.

    Attributes:
        cut: the words.
    """

    cut: Cut = Cut("dress")

    @property
    def sleeve(self) -> float | None:
        """How far its sleeves reach along an arm, 0 to 1; None: as far as those that are worn."""
        return None if self.cut.sleeve is None else SLEEVES[self.cut.sleeve]

    @property
    def hem(self) -> float | None:
        """How far down a leg it reaches, 0 to 1; None: as far as what is worn."""
        return None if self.cut.length is None else HEMS[self.cut.length]


def cut_of(sentence: Sentence, region: str, wide: Tensor, subject: Subject, regions: Regions) -> Cut | None:
    """The outline that a sentence gives a garment, or None where it stays as it is.

    region: the name of what it is worn on; wide: where it is, (1, 1, h, w) on the analysis canvas.
    """
    own = sentence.garment is None or sentence.region == region
    if not subject.points or not own and region != "dress":
        return None
    kind, sleeve = CUTS.get(sentence.garment or ""), sentence.sleeve
    legged = has_legs(wide, subject.regions, regions)
    length = _length(sentence.length, float("nan") if legged else _reach(wide, subject))
    if region == "lower" and kind == "skirt" and legged:
        return Cut("skirt", length=length or USUAL)
    if region in ("lower", "dress") and kind in ("trousers", "shorts"):
        reach = _reach(wide, subject)
        other = not legged or (reach > LONG if kind == "shorts" else reach < SHORT)
        return Cut(kind) if other else None
    if region == "lower":
        return Cut("skirt", length=length) if length and not legged else None
    if region == "dress" and legged:
        return Cut("dress", sleeve, length or USUAL) if kind == "dress" else None
    if region not in WORN_AS or not own:
        return None
    length = length if region == "dress" else None
    return Cut(WORN_AS[region], sleeve, length) if sleeve or length else None


def _length(word: str | None, reach: float) -> str | None:
    """A word for a length that what reaches so far down the legs, nan where it goes around each, does not have yet."""
    if word not in HEMS or abs(further := HEMS[word] - reach) < ALIKE:
        return None
    return None if (word == "mini" and further > 0) or (word == "maxi" and further < 0) else word


def _reach(wide: Tensor, subject: Subject) -> float:
    """How far down the legs a garment reaches, 0 at the hips to 1 at the ankles; nan where these are not seen."""
    points = subject.points or {}
    at = [np.mean([points[f"{side} {joint}"][1] for side in ("left", "right")]) for joint in ("hip", "ankle")]
    rows = (wide[0, 0] > 0.5).nonzero()[:, 0].cpu().numpy()
    return float((np.quantile(rows, 0.98) - at[0]) / max(at[1] - at[0], 1)) if len(rows) else float("nan")


def paper(cut: Cut) -> Paper:
    """The paper pattern of a cut, which is then laid on somebody as the garment of a picture is."""
    half = {name: np.array(at) for name, at in _HALVES[cut.kind].items()}
    if POINTS[cut.kind] == BODICE:
        along, across = _SLEEVE
        reach = _ARM * (SLEEVES[cut.sleeve] if cut.sleeve else 0.0)
        outside = half["shoulder"] + reach * along
        inside = outside + _CUFF * across if reach else half["armpit"]
        half = {"neck": half.pop("neck"), "shoulder": half.pop("shoulder"), "cuff outside": outside,
                "cuff inside": inside, **half}  # fmt: skip
    if "hem" in half and cut.length:
        half["hem"] = half["hem"] * [FLARE[cut.length], 1]
    left = np.stack([*half.values()])
    across = abs(left[:, 0]).max() + MARGIN
    place = lambda points: (np.asarray(points) + [across, MARGIN]) * PIXELS  # noqa: E731
    bow = np.linspace(-1, 1, 24)[1:-1, None]
    hem = left[-1] * np.concatenate([bow, 1 + 0 * bow], 1) + [0, DIP] * (1 - bow**2) if "hem" in half else left[:0]
    ring = place(np.concatenate([left * [-1, 1], hem, left[::-1]]))
    size = round(2 * across * PIXELS), round((left[:, 1].max() + 2 * MARGIN) * PIXELS)
    page = Image.new("L", (SMOOTH * size[0], SMOOTH * size[1]))
    ImageDraw.Draw(page).polygon([tuple(point) for point in (ring * SMOOTH).tolist()], fill=255)
    matte = np.asarray(page.reduce(SMOOTH), np.float32) / 255
    points = {}
    for name, at in half.items():
        for side, sign in (("left", 1), ("right", -1)):  # the wearer's left is the picture's right
            points[f"{side} {name}"] = tuple(place(at * [sign, 1]).tolist())
    if "left crotch" in points:
        points["crotch"] = points.pop("left crotch")
        del points["right crotch"]
    pixels = np.repeat(np.exp(_light(matte, half))[..., None], 3, 2).astype(np.float32)
    return Paper(pixels, matte, cut.kind, 1.0, points, False, sha256(repr(cut).encode()).hexdigest(), (), cut)


def _light(matte: np.ndarray, half: dict[str, np.ndarray]) -> np.ndarray:
    """The log of the light on a pattern (h, w) as it hangs: darker where it turns away, and in folds towards a hem."""
    inside = ndimage.distance_transform_edt(np.pad(matte > 0.5, 1))[1:-1, 1:-1] / PIXELS
    y, x = ((at + 0.5) / PIXELS for at in np.indices(matte.shape))
    light = EDGE * np.exp(-inside / TURNS)
    light += CREASE * sum(np.cos(2 * np.pi * (x / across + y / down) + phase) for across, down, phase in CREASES)
    if "hem" not in half:
        return light
    low, high = half["hem"][1], half["waist"][1] if "neck" in half else 0.0
    across = (x - matte.shape[1] / PIXELS / 2) / half["hem"][0]
    down = np.clip((y - MARGIN - high) / (low - high), 0, 1)
    return light + FOLD * down * sum(np.cos(often * np.pi * across + phase) for often, phase in FOLDS)
