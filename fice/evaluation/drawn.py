"""Drawn garments: pictures of clothes of which the kind, the outline, the points and the print are known."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont

from fice.references.reference import Reference
from fice.srgb import gamma_encoded, linear_light

Colour = tuple[float, float, float]
Point = tuple[float, float]
Half = dict[str, Point]  # the points of a garment's left half, from the top
CLOTHS = ("checks", "stripes across", "stripes down", "logo", "text", "two-coloured", "plain")
GROUNDS = ("white", "grey", "wood")
CHECK = 0.1  # of the garment's height, a side of a square
STRIPE = 0.04  # of the trunk's width
CREAM, NAVY, RED, YELLOW = (0.93, 0.9, 0.82), (0.1, 0.15, 0.4), (0.75, 0.1, 0.12), (0.95, 0.8, 0.15)
FINER = 3  # samples a pixel in each direction
TEXT = "FICE 16"


@dataclass(frozen=True, eq=False)
class Drawn(Reference):
    """A drawn garment: the reference that a perfect reading of its picture finds.

    marks: (x, y) in pixels of what is known of its print: corners of checks, the middle of a logo or of the text.
    """

    marks: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False)

    @property
    def picture(self) -> np.ndarray:
        """(h, w, 3) uint8 sRGB."""
        return np.rint(gamma_encoded(np.clip(self.pixels, 0, 1)) * 255).astype(np.uint8)

    def content(self, format: str = "PNG") -> bytes:
        """The picture as a file's content."""
        file = io.BytesIO()
        Image.fromarray(self.picture).save(file, format)
        return file.getvalue()


def _sleeved(sleeve: float, angle: float, cuff: float, waist: float, hem: float, length: float) -> Half:
    """The left half of a garment with shoulders; lengths in any unit, the angle below the horizontal in degrees."""
    along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    shoulder, armpit = np.array([0.21, 0.05]), np.array([0.19, 0.24])
    outside, inside = shoulder, armpit
    if sleeve:
        outside = shoulder + sleeve * along
        inside = outside + cuff * np.array([-along[1], along[0]])
    return {
        "neck": (0.09, 0.0),
        "shoulder": tuple(shoulder),
        "cuff outside": tuple(outside),
        "cuff inside": tuple(inside),
        "armpit": tuple(armpit),
        "waist": (waist, 0.43),
        "hem": (hem, length),
    }


def _legs(length: float, width: float, apart: float) -> Half:
    return {
        "waist": (0.17, 0.0),
        "hip": (0.215, 0.2),
        "hem outside": (apart + width, length),
        "hem inside": (apart, length),
        "crotch": (0.0, 0.29),
    }


HALVES = {  # of each drawing, the left side's points, from the top
    "t-shirt": _sleeved(0.2, 40, 0.15, 0.18, 0.185, 0.66),
    "shirt": _sleeved(0.56, 52, 0.1, 0.18, 0.19, 0.7),
    "jumper": _sleeved(0.55, 58, 0.11, 0.19, 0.18, 0.64),
    "jacket": _sleeved(0.57, 60, 0.12, 0.19, 0.21, 0.7),
    "dress": _sleeved(0.0, 0, 0.0, 0.14, 0.26, 1.05),
    "dress with sleeves": _sleeved(0.19, 45, 0.15, 0.15, 0.27, 1.0),
    "skirt": {"waist": (0.15, 0.0), "hip": (0.21, 0.2), "hem": (0.27, 0.6)},
    "trousers": _legs(1.05, 0.14, 0.05),
    "shorts": _legs(0.5, 0.21, 0.02),
}
_DIP = {"jacket": 0.24, "dress": 0.12, "skirt": 0.015, "trousers": 0.01, "shorts": 0.01}  # of the upper edge


def _curve(start: ArrayLike, over: ArrayLike, end: ArrayLike, steps: int = 16) -> np.ndarray:
    t = np.linspace(0, 1, steps)[:, None]
    return (1 - t) ** 2 * np.array(start) + 2 * t * (1 - t) * np.array(over) + t**2 * np.array(end)


