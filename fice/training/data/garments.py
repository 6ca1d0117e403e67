"""Views of single garments to learn from: as they were photographed, and cut out before other grounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from scipy import ndimage
from torch import Tensor

from fice.errors import InputError
from fice.language.lexicon import PATTERNS
from fice.references.border import SIDE, by_border, clear
from fice.references.reference import KINDS
from fice.subject.regions import REGION_CLASSES
from fice.training.data.augment import jittered
from fice.training.data.dataset import Street
from fice.training.data.folder import PICTURES, is_validation, read_picture
from fice.training.data.redress import FROM_LINEAR, TO_LINEAR, make_cloth, random_colour, shading

FOLDERS = {"longsleeve": "jumper", "pants": "trousers", "outwear": "jacket"}  # whose name is none of `KINDS`
LARGEST = 320  # pixels a side that are kept
SIZES = ((128, 0.15), (160, 0.55), (192, 0.30))  # of the views, and their share of the steps
CUT_OUT, WORN, NOTHING = 0.35, 0.2, 0.05  # shares of the views: garments on other grounds, of people, and no garment
REDRESSED, BOARDS = 0.5, 0.4  # shares of garments in other cloth; of these, in large checks and stripes
TURNED = 20.0  # degrees
LEAST = 0.012  # share of a street photograph from which a garment is cut out
ONE_GARMENT = ("upper", "outer", "dress", "skirt", "trousers")
FROM_GARMENTS = 0.55  # of the grounds, that garments were photographed on


@dataclass
class Garment:
    """A garment's picture. matte: (h, w) uint8 of its pixels, None where none is trusted. kind: of `KINDS`, or -1."""

    name: str
    picture: np.ndarray  # (h, w, 3) uint8
    kind: int
    matte: np.ndarray | None = None

    @property
    def held_out(self) -> bool:
        return is_validation(self.name)


