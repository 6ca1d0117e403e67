"""A smooth map of the plane through matched points: the thin-plate spline (F. Bookstein, TPAMI 1989)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STIFF = 0.02  # how much smoothness counts against points met exactly, for points at a distance of about one


@dataclass(frozen=True)
class Warp:
    """A map of the plane.

    Attributes:
        centres: (n, 2), points in `unit` around `middle`.
        weights: (n + 3, 2), of the centres' kernels, and of 1, x and y.
    """

    centres: np.ndarray
    weights: np.ndarray
    middle: np.ndarray
    unit: float

    @classmethod
    def through(cls, points: np.ndarray, images: np.ndarray) -> Warp:
        """The map that takes points (n, 2) to about their images (n, 2)."""
        middle, unit = points.mean(0), max(float(points.std()), 1e-6)
        centres = (points - middle) / unit
        kernel = _kernel(((centres[:, None] - centres[None]) ** 2).sum(2)) + STIFF * np.eye(len(points))
        plane = np.concatenate([np.ones((len(points), 1)), centres], 1)
        system = np.block([[kernel, plane], [plane.T, np.zeros((3, 3))]])
        wanted = np.concatenate([images, np.zeros((3, 2))])
        return cls(centres, np.linalg.lstsq(system, wanted, rcond=None)[0], middle, unit)

    def __call__(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The images of points x, y of any shape, float32."""
        x, y = ((axis - at) / self.unit for axis, at in zip((x, y), self.middle, strict=True))
        images = [np.float32(w[0]) + np.float32(w[1]) * x + np.float32(w[2]) * y for w in self.weights[-3:].T]
        for (px, py), weights in zip(self.centres.astype(np.float32), self.weights.astype(np.float32), strict=False):
            bent = _kernel((x - px) ** 2 + (y - py) ** 2)
            for image, weight in zip(images, weights, strict=True):
                image += weight * bent
        return images[0], images[1]


def _kernel(squares: np.ndarray) -> np.ndarray:
    return squares * np.log(squares + np.float32(1e-9))
