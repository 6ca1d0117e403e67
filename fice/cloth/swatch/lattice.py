"""The lattice of a cloth: its stripes, checks or repeats, found as the shifts under which the picture is like itself.

A lattice is told by its waves, (1, 2) of stripes or (2, 2) of repeats: cycles a pixel down and across. A shift that
makes whole cycles of every wave is one that the cloth does not show.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import fft
from scipy.ndimage import gaussian_filter, map_coordinates, maximum_filter, maximum_filter1d

from fice.cloth.swatch.reading import grey_of, resized

Array = np.ndarray
SIDE = 256  # pixels along the longer side of what is compared with itself
FARTHEST = 0.75  # of a side: farther shifts leave too little to compare
FAINT = 0.25  # likeness below which a shift is chance
SURE, FEW = 0.4, 0.6  # that of a lattice's shifts, and of one that is seen once or twice
SLACK = (0.07, 0.35)  # how much less like than the best shift another may be: at all, and for each bit that lacks to 1
RISE = 0.15  # by which a shift is more like than what lies on the way to it
KEPT = 0.5  # of the best likeness, at every next shift of a lattice and all along a stripe
RIDGE = 0.75  # of the best likeness, all along a stripe
YARN = 2.0  # pixels of SIDE, over which a weave is a mixture of its yarns
WOVEN, YARNS = 0.75, 0.1  # of the variance, that all yarns explain in checks, and those of one direction at least
PLAIN = 0.25  # of the variance, that is left where yarns are mixed, below which the weave is the design
SAME, LATEST = 0.93, 0.85  # correlation of yarns that repeat; of a side, after which too few are left to compare
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

    Looked for in the whole, then in the weave of its middle, then as if the cloth were seen from aside.
    """
    size = np.array(picture.shape[:2])
    scale = max(1.0, size.max() / SIDE)
    small = resized(picture, tuple(np.maximum(16, np.rint(size / scale)).astype(int)))
    whole = likeness(small)
    waves = _waves(whole)
    if waves is None:
        waves = _woven(grey_of(small))
    if waves is None and scale > 1:
        top, left = np.maximum(0, (size - SIDE) // 2)
        waves = _waves(likeness(picture[top : top + SIDE, left : left + SIDE]))
        if waves is not None:
            return waves
    if waves is None:
        waves = _waves(whole, aside=True)
    return None if waves is None else waves * small.shape[:2] / size


def likeness(picture: Array) -> Likeness:
    """The autocorrelation of a picture (h, w, 3) of linear light, of all channels together."""
    shown = np.sqrt(np.clip(picture, 0, None)).transpose(2, 0, 1)
    shown = shown - shown.mean((1, 2), keepdims=True)
    size = shown.shape[1:]
    far = [int(side * FARTHEST) for side in size]
    padded = [fft.next_fast_len(side + most, real=True) for side, most in zip(size, far, strict=True)]
    rows, columns = (np.arange(-most, most + 1) for most in far)

    def correlated(one: Array, other: Array) -> Array:
        return fft.irfft2((np.conj(one) * other).sum(0), padded)[rows[:, None], columns]

    spectra = fft.rfft2(shown, padded)
    energy, inside = fft.rfft2((shown**2).sum(0)[None], padded), fft.rfft2(np.ones((1, *size)), padded)
    own = np.clip(correlated(energy, inside) * correlated(inside, energy), 1e-12, None)  # of what lies over each other
    values = gaussian_filter(correlated(spectra, spectra) / np.sqrt(own), 0.7)
    away = np.hypot(rows[:, None], columns).astype(int).ravel()
    mean = np.bincount(away, np.abs(values).ravel()) / np.bincount(away)
    return Likeness(values, float(np.argmax(np.append(mean, 0) < mean[0] / 2)))


def _waves(like: Likeness, aside: bool = False) -> Array | None:
    """The waves of a lattice; `aside`: one that is seen from aside is less like itself in one direction, and far on."""
    peaks, best = _peaks(like)
    if not len(peaks):
        return None
    tight = peaks[like.at(peaks) >= best - _slack(best)]
    angle = _along(like, best)
    if angle is not None:
        return _stripe(like, angle, best - _slack(best))
    first = tight[0]
    beside = (
        peak
        for peak in (peaks if aside else tight)
        if abs(_cross(first, peak)) > APART * np.hypot(*first) * np.hypot(*peak)
    )
    other = next(beside, None)
    shifts = None if other is None else _refined(like, _reduced(np.stack([first, other])))
    if shifts is None:
        return None
    counts = np.array([(i, j) for i in (-2, -1, 0, 1, 2) for j in (0, 1, 2) if j or i > 0])
    near = like.at(counts @ shifts)
    seen = near != 0
    alike = near[seen & (np.abs(counts).max(1) <= (1 if aside else 2))].min(initial=best) > KEPT * best
    return _inverse(shifts) if alike and near[seen].mean() > (SURE if seen.sum() > 3 else FEW) else None


def _woven(grey: Array) -> Array | None:
    """Waves of stripes or checks that stand upright but hardly repeat within a picture (h, w), by their yarns.

    Warp and weft alone make them, so that the means of rows and columns are the whole design; where not even these
    repeat, it goes on where it is most like its beginning.
    """
    mixed = gaussian_filter(grey, YARN)
    means = mixed.mean(1), mixed.mean(0)
    shares = [float(mean.var() / (mixed.var() + 1e-12)) for mean in means]
    if sum(shares) < WOVEN or mixed.var() < PLAIN * grey.var():
        return None
    waves = []
    for axis, (mean, share) in enumerate(zip(means, shares, strict=True)):
        if share > YARNS:
            lags = np.arange(len(mean) // 8, round(LATEST * len(mean)))
            alike = np.array([np.corrcoef(mean[lag:], mean[:-lag])[0, 1] for lag in lags])
            sure = np.flatnonzero((alike > SAME) & (alike >= maximum_filter1d(alike, 5)))
            late = lags > len(mean) / 2
            lag = lags[sure[0]] if len(sure) else lags[late][alike[late].argmax()]
            waves.append(np.eye(2)[axis] / lag)
    return np.array(waves)


def _peaks(like: Likeness) -> tuple[Array, float]:
    """Shifts (n, 2) under which the picture is like itself, the shortest first, half of them; the best likeness."""
    values, middle = like.values, like.middle
    shifts = np.argwhere((values == maximum_filter(values, 5)) & (values > FAINT)) - middle
    ahead = (shifts[:, 0] > 0) | ((shifts[:, 0] == 0) & (shifts[:, 1] > 0))
    shifts = shifts[ahead & (np.abs(shifts) < middle - 1).all(1) & (np.hypot(*shifts.T) > 1.5)]
    shifts = shifts[np.argsort(np.hypot(*shifts.T), kind="stable")]
    ways = np.linspace(0, 1, 48)[:, None]
    rise = [values[tuple(middle + shift)] - like.at(shift * ways).min() for shift in shifts]
    peaks = shifts[np.array(rise) > RISE].astype(float) if len(shifts) else shifts
    best = float(like.at(peaks).max(initial=0))
    return peaks[like.at(peaks) > KEPT * best] if best > SURE else peaks[:0], best


def _along(like: Likeness, best: float) -> float | None:
    """The direction of stripes, radians from across to down: along it the picture is always like itself."""
    ray = np.linspace(0, 0.8 * min(like.middle), 96)[4:, None]

    def rays(turns: Array) -> Array:
        ways = np.stack([np.sin(turns), np.cos(turns)], 1)
        return like.at((ways[:, None] * ray).reshape(-1, 2)).reshape(len(turns), -1)

    turns = np.radians(np.arange(0, 180, 0.5))
    seen = rays(turns)
    flattest = seen.mean(1).argmax()
    if seen[flattest].mean() < RIDGE * best or seen[flattest].min() < KEPT * best:
        return None
    near = turns[flattest] + np.radians(np.arange(-0.6, 0.6, 0.03))
    return float(near[rays(near).mean(1).argmax()])


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
            if part.max() > FAINT and 0 < peak.min() and peak.max() < 2 * window:
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