def load_garments(folder: Path, limit: int | None = None) -> list[Garment]:
    """The pictures of FOLDER/CLASS/NAME.jpg, classes named as `KINDS` or `FOLDERS`, at most LARGEST pixels a side.

    InputError where there are none.
    """
    known = {name: FOLDERS.get(name, name) for name in (*KINDS, *FOLDERS)}
    files = [file for name in known for file in sorted((folder / name).glob("*")) if file.suffix in PICTURES]
    files = files[:: max(1, len(files) // limit) if limit else 1]
    if not files:
        raise InputError(f"{folder} holds no garments: put pictures into {folder / KINDS[0]} and so on.")
    found = []
    for file in files:
        image = Image.fromarray(read_picture(file))
        image.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
        kind = KINDS.index(known[file.parent.name])
        found.append(Garment(f"{file.parent.name}/{file.stem}", np.asarray(image), kind))
    return found


def shrunk(picture: np.ndarray) -> np.ndarray:
    """(h, w, 3) float in [0, 1], at most SIDE pixels a side."""
    image = Image.fromarray(picture)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(image, np.float32) / 255


def matted(garment: Garment, probability: np.ndarray) -> Garment:
    """With a small picture's probability as its matte, where that is to be trusted."""
    matte = None
    if clear(probability):
        enlarged = Image.fromarray(probability).resize(garment.picture.shape[1::-1], Image.Resampling.BICUBIC)
        matte = (np.clip((np.asarray(enlarged) - 0.5) / 0.6 + 0.5, 0, 1) * 255).astype(np.uint8)
    return Garment(garment.name, garment.picture, garment.kind, matte)


def bordered(garments: Sequence[Garment]) -> list[Garment]:
    """With mattes that the pictures' borders tell (`fice.references.border`)."""
    return [matted(each, by_border(shrunk(each.picture))) for each in garments]


def ground_of(garment: Garment) -> np.ndarray | None:
    """What a garment with a matte lies on, as a picture without it: the widest strip beside it, mirrored on and on."""
    if garment.matte is None:
        return None
    rows, columns = np.flatnonzero((garment.matte > 64).any(1)), np.flatnonzero((garment.matte > 64).any(0))
    height, width = garment.matte.shape
    top, left, bottom, right = rows[0] - 4, columns[0] - 4, rows[-1] + 5, columns[-1] + 5
    picture = garment.picture
    strips = [picture[: max(top, 0)], picture[bottom:], picture[:, : max(left, 0)], picture[:, right:]]
    strip = max(strips, key=lambda each: min(each.shape[:2]))
    if min(strip.shape[:2]) < 12:
        return None
    rest = [(0, max(side - have, 0)) for side, have in zip((height, width), strip.shape, strict=False)]
    return np.pad(strip, (*rest, (0, 0)), mode="symmetric")[:height, :width]


def worn_garments(street: Street, labels_of) -> tuple[list[Garment], list[np.ndarray]]:
    """Garments cut out of labelled street photographs, as (h, w) pictures with mattes; and grounds beside people."""
    found, grounds = [], []
    for name, picture, fine in zip(street.names, street.pictures, street.fine, strict=True):
        if fine is None or is_validation(name):
            continue
        labels = labels_of(fine)
        for region in ONE_GARMENT:
            mask = labels == REGION_CLASSES.index(region)
            if mask.mean() > LEAST:
                rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
                box = np.s_[max(rows[0] - 3, 0) : rows[-1] + 4, max(columns[0] - 3, 0) : columns[-1] + 4]
                soft = Image.fromarray((mask[box] * 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(1))
                found.append(Garment(name, picture[box].copy(), -1, np.asarray(soft)))
        columns = np.flatnonzero(labels.any(0))
        sides = picture[:, : max(columns[0] - 8, 0)], picture[:, columns[-1] + 8 :]
        widest = max(sides, key=lambda side: side.shape[1])
        if widest.shape[1] > 60:
            grounds.append(widest.copy())
    return found, grounds


class Looks:
    """Draws views of garments.

    Args:
        garments: pictures with kinds, some with trusted mattes.
        worn: garments cut out of photographs of people.
        grounds: pictures that show no garment.
        seed: the same seed draws the same views.
    """

    def __init__(self, garments: Sequence[Garment], worn: Sequence[Garment], grounds: Sequence[np.ndarray], seed: int):
        self.garments, self.worn = list(garments), list(worn)
        self.clear = [each for each in garments if each.matte is not None]
        self.own_grounds = [ground for each in self.clear if (ground := ground_of(each)) is not None]
        self.grounds = list(grounds)
        self.rng = np.random.default_rng(seed)

    def draw(self, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures (B, 3, s, s) float in [0, 1], mattes (B, 1, s, s), below 0 where unknown, and kinds (B,) or -1."""
        sizes, shares = zip(*SIZES, strict=True)
        size = int(self.rng.choice(sizes, p=shares))
        pictures, mattes, kinds = zip(*(self._view(size) for _ in range(batch)), strict=True)
        shown = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
        return (
            jittered(shown, self.rng, (0.7, 1.3), (0.4, 1.5), 0.08),
            torch.from_numpy(np.stack(mattes))[:, None],
            torch.tensor(kinds),
        )

    def _view(self, size: int) -> tuple[np.ndarray, np.ndarray, int]:
        rng, chance = self.rng, self.rng.random()
        if chance < NOTHING:
            return self._ground(size), np.zeros((size, size), np.float32), -1
        if chance < NOTHING + WORN and self.worn:
            return (*self._laid(self.worn[rng.integers(len(self.worn))], size), -1)
        if chance < NOTHING + WORN + CUT_OUT and self.clear:
            garment = self.clear[rng.integers(len(self.clear))]
            return (*self._laid(garment, size), garment.kind)
        garment = self.garments[rng.integers(len(self.garments))]
        return (*self._photographed(garment, size), garment.kind)

    def _laid(self, garment: Garment, size: int) -> tuple[np.ndarray, np.ndarray]:
        """A garment cut out and laid on another ground."""
        rng = self.rng
        assert garment.matte is not None
        picture = self._redressed(garment) if rng.random() < REDRESSED else garment.picture
        if rng.random() < 0.4:
            picture = self._dyed(picture)
        rows, columns = np.flatnonzero((garment.matte > 64).any(1)), np.flatnonzero((garment.matte > 64).any(0))
        box = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        placing = self._placing(box, size, rng.uniform(0.35, 1.05))
        cut = [self._moved(layer, placing, size, 0) for layer in (picture, garment.matte)]
        share = cut[1].astype(np.float32) / 255
        ground = self._ground(size).astype(np.float32)
        if rng.random() < 0.5:  # the shadow beside it
            near = ndimage.gaussian_filter(np.roll(share, rng.integers(-3, 4, 2), (0, 1)), rng.uniform(1, 4))
            ground *= 1 - rng.uniform(0, 0.5) * near[..., None]
        laid = ground + share[..., None] * (cut[0] - ground)
        return laid.astype(np.uint8), share

    def _photographed(self, garment: Garment, size: int) -> tuple[np.ndarray, np.ndarray]:
        """A garment as it was photographed, moved."""
        rng, (height, width) = self.rng, garment.picture.shape[:2]
        fill = 255 if rng.random() < 0.5 else int(rng.integers(0, 256))
        placing = self._placing((0, 0, width, height), size, rng.uniform(0.8, 1.25))
        redressed = garment.matte is not None and rng.random() < REDRESSED / 2
        picture = self._moved(self._redressed(garment) if redressed else garment.picture, placing, size, fill)
        known = self._moved(np.full((height, width), 255, np.uint8), placing, size, 0)
        if garment.matte is None:
            return picture, np.where(known > 128, np.float32(-1), np.float32(0))
        return picture, self._moved(garment.matte, placing, size, 0).astype(np.float32) / 255

    def _placing(self, box, size: int, share: float) -> tuple[float, ...]:
        """Where the pixels of a view lie in the source: a box in the view's middle, turned, stretched, mirrored."""
        rng = self.rng
        left, top, right, bottom = box
        scale = max(right - left, bottom - top) / (share * size)
        turn = math.radians(float(np.clip(rng.normal(0, TURNED / 2), -TURNED, TURNED)))
        stretch, skew = math.exp(rng.normal(0, 0.07)), rng.normal(0, 0.04)
        mirror = -1 if rng.random() < 0.5 else 1
        slack = max(0.0, 1 - share) / 2 + 0.04
        x, y = size * (0.5 + rng.uniform(-slack, slack, 2))
        matrix = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        matrix = np.diag([mirror * stretch, 1 / stretch]) @ matrix @ np.array([[1, skew], [0, 1]])
        offset = np.array([(left + right) / 2, (top + bottom) / 2]) - matrix @ np.array([x, y])
        return (*matrix[0], offset[0], *matrix[1], offset[1])

    def _moved(self, array: np.ndarray, placing, size: int, fill: int) -> np.ndarray:
        fill_of = (fill,) * 3 if array.ndim == 3 else fill
        step = math.hypot(placing[0], placing[3])
        image = Image.fromarray(array)
        if step > 1.5:  # no aliasing
            image = image.filter(ImageFilter.BoxBlur((step - 1) / 2))
        affine, bilinear = Image.Transform.AFFINE, Image.Resampling.BILINEAR
        return np.asarray(image.transform((size, size), affine, placing, bilinear, fillcolor=fill_of))

    def _ground(self, size: int) -> np.ndarray:
        """(size, size, 3) uint8 without a garment: photographed, drawn cloth, one colour, or a gradient."""
        rng, chance = self.rng, self.rng.random()
        pool = self.own_grounds if rng.random() < FROM_GARMENTS and self.own_grounds else self.grounds
        if chance < 0.7 and pool:
            ground = Image.fromarray(pool[rng.integers(len(pool))])
            side = max(8, int(min(ground.size) * rng.uniform(0.5, 1)))
            left, top = (int(rng.integers(0, edge - side + 1)) for edge in ground.size)
            ground = ground.resize((size, size), Image.Resampling.BILINEAR, (left, top, left + side, top + side))
            return np.rot90(np.asarray(ground), int(rng.integers(4))).copy()
        if chance < 0.8:
            pattern = "solid" if rng.random() < 0.2 else str(rng.choice(PATTERNS[1:]))
            cloth = make_cloth((size, size), size, random_colour(rng)[0], pattern, rng)
            return (np.sqrt(np.clip(cloth, 0, 1)) * 255).astype(np.uint8)
        if chance < 0.9:
            plain = rng.integers(0, 256, 3) if rng.random() < 0.4 else rng.integers(225, 256)
            return np.full((size, size, 3), plain, np.uint8)
        coarse = rng.integers(0, 256, 3) + rng.normal(0, 25, (int(rng.integers(2, 5)), int(rng.integers(2, 5)), 3))
        return np.asarray(Image.fromarray(np.clip(coarse, 0, 255).astype(np.uint8)).resize((size, size)))

    def _redressed(self, garment: Garment) -> np.ndarray:
        """Its picture with the garment in other cloth, as bold as cloth comes, under its own light."""
        rng, matte = self.rng, garment.matte
        assert matte is not None
        height = len(matte)
        if rng.random() < BOARDS:
            turn, step = rng.uniform(0, np.pi / 2) * (rng.random() < 0.5), rng.uniform(0.03, 0.15) * height
            y, x = np.indices(matte.shape) + rng.uniform(0, height, (2, 1, 1))
            along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
            stripes = rng.random() < 0.4
            odd = (np.floor(along / step) + (0 if stripes else np.floor(across / step))) % 2
            first, second = TO_LINEAR[rng.integers(0, 256, (2, 3))]
            cloth = np.where(odd[..., None] > 0, first, second)
        else:
            pattern, colour = str(rng.choice(PATTERNS[1:])), random_colour(rng)[0]
            cloth = make_cloth(matte.shape, int(height * rng.uniform(1, 5)), colour, pattern, rng)
        light = shading(garment.picture, matte > 128)[..., None]
        new = FROM_LINEAR[np.clip(cloth * light * 8191 + 0.5, 0, 8191).astype(np.int16)]
        share = matte[..., None] / np.float32(255)
        return (garment.picture + share * (new - garment.picture)).astype(np.uint8)

    def _dyed(self, picture: np.ndarray) -> np.ndarray:
        """Its channels mixed anew: another colour of the same cloth, its print and folds as they are."""
        rng = self.rng
        mix = np.eye(3)[rng.permutation(3)] * rng.uniform(0.5, 1.2) + rng.uniform(-0.2, 0.3, (3, 3))
        level = rng.uniform(-40, 40)
        inverted = rng.random() < 0.2
        shown = 255 - picture if inverted else picture
        return np.clip(shown @ mix.T.astype(np.float32) / max(mix.sum(1).mean(), 0.5) + level, 0, 255).astype(np.uint8)
