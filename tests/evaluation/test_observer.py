"""Networks look at edits: made by hand of generated people, so that what must come out is known."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import person_on_a_wall
from garments import drawn
from PIL import Image
from scipy import ndimage

from fice.bundle.bundle import load_bundle
from fice.evaluation.columns import MEASURES
from fice.evaluation.observer import Observer
from fice.evaluation.plans import OUTLINE_FREE
from fice.evaluation.triples import Triple
from fice.language.clip import Semantics
from fice.language.lexicon import COLOURS
from fice.language.words import parse
from fice.order import Order
from fice.photo.photo import read_photo
from fice.plan import make_plan
from fice.subject.analysis import Analysis
from fice.subject.regions import HEAD

OF_EACH = {measure.name for measure in MEASURES if not measure.whole}
SHIFT = 14  # pixels

# measures of swatches, of new backgrounds and of pictures
UNASKED = {"lost", "swatch colour", "swatch period", "swatch turn", "swatch detail"}
UNASKED |= {"clip-i", "clip-i*", "confusion", "right garment", "dists"}


@pytest.fixture(scope="module")
def observer():
    return Observer(load_bundle("street"), Semantics.from_bundle(load_bundle("street-judge")), "cpu")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return person_on_a_wall(tmp_path_factory.mktemp("people"), seed=9)  # whose head and dress are seen


@pytest.fixture(scope="module")
def sight(observer, source):
    return observer.analysis(read_photo(source), observer.device)


def place(observer, sight, names) -> np.ndarray:
    """Where any of the classes is, (H, W) bool."""
    found = observer.regions.select(sight.regions, names)
    return sight.frame.to_photo(found, kernel="linear")[0, 0].numpy() > 0.5


@pytest.fixture(scope="module")
def garment(observer, sight):
    """Where the dress is that a sentence changes."""
    order = Order.of("red dress")
    wanted = [(order.garments[0], sentence) for sentence in parse("red dress")]
    (piece,) = make_plan(sight, order, wanted, observer.regions, OUTLINE_FREE).pieces
    found = sight.frame.to_photo(piece.wide, kernel="linear")[0, 0].numpy() > 0.5
    assert found.mean() > 0.02
    return found


@pytest.fixture
def edited(source, tmp_path):
    """edited(change, name="edit.png", text="red dress"): the triple of an edit whose pixels `change` has changed."""

    def made(change=lambda pixels: None, name="edit.png", text="red dress", report=None, error=None, **wishes):
        pixels = np.array(Image.open(source))
        changed = change(pixels)
        Image.fromarray(pixels if changed is None else changed).save(tmp_path / name)
        return Triple(source, tmp_path / name, Order.of(text, **wishes), report or {}, error)

    return made


def painted(where, colour):
    def paint(pixels):
        pixels[where] = colour

    return paint


def shaded(where, colour):
    """The cloth in another colour, its folds kept, as deep as a photograph's."""

    def paint(pixels):
        light = pixels[where].mean(1, keepdims=True)
        pixels[where] = np.clip(np.array(colour) * (light / np.median(light)).clip(0.8, 1.2), 0, 255)

    return paint


def test_what_was_not_edited_is_as_it_was(observer, edited):
    row = observer.observe("mine", edited(report={"seconds": 2.5, "curve": [[0, 3.5], [9, 1]]}, seed=4))
    assert (row.run, row.text, row.seed, row.curve) == ("mine", "red dress", 4, ((0, 3.5), (9, 1.0)))
    assert set(row.values) == OF_EACH - {"right pattern", "print left", *UNASKED}
    assert "No swatch" in row.reasons["swatch period"] and "background" in row.reasons["lost"]
    assert "names no pattern" in row.reasons["right pattern"] and "had no print" in row.reasons["print left"]
    assert row.values["gain"] == pytest.approx(0, abs=1e-5)
    assert row.values["similarity"] == pytest.approx(row.values["similarity before"], abs=1e-5)
    assert row.values["silhouette iou"] == 1
    exact = {
        "identical": 1,
        "psnr outside": 100,
        "ssim outside": 1,
        "head psnr": 100,
        "head ssim": 1,
        "part iou": 1,
        "part distance": 0,
        "changed": 0,
        "spill": 0,
        "painted": 0,
        "rim": 0,
        "seconds": 2.5,
    }
    assert {name: row.values[name] for name in exact} == exact


