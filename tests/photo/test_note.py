"""Results say what they were made from, and nothing about the machine that made them."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from fice.cli import main
from fice.errors import InputError
from fice.photo.encode import encode_photo
from fice.photo.note import note_of, read_note
from fice.photo.photo import read_photo

FACTS = {
    "input": "/home/somebody/photo.jpg",
    "text": "röd klänning 👗",
    "region": "dress",
    "seed": 3,
    "bundle": "street",
    "preset": "fast",
    "settings": {"refine": 0},
    "seconds": 1.5,
    "losses": {},
}
EXTENSIONS = [".jpg", ".png", ".webp", ".tif"]


def drawn(path, pixels=None, **options):
    plain = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    Image.fromarray(plain if pixels is None else pixels).save(path, **options)
    return path


def edited(source, target, facts=FACTS):
    photo = read_photo(source)
    pixels = photo.pixels.copy()
    pixels[8:16, 8:16] = np.iinfo(pixels.dtype).max - pixels[8:16, 8:16]
    target.write_bytes(encode_photo(photo, pixels, target, note_of(facts)).content)
    return target


def tags_with(comment=None, description=None):
    tags = Image.Exif()
    tags[0x010F], tags[0x0112] = "Cam", 6
    tags.get_ifd(0x8769)[0x829A] = 0.01
    if comment is not None:
        tags.get_ifd(0x8769)[0x9286] = comment
    if description is not None:
        tags[0x010E] = description
    return tags.tobytes()


@pytest.mark.parametrize("target", EXTENSIONS)
@pytest.mark.parametrize("source", EXTENSIONS)
def test_a_result_says_what_it_was_made_from(tmp_path, source, target):
    note = read_note(edited(drawn(tmp_path / f"a{source}"), tmp_path / f"b{target}"))
    assert note.pop("fice") and note == {
        "text": "röd klänning 👗",
        "region": "dress",
        "seed": 3,
        "bundle": "street",
        "preset": "fast",
        "settings": {"refine": 0},
    }


@pytest.mark.parametrize("target", EXTENSIONS)
def test_a_note_names_no_file_and_no_time(tmp_path, target):
    first = edited(drawn(tmp_path / "a.jpg"), tmp_path / f"b{target}")
    assert b"somebody" not in first.read_bytes()
    assert edited(tmp_path / "a.jpg", tmp_path / f"c{target}").read_bytes() == first.read_bytes()


def test_of_a_folder_of_weights_only_its_name_is_noted(tmp_path):
    facts = FACTS | {"settings": {"refine": 0, "region_from": "/home/somebody/mine"}}
    result = edited(drawn(tmp_path / "a.png"), tmp_path / "b.png", facts)
    assert read_note(result)["settings"] == {"refine": 0, "region_from": "mine"}
    assert b"somebody" not in result.read_bytes()


@pytest.mark.parametrize("target", EXTENSIONS)
@pytest.mark.parametrize("source", EXTENSIONS)
def test_an_edit_of_an_edit_bears_the_last_note_alone(tmp_path, source, target):
    once = edited(drawn(tmp_path / "a.jpg", exif=tags_with()), tmp_path / f"b{source}", FACTS | {"text": "green coat"})
    twice = edited(once, tmp_path / f"c{target}")
    assert read_note(twice)["text"] == FACTS["text"] and b"green coat" not in twice.read_bytes()
    with Image.open(twice) as image:
        assert image.getexif()[0x010F] == "Cam"


@pytest.mark.parametrize("target", [".jpg", ".webp", ".png"])
def test_other_metadata_stay_beside_a_note(tmp_path, target):
    for comment in (None, b"ASCII\0\0\0" + bytes(40)):
        result = edited(drawn(tmp_path / "a.jpg", exif=tags_with(comment)), tmp_path / f"b{target}")
        with Image.open(result) as image:
            assert image.getexif()[0x010F] == "Cam" and image.getexif().get_ifd(0x8769)[0x829A] == 0.01
        assert read_note(result)["seed"] == 3


def test_what_a_camera_has_written_keeps_its_place(tmp_path):
    maker = b"Maker: what follows is named by its place"
    head = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + struct.pack(">HHII", 0x8769, 4, 1, 26) + bytes(4)
    head += struct.pack(">H", 1) + struct.pack(">HHII", 0x927C, 7, len(maker), 44) + bytes(4) + maker
    with Image.open(edited(drawn(tmp_path / "a.jpg", exif=head), tmp_path / "b.jpg")) as image:
        exif = image.info["exif"]
        assert exif[6 + 44 :].startswith(maker) and image.getexif().get_ifd(0x8769)[0x927C] == maker
    assert read_note(tmp_path / "b.jpg")["seed"] == 3


def test_words_of_a_person_are_not_replaced(tmp_path):
    words = b"ASCII\0\0\0Our wedding"
    result = edited(drawn(tmp_path / "a.jpg", exif=tags_with(words)), tmp_path / "b.jpg")
    with Image.open(result) as image:
        assert image.getexif().get_ifd(0x8769)[0x9286] == words
    with pytest.raises(InputError, match="no note"):
        read_note(result)


def test_deep_pictures_and_long_sentences_bear_notes_where_they_fit(tmp_path):
    deep = np.random.default_rng(0).integers(0, 65_536, (40, 48), dtype=np.uint16)
    assert read_note(edited(drawn(tmp_path / "a.png", deep), tmp_path / "b.png"))["seed"] == 3
    long = FACTS | {"text": "red " * 20_000}
    with pytest.raises(InputError, match="no note"):
        read_note(edited(drawn(tmp_path / "a.jpg", exif=tags_with()), tmp_path / "b.jpg", long))
    with Image.open(tmp_path / "b.jpg") as image:
        assert image.getexif()[0x010F] == "Cam"


def test_show_reads_a_note(tmp_path):
    result = str(edited(drawn(tmp_path / "a.jpg"), tmp_path / "b.jpg", FACTS | {"text": "red\x1b[2J dress"}))
    shown = CliRunner().invoke(main, ["show", result])
    assert shown.exit_code == 0 and "text: red[2J dress\n" in shown.stdout and "settings: refine=0\n" in shown.stdout
    assert json.loads(CliRunner().invoke(main, ["show", result, "--json"]).stdout)["seed"] == 3


@pytest.mark.parametrize("text", ["[" * 100_000, "{}", '{"fice": 1}', "red"])
def test_what_is_no_note_is_a_sentence(tmp_path, text):
    drawn(tmp_path / "a.jpg", exif=tags_with(description=text[:60_000]))
    shown = CliRunner().invoke(main, ["show", str(tmp_path / "a.jpg")])
    assert shown.exit_code == 3 and "bears no note" in shown.stderr and len(shown.stderr.splitlines()) == 1