def _outline(drawing: str) -> np.ndarray:
    """The whole outline (N, 2), from the middle of the upper edge along the left side and back along the right."""
    half = HALVES[drawing]
    names = list(half)
    top, bottom = np.array(half[names[0]]), np.array(half[names[-1]])
    dip = _DIP.get(drawing, 0.07)
    edge = [_curve((0, dip), (0.5 * top[0], dip / 2) if drawing == "jacket" else (0.8 * top[0], dip), top)]
    for first, second in zip(names, names[1:], strict=False):
        start, end = np.array(half[first]), np.array(half[second])
        bow = np.zeros(2)
        if first == "cuff inside" and np.allclose(half["cuff outside"], half["shoulder"]):
            continue  # no sleeve: this is the armhole's lower end
        if first == "cuff outside" and np.allclose(start, half["shoulder"]):
            bow = np.array([-0.04, 0.02])
        elif (first, second) == ("waist", "hip"):
            bow = np.array([0.015, 0.0])
        edge.append(_curve(start, (start + end) / 2 + bow, end))
    if names[-1] != "crotch":
        edge.append(_curve(bottom, (0, bottom[1] + 0.02), (0, bottom[1] + 0.015)))
    left = np.concatenate(edge)
    return np.concatenate([left, left[::-1] * [-1, 1]])


def _cloth(cloth: str | Colour, kind: str, u: np.ndarray, v: np.ndarray, trunk: float) -> np.ndarray:
    """Linear light (h, w, 3) at places in shares of the garment's height, u from its middle, v from its top."""

    def of(first: Colour | np.ndarray, second: Colour | np.ndarray, where: np.ndarray) -> np.ndarray:
        first, second = (
            linear_light(np.array(x)).astype(np.float32) if isinstance(x, tuple) else x for x in (first, second)
        )
        return np.where(where[..., None], first, second)

    if cloth == "checks":
        return of(NAVY, CREAM, (np.floor(u / CHECK) + np.floor(v / CHECK)) % 2 == 0)
    if cloth in ("stripes across", "stripes down"):
        step = STRIPE * trunk
        return of(NAVY, CREAM, np.floor((v if cloth == "stripes across" else u) / step) % 2 == 0)
    if cloth == "logo":
        x, y = _middle(cloth, kind)
        away = np.hypot(u - x, v - y)
        ring, bar = np.abs(away - 0.075) < 0.02, (np.abs(v - y) < 0.018) & (np.abs(u - x) < 0.075)
        return of(YELLOW, of(RED, of(NAVY, CREAM, away < 0.075), ring), bar)
    if cloth == "text":
        x, y = _middle(cloth, kind)
        font = ImageFont.load_default(100)
        left, top, right, bottom = map(int, font.getbbox(TEXT))
        page = Image.new("L", (right - left + 8, bottom - top + 8))
        ImageDraw.Draw(page).text((4 - left, 4 - top), TEXT, 255, font)
        ink = np.asarray(page) > 127
        scale = ink.shape[1] / (0.75 * trunk)
        column = np.rint((u - x) * scale + ink.shape[1] / 2).astype(int)
        row = np.rint((v - y) * scale + ink.shape[0] / 2).astype(int)
        inside = (row >= 0) & (row < ink.shape[0]) & (column >= 0) & (column < ink.shape[1])
        return of(CREAM, NAVY, inside & ink[np.where(inside, row, 0), np.where(inside, column, 0)])
    if cloth == "two-coloured":  # sleeves, or the left leg, in another colour
        if kind in ("trousers", "shorts", "skirt"):
            return of(RED, CREAM, u > 0)
        return of(RED, CREAM, (np.abs(u) > trunk / 2) & ((v < 0.35) | (kind != "dress")))
    colour = cloth if isinstance(cloth, tuple) else RED
    return of(colour, colour, u > 0)


def _middle(cloth: str, kind: str) -> Point:
    """Of a logo or a text."""
    if cloth == "logo" and kind in ("trousers", "shorts"):  # on the left thigh
        return {"trousers": (0.1, 0.2), "shorts": (0.18, 0.5)}[kind]
    return 0.0, {"skirt": 0.5, "trousers": 0.13, "shorts": 0.25, "dress": 0.3, "jacket": 0.5}.get(kind, 0.4)