def test_a_new_colour_of_the_garment(observer, edited, garment):
    red = observer.observe("a", edited(shaded(garment, COLOURS["red"]), "red.png")).values
    blue = observer.observe("a", edited(shaded(garment, COLOURS["blue"]), "blue.png")).values
    for values in (red, blue):
        assert (values["identical"], values["psnr outside"], values["ssim outside"]) == (1, 100, 1)
        assert (values["head psnr"], values["head ssim"]) == (100, 1)
        assert values["part iou"] > 0.55 and values["part distance"] < 3.5  # the network has its doubts
    assert red["colour error"] < 6 and blue["colour error"] > 50
    assert red["similarity"] > blue["similarity"] + 0.2
    assert red["similarity before"] == blue["similarity before"]
    assert red["gain"] == pytest.approx(red["similarity"] - red["similarity before"])
    assert (red["colour halved"], blue["colour halved"]) == (1, 0)
    told = observer.observe("a", edited(shaded(garment, COLOURS["blue"]), "b2.png", text="blue dress")).values
    assert (told["right caption"], blue["right caption"]) == (1, 0)
    assert told["colour error"] < 6 and told["similarity"] > blue["similarity"] + 0.2


def test_faults_that_people_see_are_measured(observer, edited, garment, sight):
    head = place(observer, sight, HEAD)
    red = observer.observe("a", edited(shaded(garment, COLOURS["red"]), "red.png")).values
    assert red["changed"] > 0.9 and red["spill"] < 0.02 and red["painted"] < 0.02
    painted_head = observer.observe("a", edited(painted(head, (0, 160, 0)), "head.png")).values
    assert painted_head["painted"] > 0.4 and painted_head["changed"] < 0.1
    rimmed = ndimage.binary_dilation(garment, iterations=1) & ~ndimage.binary_erosion(garment, iterations=1)
    assert observer.observe("a", edited(painted(rimmed, (0, 0, 0)), "rim.png")).values["rim"] > red["rim"] + 5
    assert observer.observe("a", edited(painted(~garment, (0, 90, 200)), "wall.png")).values["spill"] > 0.5


def test_figures_of_the_check_are_those_of_the_report(observer, edited):
    told = {"changed": 0.9, "spill": 0.01, "painted": 0.0, "rim": "thick", "print_left": 0.25}
    row = observer.observe("a", edited(report={"check": told}))
    assert (row.values["changed"], row.values["spill"], row.values["print left"]) == (0.9, 0.01, 0.25)
    assert "rim" not in row.values and "has no rim" in row.reasons["rim"]


def test_the_judge_sees_the_garment_alone(observer, edited, garment):
    """A street of another colour changes nothing of what the judge says."""
    far = ~ndimage.binary_dilation(garment, iterations=12)
    plain = observer.observe("a", edited(name="plain.png")).values
    seen = observer.observe("a", edited(painted(far & (np.arange(300) < 30), (30, 90, 200)))).values
    assert seen["similarity"] == pytest.approx(plain["similarity"], abs=0.05)
    assert seen["colour error"] == plain["colour error"] and seen["identical"] < 1 and seen["head psnr"] == 100


def test_a_painted_head_is_seen_in_the_head(observer, edited, sight):
    head = place(observer, sight, HEAD)
    values = observer.observe("a", edited(painted(head, (0, 160, 0)))).values
    assert values["head psnr"] < 15 and values["head ssim"] < 0.8
    outside = values["identical"]
    assert 1 - 2 * head.mean() < outside < 1 and values["psnr outside"] > values["head psnr"] + 8
    elsewhere = observer.observe("a", edited(painted(np.s_[:20, :20], (0, 160, 0)), "corner.png")).values
    assert (elsewhere["head psnr"], elsewhere["head ssim"]) == (100, 1)
    assert 1 - 2 * 400 / 120_000 < elsewhere["identical"] < 1 and elsewhere["psnr outside"] < 40


