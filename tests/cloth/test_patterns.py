"""Designs of cloth: painted anywhere, the same wherever they are looked up, as large as clothes have them."""

from __future__ import annotations

import numpy as np
import pytest

from fice.cloth.patterns import DESIGNS, WOVEN, draw, paint, second_of
from fice.cloth.patterns.dyes import NATURAL
from fice.cloth.patterns.tones import WHITE, lightness, toned
from fice.language.lexicon import COLOURS
from fice.srgb import linear_light

RED, BLUE, GREEN = (np.array(c, np.float32) for c in ([0.5, 0.02, 0.02], [0.02, 0.03, 0.4], [0.05, 0.3, 0.05]))
LINEAR = {name: linear_light(np.array(colour) / 255).astype(np.float32) for name, colour in COLOURS.items()}


def sheet(name, size=(60, 48), pixel=0.25, seed=0, dyes=(RED, None, None), at=(0.0, 0.0)):
    """A piece of cloth (h, w, 3) of that many pixels; at: u, v of its corner, cm."""
    v, u = np.mgrid[: size[0], : size[1]].astype(np.float32)
    u, v = u * np.float32(pixel) + np.float32(at[0]), v * np.float32(pixel) + np.float32(at[1])
    return paint(name, u, v, *dyes, np.random.default_rng(seed), pixel=pixel)


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_is_painted(name):
    cloth = sheet(name, (320, 240))
    assert cloth.shape == (320, 240, 3) and cloth.dtype == np.float32
    assert np.isfinite(cloth).all() and cloth.min() >= 0 and cloth.max() < 1.6
    assert name == "solid" or cloth.std((0, 1)).max() > 0.01
    assert (sheet(name, (320, 240)) == cloth).all()


@pytest.mark.parametrize("name", [name for name in DESIGNS if name not in WOVEN])
def test_a_design_has_the_colours_that_it_was_given(name):
    """Red on blue with purple between: no green in any place, as nobody chose it."""
    cloth = sheet(name, (160, 120), dyes=(RED, BLUE, (RED + BLUE) / 2))
    assert (cloth[..., 1] <= 0.6 * np.maximum(cloth[..., 0], cloth[..., 2]) + 0.03).all()
    mean = cloth.mean((0, 1))
    assert (mean >= 0.5 * np.minimum(RED, BLUE)).all() and (mean <= 1.15 * np.maximum(RED, BLUE) + 0.02).all()


@pytest.mark.parametrize("name", DESIGNS)
def test_pieces_of_one_cloth_join_exactly(name):
    whole = sheet(name, (70, 90))
    pieces = [sheet(name, (70, 37)), sheet(name, (70, 53), at=(37 * 0.25, 0.0))]
    assert (np.concatenate(pieces, 1) == whole).all()
    assert (sheet(name, (33, 90), at=(0.0, 37 * 0.25)) == whole[37:]).all()


@pytest.mark.parametrize("name", DESIGNS)
def test_what_is_finer_than_a_pixel_fades(name):
    """No moiré: seen with pixels of 30 cm a design is its mean, but for those that are larger than a person's chest."""
    cloth = draw(name, RED, WHITE, BLUE, np.random.default_rng(0), 0.1)
    v, u = np.mgrid[:40, :40].astype(np.float32)
    fine = cloth.at(u * 0.37, v * 0.37, 0.1)
    coarse = cloth.at(u * 31.7, v * 31.7, 30.0)
    assert coarse.mean((0, 1)) == pytest.approx(cloth.mean, abs=0.06)
    if name not in ("solid", "ombre", "colour-block"):
        assert coarse.std((0, 1)).max() < 0.35 * fine.std((0, 1)).max()
    assert (cloth.at(u, v, 1e4) == cloth.mean).all()


@pytest.mark.parametrize("name", ["floral", "zebra", "leopard", "tie-dye", "paisley", "tartan"])
def test_a_photo_of_any_size_shows_the_same_cloth(name):
    """Four times the pixels: the same print, more sharply drawn."""
    small, large = sheet(name, (60, 48), 0.4), sheet(name, (240, 192), 0.1, at=(-0.15, -0.15))
    shrunk = large.reshape(60, 4, 48, 4, 3).mean((1, 3))
    assert np.corrcoef(small.ravel(), shrunk.ravel())[0, 1] > 0.93


def period(signal):
    """The strongest period in samples of a signal."""
    signal = (signal - signal.mean()) * np.hanning(len(signal))
    power = np.abs(np.fft.rfft(signal, 16 * len(signal)))
    return 16 * len(signal) / (power[40:].argmax() + 40)


@pytest.mark.parametrize(
    "name, across, cm",
    [
        ("pinstriped", True, 1.9), ("breton", False, 3.0), ("striped", False, 4.4), ("vertical-striped", True, 3.4),
        ("gingham", True, 2.6), ("houndstooth", True, 2.9), ("windowpane", True, 6.2), ("ribbed", True, 1.5),

    ],
)  # fmt: skip
def test_sizes_are_those_of_clothes(name, across, cm):
    cloth = sheet(name, (1000, 1000), 0.05, dyes=(RED, WHITE, BLUE))[..., 1]
    assert period(cloth.mean(0 if across else 1)) * 0.05 == pytest.approx(cm, rel=0.07)


