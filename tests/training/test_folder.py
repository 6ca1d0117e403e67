"""What a folder of one's own photographs must look like, and the sentence for each thing that is amiss."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from fice.errors import InputError
from fice.subject.regions import REGION_CLASSES
from fice.training.data.captions import find_worn, garment_names
from fice.training.data.dataset import Framed, load_street, merge_labels
from fice.training.data.folder import is_validation, read_folder, region_of


def change_tags(folder, **entries):
    tags = json.loads((folder / "tags.json").read_text()) | entries
    (folder / "tags.json").write_text(json.dumps(tags))


def label_of(folder):
    return sorted((folder / "labels").iterdir())[0]


def resize_label(folder):
    path = label_of(folder)
    Image.open(path).resize((20, 30)).save(path)


def colour_label(folder):
    path = label_of(folder)
    Image.open(path).convert("RGB").save(path)


def strange_value(folder):
    Image.fromarray(np.full((200, 110), 6, np.uint8)).save(label_of(folder))


def broken_photo(folder):
    sorted((folder / "photos").iterdir())[0].write_bytes(b"no picture")


def no_photos(folder):
    for path in (folder / "photos").iterdir():
        path.unlink()


def twins(folder):
    photo = sorted((folder / "photos").glob("*.jpg"))[0]
    Image.open(photo).save(photo.with_suffix(".png"))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (no_photos, "photos holds no photographs: put them there"),
        (twins, "Several photographs are called p000"),
        (lambda folder: (folder / "tags.json").unlink(), "tags.json is missing: write"),
        (lambda folder: (folder / "tags.json").write_text("{"), "cannot be read as JSON"),
        (lambda folder: change_tags(folder, classes=["one"]), 'needs "classes"'),
        (lambda folder: change_tags(folder, classes=["void", "hair", "hair"]), 'needs "classes"'),
        (lambda folder: change_tags(folder, regions=[]), "must be objects"),
        (lambda folder: change_tags(folder, regions={"cloak": "outer"}), "places 'cloak', which is not among"),
        (lambda folder: change_tags(folder, regions={"kimono": "coats"}), "puts 'kimono' into 'coats': choose one of"),
        (lambda folder: change_tags(folder, regions={}), "The classes kimono belong to no region yet"),
        (lambda folder: change_tags(folder, regions={"void": "hair", "kimono": "outer"}), "must be the background"),
        (lambda folder: change_tags(folder, tags={"p000": ["cloak"]}), "must list classes for 'p000'"),
        (resize_label, "has 20 x 30 pixels and its photograph 110 x 200: make them the same."),
        (colour_label, "is in RGB: save labels as a palette or grey PNG"),
        (strange_value, "has the value 6, and tags.json names the classes 0 to 5"),
        (broken_photo, "use JPEG, PNG, WebP"),
    ],
)
def test_what_is_amiss_is_said_in_one_sentence(draw_folder, tmp_path, spoil, sentence):
    folder = draw_folder(tmp_path / "data")
    spoil(folder)
    with pytest.raises(InputError) as caught:
        load_street(folder, 100)
    assert sentence in str(caught.value) and str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_too_few_labels_to_learn_from_or_to_measure_on(draw_folder, tmp_path):
    with pytest.raises(InputError, match="7 labelled photographs are too few"):
        read_folder(draw_folder(tmp_path / "few", 7, 3, unlabelled=5)).check_enough()
    with pytest.raises(InputError, match="None of the 9 labelled photographs is kept"):
        read_folder(draw_folder(tmp_path / "none", 9, 0)).check_enough()
    read_folder(draw_folder(tmp_path / "enough", 8, 1)).check_enough()


def test_a_folder_of_ones_own_is_read(draw_folder, tmp_path):
    folder = draw_folder(tmp_path / "data", 9, 3, unlabelled=2)
    street = load_street(folder, 100)
    assert len(street.names) == 14 and sum(fine is None for fine in street.fine) == 2
    assert {picture.shape for picture in street.pictures} == {(100, 55, 3)}
    assert all(tags == [] for tags in street.tags)
    merged = merge_labels(street.fine[0], street.classes, street.regions)
    found = [REGION_CLASSES[value] for value in np.unique(merged)]
    assert found == ["background", "hair", "face", "outer", "trousers", "shoes"]


def test_a_limit_keeps_photographs_to_measure_on(draw_folder, tmp_path):
    names = [photo.stem for photo in read_folder(draw_folder(tmp_path / "data", 9, 3, 6)).first(12)]
    assert len(names) == 12 and sum(map(is_validation, names)) == 2 and names == sorted(names)


def test_photographs_lie_upright_on_white(draw_folder, tmp_path):
    folder = draw_folder(tmp_path / "data")
    photo = sorted((folder / "photos").glob("*.png"))[0]
    picture = Image.open(photo)
    upright = np.asarray(picture)
    turned = picture.rotate(90, expand=True)  # counter-clockwise
    exif = Image.Exif()
    exif[0x0112] = 6  # is to be shown turned clockwise
    turned.save(photo, exif=exif)
    street = load_street(folder, 200)
    assert (street.pictures[street.names.index(photo.stem)] == upright).all()
    clear = picture.convert("RGBA")
    clear.putalpha(0)
    clear.save(photo)
    street = load_street(folder, 200)
    assert (street.pictures[street.names.index(photo.stem)] == 255).all()


def test_regions_of_class_names():
    assert region_of(["null", "T-Shirt", "upper", "kimono"], {"kimono": "outer"}) == {
        "null": "background",
        "T-Shirt": "upper",
        "upper": "upper",
        "kimono": "outer",
    }
    assert region_of(["void", "dress"], {"dress": "upper"})["dress"] == "upper"  # what is given counts


def test_unknown_classes_are_garments_without_a_name():
    assert garment_names("kimono") == () and garment_names("?") == () and garment_names("upper-clothes") == ()
    assert garment_names("pants") == ("trousers",) and garment_names("leather jacket") == ("jacket",)
    fine = np.zeros((1, 256, 128), np.uint8)
    fine[0, 40:120, 40:90], fine[0, 120:240, 45:85], fine[0, 10:40, 50:80] = 1, 2, 3
    labels = np.array([0, REGION_CLASSES.index("outer"), REGION_CLASSES.index("trousers"), 1], np.uint8)[fine]
    pictures = np.full((1, 256, 128, 3), 99, np.uint8)
    classes = ["void", "kimono", "trousers", "wig"]
    framed = Framed(["a"], pictures, labels, fine, np.array([True]), classes, [["kimono"]])
    worn = find_worn(framed, 0)
    assert [garment.names for garment in worn] == [(), ("trousers",)]
    assert (worn[0].mask == (fine[0] == 1)).all()