def test_a_moved_person_is_seen_in_the_frame_of_the_source(observer, edited, sight):
    moved = edited(lambda pixels: np.roll(pixels, SHIFT, 1))
    values = observer.observe("a", moved).values
    y0, _, y1, _ = sight.frame.box
    assert values["part distance"] == pytest.approx(100 * SHIFT / (y1 - y0), rel=0.2)
    assert values["part iou"] < 0.4
    further = observer.observe("a", edited(lambda pixels: np.roll(pixels, 2 * SHIFT, 1), "further.png")).values
    assert further["part distance"] > 1.5 * values["part distance"] and further["part iou"] < values["part iou"]
    columns = torch.arange(128.0)
    centres = [
        ((1 - person).sum((0, 1, 2)) @ columns / (1 - person).sum()).item()
        for person in (observer.person_of(moved), observer.person(moved.edit), sight.source)
    ]
    assert centres[0] - centres[2] == pytest.approx(SHIFT * sight.frame.scale * 128 / sight.frame.canvas[1], abs=1.5)
    assert centres[1] == pytest.approx(centres[2], abs=1.5)


def test_people_stand_on_white(observer, edited, source, tmp_path):
    wall = edited(painted(np.s_[:, :60], (200, 220, 160)))
    person = observer.person_of(wall)
    assert person.shape == (1, 3, 256, 128) and person[..., :10].min() > 0.98 and person.min() < 0.6
    same = edited(name="same.png")
    torch.testing.assert_close(observer.person_of(same), observer.person(source))
    assert observer.person_of(replace(same, error="failed")) is None
    assert observer.person_of(replace(same, edit=tmp_path / "none.png")) is None


def test_a_mask_says_where_the_edit_may_differ(observer, edited, tmp_path):
    triple = edited(painted(np.s_[10:40, 10:40], (0, 160, 0)))
    assert observer.observe("a", triple).values["identical"] < 1
    mask = np.zeros((400, 300), np.uint8)
    mask[10:40, 10:40] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    masked = observer.observe("a", replace(triple, order=Order.of(triple.order, mask=tmp_path / "mask.png"))).values
    assert (masked["identical"], masked["psnr outside"], masked["ssim outside"]) == (1, 100, 1)
    mask[10, 10] = 0
    Image.fromarray(mask).save(tmp_path / "mask.png")
    masked = observer.observe("a", replace(triple, order=Order.of(triple.order, mask=tmp_path / "mask.png"))).values
    assert masked["identical"] == pytest.approx(1 - 1 / (120_000 - 899))
    Image.fromarray(np.full((400, 300), 255, np.uint8)).save(tmp_path / "mask.png")
    row = observer.observe("a", replace(triple, order=Order.of(triple.order, mask=tmp_path / "mask.png")))
    assert "whole picture" in row.reasons["identical"] and "similarity" in row.values
    Image.fromarray(mask[:100]).save(tmp_path / "mask.png")
    row = observer.observe("a", replace(triple, order=Order.of(triple.order, mask=tmp_path / "mask.png")))
    assert "same size" in row.reasons["ssim outside"] and "head ssim" in row.values


def test_text_without_a_colour_or_without_a_known_word(observer, edited):
    row = observer.observe("a", edited(text="striped dress"))
    assert set(row.reasons) == {"colour error", "colour halved", "rim", "print left", "seconds", *UNASKED}
    assert "names no colour" in row.reasons["colour error"]
    row = observer.observe("a", edited(text="xyzzy"))
    judged = {"similarity before", "similarity", "gain", "right caption", "right pattern"}
    assert set(row.reasons) == judged | {"colour error", "colour halved", "print left", "seconds", *UNASKED}
    assert "no word of 'xyzzy'" in row.reasons["gain"]
    row = observer.observe("a", edited(text="  "))
    assert set(row.reasons) == OF_EACH and "empty" in row.reasons["gain"]


def test_a_garment_is_compared_with_its_pictures(observer, edited, tmp_path, monkeypatch):
    seen = []
    dress = drawn("dress", (0.0, 0.5, 0.1))
    monkeypatch.setattr(observer.wardrobe, "_read", lambda name, *_: seen.append(Path(name).name) or dress)
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(dress.content())
    alone = {"confusion", "right garment"}
    row = observer.observe("a", edited(text="", pictures=tmp_path / "a.png"))
    assert seen == ["a.png"] and {"clip-i", "clip-i*", "dists"} <= set(row.values) and alone <= set(row.reasons)
    assert row.values["clip-i"] == row.values["clip-i*"] < 1 and 0 < row.values["dists"] < 2
    assert "No words" in row.reasons["similarity"]
    found = [{"wanted": "green dress", "garments": [{"picture": str(tmp_path / name)} for name in ("b.png", "gone")]}]
    row = observer.observe("a", edited(text="green dress", report={"found": found}))
    assert seen == ["a.png", "b.png"] and {"clip-i", "similarity"} <= set(row.values)


