"""One edit, with the bundled weights, on real photographs where they are present and on generated people elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import person_on_a_wall
from PIL import Image

from fice import Editor, InputError, Order, Settings, UsageError
from fice.evaluation.observer import Observer
from fice.evaluation.triples import Triple
from fice.inversion.tuning import render
from fice.mask import grow
from fice.once import edit_photo
from fice.photo.photo import read_photo
from fice.subject.regions import HEAD

QUICK = Settings.preset("generated", steps=6, refine=4, tuning=0, views=1, mirrored=False)


@pytest.fixture(scope="module")
def editor():
    return Editor("street", device="cpu")


@pytest.fixture(scope="module")
def generating():
    return Editor("street", device="cpu", settings=QUICK)


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    return person_on_a_wall(tmp_path_factory.mktemp("photo"), seed=16)


@pytest.fixture(scope="module")
def edited(editor, person):
    return editor.edit(editor.prepare(person), "red outfit")


@pytest.fixture(scope="module")
def generated(generating, person):
    return generating.edit(generating.prepare(person), "red outfit")


@pytest.mark.parametrize("way", ["edited", "generated"])
def test_outside_the_mask_every_pixel_is_the_photos(way, request):
    edited = request.getfixturevalue(way)
    photo = edited.subject.photo
    assert 0.01 < edited.mask.mean() < 0.6
    assert (edited.pixels[~edited.mask] == photo.pixels[~edited.mask]).all()
    assert (edited.pixels[edited.mask] != photo.pixels[edited.mask]).any()
    assert edited.pixels.shape == photo.pixels.shape and edited.pixels.dtype == photo.pixels.dtype


def test_the_head_is_not_touched(editor, street):
    subject = editor.prepare(street / "photos" / "0517.jpg")
    edit = editor.edit(subject, "red outfit")
    head = editor.regions.select(subject.regions, HEAD)
    head = subject.frame.to_photo(head, kernel="linear")[0, 0].numpy() > 0.8
    assert head.sum() > 200
    assert not edit.mask[head].any()


def test_same_seed_same_result_and_another_one_with_another(editor, person):
    subject = editor.prepare(person)
    alone, again, other = (editor.edit(subject, "floral dress", seed=seed) for seed in (5, 5, 4))
    assert (alone.pixels == again.pixels).all() and (alone.pixels != other.pixels).any()
    best = editor.edit(subject, "floral dress", seed=4, candidates=2)
    assert (best.pixels == (alone if best.facts["seed"] == 5 else other).pixels).all()


def test_a_generated_garment_is_the_same_whatever_else_is_in_the_batch(generating, person):
    editor, subject = generating, generating.prepare(person)
    best = editor.edit(subject, "blue dress", seed=4, candidates=2)
    alone = editor.edit(subject, "blue dress", seed=best.facts["seed"])
    assert np.abs(best.pixels.astype(int) - alone.pixels).max() <= 2


def test_a_mask_confines_the_edit(editor, person):
    subject = editor.prepare(person)
    mask = np.zeros(subject.photo.size, np.float32)
    mask[150:220, 100:200] = 1
    edit = editor.edit(subject, "green shirt", mask=mask)
    assert edit.mask.any() and not edit.mask[mask == 0].any()
    with pytest.raises(InputError, match="mask"):
        editor.edit(subject, "green shirt", mask=np.zeros_like(mask))


def test_the_report_says_what_was_done(edited):
    report = edited.report()
    assert set(report) >= {
        "input",
        "text",
        "region",
        "bundle",
        "preset",
        "device",
        "seed",
        "steps",
        "seconds",
        "losses",
        "similarity",
        "check",
        "colours",
        "edited_fraction",
        "unknown_words",
    }
    assert [*report["stages"]] == ["read", "look", "fit", "loop", "stitch"]
    assert report["seconds"] == pytest.approx(sum(report["stages"].values()), abs=0.02)
    assert (report["preset"], report["losses"], report["curve"], report["unknown_words"]) == ("default", {}, [], [])
    assert set(report["check"]) >= {"changed", "spill", "painted", "rim"}
    assert [colour["asked"] for colour in report["colours"]] and edited.latent is None


def test_the_report_of_a_generated_garment_tells_its_terms(generated):
    report = generated.report()
    assert set(report["losses"]) == {"semantic", "image", "pose", "head", "latent", "cloth", "texture", "reference"}
    assert all(np.isfinite(value) for value in report["losses"].values())
    assert [*report["stages"]] == ["read", "look", "fit", "loop", "stitch"]
    assert report["steps"] == 6 and generated.latent is not None


def test_unknown_words_are_told(editor, person):
    edit = editor.edit(editor.prepare(person), "red glorpy dress")
    assert edit.report()["unknown_words"] == ["glorpy"]
    assert any("glorpy" in notice for notice in edit.notices)


@pytest.mark.parametrize("text", ["", "   ", "xyzzy plugh", "赤いドレス", "👗"])
def test_texts_without_a_known_word_are_refused(editor, person, text):
    with pytest.raises(InputError):
        editor.edit(editor.prepare(person), text)


def nobody(kind):
    rng = np.random.default_rng(0)
    if kind == "noise":
        return rng.integers(0, 256, (300, 200, 3), dtype=np.uint8)
    if kind == "white":
        return np.full((300, 200, 3), 255, np.uint8)
    ramp = np.linspace(0, 255, 300).astype(np.uint8)[:, None, None]
    return np.broadcast_to(ramp, (300, 200, 3)).copy()


@pytest.mark.parametrize("kind", ["noise", "white", "ramp"])
def test_pictures_without_a_person_are_refused(editor, tmp_path, kind):
    path = tmp_path / f"{kind}.png"
    Image.fromarray(nobody(kind)).save(path)
    with pytest.raises(InputError, match="[Nn]o person"):
        editor.prepare(path)


def test_preset_paper_runs_its_own_way(person):
    editor = Editor("street", device="cpu", settings=Settings.preset("paper", steps=3))
    edit = editor.edit(editor.prepare(person), "red dress")
    assert edit.facts["preset"] == "paper" and edit.facts["steps"] == 3
    assert edit.mask.mean() > 0.3  # all of the canvas but the head comes back from the generator


@pytest.mark.parametrize("start", ["encoder", "redressed"])
def test_in_the_space_w_all_rows_are_one_latent(person, start):
    ends = []
    for space in ("w", "w+"):
        editor = Editor("street", device="cpu", settings=QUICK.replace(space=space, start=start))
        subject = editor.prepare(person)
        (begun,) = editor.engine.begin([editor.plan(subject, "red dress")], [0])
        ends.append((begun.start, editor.edit(subject, "red dress").latent))
    for one, free in zip(*ends, strict=True):
        torch.testing.assert_close(one, one[:, :1].expand_as(one), rtol=1e-4, atol=1e-4)
        assert (free[:, 1:] - free[:, :1]).abs().max() > 0.1
    assert (ends[0][1] - ends[0][0]).abs().max() > 0.01  # the edit has moved it


def test_a_random_start_is_another_person_for_each_photo_and_the_same_each_time(person, tmp_path):
    other = tmp_path / "other.png"
    Image.open(person).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(other)
    editor = Editor("street", device="cpu", settings=QUICK.replace(start="random", refine=0))
    first, again, second = (editor.prepare(path).fit.ws for path in (person, person, other))
    assert torch.equal(first, again)
    assert (first - second).abs().max() > 0.1


def test_without_stitching_the_head_is_the_generators_too(person):
    changes = {}
    for way in ("region", "head", "none"):
        editor = Editor("street", device="cpu", settings=QUICK.replace(stitch=way, steps=2))
        subject = editor.prepare(person)
        edit = editor.edit(subject, "red dress")
        head = subject.frame.to_photo(editor.regions.select(subject.regions, HEAD), kernel="linear")[0, 0].numpy() > 0.9
        changes[way] = np.abs(edit.picture - subject.photo.srgb())[head].mean()
    assert changes["region"] == 0
    assert changes["none"] > 5 * changes["head"] > 0


def test_the_report_tells_the_course_of_the_loss(person):
    editor = Editor("street", device="cpu", settings=QUICK.replace(start="encoder"))
    curve = editor.edit(editor.prepare(person), "red outfit").facts["curve"]
    assert [step for step, _ in curve] == list(range(QUICK.steps))
    assert curve[-1][1] < curve[0][1]


def test_a_term_of_weight_zero_is_gone_and_divergence_is_an_error(person):
    editor = Editor("street", device="cpu", settings=QUICK.replace(pose=0.0, refine=0))
    subject = editor.prepare(person)
    assert "pose" not in editor.edit(subject, "red dress").report()["losses"]
    generator = editor.engine.generator
    subject.fit = replace(subject.fit, ws=torch.full((1, generator.num_ws, generator.w_dim), torch.nan))
    with pytest.raises(InputError, match="diverged"):
        editor.edit(subject, "red dress")


def test_tuning_fits_the_generator_of_one_photo_only(person):
    plain = Editor("street", device="cpu", settings=QUICK.replace(start="encoder"))
    tuned = Editor("street", device="cpu", settings=plain.settings.replace(tuning=30))
    before = {name: value.clone() for name, value in tuned.engine.generator.state_dict().items()}
    errors = []
    for editor in (plain, tuned):
        subject = editor.prepare(person)
        drawn = render(editor.engine.generator, subject.fit.ws, subject.fit.weights)
        errors.append(float((drawn - subject.source).square().mean()))
    assert errors[1] < 0.9 * errors[0]
    assert all((value == before[name]).all() for name, value in tuned.engine.generator.state_dict().items())


def test_a_tuned_edit_begins_with_the_very_picture(person):
    editor = Editor("street", device="cpu", settings=QUICK.replace(tuning=1, refine=0))
    (run,) = editor.engine.begin([editor.plan(editor.prepare(person), "red dress")], [0])
    drawn = render(editor.engine.generator, run.start, run.weights)
    torch.testing.assert_close(drawn, run.targets["cloth"]["recoloured"], rtol=0, atol=1e-5)


PAIRS = [("0017", "red dress"), ("0641", "green coat"), ("0517", "yellow shirt")]


@pytest.mark.parametrize(("name", "text"), PAIRS)
def test_photographs_take_the_named_colour(editor, street, name, text):
    (colour,) = editor.edit(editor.prepare(street / "photos" / f"{name}.jpg"), text).facts["colours"]
    assert colour["delta_e"] < 6


def test_generated_garments_take_the_named_colour(street, tmp_path):
    (name, text), photo = PAIRS[0], street / "photos"
    editor = Editor("street", device="cpu", settings=QUICK.replace(steps=20))
    edit = editor.edit(editor.prepare(photo / f"{name}.jpg"), text)
    similarity, triple = edit.report()["similarity"], Triple(photo / f"{name}.jpg", tmp_path / "edit.png", edit.order)
    assert similarity["after"] > similarity["before"]
    edit.save(triple.edit)
    values = Observer(editor.bundle, editor.semantics, "cpu").observe("mine", triple).values
    assert values["colour halved"] == 1 and values["silhouette iou"] > 0.8


def test_people_cut_off_at_the_knees_or_the_waist_are_edited(editor, street, tmp_path):
    whole = Image.open(street / "photos" / "0517.jpg")
    for share in (0.72, 0.5):
        path = tmp_path / f"cut-{share}.png"
        whole.crop((0, 0, whole.width, int(whole.height * share))).save(path)
        edit = editor.edit(editor.prepare(path), "blue shirt")
        assert edit.subject.photo.size == (int(whole.height * share), whole.width)
        assert edit.mask.any()


def test_of_several_people_the_largest_is_edited_and_that_is_said(editor, street, tmp_path):
    first, second = (Image.open(street / "photos" / f"{name}.jpg") for name in ("0017", "0077"))
    second = second.resize((int(second.width * 0.7), int(second.height * 0.7)))
    both = Image.new("RGB", (first.width + second.width, first.height), (128, 128, 128))
    both.paste(first, (0, 0))
    both.paste(second, (first.width, first.height - second.height))
    path = tmp_path / "two.png"
    both.save(path)
    subject = editor.prepare(path)
    assert any("people" in notice for notice in subject.notices)
    edit = editor.edit(subject, "red dress")
    assert not edit.mask[:, first.width + 20 :].any()


def test_orientation_is_honoured(editor, street, tmp_path):
    upright = Image.open(street / "photos" / "0017.jpg").convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying, to be turned a quarter clockwise
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "lying.png", exif=exif)
    edit = editor.edit(editor.prepare(tmp_path / "lying.png"), "red dress")
    edit.save(tmp_path / "out.png")
    stored = np.asarray(Image.open(tmp_path / "out.png"))
    assert stored.shape[:2] == (upright.width, upright.height)
    again = read_photo(tmp_path / "out.png")
    assert (again.pixels == edit.pixels).all()


def test_a_photographed_garment_takes_no_latent(editor, person):
    with pytest.raises(UsageError, match="A photographed garment cannot take latent; add --preset generated"):
        editor.plan(editor.analyse(person), Order.of("red outfit", latent="start.safetensors"))


def test_a_background_alone_is_an_edit_of_no_garment(editor, person):
    edit = editor.edit(editor.analyse(person), Order(background="#102030"))
    assert (edit.pixels[0, 0] == (16, 32, 48)).all() and edit.garment.max() == 0 and edit.alpha is None
    assert 0.3 < edit.mask.mean() < 0.95
    assert (edit.pixels[~edit.mask] == edit.subject.photo.pixels[~edit.mask]).all()
    assert set(edit.facts["check"]) == {"painted", "lost"} and edit.facts["check"]["lost"] < 0.01
    assert edit.facts["similarity"] == {"before": None, "after": None}
    assert edit.facts["text"] == "#102030 background"


@pytest.mark.parametrize("worn", ["edited", "generated"])
def test_garments_and_background_are_edited_together(worn, request, person):
    alone = request.getfixturevalue(worn)
    editor = request.getfixturevalue("editor" if worn == "edited" else "generating")
    both = editor.edit(alone.subject, Order.of("red outfit", background="#102030"))
    assert (both.pixels[0, 0] == (16, 32, 48)).all() and "spill" not in both.facts["check"]
    inner = alone.garment > 0.95
    assert np.abs(both.pixels[inner].astype(int) - alone.pixels[inner]).mean() < 8
    kept = ~both.mask
    assert kept.any() and (both.pixels[kept] == alone.subject.photo.pixels[kept]).all()


def test_a_transparent_background_is_an_alpha_channel(editor, person, tmp_path):
    edit = editor.edit(editor.analyse(person), Order(background="transparent"))
    with Image.open(edit.save(tmp_path / "clear.png")) as saved:
        assert saved.mode == "RGBA" and saved.getpixel((0, 0))[3] == 0
    with pytest.raises(UsageError, match="transparency"):
        edit.save(tmp_path / "clear.jpg")


def test_a_background_alone_has_nothing_to_be_generated(generating, person):
    with pytest.raises(InputError, match="--preset"):
        generating.edit(generating.analyse(person), Order(background="white"))


def test_a_background_that_is_no_picture_is_told_before_networks_are_read(person, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for background, said in ((str(tmp_path / "text.png"), "not a picture"), ("warn grey", "no colour")):
        with pytest.raises(InputError, match=said):
            edit_photo(person, Order(background=background))


def test_a_part_changes_and_nothing_else_of_its_garment(editor, person):
    subject, words = editor.analyse(person), "everything above the waist"
    edit = editor.edit(subject, "green", region=words)
    where = subject.frame.to_photo(grow(editor.places(subject, words)[words], 4), kernel="linear")[0, 0].numpy()
    assert edit.mask.mean() > 0.01 and not edit.mask[where == 0].any()
    assert edit.facts["region"] == words and not {"cut", "doubt", "instead"} & set(edit.facts["check"])


def test_a_thing_that_is_not_seen_is_refused_and_no_garment_dressed_instead(editor, person):
    with pytest.raises(InputError, match="Not seen here: bag, but"):
        editor.plan(editor.analyse(person), "green bag")