def _ground(ground: str, size: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[: size[0], : size[1]] / size[0]
    if ground == "wood":
        grain = np.sin(90 * x + 3 * np.sin(7 * y) + 9 * np.sin(1.3 * y + 4 * np.floor(x * 6)))
        board = 0.9 + 0.1 * np.sin(37 * np.floor(x * 6)) - 0.35 * ((x * 6) % 1 < 0.03)
        return np.array([0.62, 0.43, 0.27]) * (board + 0.06 * grain)[..., None]
    return (0.55 + 0.1 * y - 0.05 * x if ground == "grey" else np.ones(size))[..., None] * np.ones(3)


@lru_cache(64)
def drawn(
    kind: str,
    cloth: str | Colour = "checks",
    size: tuple[int, int] = (480, 400),
    ground: str = "white",
    turn: float = 0.0,
    sleeves: bool = True,
) -> Drawn:
    """A garment in a picture.

    kind: one of `KINDS`; cloth: one of `CLOTHS`, or an sRGB colour in [0, 1]; size: height and width in pixels;
    ground: one of `GROUNDS`; turn: degrees, clockwise; sleeves: of a dress.
    """
    drawing = "dress with sleeves" if kind == "dress" and sleeves else kind
    outline, half = _outline(drawing), HALVES[drawing]
    high = np.ptp(outline[:, 1])
    outline = outline / high
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    turned = outline @ np.array([[cos, sin], [-sin, cos]])
    low, far = turned.min(0), turned.max(0)
    scale = 0.86 * min(size[1] / (far - low)[0], size[0] / (far - low)[1])
    move = np.array([size[1], size[0]]) / 2 - scale * (low + far) / 2

    def placed(points: ArrayLike) -> np.ndarray:
        return np.asarray(points, float) @ np.array([[cos, sin], [-sin, cos]]) * scale + move

    fine = (size[0] * FINER, size[1] * FINER)
    page = Image.new("L", fine[::-1])
    ImageDraw.Draw(page).polygon([tuple(point) for point in placed(outline) * FINER], fill=255)
    inside = np.asarray(page) > 127
    y, x = (np.mgrid[: fine[0], : fine[1]].astype(np.float32) + 0.5) / FINER
    x, y = (x - move[0]) / scale, (y - move[1]) / scale
    u, v = cos * x + sin * y, cos * y - sin * x
    trunk = 2 * half["armpit" if "armpit" in half else "hip"][0] / high
    colours = _cloth(cloth, kind, u, v, trunk)
    light = 0.07 * np.sin(21 * u + 5 * v) + 0.05 * np.sin(13 * v - 4 * u) - 0.5 * u**2
    if kind in ("shirt", "jacket"):
        light = light - 0.5 * (np.abs(u) < 0.004)
    colours = colours * np.exp(light)[..., None]

    def coarse(values: np.ndarray) -> np.ndarray:
        return values.reshape(size[0], FINER, size[1], FINER, -1).mean((1, 3))

    matte = coarse(inside.astype(np.float32))
    behind = linear_light(_ground(ground, size))
    pixels = coarse(colours * inside[..., None]) + (1 - matte) * behind
    pixels = np.clip(pixels, 0, 1).astype(np.float32)
    points = {}
    for name, (across, down) in half.items():
        if name == "crotch":
            points[name] = tuple(placed((across / high, down / high)).tolist())
            continue
        for side, sign in (("left", 1), ("right", -1)):  # the wearer's left is the picture's right
            points[f"{side} {name}"] = tuple(placed((sign * across / high, down / high)).tolist())
    matte = matte[..., 0].astype(np.float32)
    marks = {name: tuple(placed(point).tolist()) for name, point in _marks(cloth, kind, trunk).items()}
    if cloth == "checks":
        marks = {name: point for name, point in marks.items() if _deep(matte, point, 0.8 * CHECK * scale)}
    digest = sha256(pixels.tobytes()).hexdigest()
    return Drawn(pixels, matte, kind, 1.0, points, False, digest, (), marks)


def _marks(cloth: str | Colour, kind: str, trunk: float) -> dict[str, Point]:
    if cloth in ("logo", "text"):
        return {cloth: _middle(cloth, kind)}
    if cloth == "checks":
        steps = int(trunk / 2 / CHECK)
        return {
            f"corner {across} {down}": (across * CHECK, down * CHECK)
            for across in range(-steps, steps + 1)
            for down in range(1, int(1 / CHECK))
        }
    return {}


def _deep(matte: np.ndarray, point: Point, away: float) -> bool:
    """Whether all of a square around a point is garment."""
    x, y = point
    window = matte[max(int(y - away), 0) : int(y + away) + 1, max(int(x - away), 0) : int(x + away) + 1]
    return bool(window.size) and bool((window > 0.99).all())