@pytest.mark.parametrize(
    ("report", "seconds", "curve"),
    [
        (
            {"seconds": math.nan, "curve": [[0, math.nan], [1, 2.0], [2], "ab", [True, 1.0], [3, "x"]]},
            None,
            ((1, 2.0),),
        ),
        ({"seconds": "3", "curve": 5}, None, ()),
        ({"seconds": None}, None, ()),
        ({"seconds": 3}, 3.0, ()),
    ],
)
def test_a_report_may_hold_anything(observer, edited, report, seconds, curve):
    row = observer.observe("a", edited(report=report))
    assert row.values.get("seconds") == seconds and row.curve == curve
    assert ("seconds" in row.reasons) == (seconds is None)


def test_pictures_that_cannot_be_compared(observer, edited, source, tmp_path):
    def reason(triple):
        row = observer.observe("a", triple)
        assert not row.values and set(row.reasons) == OF_EACH
        (sentence,) = set(row.reasons.values())
        return sentence

    small = edited(lambda pixels: pixels[:200, :250].copy())
    assert reason(small) == "The edit is 250 x 200 pixels and the source 300 x 400."
    assert observer.person_of(small) is None
    good = edited(name="good.png")
    assert reason(replace(good, error="No person was found.")) == "No person was found."
    (tmp_path / "cut.png").write_bytes(source.read_bytes()[:2000])
    assert "cut.png" in reason(replace(good, edit=tmp_path / "cut.png"))
    assert "none.png" in reason(replace(good, source=tmp_path / "none.png"))
    Image.new("RGB", (300, 400), "white").save(tmp_path / "nobody.png")
    assert "No person" in reason(replace(good, source=tmp_path / "nobody.png"))


def test_an_edit_in_which_nobody_is_left(observer, edited):
    row = observer.observe("a", edited(painted(np.s_[:, :], 255)))
    assert row.values["part iou"] == 0 and row.values["head psnr"] < 20
    assert "both" in row.reasons["part distance"]
    assert all(map(math.isfinite, row.values.values()))


def test_depth_and_opacity_count_as_stored_bits(observer, edited, source, tmp_path):
    good = edited()
    pixels = np.array(Image.open(source))
    Image.fromarray(np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])).save(tmp_path / "opaque.png")
    assert observer.observe("a", replace(good, edit=tmp_path / "opaque.png")).values["identical"] == 1
    holed = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    holed[:10, :10, 3] = 254
    Image.fromarray(holed).save(tmp_path / "holed.png")
    assert observer.observe("a", replace(good, edit=tmp_path / "holed.png")).values["identical"] < 1
    Image.open(source).save(tmp_path / "edit.jpg", quality=95)
    values = observer.observe("a", replace(good, edit=tmp_path / "edit.jpg")).values
    assert values["identical"] < 1 and values["psnr outside"] > 35


def test_a_network_that_gives_no_numbers(observer, edited, monkeypatch):
    monkeypatch.setattr(observer.judge, "encode_picture", lambda views: torch.full((len(views), 256), math.nan))
    row = observer.observe("a", edited())
    judged = {"similarity before", "similarity", "gain", "right caption", "right pattern"}
    assert set(row.reasons) == judged | {"print left", "seconds", *UNASKED}
    assert "no number" in row.reasons["gain"]


def test_a_source_is_looked_at_once(observer, edited, source, tmp_path, monkeypatch):
    looked: list[Path] = []
    look = Analysis.__call__
    told = lambda self, photo, device: looked.append(photo.path) or look(self, photo, device)  # noqa: E731
    monkeypatch.setattr(Analysis, "__call__", told)
    fresh = tmp_path / "fresh.png"
    fresh.write_bytes(source.read_bytes())
    triples = [replace(edited(name=f"{i}.png"), source=fresh) for i in range(2)]
    first = observer.observe("a", triples[0])
    observer.observe("a", triples[1])
    assert observer.person(fresh) is not None and looked == [fresh]
    assert replace(observer.observe("a", triples[0]), edit=fresh) == replace(first, edit=fresh)


def test_the_same_picture_gives_the_same_row(edited, observer, garment):
    triple = edited(shaded(garment, COLOURS["green"]))
    first = observer.observe("a", triple)
    other = Observer(load_bundle("street"), observer.judge, torch.device("cpu"))
    assert other.observe("a", triple) == first
