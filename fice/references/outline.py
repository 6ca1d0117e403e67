"""The outline of a garment as a polygon, and how the garment lies in its picture."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

SIDE = 256  # pixels of the longer side at which an outline is followed
POINTS = 400  # of an outline
SMOOTH = 1.2  # of these, over which it is smoothed
TURNS = np.arange(-24, 25, 3)  # degrees by which a garment may lie askew
UPRIGHT = 1.2e-4  # of the overlap that a square degree must earn
COARSE = 80  # pixels of the longer side at which it is turned
STEPS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))  # clockwise from the right, (y, x)


def solid(matte: np.ndarray, least: float = 0.02) -> np.ndarray:
    """The largest part of a matte (h, w) as a mask, without holes smaller than a share of it; (h, w) bool."""
    parts, count = ndimage.label(matte > 0.5)
    if not count:
        return matte > 0.5
    mine = parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])
    holes, count = ndimage.label(~mine)
    sizes = np.bincount(holes.ravel(), minlength=count + 1)
    edge = np.unique(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]))
    small = (sizes < least * mine.sum()) & ~np.isin(np.arange(count + 1), edge)
    small[0] = False
    return mine | small[holes]


def outline(mask: np.ndarray) -> np.ndarray:
    """The outer outline of a mask (h, w) bool in one piece, clockwise, (POINTS, 2) x and y in pixels, evenly spaced."""
    scale = max(1.0, max(mask.shape) / SIDE)
    size = [max(1, round(side / scale)) for side in mask.shape]
    steps = [side / new for side, new in zip(mask.shape, size, strict=True)]
    rows, columns = (((np.arange(new) + 0.5) * step).astype(int) for new, step in zip(size, steps, strict=True))
    traced = _trace(np.pad(mask[np.ix_(rows, columns)], 1))
    ring = (traced - 0.5) * np.array(steps[::-1])
    ring = np.concatenate([ring, ring[:1]])
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    even = np.linspace(0, along[-1], POINTS, endpoint=False)
    points = np.column_stack([np.interp(even, along, ring[:, axis]) for axis in (0, 1)])
    return ndimage.gaussian_filter1d(points, SMOOTH, axis=0, mode="wrap")


def _trace(mask: np.ndarray) -> np.ndarray:
    """Boundary pixels of the part that is met first, (n, 2) x and y, by Moore's neighbours."""
    start = tuple(np.argwhere(mask)[0].tolist())
    here, way, found = start, 0, [start]
    for _ in range(4 * mask.size):
        for turn in range(6, 14):
            step = (way + turn) % 8
            there = here[0] + STEPS[step][0], here[1] + STEPS[step][1]
            if mask[there]:
                here, way = there, step
                break
        else:
            break
        if here == start:
            break
        found.append(here)
    return np.array(found, float)[:, ::-1]


def lie(mask: np.ndarray) -> tuple[float, float]:
    """How a garment lies: degrees by which it is turned clockwise, and x of its axis beside the mask's centre then.

    The turn in which it is most like its mirrored self.
    """
    scale = max(1.0, max(mask.shape) / COARSE)
    small = ndimage.zoom(mask.astype(np.float32), 1 / scale, order=1)
    side = int(np.hypot(*small.shape)) + 2
    square = np.pad(small, [((side - have + 1) // 2,) * 2 for have in small.shape])  # about its own centre
    likeness = np.array([_mirrored(square, turn)[0] - UPRIGHT * turn**2 for turn in TURNS.tolist()])
    best = int(np.clip(likeness.argmax(), 1, len(TURNS) - 2))
    turn = float(TURNS[best] + (TURNS[1] - TURNS[0]) * np.clip(_peak(*likeness[best - 1 : best + 2]), -1, 1))
    return turn, _mirrored(square, turn)[1] * scale


def _mirrored(square: np.ndarray, turn: float) -> tuple[float, float]:
    """How like its mirrored self a mask (h, w) is when it is turned back, and at which axis beside its centre."""
    turned = ndimage.rotate(square, turn, reshape=False, order=1)  # counter-clockwise as seen
    width = turned.shape[1]
    spectrum = np.fft.rfft(turned, 2 * width, axis=1)
    folded = np.fft.irfft((spectrum**2).sum(0), 2 * width)  # each row against itself mirrored, at every axis
    peak = int(folded.argmax())
    middle = peak + _peak(*folded[[peak - 1, peak, (peak + 1) % (2 * width)]])
    return float(folded[peak] / (turned**2).sum()), (middle - (width - 1)) / 2


def _peak(low: float, most: float, high: float) -> float:
    """Where between three values the highest one lies, from the middle one."""
    return 0.5 * (low - high) / min(low - 2 * most + high, -1e-6)
