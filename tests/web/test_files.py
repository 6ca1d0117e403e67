"""What is dropped beside a photo: known by its name, bounded, and gone with the photo."""

from __future__ import annotations

import gc
import io
from types import SimpleNamespace

import pytest
from PIL import Image

from fice.errors import InputError
from fice.service.limits import Full, Gone
from fice.web import files as room
from fice.web.files import Files


class Photo(SimpleNamespace):
    """Stands for a photo that is open."""

    __hash__ = object.__hash__


def png(colour):
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    "sent, kept",
    [
        ("tweed.jpg", "tweed.jpg"),
        ("C:\\cloth\\tweed.jpg", "tweed.jpg"),
        ("/etc/passwd", "passwd.png"),
        ("../..", "swatch.png"),
        ("--force.png", "force.png"),
        ("tweed@sleeves:\n0.jpg", "tweedsleeves0.jpg"),
        ("é" * 200 + ".jpg", "é" * 76 + ".jpg"),
    ],
)
def test_a_name_is_no_way_through_folders(sent, kept):
    assert Files().keep(Photo(), sent, png("red"), "swatch") == kept


def test_two_files_of_one_name_are_two_and_the_same_twice_is_one():
    files, photo = Files(), Photo()
    names = [files.keep(photo, "a.png", png(colour), "swatch") for colour in ("red", "blue", "red", "blue")]
    assert names == ["a.png", "a-2.png", "a.png", "a-2.png"] and [*files.of(photo)] == ["a.png", "a-2.png"]


def test_what_is_no_picture_is_refused_and_keypoints_are_none():
    files, photo = Files(), Photo()
    with pytest.raises(InputError, match="page.html.png is not a picture"):
        files.keep(photo, "page.html.png", b"<script>", "swatch")
    assert files.keep(photo, "stance.json", b"{}", "pose") == "stance.json"
    with pytest.raises(InputError):
        files.seen(photo, "stance.json")
    with pytest.raises(Gone):
        files.seen(photo, "/etc/passwd")


def test_there_is_an_end_to_what_lies_beside_a_photo(monkeypatch):
    monkeypatch.setattr(room, "MOST", 2)
    files, photo = Files(), Photo()
    for colour in ("red", "blue"):
        files.keep(photo, "a.png", png(colour), "swatch")
    with pytest.raises(Full):
        files.keep(photo, "a.png", png("green"), "swatch")
    monkeypatch.setattr(room, "BYTES", 10)
    with pytest.raises(Full):
        files.keep(Photo(), "a.png", png("red"), "swatch")


def test_the_next_photo_has_them_too_but_no_mask_and_they_go_with_the_last():
    files, photo, following = Files(), Photo(), Photo()
    for name, wish in (("tweed.png", "swatch"), ("mask.png", "mask")):
        files.keep(photo, name, png("red"), wish)
    files.copy(photo, following)
    assert [*files.of(following)] == ["tweed.png"]
    del photo, following
    gc.collect()
    assert len(files._of) == 0
