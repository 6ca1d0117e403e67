"""Adaptive augmentation: identity at p = 0, what each operation does, its gradient, and its controller."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from fice.training.data import augment
from fice.training.data.augment import CUT, Augment, Perturb


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture
def only(monkeypatch):
    """only(**deviations): sets the strengths that are not named to zero."""

    def set_strengths(**given):
        for name in ("SHIFT", "SCALE", "ROTATION", "BRIGHTNESS", "CONTRAST", "SATURATION"):
            monkeypatch.setattr(augment, name, given.get(name, 0.0))

    return set_strengths


def smooth(batch=4, height=64, width=32):
    return F.interpolate(torch.rand(batch, 3, 8, 4) * 2 - 1, (height, width), mode="bicubic")


def test_p_zero_is_the_identity():
    pictures = smooth()
    assert torch.equal(Augment(0.0)(pictures), pictures)


@pytest.mark.parametrize("size", [(64, 32), (32, 64), (48, 48)])
def test_a_warp_by_nothing_is_the_identity(only, size):
    only()
    pictures = torch.rand(2, 3, *size) * 2 - 1  # noise: any blur shows
    torch.testing.assert_close(Augment(1.0).warp(pictures), pictures, rtol=0, atol=1e-4)


@pytest.mark.parametrize("operation", ["blit", "warp", "recolour"])
def test_with_a_small_p_most_pictures_stay(operation):
    pictures = smooth(200, 32, 16)
    changed = getattr(Augment(0.05), operation)(pictures)
    far = (changed - pictures).abs().amax(dim=(1, 2, 3)) > 1e-2
    assert 0 < far.float().mean() < 0.5


def test_mirror_changes_half_of_the_pictures_exactly(only):
    only()
    pictures = smooth(64)
    changed = Augment(1.0).blit(pictures)
    mirrored = (changed == pictures.flip(3)).flatten(1).all(1)
    same = (changed == pictures).flatten(1).all(1)
    assert (mirrored ^ same).all() and 16 < mirrored.sum() < 48


def test_whole_pixel_shifts_mirror_at_the_border(only):
    only(SHIFT=1 / 8)
    column = torch.arange(16.0)
    pictures = column[:, None].expand(64, 3, 16, 8).contiguous()
    rows = Augment(1.0).blit(pictures)[:, 0, :, 0]
    expected = {shift: torch.tensor([abs(15 - abs(15 - abs(i + shift))) for i in range(16)]) for shift in range(-2, 3)}
    found = {next(s for s, wanted in expected.items() if torch.equal(row, wanted.float())) for row in rows}
    assert found == {-2, -1, 0, 1, 2}


def moments(pictures):
    """Mass, centre (x, y) and spread (xx, yy, xy) of pictures (B, 1 or 3, H, W) of one bright blob."""
    mass = pictures.mean(1)
    height, width = mass.shape[1:]
    y, x = torch.meshgrid(torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing="ij")
    total = mass.sum((1, 2))
    cx, cy = ((mass * axis).sum((1, 2)) / total for axis in (x, y))
    dx, dy = x - cx[:, None, None], y - cy[:, None, None]
    spread = [(mass * product).sum((1, 2)) / total for product in (dx * dx, dy * dy, dx * dy)]
    return total, torch.stack([cx, cy], 1), torch.stack(spread, 1)


def blob(batch, sx, sy):
    y, x = torch.meshgrid(torch.arange(64) - 31.5, torch.arange(64) - 31.5, indexing="ij")
    return torch.exp(-(x**2) / (2 * sx**2) - y**2 / (2 * sy**2)).expand(batch, 3, 64, 64).contiguous()


def test_scale_keeps_the_centre_and_changes_the_size(only):
    only(SCALE=0.2)
    _, centre, spread = moments(Augment(1.0).warp(blob(64, 5, 5)))
    assert centre.abs().max() < 0.3  # the wavelet's own delay
    size = spread[:, :2].log2() / 2 - torch.tensor(5.0).log2()  # log2 of the magnification
    assert 0.2 < size.std() < 0.4  # two independent draws of 0.2
    assert spread[:, 2].abs().max() < 0.1


def test_rotation_is_small_and_keeps_the_size(only):
    only(ROTATION=augment.ROTATION)
    _, centre, spread = moments(Augment(1.0).warp(blob(64, 2, 5)))
    xx, yy, xy = spread.unbind(1)
    torch.testing.assert_close(xx + yy, torch.full((64,), 29.0), rtol=0.02, atol=0)
    degrees = torch.rad2deg(torch.atan2(2 * xy, yy - xx) / 2)
    assert 6 < degrees.std() < 20 and degrees.abs().max() < 60 and centre.abs().max() < 0.3


def test_fractional_shift(only):
    only(SHIFT=1 / 16)
    mass, centre, spread = moments(Augment(1.0).warp(blob(64, 3, 3)))
    assert 3 < centre[:, 0].std() < 5 and 3 < centre[:, 1].std() < 5  # a sixteenth of 64
    torch.testing.assert_close(mass, blob(1, 3, 3).mean(1).sum().expand(64), rtol=0.02, atol=0)


def test_brightness_and_contrast(only):
    pictures = smooth(64).mean(1, keepdim=True).expand(-1, 3, -1, -1)  # grey: hue and saturation leave it alone
    only(BRIGHTNESS=0.2)
    difference = Augment(1.0).recolour(pictures) - pictures
    offset = difference.mean((1, 2, 3))
    torch.testing.assert_close(difference, offset[:, None, None, None].expand_as(difference), rtol=0, atol=1e-5)
    assert 0.1 < offset.std() < 0.3
    only(CONTRAST=0.5)
    changed = Augment(1.0).recolour(pictures)
    factor = changed.flatten(1).norm(dim=1) / pictures.flatten(1).norm(dim=1)
    torch.testing.assert_close(changed, pictures * factor[:, None, None, None], rtol=0, atol=1e-5)
    assert 0.3 < factor.log2().std() < 0.7


def test_hue_and_saturation_keep_grey_and_luminance(only):
    only(SATURATION=1.0)
    pictures = smooth(64)
    changed = Augment(1.0).recolour(pictures)
    torch.testing.assert_close(changed.mean(1), pictures.mean(1), rtol=0, atol=1e-5)
    chroma, before = (x - x.mean(1, keepdim=True) for x in (changed, pictures))
    factor = chroma.flatten(1).norm(dim=1) / before.flatten(1).norm(dim=1)
    assert 0.6 < factor.log2().std() < 1.4
    agreement = F.cosine_similarity(chroma.flatten(1), before.flatten(1))
    assert agreement.min() < -0.8 and agreement.max() > 0.8  # hues all around


def test_gradient_reaches_the_pictures():
    pictures = smooth(2, 16, 8).double().requires_grad_()
    network = Augment(0.7).double()

    def fixed(x):
        torch.manual_seed(3)
        return network(x)

    assert torch.autograd.gradcheck(fixed, pictures, eps=1e-4, atol=1e-4, fast_mode=True)


def test_pictures_are_augmented_one_by_one():
    picture = smooth(1).expand(16, -1, -1, -1)
    changed = Augment(1.0)(picture)
    assert (changed[1:] - changed[:1]).abs().amax(dim=(1, 2, 3)).min() > 1e-3


def test_controller():
    network = Augment(0.0)
    network.update(0.9, pictures=50_000)
    assert network.p.item() == pytest.approx(0.1)
    network.update(torch.tensor(0.2), pictures=25_000)
    assert network.p.item() == pytest.approx(0.05)
    for _ in range(3):
        network.update(0.2, pictures=25_000)
    assert network.p.item() == 0
    for _ in range(20):
        network.update(0.7, pictures=50_000)
    assert network.p.item() == pytest.approx(0.8)
    assert list(network.state_dict()) == ["p"]


def test_a_shift_brings_in_white():
    dark = torch.full((64, 3, 32, 16), -1.0)
    shifted = Perturb.shift(dark)
    assert shifted.max() == pytest.approx(1, abs=1e-5) and shifted.min() == pytest.approx(-1, abs=1e-5)
    assert (shifted < 0).float().mean() > 0.75  # an eighth of a side at most


def test_a_cut_blanks_a_rectangle_of_half_of_the_pictures():
    blank = Perturb.cut(torch.ones(400, 3, 48, 24)) == 0
    shares = blank.float().mean((1, 2, 3))
    assert (shares > 0).float().mean() == pytest.approx(0.5, abs=0.1)
    assert shares.max() == pytest.approx(CUT**2, abs=0.03)
    assert (blank.all(1) == blank.any(1)).all()


def test_perturbations_let_gradients_through():
    pictures = smooth().requires_grad_()
    Perturb()(pictures).square().mean().backward()
    assert pictures.grad.isfinite().all() and (pictures.grad != 0).float().mean() > 0.5
