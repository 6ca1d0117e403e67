"""The lattice of a cloth: its stripes, checks or repeats, found as the shifts under which the picture is like itself.

A lattice is told by its waves, (1, 2) of stripes or (2, 2) of repeats: cycles a pixel down and across. A shift that
makes whole cycles of every wave is one that the cloth does not show.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import fft
from scipy.ndimage import gaussian_filter, map_coordinates, maximum_filter, maximum_filter1d

from fice.cloth.swatch.reading import resized

Array = np.ndarray
SIDE = 256  # pixels along the longer side of what is compared with itself
FARTHEST = 0.62  # of a side: farther shifts leave too little to compare
SURE, FEW = 0.3, 0.6  # likeness of a lattice's shifts, and of one that is seen once or twice
SLACK = (0.07, 0.35)  # how much less like than the best shift another may be: at all, and for each bit that lacks to 1
RISE = 0.15  # by which a shift is more like than what lies on the way to it
KEPT = 0.5  # of the best likeness, at every shift of a lattice that is near
RIDGE = 0.8  # of the best likeness, all along a stripe
APART = np.sin(np.radians(20))  # of the angle between two shifts that are not one behind the other


class Likeness(NamedTuple):
    """How like itself a picture is when shifted.

    Attributes:
        values: (2 y + 1, 2 x + 1), correlation at shifts of -y..y and -x..x pixels; 1 in the middle.
        reach: pixels from which on it is nothing but chance or repeat.
    """

    values: Array
    reach: float

    @property
    def middle(self) -> Array:
        return np.array(self.values.shape) // 2

    def at(self, shifts: Array) -> Array:
        """(n,) at shifts (n, 2); 0 beyond."""
        return map_coordinates(self.values, (shifts + self.middle).T, order=1)


def find_lattice(picture: Array) -> Array | None:
    """Waves (n, 2) of a picture (h, w, 3) of linear light whose own light is even; None where nothing repeats.

    Looked for in the whole, and, where that shows none, in the weave of its middle.
    """
    scale = max(1.0, max(picture.shape[:2]) / SIDE)
    small = resized(picture, tuple(max(16, round(side / scale)) for side in picture.shape[:2]))
    waves = _waves(likeness(small))
    if waves is not None:
        return waves * np.array(small.shape[:2]) / picture.shape[:2]
    if scale == 1:
        return None
    top, left = (max(0, (side - SIDE) // 2) for side in picture.shape[:2])
    return _waves(likeness(picture[top : top + SIDE, left : left + SIDE]))


def likeness(picture: Array) -> Likeness:
    """The autocorrelation of a picture (h, w, 3) of linear light, of all channels together."""
    shown = np.sqrt(np.clip(picture, 0, None)).transpose(2, 0, 1)
    shown = shown - shown.mean((1, 2), keepdims=True)
    size = shown.shape[1:]
    far = [int(side * FARTHEST) for side in size]
    padded = [fft.next_fast_len(side + most, real=True) for side, most in zip(size, far, strict=True)]
    whole = fft.irfft2((np.abs(fft.rfft2(shown, padded)) ** 2).sum(0), padded)
    rows, columns = (np.arange(-most, most + 1) for most in far)
    common = np.outer(size[0] - np.abs(rows), size[1] - np.abs(columns))
    values = whole[rows[:, None], columns] / common
    values /= max(float(values[far[0], far[1]]), 1e-12)
    values = gaussian_filter(values, 0.7)
    away = np.hypot(rows[:, None], columns).astype(int).ravel()
    mean = np.bincount(away, np.abs(values).ravel()) / np.bincount(away)
    return Likeness(values, float(np.argmax(np.append(mean, 0) < mean[0] / 2)))


def _waves(like: Likeness) -> Array | None:
    peaks = _peaks(like)
    if not len(peaks):
        return None
    best = float(like.at(peaks).max())
    angle = _along(like, best)
    if angle is not None:
        return _stripe(like, angle, best - _slack(best))
    first = peaks[0]
    others = [peak for peak in peaks if abs(_cross(first, peak)) > APART * np.hypot(*first) * np.hypot(*peak)]
    shifts = _refined(like, _reduced(np.stack([first, others[0]]))) if others else None
    if shifts is None:
        return None
    near = like.at(np.array([(i, j) for i in (-2, -1, 0, 1, 2) for j in (0, 1, 2) if j or i > 0]) @ shifts)
    near = near[near != 0]
    sure = near.size and near.mean() > (SURE if near.size > 3 else FEW) and near.min() > KEPT * best
    return _inverse(shifts) if sure else None


def _peaks(like: Likeness) -> Array:
    """Shifts (n, 2) under which the picture is as like itself as it gets, the shortest first; half of them."""
    values, middle = like.values, like.middle
    shifts = np.argwhere((values == maximum_filter(values, 5)) & (values > SURE * 0.8)) - middle
    ahead = (shifts[:, 0] > 0) | ((shifts[:, 0] == 0) & (shifts[:, 1] > 0))
    found = []
    for shift in shifts[ahead & (np.abs(shifts) < middle - 1).all(1) & (np.hypot(*shifts.T) > 1.5)]:
        top = values[tuple(middle + shift)]
        if top - like.at(shift * np.linspace(0, 1, 48)[:, None]).min() > RISE:
            found.append((top, *shift))
    best = max(found)[0] if found else 0
    if best < SURE:
        return np.zeros((0, 2))
    kept = np.array([shift for top, *shift in found if top >= best - _slack(best)], float)
    return kept[np.argsort(np.hypot(*kept.T), kind="stable")]


def _along(like: Likeness, best: float) -> float | None:
    """The direction of stripes, radians from across to down: along it the picture is always like itself."""
    ray = np.linspace(0, 0.8 * min(like.middle), 64)[4:, None]
    turns = np.radians(np.arange(0, 180, 1.0))
    flat = [like.at(ray * (np.sin(turn), np.cos(turn))).min() for turn in turns]
    if max(flat) < RIDGE * best:
        return None
    near = turns[int(np.argmax(flat))] + np.radians(np.arange(-1.5, 1.5, 0.05))
    return float(near[np.argmax([like.at(ray * (np.sin(turn), np.cos(turn))).mean() for turn in near])])


def _stripe(like: Likeness, angle: float, least: float) -> Array | None:
    """The wave (1, 2) of stripes that run at an angle; least: likeness from which a shift is whole periods."""
    along, normal = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
    far = 0.9 * min(like.middle)
    at = np.arange(0, far, 0.1)
    profile = np.mean([like.at(at[:, None] * normal + along * step) for step in np.linspace(-far / 3, far / 3, 9)], 0)
    tops = np.flatnonzero((profile == maximum_filter1d(profile, 9)) & (profile > least)) * 0.1
    tops = tops[(tops > 1.5) & (tops < at[-1] - 0.5)]
    if not len(tops) or profile.max() - profile.min() < RISE:
        return None
    period = float(tops[0])
    for top in tops:
        period = top / max(1, round(top / period))
    return normal[None] / period


def _slack(best: float) -> float:
    return SLACK[0] + SLACK[1] * max(0.0, 1 - best)


def _reduced(shifts: Array) -> Array:
    """Two shifts of the same lattice that are as short as they get (Gauss's reduction)."""
    while True:
        shifts = shifts[np.argsort(np.hypot(*shifts.T), kind="stable")]
        times = round(float(shifts[0] @ shifts[1] / (shifts[0] @ shifts[0])))
        if not times:
            return shifts
        shifts = np.stack([shifts[0], shifts[1] - times * shifts[0]])


def _refined(like: Likeness, shifts: Array) -> Array | None:
    """Shifts (n, 2) made exact by the farthest of their sums and multiples that are seen; None where none is seen."""
    window = max(1, round(0.2 * np.hypot(*shifts.T).min()))
    axes = np.meshgrid(*[np.arange(-32, 33)] * len(shifts), indexing="ij")
    counts = np.stack([axis.ravel() for axis in axes], 1)
    values = np.pad(like.values, window + 1, constant_values=-1)
    for most in (1, 2, 4, 8, 16, 32):
        seen = []
        for count in counts[(np.abs(counts).max(1) <= most) & (counts != 0).any(1)]:
            y, x = np.rint(count @ shifts).astype(int) + like.middle + 1
            if not (0 < y <= like.values.shape[0] and 0 < x <= like.values.shape[1]):
                continue
            part = values[y : y + 2 * window + 1, x : x + 2 * window + 1]
            peak = np.array(np.unravel_index(part.argmax(), part.shape))
            if part.max() > SURE / 2 and 0 < peak.min() and peak.max() < 2 * window:
                seen.append((*count, *(_vertex(part, peak) - window + (y, x) - like.middle - 1)))
        if not seen or np.linalg.matrix_rank(np.array(seen)[:, : len(shifts)]) < len(shifts):
            if most == 1:
                return None
            continue
        table = np.array(seen)
        shifts = np.linalg.lstsq(table[:, : len(shifts)], table[:, len(shifts) :], rcond=None)[0]
    return shifts


def _vertex(part: Array, peak: Array) -> Array:
    """A maximum between pixels, by a parabola along each axis."""
    y, x = peak
    exact = []
    for low, top, high in (part[y - 1 : y + 2, x], part[y, x - 1 : x + 2]):
        bend = low - 2 * top + high
        exact.append(0.5 * (low - high) / bend if bend < 0 else 0.0)
    return peak + np.array(exact)


def _inverse(shifts: Array) -> Array:
    """The waves (n, 2) of shifts (n, 2), and the other way round."""
    return np.linalg.pinv(shifts).T


def _cross(one: Array, other: Array) -> float:
    return float(one[0] * other[1] - one[1] * other[0])
