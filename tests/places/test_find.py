"""Places on drawn people: where a tailor would look for them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from bodies import ARM, CANVAS, CROWN, HIPS, SHOULDERS, framed, joints, limb, places, shirt, trousers

from fice.course import Spent
from fice.errors import InputError
from fice.language.places import read_area
from fice.photo.photo import Photo
from fice.places.find import Places
from fice.places.overlay import overlay
from fice.subject.regions import REGION_CLASSES, Regions
from fice.subject.subject import Subject

REGIONS = Regions(torch.nn.Identity())
NECK = SHOULDERS - 4


def box(left, top, right, bottom):
    """A rectangle in cm from the middle and from the top."""
    x, y = places()
    return ((x > left) & (x < right) & (y > top) & (y < bottom)).astype(np.float32)


def somebody(points=None, **layers):
    """Somebody who wears each class where its mask (h, w) is; later ones lie before earlier ones."""
    found = np.zeros((len(REGION_CLASSES), *CANVAS), np.float32)
    found[0] = 1
    for name, mask in layers.items():
        found *= 1 - mask
        found[REGION_CLASSES.index(name)] += mask
    frame = framed()
    shade = 5 * torch.from_numpy(found).argmax(0) % len(REGION_CLASSES)  # of neighbours far apart
    view = torch.zeros(1, 3, *CANVAS) + shade / len(REGION_CLASSES)
    photo = Photo(Path("drawn.png"), "PNG", np.zeros((*frame.photo_size, 3), np.uint8), None, 1, "0")
    return Subject(photo, frame, view, view, torch.from_numpy(found)[None], 1.0, [], Spent(), points=points)


def man(angle=30.0, points=None, **more):
    """A man in a shirt, trousers and shoes, his arms held out."""
    shoes = np.maximum(box(-26, CROWN + 150, -12, CROWN + 160), box(12, CROWN + 150, 26, CROWN + 160))
    head = box(-7, CROWN, 7, NECK + 3)
    wear = {"trousers": trousers(), "upper": shirt(angle), "face": head, "shoes": shoes}
    return somebody(joints(angle, legs=20) if points is None else points, **wear | more)


def find(subject, words):
    return Places(subject, REGIONS).find(read_area(words))


def where(subject, words):
    """Where words are, (h, w) bool."""
    return find(subject, words).where[0, 0].numpy() > 0.5


def middle(mask):
    """The centre in cm from the middle and from the top."""
    x, y = places()
    return float(x[mask].mean()), float(y[mask].mean())


def test_a_sleeve_is_what_goes_around_an_arm_of_the_wearers_side():
    left, right, both = (where(man(), words) for words in ("left sleeve", "right sleeve", "the sleeves"))
    arm = limb((15 + ARM / 4, SHOULDERS + ARM * 0.43), (15 + ARM / 2, SHOULDERS + ARM * 0.87)) > 0.5
    assert middle(left)[0] > 15 > -15 > middle(right)[0]
    assert (left & arm).sum() > 0.95 * arm.sum() and not (left & right).any()
    assert (both == left | right).mean() > 0.999 and not (both & (box(-10, SHOULDERS, 10, HIPS) > 0)).any()


def test_of_somebody_seen_from_behind_the_sides_are_the_other_way_round():
    turned = {name: (CANVAS[1] - x, y, sure) for name, (x, y, sure) in joints(30.0, legs=20).items()}
    for words in ("left sleeve", "the left leg of the trousers", "left shoe"):
        assert middle(where(man(), words))[0] > 5 > -5 > middle(where(man(points=turned), words))[0]


def test_the_viewers_side_is_taken_where_the_picture_is_named():
    assert middle(where(man(), "the sleeve on the left of the picture"))[0] < -15


def test_legs_that_cross_are_told_apart_by_the_feet():
    points = joints(30.0, legs=20)
    for joint in ("knee", "ankle"):
        points[f"left {joint}"], points[f"right {joint}"] = points[f"right {joint}"], points[f"left {joint}"]
    assert middle(where(man(points=points), "left shoe"))[0] < 0


def test_a_cuff_is_the_last_tenth_of_a_sleeve():
    sleeve, cuff = where(man(), "left sleeve"), where(man(), "left cuff")
    assert 0.05 < cuff.sum() / sleeve.sum() < 0.2 and (cuff & ~sleeve).sum() < 0.05 * cuff.sum()
    x, y = middle(cuff)
    assert np.hypot(x - 15 - ARM / 2, y - SHOULDERS - ARM * 0.866) < 6


def test_a_hem_is_above_the_lower_edge_and_of_trousers_on_each_leg():
    x, y = places()
    shirt_hem, hems = where(man(), "the hem of the shirt"), where(man(), "the hem of the trousers")
    assert HIPS - 3 < y[shirt_hem].min() and y[shirt_hem].max() < HIPS + 6
    assert y[hems].min() > CROWN + 130 and {*np.sign(x[hems])} == {-1, 1}
    skirt = man(trousers=box(-20, HIPS - 14, 20, HIPS + 45))
    skirt = somebody(joints(30.0), skirt=box(-20, HIPS - 14, 20, HIPS + 45), upper=shirt(30.0))
    assert HIPS + 38 < y[where(skirt, "hem")].min()


def test_a_collar_lies_around_the_neck_and_a_coats_along_its_opening():
    x, y = places()
    collar = where(man(), "collar")
    assert collar.any() and y[collar].max() < NECK + 10 and abs(x[collar]).max() < 14
    opening = box(-5, NECK, 5, HIPS)
    coat = man(outer=shirt(30.0) * (1 - opening), face=box(-7, CROWN, 7, NECK + 3))
    lapels = where(coat, "the collar of the coat")
    assert {*np.sign(x[lapels])} == {-1, 1} and y[lapels].max() > NECK + 15
    assert abs(x[lapels]).max() < 14 and not (lapels & (opening > 0)).any()


def test_heights_part_clothes_where_one_ends_near_them():
    x, y = places()
    below, above = where(man(), "everything below the waist"), where(man(), "everything above the waist")
    trousers_ = man().regions[0, REGION_CLASSES.index("trousers")].numpy() > 0.5
    assert (below & trousers_).sum() > 0.98 * trousers_.sum() and not (above & trousers_).any()
    assert y[where(man(), "the trousers below the knees")].min() > CROWN + 117


def test_the_waist_is_a_band_between_the_shoulders_and_the_hips():
    x, y = places()
    dress = somebody(joints(30.0), dress=np.maximum(shirt(30.0), box(-20, HIPS - 14, 20, HIPS + 40)))
    waist = where(dress, "the waist")
    assert SHOULDERS + 20 < y[waist].min() and y[waist].max() < HIPS and abs(x[waist]).max() < 20


def test_what_is_left_out_is_left_out_and_the_garment_is_known_as_a_whole():
    found = find(man(), "the shirt but not the left sleeve")
    assert middle(found.where[0, 0].numpy() > 0.5)[0] < -1
    assert found.limit is not None and found.whole.sum() > 1.2 * found.where.sum()
    assert find(man(), "the shirt").limit is None


def test_joined_places_are_all_of_them_and_one_that_is_not_there_is_told():
    both = where(man(), "left sleeve and shoes")
    assert (both == where(man(), "left sleeve") | where(man(), "shoes")).mean() > 0.999
    assert find(man(), "the sleeves and the bag").missing == ("bag",)
    assert find(man(), "skirt or trousers").missing == ()


@pytest.mark.parametrize("words", ["the bag", "the skirt", "coat", "the sleeves of the coat", "belt", "dress", "hat"])
def test_what_is_not_there_is_answered_with_what_is(words):
    with pytest.raises(InputError, match="top, trousers, shoes"):
        find(man(), words)


def test_without_sleeves_there_are_none():
    with pytest.raises(InputError, match="sleeves"):
        find(somebody(joints(30.0), upper=box(-17, SHOULDERS - 4, 17, HIPS), trousers=trousers()), "the sleeves")


def test_without_joints_a_body_is_made_up_from_its_clothes():
    assert middle(where(man(points={}), "left sleeve"))[0] > 15


def test_what_leaves_nothing_in_the_picture_is_told():
    with pytest.raises(InputError, match="leaves nothing in this picture"):
        find(man(), "the trousers but not everything below the chest")


def test_a_finer_channel_is_its_share_of_the_class():
    regions = Regions(Finer(), ("background", "accessories", "accessories"), own=("background", "accessories", "belt"))
    probabilities = torch.tensor([0.2, 0.8])[None, :, None, None].expand(1, 2, 4, 4)
    channels = partial(regions.channels, torch.zeros(1, 3, 4, 4))
    belt = regions.finer(channels, probabilities, "belt")
    assert belt.mean() == pytest.approx(0.8 * 0.75) and regions.finer(channels, probabilities, "scarf").max() == 0


class Finer(torch.nn.Module):
    """Three in four of the accessories are a belt."""

    def forward(self, picture):
        return torch.tensor([0.2, 0.2, 0.6]).log()[None, :, None, None].expand(1, 3, *picture.shape[2:])


def test_an_overlay_tints_the_place_alone():
    subject = man()
    found = {"left sleeve": find(subject, "left sleeve").where}
    shown = overlay(subject, found)
    sleeve = subject.frame.to_photo(found["left sleeve"], kernel="linear")[0, 0].numpy()
    named = np.indices(sleeve.shape)[0] < 60  # its name is written at the top
    assert shown.shape == (*subject.photo.size, 3) and shown[sleeve > 0.6].max(1).min() > 50
    assert shown[(sleeve == 0) & ~named].max() == 0 and shown[named].max() > 0
