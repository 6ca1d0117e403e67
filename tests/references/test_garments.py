import pytest
from garments import CLOTHS, drawn

from fice.references.reference import KINDS, POINTS


@pytest.mark.parametrize("kind", KINDS)
def test_the_points_of_a_drawn_garment_lie_on_its_outline(kind):
    garment = drawn(kind, "plain", turn=15)

    names = {name.removeprefix("left ").removeprefix("right ") for name in garment.points}
    assert names - {"crotch"} == {*POINTS[kind]}
    for name, (x, y) in garment.points.items():
        near = 16 if name == "crotch" else 4  # legs part slowly
        around = garment.matte[round(y) - near : round(y) + near, round(x) - near : round(x) + near]
        assert around.min() < 0.5 < around.max()


@pytest.mark.parametrize("cloth", CLOTHS)
def test_a_drawn_garment_has_the_wearers_left_on_the_right_and_its_marks_on_itself(cloth):
    garment = drawn("t-shirt", cloth)

    assert garment.points["left hem"][0] > garment.points["right hem"][0]
    assert (cloth in ("checks", "logo", "text")) == bool(garment.marks)
    assert all(garment.matte[int(y), int(x)] == 1 for x, y in garment.marks.values())
