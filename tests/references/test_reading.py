"""A garment is read from its picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import ROOT
from garments import drawn
from PIL import Image

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import save_part
from fice.errors import InputError, WeightsError
from fice.nets.pyramid import Pyramid
from fice.references.garments import Garments, Seen
from fice.references.picture import LARGEST, read_picture
from fice.references.reading import read_reference
from fice.references.reference import KINDS
from fice.srgb import gamma_encoded
from fice.subject.pose import Pose
from fice.subject.regions import Regions


@pytest.fixture(scope="module")
def regions():
    return Regions.from_bundle(load_bundle("street"))


class Told:
    """A garment network that has been told what there is: kinds in turns, and a matte that is not quite right."""

    def __init__(self, matte, *kinds, chance=0.9):
        self.matte, self.kinds, self.chance = torch.from_numpy(matte)[None, None], list(kinds), chance

    def see(self, picture):
        kind = self.kinds.pop(0) if len(self.kinds) > 1 else self.kinds[0]
        told = torch.full((len(KINDS),), (1 - self.chance) / (len(KINDS) - 1))
        told[KINDS.index(kind)] = self.chance
        matte = torch.nn.functional.interpolate(0.02 + 0.96 * self.matte, size=picture.shape[2:], mode="bilinear")
        return Seen(matte, told)


def shown(garment):
    return (gamma_encoded(garment.pixels) * 255).round().astype(np.uint8)


def read(garment, regions, *kinds, wanted=None):
    return read_reference(shown(garment), Told(garment.matte, *kinds), regions, None, wanted)


@pytest.mark.parametrize("kind", ["t-shirt", "skirt", "trousers"])
def test_a_garment_has_a_matte_a_kind_and_points(kind, regions):
    garment = drawn(kind, "stripes across", ground="wood")
    found = read(garment, regions, kind)
    inside, truth = found.matte > 0.5, garment.matte > 0.5
    assert (inside & truth).sum() / (inside | truth).sum() > 0.96
    assert found.kind == kind and found.sure == pytest.approx(0.9) and not found.worn and found.notices == ()
    assert found.pixels.shape[:2] == found.matte.shape and found.points.keys() == garment.points.keys()
    height = np.ptp(np.nonzero(truth)[0])
    off = [np.hypot(*np.subtract(found.points[name], garment.points[name])) / height for name in found.points]
    assert np.mean(off) < 0.05
    assert np.abs(found.pixels - garment.pixels).max() < 0.01


def test_a_file_and_its_array_are_the_same_garment(regions, tmp_path):
    garment = drawn("dress", "plain", ground="grey")
    (tmp_path / "dress.png").write_bytes(garment.content())
    told = Told(garment.matte, "dress")
    from_file = read_reference(tmp_path / "dress.png", told, regions, None)
    from_array = read_reference(shown(garment), told, regions, None)
    assert np.array_equal(from_file.matte, from_array.matte) and from_file.points == from_array.points
    assert len(from_file.sha256) == len(from_array.sha256) == 64 and from_file.sha256 != from_array.sha256


def test_transparency_is_the_matte(regions, tmp_path):
    garment = drawn("t-shirt", "checks")
    layers = np.dstack([shown(garment), np.rint(garment.matte * 255).astype(np.uint8)])
    Image.fromarray(layers).save(tmp_path / "cut.png")
    found = read_reference(tmp_path / "cut.png", Told(np.ones_like(garment.matte), "t-shirt"), regions, None)
    assert np.abs(found.matte - garment.matte).max() < 0.01


def test_a_large_picture_keeps_so_many_pixels(tmp_path):
    Image.new("RGB", (1200, 3200), "red").save(tmp_path / "large.png")
    assert read_picture(tmp_path / "large.png").size == (LARGEST, 600)
    assert read_picture(np.zeros((100, 2000, 3))).size == (80, LARGEST)


def test_a_garment_upside_down_has_its_points_where_they_are(regions):
    garment = drawn("t-shirt", "plain", ground="grey")
    inverted = shown(garment)[::-1, ::-1].copy()

    class Unsure(Told):
        def see(self, picture):
            self.looks += 1
            self.chance = 0.4 if self.looks < 3 else 0.9  # the third look is at the picture turned
            return super().see(picture)

        looks = 0

    found = read_reference(inverted, Unsure(garment.matte[::-1, ::-1].copy(), "t-shirt"), regions, None)
    height, width = garment.matte.shape
    assert found.points["left hem"][1] < found.points["left neck"][1]
    for name, (x, y) in garment.points.items():
        assert np.hypot(*np.subtract(found.points[name], (width - x, height - y))) < 0.07 * height, name


def test_of_two_garments_in_a_picture_the_wanted_one_is_taken(regions):
    one, other = drawn("t-shirt", "plain"), drawn("shorts", "plain")
    picture = np.concatenate([shown(one), shown(other)], 1)
    matte = np.concatenate([one.matte, other.matte], 1)
    areas = [each.matte.sum() for each in (one, other)]
    kinds = ["t-shirt", "shorts"] if areas[0] > areas[1] else ["shorts", "t-shirt"]
    found = read_reference(picture, Told(matte, "shirt", *kinds, kinds[1]), regions, None, "lower")
    assert found.kind == "shorts" and found.matte[:, : one.matte.shape[1]].max() == 0
    with pytest.raises(InputError, match="shows 2 garments"):
        read_reference(picture, Told(matte, "shirt", *kinds), regions, None)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (np.zeros((20, 20, 3), np.uint8), "only 20 x 20 pixels"),
        (np.zeros((90, 90), np.uint8), "is no picture"),
        (np.full((90, 90, 3), np.nan), "no numbers"),
        (np.full((120, 120, 3), 128, np.uint8), "shows no garment"),
    ],
)
def test_what_is_no_picture_of_a_garment_is_refused(source, sentence, regions):
    with pytest.raises(InputError, match=sentence):
        read_reference(source, Told(np.zeros((90, 90), np.float32), "dress"), regions, None)


def test_a_garment_that_is_too_small_is_refused(regions):
    garment = drawn("dress", "plain", size=(60, 60))
    picture, matte = np.full((250, 250, 3), 255, np.uint8), np.zeros((250, 250), np.float32)
    picture[100:160, 100:160], matte[100:160, 100:160] = shown(garment), garment.matte
    with pytest.raises(InputError, match=r"is \d\d pixels large"):
        read_reference(picture, Told(matte, "dress"), regions, None)


def test_a_garment_for_another_region_is_refused(regions):
    with pytest.raises(InputError, match="shows trousers; say --garment .*@lower"):
        read(drawn("trousers", "plain"), regions, "trousers", wanted="upper")


def test_what_somebody_wears_is_taken_and_said(regions):
    pose = Pose.from_bundle(load_bundle("street"))
    told = Told(np.zeros((64, 64), np.float32), "jumper")
    found = read_reference(ROOT / "docs" / "astronaut.png", told, regions, pose)
    assert found.worn and 0.05 < found.matte.mean() < 0.6
    assert found.notices[-1].endswith(f"astronaut.png shows somebody; the {found.kind} they wear is taken.")
    with pytest.raises(InputError, match="wears nothing of the region lower"):
        read_reference(ROOT / "docs" / "astronaut.png", told, regions, pose, "lower")


@pytest.mark.parametrize(
    ("kind", "cloth", "ground"),
    [
        ("t-shirt", "plain", "wood"),
        ("skirt", "plain", "white"),
        ("dress", "logo", "grey"),
        ("jumper", "checks", "wood"),
    ],
)
def test_the_bundled_network_finds_garments_also_in_bold_cloth(kind, cloth, ground, regions):
    garment = drawn(kind, cloth, ground=ground)
    found = read_reference(shown(garment), Garments.from_bundle(load_bundle("street")), regions, None)
    inside, truth = found.matte > 0.5, garment.matte > 0.5
    assert (inside & truth).sum() / (inside | truth).sum() > 0.9 and found.kind == kind


def test_a_picture_without_a_garment_is_refused_by_the_bundled_network(regions):
    with pytest.raises(InputError, match="shows no garment; give a picture of one garment, lying, hanging or worn"):
        read_reference(ROOT / "docs" / "swatches.jpg", Garments.from_bundle(load_bundle("street")), regions, None)


def test_a_bundle_that_finds_no_garments_names_one_that_does(tmp_path):
    save_part(tmp_path / "mine", "regions", Pyramid(2, 0), "pyramid", {"classes": 2, "size": 0})
    with pytest.raises(WeightsError, match=r"Bundle mine finds no garments in pictures: .* --bundle \(street\)"):
        Garments.from_bundle(load_bundle(tmp_path / "mine"))
