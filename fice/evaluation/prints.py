"""Where prints come to lie: `python -m fice.evaluation.prints --data DIR --points FILE`.

Drawn garments, of which every corner of a check, logo and text is known, are put on photographed people. FILE says
where a person has marked the points of that kind of garment on the one that is worn, in pixels:

    {"0739": {"t-shirt": {"left neck": [160.5, 84.5], ...}}, ...}

A thin-plate spline through the pairs of points is the warp by hand; sleeves are left out, as prints are of the trunk,
and so is a point that is hidden. What the garment is and where its points are is known, or read with `--read`.
What it shows around a mark is looked for in the edit by normalised correlation, so that nothing is asked of the warp
that is measured. The error is how far the best place is from the mark by hand, as a share of the garment's height.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage
from tqdm import tqdm

from fice.editor import Editor
from fice.errors import FiceError
from fice.evaluation.drawn import CHECK, Drawn, drawn
from fice.extras import need
from fice.order import Order
from fice.references.reference import Reference
from fice.references.wardrobe import Wardrobe
from fice.settings import Settings
from fice.srgb import LUMINANCE, gamma_encoded
from fice.wishes import Pixels

CLOTHS = ("checks", "logo", "text")
ACROSS = {
    "checks": 0.8 * CHECK,
    "logo": 0.11,
    "text": 0.16,
}  # of the garment's height: half a side of what is looked for
REACH = {"checks": 0.055, "logo": 0.15, "text": 0.15}  # how far it is looked for; checks of one kind are alike beyond
BAND = (0.01, 0.06)  # of the garment's height: prints are coarser than weave and finer than light
SIZES = (0.8, 0.9, 1.0, 1.1, 1.25)  # as large as by hand, in which a print may come
FOUND = 0.6  # correlation from which a mark is found
NEAR = 0.03  # of the height: an error that is small
Points = Mapping[str, tuple[float, float]]


class Hand:
    """The warp by hand, from a drawn garment's pixels to those of a photo.

    garment, person: the same points of both, (x, y) in pixels. UsageError where scikit-image is missing.
    """

    def __init__(self, garment: Points, person: Points):
        need("evaluate", "skimage")
        from skimage.transform import ThinPlateSplineTransform

        names = [name for name in garment if name in person and "cuff" not in name]
        pairs = [np.array([points[name] for name in names], float) for points in (garment, person)]
        self._warp = ThinPlateSplineTransform.from_estimate(*pairs)
        self.height = float(np.ptp(pairs[1][:, 1]))
        self.scale = self.height / float(np.ptp(pairs[0][:, 1]))

    def __call__(self, places: ArrayLike) -> np.ndarray:
        """(N, 2) -> (N, 2)."""
        return np.asarray(self._warp(np.asarray(places, float)))

    def around(self, place: tuple[float, float]) -> np.ndarray:
        """How places in the garment's picture move with places in the photo around a mark: (2, 2)."""
        step = 4 / self.scale
        x, y = place
        right, left, down, up = self([(x + step, y), (x - step, y), (x, y + step), (x, y - step)])
        return np.linalg.inv(np.stack([right - left, down - up], 1) / (2 * step))


def errors(picture: np.ndarray, garment: Drawn, cloth: str, hand: Hand) -> dict[str, float | None]:
    """How far each mark is from where the hand puts it, as a share of the garment's height; None where it is not found.

    picture: the edit, (H, W, 3) float sRGB in [0, 1].
    """
    shown = gamma_encoded(np.clip(garment.pixels, 0, 1)) @ LUMINANCE
    bands = [sigma * hand.height for sigma in BAND]
    light, half = _band(picture @ LUMINANCE, *bands), round(ACROSS[cloth] * hand.height)
    found = {}
    for (name, mark), place in zip(garment.marks.items(), hand([*garment.marks.values()]), strict=True):
        around = hand.around(mark)
        patches = [_band(_patch(shown, mark, around / size, 2 * half), *bands) for size in SIZES]
        patches = [patch[half:-half, half:-half] for patch in patches]
        apart = _apart(light, patches, place, REACH[cloth] * hand.height)
        found[name] = None if apart is None else apart / hand.height
    return found


def _band(light: np.ndarray, fine: float, coarse: float) -> np.ndarray:
    """What of (h, w) is neither as fine as weave and outlines nor as coarse as light and shade."""
    return ndimage.gaussian_filter(light, fine) - ndimage.gaussian_filter(light, coarse)


