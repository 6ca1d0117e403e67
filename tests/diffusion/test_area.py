"""Where a diffusion model may paint, on drawn people: what a new cut needs, and what stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from bodies import HIPS, SHOULDERS, joints, trunk
from diffusion.people import BODY, REGIONS, SHIRT, T_SHIRT, TROUSERS, arms, box, legs, plan_for, skirt, somebody

from fice.diffusion.area import areas_of, worn_after
from fice.errors import InputError
from fice.subject.regions import REGION_CLASSES

BETWEEN = box(-3, HIPS + 40, 3, HIPS + 60)  # the legs
HANDS = arms(1.08, 1.25, 4)


def area(subject, text, **wishes):
    """The only area of an order, (h, w) bool."""
    (found,), _ = areas_of(plan_for(subject, text, **wishes), REGIONS, 0.02)
    return found[0, 0].numpy() > 0.5


def share(found, of):
    """How much of a mask (h, w) an area covers."""
    return float(found[of > 0.5].mean())


@pytest.fixture(scope="module")
def man():
    return somebody(trousers=TROUSERS, upper=T_SHIRT)


def test_a_garment_of_the_same_cut_may_outgrow_the_old_one_a_little(man):
    found = area(man, "red silk t-shirt")
    assert share(found, T_SHIRT) > 0.99 and share(found, TROUSERS * (1 - T_SHIRT)) < 0.1
    assert share(found, arms(0.6, 1)) == 0 and found.sum() < 1.4 * T_SHIRT.sum()


@pytest.mark.parametrize(
    ("text", "worn", "forearms"),
    [("long-sleeved shirt", T_SHIRT, True), ("sleeveless top", SHIRT, True), ("sleeveless top", T_SHIRT, False)],
)
def test_other_sleeves_take_in_the_arm_to_its_next_joint_and_leave_the_hands(text, worn, forearms):
    found = area(somebody(trousers=TROUSERS, upper=worn), text)
    assert share(found, arms(0.05, 0.48, 7)) > 0.9 and share(found, HANDS) == 0
    assert (share(found, arms(0.6, 0.95)) > 0.9) is forearms


def test_a_skirt_in_the_place_of_trousers_has_the_room_between_the_legs(man):
    assert share(area(man, "turn the trousers into a skirt"), BETWEEN) == 1
    assert share(area(man, "blue jeans"), BETWEEN) == 0


def test_trousers_in_the_place_of_a_skirt_have_the_legs_to_the_shoes():
    found = area(somebody(upper=T_SHIRT, skirt=skirt(30)), "black trousers")
    assert share(found, legs(0.05, 0.97)) > 0.97 and share(found, BODY["shoes"]) == 0
    assert share(found, BODY["face"]) == 0


@pytest.mark.parametrize(("text", "calves"), [("mini skirt", False), ("maxi skirt", True), ("shorts", False)])
def test_another_hem_takes_in_the_legs_to_the_next_joint(text, calves):
    found = area(somebody(upper=T_SHIRT, skirt=skirt(6)), text)
    assert (share(found, legs(0.65, 0.95)) > 0.95) is calves


def test_a_dress_takes_the_place_of_a_top_and_trousers(man):
    found = area(man, "red dress")
    assert share(found, T_SHIRT) > 0.99 and share(found, TROUSERS) > 0.97 and share(found, BETWEEN) == 1


def test_half_a_dress_gives_way_to_what_is_worn_there():
    dressed = somebody(dress=np.maximum(trunk(), skirt(40)))
    lower, upper = area(dressed, "blue jeans"), area(dressed, "white t-shirt")
    chest, lap = trunk(14, SHOULDERS, SHOULDERS + 20), box(-14, HIPS, 14, HIPS + 30)
    assert share(lower, chest) == 0 and share(lower, lap) == 1 and share(lower, legs(0.6, 0.95)) > 0.95
    assert share(upper, chest) == 1 and share(upper, box(-14, HIPS + 5, 14, HIPS + 30)) == 0
    both, _ = areas_of(plan_for(dressed, "white t-shirt and blue jeans"), REGIONS, 0.02)
    assert len(both) == 2


def test_what_is_not_named_lies_before_a_dress_and_behind_a_coat(man):
    coat = np.maximum(trunk() * (1 - box(-6, 0, 6, 200)), arms(0, 1, 5.5))
    dressed = somebody(trousers=TROUSERS, upper=T_SHIRT, outer=coat)
    assert share(area(dressed, "red dress"), coat * (1 - box(-9, 0, 9, 200))) < 0.05
    assert share(area(man, "long wool coat"), legs(0.1, 0.6)) > 0.9


def test_things_before_a_garment_stay_and_its_print_does_not():
    bag, print_ = box(6, HIPS - 20, 30, HIPS), box(-8, SHOULDERS + 10, 0, SHOULDERS + 18)
    found = area(somebody(trousers=TROUSERS, upper=T_SHIRT, bag=np.maximum(bag, print_)), "red t-shirt")
    assert share(found, bag) == 0 and share(found, print_) == 1


def test_hands_before_a_skirt_stay():
    hand = box(-5, HIPS - 6, 5, HIPS + 8)
    subject = somebody(upper=T_SHIRT, skirt=skirt(40), skin=hand)
    assert share(area(subject, "maxi skirt"), hand) == 0


def test_a_part_grows_by_no_more_than_a_few_pixels(man):
    found, sleeves = area(man, "red", region="sleeves"), arms(0, 0.4, 5.5)
    assert share(found, sleeves * (1 - trunk(20))) > 0.9 and found.sum() < 2 * sleeves.sum()
    assert share(found, trunk(10, SHOULDERS + 5)) == 0


def test_nothing_is_painted_beyond_a_mask_and_never_the_head(man):
    photo, frame = man.photo, man.frame
    mask = np.zeros(photo.size, np.float32)
    mask[: photo.size[0] // 2, : photo.size[1] // 2] = 1
    allowed = frame.to_canvas(torch.from_numpy(mask)[None, None], fill=0.0)[0, 0].numpy() > 0.5
    found = area(man, "long-sleeved shirt", mask=mask)
    assert found.any() and not found[~allowed].any() and share(found, BODY["face"]) == 0
    head = frame.to_photo(torch.from_numpy(BODY["face"])[None, None], kernel="linear")[0, 0].numpy()
    with pytest.raises(InputError, match="the head stays"):
        area(man, "red shirt", mask=(head > 0.99).astype(np.float32))


def test_somebody_without_keypoints_has_arms_and_legs_too(man):
    found = area(replace(man, points=None), "long-sleeved red dress")
    assert share(found, legs(0.1, 0.9)) > 0.8 and share(found, BETWEEN) == 1


def test_who_shall_stand_otherwise_is_painted_where_they_stood_and_shall_stand(man):
    plan = replace(plan_for(man, "red dress"), joints=joints(70.0) | {"nose": (64.0, 20.0, 1.0)})
    plan.joints.update({f"{side} {name}": (0.0, 0.0, 0.0) for side in ("left", "right") for name in ("hand", "toe")})
    (found,), _ = areas_of(plan, REGIONS, 0.02)
    found = found[0, 0].numpy() > 0.5
    assert share(found, np.maximum(T_SHIRT, TROUSERS)) == 1 and share(found, BODY["face"]) == 0
    x, y, _ = plan.joints["left elbow"]
    assert found[int(y), int(x)] and not area(man, "red dress")[int(y), int(x)]


def test_a_garment_is_found_again_by_its_kind_or_as_any():
    plan = plan_for(somebody(trousers=TROUSERS, upper=T_SHIRT), "red dress")
    (piece,), painted = plan.pieces, torch.ones(1, 1, 2, 4)
    seen = torch.zeros(1, len(REGION_CLASSES), 2, 4)
    seen[:, REGION_CLASSES.index("dress"), 0] = 1
    seen[:, REGION_CLASSES.index("outer"), 1, :1] = 1
    assert worn_after(piece, seen, painted, REGIONS).sum() == 4
    assert worn_after(piece, seen.roll(1, 1), painted, REGIONS).sum() == 5  # seen as other kinds


def test_a_part_beyond_a_strap_is_the_garments_and_one_further_away_is_somebody_elses():
    strap, beside = box(9, 0, 12, 200), box(44, SHOULDERS, 55, HIPS)
    shirt = np.maximum(trunk() * (1 - strap), beside)
    found = area(somebody(trousers=TROUSERS, upper=shirt, bag=strap * trunk()), "red shirt")
    assert share(found, box(13, SHOULDERS, 16, HIPS - 5)) > 0.9 and share(found, beside) == 0
