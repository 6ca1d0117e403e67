"""A lattice made straight: cloth that was photographed at an angle, or from aside, is seen from the front and upright.

How the lattice runs is told everywhere by the phase of its strongest waves (Malik and Rosenholtz, Computing local
surface orientation and shape from texture, IJCV 1997); a plane's view changes it by a homography.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from fice.cloth.swatch.lattice import find_lattice
from fice.cloth.swatch.reading import grey_of, resized, whole_part

Array = np.ndarray
FINEST = 0.2  # cycles a pixel of the waves that are followed
SIDE = 256  # pixels along the longer side at which they are, where they are not finer
HARMONICS = 3  # of a wave, up to which the strongest is looked for
GRID = 20  # places along each side at which they are compared
SEEN = 0.3  # of the usual strength of a wave, below which its phase is not trusted
TILTED = 0.03  # change of scale across half a picture from which it is a view from aside
TURN, STRIPE_TURN = np.radians(36), np.radians(14)  # to which a lattice, and stripes, were not laid so on purpose
SQUARE, ALIKE = np.radians(14), 0.08  # to which axes were at right angles; to which two periods are the same
BIAS = np.radians(15)  # by which checks are rather turned to stand upright than to lie on the bias
CELLS = 160  # along a side, at which is seen what part of a picture is left


class View(NamedTuple):
    """How a lattice lies in a picture: at x, pixels from its middle, cycles are waves @ x / (1 + tilt @ x)."""

    waves: Array
    tilt: Array


def upright(picture: Array, waves: Array) -> tuple[Array, Array]:
    """The picture (h, w, 3) with its lattice straight, where it nearly is, and as large as the picture is; its waves.

    Lattices turned farther, or on the bias, stay as they are; so do stripes, but for a small turn.
    """
    view = _view(picture, waves)
    turned = _straight(np.linalg.pinv(view.waves).T)
    bend = np.eye(2) + (np.linalg.pinv(view.waves) @ (np.linalg.pinv(turned).T - view.waves))
    bend = _rotation(turned, view.waves) if len(waves) == 1 else bend
    size = np.array(picture.shape[:2])
    corners = size / 2 * np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)])
    moved = _seen(corners, bend, view.tilt) - corners
    if np.hypot(*moved.T).max() < 1.5:
        return picture, waves
    picture, straight = _warped(picture, bend, view.tilt), np.linalg.pinv(turned).T
    again = find_lattice(picture)  # exactly
    return picture, straight if again is None or len(again) != len(waves) else again


def _view(picture: Array, waves: Array) -> View:
    from scipy.optimize import least_squares  # takes half a second, and only swatches need it

    counts, local, trust, places = _followed(picture, waves)
    flat = View(waves, np.zeros(2))
    if not len(counts):
        return flat

    def missed(values: Array) -> Array:
        own, tilt = values[:-2].reshape(waves.shape), values[-2:] / reach
        scale = 1 + places @ tilt
        found = [
            (count @ own) / scale[:, None] - np.outer(places @ (count @ own), tilt) / scale[:, None] ** 2
            for count in counts
        ]
        return ((np.stack(found) - local) * trust[..., None] / np.abs(waves).max()).ravel()

    reach = np.hypot(*picture.shape[:2]) / 2
    fit = least_squares(
        missed,
        np.append(waves, [0.0, 0.0]),
        x_scale=[*np.ravel(np.abs(waves) + 1e-4), 1, 1],
        loss="soft_l1",
        f_scale=0.02,
    )
    tilt = fit.x[-2:]
    if TILTED < np.hypot(*tilt) < 0.7:
        return View(fit.x[:-2].reshape(waves.shape), tilt / reach)
    return flat


def _followed(picture: Array, waves: Array) -> tuple[Array, Array, Array, Array]:
    """The strongest waves of a lattice, as far as they are seen.

    Returns:
        counts (k, n) of the lattice's waves in each; local (k, p, 2) cycles a pixel there; trust (k, p); places (p, 2)
        pixels from the middle.
    """
    size = np.array(picture.shape[:2])
    scale = min(1.0, max(SIDE / max(size), float(np.hypot(*waves.T).max()) * 1.5 / FINEST))
    cells = np.rint(size * scale).astype(int)
    grey = grey_of(resized(picture, tuple(cells)))
    fine = waves * size / cells
    y, x = (np.arange(side) - (side - 1) / 2 for side in cells)
    hann = np.outer(np.hanning(cells[0]), np.hanning(cells[1]))
    axes = np.meshgrid(*[np.arange(-HARMONICS, HARMONICS + 1)] * len(waves), indexing="ij")
    counts = np.stack([axis.ravel() for axis in axes], 1)
    counts = counts[[tuple(count) > (0,) * len(waves) for count in counts]]
    counts = counts[np.hypot(*(counts @ fine).T) < 0.4]
    strength = [
        abs(np.exp(-2j * np.pi * c[0] * y) @ (grey * hann) @ np.exp(-2j * np.pi * c[1] * x)) for c in counts @ fine
    ]
    chosen: list[Array] = []
    for count in counts[np.argsort(strength)[::-1]]:
        if len(chosen) < len(waves) and np.linalg.matrix_rank(np.stack([*chosen, count])) > len(chosen):
            chosen.append(count)
    sigma = 0.5 / np.hypot(*fine.T).min()
    at = [np.linspace(sigma, side - 1 - sigma, GRID).astype(int) for side in cells]
    local, trust = [], []
    for count in chosen:
        wave = count @ fine
        carrier = np.exp(-2j * np.pi * (wave[0] * y[:, None] + wave[1] * x))
        field = grey * carrier
        field = gaussian_filter(field.real, sigma) + 1j * gaussian_filter(field.imag, sigma)
        power = np.abs(field) ** 2 + 1e-12
        slopes = [(np.conj(field) * slope).imag / power / (2 * np.pi) for slope in np.gradient(field)]
        local.append(
            np.stack([(slope + w)[np.ix_(*at)].ravel() for slope, w in zip(slopes, wave, strict=True)], 1)
            * cells
            / size
        )
        seen = np.sqrt(power[np.ix_(*at)]).ravel()
        trust.append(np.where(seen > SEEN * np.median(seen), 1.0, 0.0))
    places = np.stack([axis.ravel() for axis in np.meshgrid(y[at[0]], x[at[1]], indexing="ij")], 1) * size / cells
    return np.array(chosen), np.array(local), np.array(trust), places


def _straight(shifts: Array) -> Array:
    """Shifts (n, 2) of a lattice turned, and its axes made perpendicular, so that it lies straight."""
    if len(shifts) == 1:
        return _turned(shifts, -_lean(shifts[0])) if abs(_lean(shifts[0])) < STRIPE_TURN else shifts
    one, other = shifts
    mixed = np.array([[1, 1], [1, -1]])
    choices = [np.eye(2)]
    if abs(np.hypot(*one) / np.hypot(*other) - 1) < ALIKE:
        choices.append(mixed)
    ways = []
    for way in choices:
        axes = way @ shifts
        leans = [_lean(axis) for axis in axes]
        apart = abs(_lean_of(axes[0], axes[1]))
        if apart < SQUARE and max(map(abs, leans)) < TURN:
            ways.append((abs(sum(leans)) + (way is mixed) * 2 * BIAS, way, axes, leans))
    if not ways:
        return shifts
    _, way, axes, leans = min(ways, key=lambda each: each[0])
    straight = np.stack([_turned(axis[None], -lean)[0] for axis, lean in zip(axes, leans, strict=True)])
    return np.linalg.inv(way) @ straight


def _lean(shift: Array) -> float:
    """Radians in -pi/4..pi/4 by which a shift is turned from down or across, whichever is nearer."""
    angle = float(np.arctan2(shift[1], shift[0]))
    return angle - round(angle / (np.pi / 2)) * np.pi / 2


def _lean_of(one: Array, other: Array) -> float:
    """Radians by which two shifts are off a right angle."""
    return float(np.arcsin(np.clip(one @ other / np.hypot(*one) / np.hypot(*other), -1, 1)))


def _turned(shifts: Array, angle: float) -> Array:
    cos, sin = np.cos(angle), np.sin(angle)
    return shifts @ np.array([[cos, sin], [-sin, cos]])


def _rotation(turned: Array, waves: Array) -> Array:
    """The rotation (2, 2) from straight stripes to those of waves (1, 2)."""
    one, other = (np.arctan2(shift[1], shift[0]) for shift in (turned[0], waves[0]))
    return _turned(np.eye(2), other - one).T


def _seen(places: Array, bend: Array, tilt: Array) -> Array:
    """Where places (n, 2) of the straight cloth are in the picture; pixels from the middles."""
    flat = places @ bend.T
    return flat / np.maximum(1 - flat @ tilt, 1e-3)[:, None]


def _warped(picture: Array, bend: Array, tilt: Array) -> Array:
    size = np.array(picture.shape[:2])
    reach = 1.5 * size.max()
    axis = ((np.arange(CELLS) + 0.5) / CELLS - 0.5) * reach
    places = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    flat = places @ bend.T
    seen = _seen(places, bend, tilt)
    inside = ((np.abs(seen) < size / 2 - 2).all(1) & (1 - flat @ tilt > 0.2)).reshape(CELLS, CELLS)
    top, left, bottom, right = (np.array(whole_part(inside)) / CELLS - 0.5) * reach
    start, shape = np.array([top, left]), (round(bottom - top), round(right - left))
    whole = np.eye(3)
    whole[:2, :2], whole[2, :2] = bend, -tilt @ bend
    shift, back = np.eye(3), np.eye(3)
    shift[:2, 2], back[:2, 2] = start, size / 2
    whole = back @ whole @ shift
    whole = (whole / whole[2, 2])[[1, 0, 2]][:, [1, 0, 2]]
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(picture[..., i])).transform(
                shape[::-1], Image.Transform.PERSPECTIVE, tuple(whole.ravel()[:8]), Image.Resampling.BICUBIC
            )
        )
        for i in range(3)
    ]
    return np.clip(np.stack(channels, -1), 0, None)
