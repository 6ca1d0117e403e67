"""The result of an edit: the best of several, saved as often as its lines are run, shown as a picture and a line."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from fice.course import Spent
from fice.edit import SHOWN, Edit, best_of
from fice.errors import InputError, UsageError
from fice.inversion.engine import Inversion
from fice.order import Order
from fice.photo.photo import read_photo
from fice.subject.subject import Subject

NONE = torch.zeros(0)
PHOTO = np.zeros((4, 4, 3), np.uint8)


@pytest.fixture
def edit(tmp_path):
    """The upper half of a photo, painted red."""
    Image.fromarray(np.full((1200, 900, 3), 200, np.uint8)).save(tmp_path / "photo.png")
    photo = read_photo(tmp_path / "photo.png")
    subject = Subject(photo, None, NONE, NONE, torch.rand(1, 20, 256, 128), 1.0, [], Spent(), torch.rand(1, 14, 512))
    mask = np.zeros(photo.size, bool)
    mask[:600] = True
    picture = np.where(mask[..., None], np.float32([1, 0, 0]), photo.srgb())
    return Edit(subject, Order.of("red dress"), photo.from_srgb(picture), mask, mask, NONE, NONE, [], {})


def test_an_edit_is_saved_twice_to_the_same_path(edit, tmp_path):
    for _ in range(2):
        edit.save(tmp_path / "edited.png")
        edit.save_mask(tmp_path / "mask.png")
    with Image.open(tmp_path / "edited.png") as saved:
        assert saved.getpixel((0, 0)) == (255, 0, 0) and saved.getpixel((0, 1199)) == (200, 200, 200)


def test_the_photo_itself_is_never_replaced(edit, tmp_path):
    before = (tmp_path / "photo.png").read_bytes()
    (tmp_path / "link.png").symlink_to(tmp_path / "photo.png")
    for name in ("photo.png", "link.png"):
        with pytest.raises(UsageError, match="the photo itself"):
            edit.save(tmp_path / name)
        with pytest.raises(UsageError, match="the photo itself"):
            edit.save_mask(tmp_path / name)
    assert (tmp_path / "photo.png").read_bytes() == before


def test_what_is_printed_is_a_line(edit):
    for thing, said in ((edit, "'red dress'"), (edit.subject, "Subject"), (edit.subject.photo, "900 x 1200")):
        assert said in repr(thing) and "photo.png" in repr(thing) and len(repr(thing)) < 300
    assert "50.0% of it changed" in repr(edit)


def test_a_notebook_shows_the_result(edit):
    with Image.open(io.BytesIO(edit._repr_png_())) as shown:
        assert shown.format == "PNG" and shown.size == (SHOWN * 900 // 1200, SHOWN)
        assert shown.getpixel((0, 0)) == (255, 0, 0)


def candidate(value, similarity, **figures):
    subject = SimpleNamespace(photo=SimpleNamespace(pixels=PHOTO))
    figures = {"changed": 1.0, "spill": 0.0, "painted": 0.0, "rim": 0.0} | figures
    facts = {"similarity": {"after": similarity}, "check": figures}
    return SimpleNamespace(pixels=PHOTO + np.uint8(value), subject=subject, facts=facts, alpha=None)


def test_the_candidate_most_like_the_text_is_kept():
    assert best_of([candidate(1, 0.2), candidate(2, 0.3)]).pixels.max() == 2


@pytest.mark.parametrize(
    "fault", [{"changed": 0.2}, {"spill": 0.1}, {"painted": 0.2}, {"rim": 9.0}, {"print_left": 0.9}]
)
def test_a_candidate_with_a_fault_is_not_kept_however_like_the_text(fault):
    assert best_of([candidate(1, 0.2), candidate(2, 0.9, **fault)]).pixels.max() == 1


def test_an_edit_that_changes_nothing_is_a_failure():
    with pytest.raises(InputError, match="Nothing was found to change"):
        best_of([candidate(0, 0.2)])


def test_when_all_diverged_there_is_a_remedy():
    with pytest.raises(InputError, match="rate=0.01"):
        best_of([], Inversion.diverged)


@pytest.mark.parametrize(("target", "kind"), [("png", "PNG"), ("jpg", "JPEG"), (Path("a.webp"), "WEBP")])
def test_an_edit_is_bytes_of_a_format(edit, target, kind):
    with Image.open(io.BytesIO(edit.encode(target))) as image:
        assert (image.format, image.size) == (kind, (900, 1200))
    with pytest.raises(UsageError, match="should end in"):
        edit.encode("bmpx")
