"""New ground behind a person: known mattes, no rim of the old ground, the person bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import REGIONS, person
from PIL import Image

from fice.errors import InputError
from fice.stitch.background import lay_behind
from fice.stitch.ground import read_ground


@pytest.fixture(scope="module")
def somebody():
    return person()


def behind(made, background):
    subject = made.subject
    ground = read_ground(background, subject.photo.size)
    return lay_behind(subject.photo, subject.frame, REGIONS.body(subject.regions), ground)


def share(made):
    """How much of each pixel is person, (H, W)."""
    return np.maximum.reduce([*made.parts.values()])


def test_a_matte_is_the_persons(somebody):
    alpha = behind(somebody, "transparent").alpha / 255
    known = share(somebody)
    assert np.abs(alpha - known).mean() < 0.01
    assert alpha[known == 0].mean() < 0.005 and alpha[known == 1].mean() > 0.995


@pytest.mark.parametrize(
    ("upper", "wall", "ground"), [(0.9, 0.3, 1.0), (0.1, 0.9, 0.0), (0.9, 0.5, 0.0), (0.2, 0.6, 1.0)]
)
def test_no_rim_of_the_old_ground_is_left(upper, wall, ground):
    made, truth = (person(upper=(upper,) * 3, wall=behind) for behind in (wall, ground))
    edge = (share(made) > 0.05) & (share(made) < 0.95)
    off = behind(made, "#fff" if ground else "#000").pixels / 255 - truth.subject.photo.srgb()
    assert edge.sum() > 150 and np.abs(off[edge]).mean() < 0.03


def test_the_person_stays_bit_for_bit(somebody):
    photo, result = somebody.subject.photo, behind(somebody, "warm grey")
    assert np.array_equal(result.pixels[~result.mask], photo.pixels[~result.mask])
    inner = share(somebody) == 1
    assert (~result.mask[inner]).mean() > 0.95
    far = share(somebody) == 0
    assert (np.abs(result.pixels[far].astype(int) - result.pixels[0, 0]) <= 1).mean() > 0.99


def test_a_picture_covers_the_photo_and_a_small_one_is_told(somebody, tmp_path):
    wide = np.zeros((40, 200, 3), np.uint8)
    wide[:, 90:110] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    ground = read_ground(str(tmp_path / "wide.png"), somebody.subject.photo.size)
    assert ground.picture.size == somebody.subject.photo.size and "enlarged" in ground.notices[0]
    assert ground.part((0, 0, 400, 200)).mean() > 0.9


def test_what_is_no_colour_and_no_file_is_told():
    with pytest.raises(InputError, match="'warn grey' is no colour"):
        read_ground("warn grey", (100, 100))
