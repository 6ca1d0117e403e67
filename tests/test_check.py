"""What people see at once in an edit, figure by figure, on drawn people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn import REGIONS, dressed, person, seen
from scipy import ndimage

from fice.check import DECISIVE, LIMITS, check, colours_reached, complaints, merit


@pytest.fixture(scope="module")
def red():
    return person()


@pytest.fixture(scope="module")
def blue(red):
    return dressed(red.subject, "blue shirt")


def figures(worn, edit, pixels, shapes=()):
    """Of a picture (H, W, 3) in [0, 1] or as uint8, as if it were the edit."""
    pixels = pixels if pixels.dtype == np.uint8 else np.rint(pixels * 255).astype(np.uint8)
    after = seen(replace(worn.subject.photo, pixels=pixels), worn.subject.frame)
    return check(worn.subject, REGIONS, edit.plan.pieces, after, shapes=shapes)


def blue_view(worn, edit):
    return seen(replace(worn.subject.photo, pixels=edit.pixels), worn.subject.frame)


def test_a_clean_edit_has_no_fault(red, blue):
    found = figures(red, blue, blue.pixels)
    assert found["changed"] > 0.95 and max(found["spill"], found["painted"]) < 0.01 and found["rim"] < 2
    assert "print_left" not in found and complaints(found) == [] and merit(found) > 0.9


def test_a_photo_as_it_was_is_an_unchanged_garment(red, blue):
    found = figures(red, blue, red.subject.photo.pixels)
    assert found["changed"] == 0 and complaints(found) == ["Only 0% of the garment looks different."]


def test_what_changes_beside_the_person_is_spill(red, blue):
    spilt = blue.pixels / 255
    spilt[50:150, 5:30] = 0.3
    garment = red.parts["upper"] > 0.5
    found = figures(red, blue, spilt)
    assert found["spill"] == pytest.approx(2500 / (2500 + garment.sum()), abs=0.03)
    assert found["painted"] == 0 and [text for text in complaints(found) if "beside the person" in text]


def test_a_garment_of_another_cut_is_no_spill(red, blue):
    flared = blue.pixels / 255
    flared[50:150, 5:30] = 0.3
    meant = torch.zeros(1, 1, *flared.shape[:2])
    meant[..., 50:150, 5:30] = 1
    found = figures(red, blue, flared, [red.subject.frame.to_canvas(meant, fill=0.0)])
    assert found["spill"] < 0.03 and complaints(found) == []


def test_a_face_in_the_garments_colour_is_painted_skin(red, blue):
    face = red.parts["face"]
    found = figures(red, blue, blue.pixels / 255 * (1 - face[..., None]) + face[..., None] * (0.2, 0.3, 0.8))
    kept = np.maximum.reduce([red.parts[name] for name in ("face", "hair", "skin")]) > 0.5
    assert found["painted"] == pytest.approx((face > 0.5).sum() / kept.sum(), abs=0.05)
    assert found["spill"] == 0 and [text for text in complaints(found) if "skin and hair" in text]


def test_half_a_garment_is_cut_out_of_its_cloth(red, blue):
    piece = blue.plan.pieces[0]
    half = piece.wide.clone()
    half[..., half.shape[3] // 2 :] = 0
    pieces = piece, replace(piece, wide=half)
    whole, cut = (check(red.subject, REGIONS, [each], blue_view(red, blue)) for each in pieces)
    assert whole["cut"] < 0.1 and cut["cut"] > 0.25
    assert [text for text in complaints(cut) if "runs through cloth" in text]


@pytest.mark.parametrize("level", [0.0, 1.0], ids=["dark", "white"])
def test_a_line_around_the_garment_is_a_rim(red, blue, level):
    garment = red.parts["upper"] > 0.5
    line = ndimage.binary_dilation(garment, iterations=2) & ~ndimage.binary_erosion(garment)
    found = figures(red, blue, np.where(line[..., None], level, blue.pixels / 255))
    assert found["rim"] > 10 and [text for text in complaints(found) if text.startswith("A rim is left")]


def test_a_print_that_shows_is_left_and_one_that_is_gone_is_not():
    dotted = np.where((np.add.outer(np.arange(400) // 8, np.arange(200) // 8) % 2)[..., None], 0.9, (0.1, 0.15, 0.4))
    worn = person(upper=dotted)
    edit = dressed(worn.subject, "red shirt")
    assert figures(worn, edit, worn.subject.photo.pixels)["print_left"] == pytest.approx(1, abs=0.1)
    assert figures(worn, edit, edit.pixels)["print_left"] < 0.15
    half = (edit.pixels.astype(float) + worn.subject.photo.pixels) / 2 / 255
    found = figures(worn, edit, half)
    assert 0.2 < found["print_left"] < 0.9 and [text for text in complaints(found) if "old print" in text]


def test_each_fault_costs_and_the_worst_costs_the_most():
    fine = dict.fromkeys(LIMITS, 0.0) | {"changed": 1.0}
    assert merit(fine) == 1 and not complaints(fine)
    for name, (limit, _) in LIMITS.items():
        at, beyond = (
            fine | {name: value} for value in ((limit, limit / 2) if name == "changed" else (limit, 3 * limit))
        )
        assert len(complaints(beyond)) == (name != "instead")
        assert merit(at) == pytest.approx(1 - (name in DECISIVE) / len(DECISIVE)) and merit(beyond) < merit(at)
    assert not complaints({})


@pytest.mark.parametrize("text", ["blue shirt", "white shirt", "black shirt", "pastel yellow shirt", "#007aff shirt"])
@pytest.mark.parametrize("exposure", [1.0, 0.3])
def test_the_asked_colour_is_reached_in_the_scenes_light(text, exposure):
    worn = person(upper=(0.15, 0.45, 0.25), exposure=exposure)
    edit = dressed(worn.subject, text)
    (found,) = colours_reached(worn.subject, edit.plan.pieces, edit.cloths, edit.after)
    assert found["delta_e"] < 6
    assert (text, exposure) != ("#007aff shirt", 1.0) or found["asked"] == "#007aff"
    garment = ndimage.binary_erosion(worn.parts["upper"] > 0.9, iterations=8)
    shown = np.median(edit.pixels[garment], 0)
    assert np.abs(shown - [int(found["reached"][i : i + 2], 16) for i in (1, 3, 5)]).max() < 4


def test_no_colour_is_told_of_designs_materials_and_garments_that_keep_theirs(red):
    for text in ("striped blue shirt", "blue leather shirt", "silk shirt"):
        edit = dressed(red.subject, text)
        assert colours_reached(red.subject, edit.plan.pieces, edit.cloths, edit.after) == []