def test_a_person_of_500_pixels_shows_a_pattern():
    """3 pixels a cm: what is promised is seen."""
    for name in DESIGNS:
        if name not in ("solid", *WOVEN):
            cloth = sheet(name, (180, 180), 1 / 3, dyes=(LINEAR["navy"], None, None))
            assert cloth.mean(2).std() > 0.02, name


def test_patterns_follow_any_map():
    """Stripes run along a sleeve that is turned, and cover a jump without a blur."""
    v, u = np.mgrid[:80, :80].astype(np.float32) * 0.2
    turned = paint("vertical-striped", v, u, RED, WHITE, None, np.random.default_rng(0), pixel=0.2)
    straight = paint("vertical-striped", u, v, RED, WHITE, None, np.random.default_rng(0), pixel=0.2)
    assert (turned == straight.transpose(1, 0, 2)).all()
    torn = np.where(u < 8, u, u + 50)
    jump = paint("vertical-striped", torn, v, RED, WHITE, None, np.random.default_rng(0), pixel=0.2)
    assert (jump[:, :40] == straight[:, :40]).all()


def test_pixels_may_cover_more_in_some_places():
    v, u = np.mgrid[:60, :300].astype(np.float32) * 0.2
    pixel = np.where(u < 30, 0.2, 8.0).astype(np.float32)
    cloth = paint("striped", u, v, RED, WHITE, None, np.random.default_rng(0), pixel=pixel)
    assert cloth[:, :150].std((0, 1)).max() > 10 * cloth[:, 150:].std((0, 1)).max()


@pytest.mark.parametrize("name", WOVEN)
def test_from_afar_woven_cloth_has_the_colour_that_was_asked(name):
    for colour in ("navy", "tan", "red", "black"):
        cloth = draw(name, LINEAR[colour], None, None, np.random.default_rng(0), 0.3)
        assert cloth.mean == pytest.approx(LINEAR[colour], rel=0.02, abs=0.002)
    white = draw(name, LINEAR["white"], None, None, np.random.default_rng(0), 0.02)
    assert 0.6 < white.mean.min() and np.quantile(white.flat, 0.9) < 1.1


def test_an_empty_piece_is_empty():
    nothing = np.zeros((0, 4), np.float32)
    cloth = paint("floral", nothing, nothing, RED, None, None, np.random.default_rng(0), pixel=nothing)
    assert cloth.shape == (0, 4, 3)


@pytest.mark.parametrize("design", DESIGNS)
def test_a_second_colour_goes_with_the_first(design):
    """White, or a shade or tint of it: it shows, and no colour comes that was not there."""
    for name, base in LINEAR.items():
        second = second_of(base, design)
        assert second.shape == (3,) and (second >= 0).all() and (second <= 1).all()
        assert abs(lightness(second) - lightness(base)) > 0.13, name


def test_white_goes_with_strong_colours_and_deep_shades_with_pale_ones():
    for name in ("red", "navy", "black", "green", "purple"):
        assert (second_of(LINEAR[name], "striped") == WHITE).all()
    for name in ("white", "cream", "light blue", "light yellow", "mint"):
        assert lightness(second_of(LINEAR[name], "polka-dot")) < 0.45
    assert second_of(LINEAR["light blue"], "striped")[2] > 2 * second_of(LINEAR["light blue"], "striped")[0]


def test_animals_have_their_own_colours_unless_one_is_named():
    for name in NATURAL:
        own = sheet(name, dyes=(None, None, None))
        dyed = sheet(name, dyes=(GREEN, None, None))
        assert own.mean((0, 1)).argmax() != 1 or name in ("camouflage",)
        assert dyed.mean((0, 1)).argmax() == 1
    with pytest.raises(ValueError, match="striped has no colours of its own"):
        sheet("striped", dyes=(None, None, None))


def test_an_unknown_design_is_named():
    with pytest.raises(ValueError, match='no design "moire"'):
        sheet("moire")


def test_another_seed_is_another_cloth():
    assert (sheet("leopard", seed=1) != sheet("leopard", seed=2)).any()


def test_gingham_has_half_tones():
    """A quarter base, a half between, a quarter second."""
    cloth = sheet("gingham", (520, 520), 0.02, dyes=(RED, WHITE, None))[..., 1]
    near = lambda level: (np.abs(cloth - level) < 0.02).mean()  # noqa: E731
    assert near(RED[1]) == pytest.approx(0.25, abs=0.05) and near(WHITE[1]) == pytest.approx(0.25, abs=0.05)


def test_tones_keep_their_hue():
    assert toned(RED, 0.0, 1.0) == pytest.approx(RED, abs=1e-3)
    assert lightness(toned(RED, 0.2)) == pytest.approx(lightness(RED) + 0.2, abs=0.02)
    assert toned(BLUE, -0.2).argmax() == 2