def _patch(shown: np.ndarray, mark: tuple[float, float], around: np.ndarray, half: int) -> np.ndarray:
    """What the hand would show of a drawn garment (h, w) around a mark: (2 * half + 1, 2 * half + 1)."""
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(float)
    at = np.einsum("ij,jhw->ihw", around, np.stack([x, y])) + np.array(mark)[:, None, None] - 0.5
    blurred = ndimage.gaussian_filter(shown, 0.5 * float(np.sqrt(abs(np.linalg.det(around)))))  # a pixel of the photo
    return ndimage.map_coordinates(blurred, at[::-1], order=1, mode="nearest")


def _apart(light: np.ndarray, patches: Sequence[np.ndarray], place: np.ndarray, reach: float) -> float | None:
    """Pixels from a place (x, y) of a photo (H, W) to where a patch fits best; None where none fits near it."""
    from skimage.feature import match_template

    half, reach = len(patches[0]) // 2, round(reach) + 1
    x, y = (round(float(each) - 0.5) for each in place)
    top, left = y - half - reach, x - half - reach
    window = light[max(top, 0) : y + half + reach + 1, max(left, 0) : x + half + reach + 1]
    if min(top, left) < 0 or window.shape != (2 * (half + reach) + 1,) * 2 or np.ptp(window) == 0:
        return None
    fit = max((match_template(window, patch) for patch in patches), key=np.max)
    row, column = np.unravel_index(int(np.argmax(fit)), fit.shape)
    if fit[row, column] < FOUND:
        return None
    finer = [_peak(fit[:, column], int(row)), _peak(fit[row], int(column))]
    return float(np.hypot(y + finer[0] - reach + 0.5 - place[1], x + finer[1] - reach + 0.5 - place[0]))


def _peak(line: np.ndarray, at: int) -> float:
    """Where a line is highest, between its samples."""
    if not 0 < at < len(line) - 1:
        return at
    before, here, after = line[at - 1 : at + 2]
    return at + float(before - after) / (2 * min(float(before - 2 * here + after), -1e-9))


class Known(Wardrobe):
    """A wardrobe whose pictures need no reading."""

    garment: Reference

    def reference(self, picture: str | Pixels, region: str = "auto") -> Reference:
        return self.garment


def table(rows: Mapping[str, Mapping[str, float | None]]) -> str:
    """A line a pair of photograph and garment, and all together."""
    lines = [f"{'':28}{'marks':>7}{'found':>8}{'median %':>10}{'within 3 %':>12}"]
    everything: list[float | None] = []
    for name, found in rows.items():
        lines.append(_line(name, [*found.values()]))
        everything += found.values()
    pairs = [
        np.median(seen) for found in rows.values() if (seen := [each for each in found.values() if each is not None])
    ]
    near = sum(float(each) <= NEAR for each in pairs)
    return "\n".join([*lines, _line("all", everything), f"pairs with a median within 3 %: {near} of {len(rows)}"])


def _line(name: str, found: list[float | None]) -> str:
    seen = np.array([each for each in found if each is not None] or [np.nan])
    share = float(np.mean([each is not None for each in found] or [False]))
    return (
        f"{name:28}{len(found):7}{share:8.0%}{100 * float(np.median(seen)):10.2f}{float(np.mean(seen <= NEAR)):12.0%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder as of fice.training.data.folder")
    parser.add_argument("--points", type=Path, required=True, help="what was marked by hand, json")
    parser.add_argument("--read", action="store_true", help="read the drawn pictures as anybody's")
    parser.add_argument("--flat", action="store_true", help="without the warp, to compare with")
    parser.add_argument("--save", type=Path, help="a folder for the edits")
    args = parser.parse_args()
    editor = Editor(settings=Settings(warp=not args.flat))
    known = Known(editor.bundle, editor.device, editor.regions, editor.pose)
    if not args.read:
        editor.wardrobe = known
    rows: dict[str, dict[str, float | None]] = {}
    marked = json.loads(args.points.read_text("utf-8"))
    pairs = [(photo, kind, cloth) for photo, kinds in marked.items() for kind in kinds for cloth in CLOTHS]
    seen = lru_cache(1)(lambda photo: editor.analyse(args.data / "photos" / f"{photo}.jpg"))
    for photo, kind, cloth in tqdm(pairs, unit="edit"):
        garment = known.garment = drawn(kind, cloth, (960, 800))
        order = Order.of(pictures=garment.picture, region="lower" if kind == "trousers" else "upper")
        name = f"{photo} {kind} {cloth}"
        try:
            edit = editor.edit(seen(photo), order)
        except FiceError as error:
            tqdm.write(f"{name}: {error}")
            rows[name] = dict.fromkeys(garment.marks)
            continue
        if args.save is not None:
            args.save.mkdir(parents=True, exist_ok=True)
            edit.save(args.save / f"{name.replace(' ', '-')}.png")
        rows[name] = errors(edit.picture, garment, cloth, Hand(garment.points, marked[photo][kind]))
    print(table(rows))


if __name__ == "__main__":
    main()
