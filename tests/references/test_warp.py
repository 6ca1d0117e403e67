"""The map of a garment, and what is sampled through it."""

import numpy as np
import torch
from garments import drawn

from fice.references.recolour import recoloured, usual_colour
from fice.references.sampling import Picture
from fice.references.strips import LEFT, RIGHT, TRUNK, strips_of
from fice.references.warp import Warp
from fice.srgb import gamma_encoded, to_lab


def test_a_warp_takes_points_to_their_images():
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (30, 2))
    images = points * [2, 3] + 5 + rng.normal(0, 1, (30, 2))
    x, y = Warp.through(points, images)(*points.astype(np.float32).T)
    assert np.hypot(x - images[:, 0], y - images[:, 1]).max() < 2


def test_a_shift_and_a_scale_are_met_exactly_everywhere():
    points = np.array([[0.0, 0], [100, 0], [0, 100], [100, 100], [50, 30]])
    x, y = Warp.through(points, points * 4 + [7, -3])(np.float32([250]), np.float32([-40]))
    assert np.allclose([x[0], y[0]], [1007, -163], atol=0.1)


def test_what_is_shrunk_is_averaged():
    garment = drawn("t-shirt", "stripes down", size=(960, 800))
    picture = Picture.of(garment)
    y, x = np.mgrid[:8, :8].astype(np.float32)
    colours, _ = picture.seen(torch.from_numpy(380 + 10 * x), torch.from_numpy(450 + 10 * y))
    inside = garment.pixels[445:525, 375:455].reshape(-1, 3).mean(0)
    assert np.allclose(colours[0].mean((1, 2)).numpy(), inside, atol=0.03)


def test_beyond_its_outline_a_garment_goes_on():
    garment = drawn("t-shirt", (0.7, 0.1, 0.1))
    colours, matte = Picture.of(garment).seen(torch.zeros(4, 4) + 2.5, torch.zeros(4, 4) + 2.5)
    assert matte.max() < 0.01
    assert colours[0, 0].mean() > 3 * colours[0, 1].mean()


def test_the_edges_of_strips_lie_on_the_outline():
    garment = drawn("shirt")
    strips, necks = strips_of(garment)
    assert set(strips) == {TRUNK, LEFT, RIGHT} and necks.shape == (2, 2)
    rows, columns = (strips[RIGHT].right[:, axis].round().astype(int) for axis in (1, 0))
    around = np.array([garment.matte[r - 3 : r + 4, c - 3 : c + 4] for r, c in zip(rows, columns, strict=True)])
    assert (np.ptp(around.reshape(len(around), -1), 1) > 0.9).all()


def test_a_named_colour_dyes_the_cloth_and_leaves_the_print():
    garment = drawn("t-shirt", "logo")
    dyed = recoloured(garment, np.array([0.05, 0.3, 0.08]))
    assert np.allclose(usual_colour(dyed), [0.05, 0.3, 0.08], atol=0.02)
    (x, y), *_ = garment.marks.values()
    lab = [to_lab(gamma_encoded(each.pixels[int(y), int(x)].clip(0, 1)) * 255) for each in (garment, dyed)]
    assert np.hypot(*(lab[1] - lab[0])[1:]) < 25
