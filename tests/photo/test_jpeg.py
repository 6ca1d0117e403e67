"""JPEG: what an edit leaves alone is decoded as the photo's, bit for bit, by more than one decoder."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from fice.edit import Edit
from fice.order import Order
from fice.photo import jpeg
from fice.photo.decode import as_stored
from fice.photo.encode import encode_photo, write_photo
from fice.photo.photo import read_photo

jpeglib = pytest.importorskip("jpeglib")  # not for every processor
RNG = np.random.default_rng(0)
KINDS = {
    "4:4:4": {"subsampling": 0},
    "4:2:2": {"subsampling": 1},
    "4:2:0": {"subsampling": 2},
    "progressive": {"subsampling": 2, "progressive": True},
    "restart markers": {"subsampling": 2, "restart_marker_blocks": 2},
    "one table": {"subsampling": 2, "qtables": [list(range(5, 69))]},
    "three tables": {"subsampling": 0, "qtables": [[step] * 64 for step in (3, 5, 9)]},
}
OTHER_DECODERS = ("6b", "9e", "turbo130")  # whose interpolation of colours differs


def drawing(height, width):
    y, x, c = np.mgrid[:height, :width, :3]
    smooth = 0.5 + 0.4 * np.sin(y / 9 + c) * np.cos(x / 7 - c)
    return (np.clip(smooth + RNG.normal(0, 0.05, smooth.shape), 0, 1) * 255).astype(np.uint8)


def recoloured(pixels):
    """A disc in the middle becomes green."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width]
    edited, disc = pixels.copy(), (y - height / 2) ** 2 + (x - width / 2) ** 2 < (width / 4) ** 2
    edited[disc] = edited[disc] * [0.3, 0.9, 0.4] + 20
    return edited, disc


def shown(path, version):
    jpeglib.version.set(version)
    pixels = np.array(jpeglib.read_spatial(str(path)).spatial)
    return pixels.repeat(3, axis=2) if pixels.shape[2] == 1 else pixels


def check(source, result):
    """Edit a JPEG; what every decoder shows outside of what is said to have changed is the photo."""
    photo = read_photo(source)
    edited, disc = recoloured(photo.pixels)
    file = encode_photo(photo, edited, result)
    result.write_bytes(file.content)
    assert not file.notices and file.changed[disc].mean() > 0.9 and 0.1 < file.changed.mean() < 0.7
    outside = as_stored(~file.changed, photo.orientation)
    for decoded in [lambda path: np.asarray(Image.open(path).convert("RGB"))] + [
        lambda path, version=version: shown(path, version) for version in OTHER_DECODERS
    ]:
        assert np.array_equal(decoded(source)[outside], decoded(result)[outside])
    again = read_photo(result).pixels
    assert np.abs(again[disc].astype(float) - edited[disc]).mean() < 12
    return file, again, edited, disc


@pytest.mark.parametrize("size", [(96, 128), (101, 83), (119, 143)])
@pytest.mark.parametrize("kind", KINDS)
def test_all_that_is_not_touched_stays_bit_for_bit(tmp_path, kind, size):
    source = tmp_path / "a.jpg"
    Image.fromarray(drawing(*size)).save(source, quality=88, **KINDS[kind])
    check(source, tmp_path / "b.jpg")
    before, after = Image.open(source), Image.open(tmp_path / "b.jpg")
    assert JpegImagePlugin.get_sampling(before) == JpegImagePlugin.get_sampling(after)
    assert [before.quantization[n] for _, _, _, n in before.layer] == [
        after.quantization[n] for _, _, _, n in after.layer
    ]
    assert before.info.get("progressive") == after.info.get("progressive")


@pytest.mark.parametrize("factors", [(2, 1), (1, 4), (2, 2)])
def test_rarer_samplings_stay_too(tmp_path, factors):
    jpeglib.version.set("turbo210")
    picture = jpeglib.from_spatial(drawing(101, 83))
    picture.samp_factor = [list(factors), [1, 1], [1, 1]]
    picture.write_spatial(str(tmp_path / "a.jpg"), qt=88)
    check(tmp_path / "a.jpg", tmp_path / "b.jpg")


def test_a_grey_photo_gets_colour_and_stays_elsewhere(tmp_path):
    Image.fromarray(drawing(96, 128)[..., 0]).save(tmp_path / "a.jpg", quality=88)
    _, again, edited, disc = check(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert Image.open(tmp_path / "b.jpg").mode == "RGB"
    assert np.abs(again[disc].mean(0) - edited[disc].mean(0)).max() < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_blocks_lie_as_the_file_stores_them(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(drawing(101, 83)).save(tmp_path / "a.jpg", quality=88, subsampling=2, exif=exif)
    check(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert Image.open(tmp_path / "b.jpg").getexif()[0x0112] == orientation


def test_the_mask_of_an_edit_is_that_of_the_file_saved_last(tmp_path):
    Image.fromarray(drawing(101, 83)).save(tmp_path / "a.jpg", quality=88, subsampling=2)
    photo = read_photo(tmp_path / "a.jpg")
    pixels, disc = recoloured(photo.pixels)
    edit = Edit(SimpleNamespace(photo=photo), Order.of("green"), pixels, disc, None, None, None, [], {})
    fractions = []
    for name in ("b.jpg", "b.png", "b.webp"):
        edit.save(tmp_path / name)
        edit.save_mask(tmp_path / f"{name}.mask.png")
        mask = np.asarray(Image.open(tmp_path / f"{name}.mask.png")) > 0
        assert np.array_equal(read_photo(tmp_path / name).pixels[~mask], photo.pixels[~mask])
        fractions.append(edit.report()["edited_fraction"])
        assert fractions[-1] == round(mask.mean(), 4)
    assert fractions[0] > fractions[1] == fractions[2] == round(disc.mean(), 4)
    assert edit.notices == []


def test_what_is_edited_looks_as_asked(tmp_path):
    """No worse than a new JPEG in the same quantisation would."""
    Image.fromarray(drawing(96, 128)).save(tmp_path / "a.jpg", quality=90, subsampling=0)
    _, again, edited, disc = check(tmp_path / "a.jpg", tmp_path / "b.jpg")
    stream = io.BytesIO()
    Image.fromarray(edited).save(stream, "JPEG", qtables=read_photo(tmp_path / "a.jpg").jpeg["qtables"], subsampling=0)
    anew = np.asarray(Image.open(stream))
    ours, theirs = (np.square(x[disc].astype(float) - edited[disc]).mean() for x in (again, anew))
    assert ours < 1.25 * theirs


@pytest.mark.parametrize("subsampling", [0, 2])
def test_no_ghost_of_the_photo_shows_through_an_edit(tmp_path, subsampling):
    """Where colours are stored coarsely, and beyond what a screen shows."""
    y, x = np.mgrid[:64, :96]
    checks = np.where(((y // 5 + x // 7) % 2)[..., None] > 0, (255, 0, 0), (0, 0, 255)).astype(np.uint8)
    Image.fromarray(checks).save(tmp_path / "a.jpg", quality=60, subsampling=subsampling)
    photo = read_photo(tmp_path / "a.jpg")
    edited = photo.pixels.copy()
    edited[16:48, 16:80] = (200, 190, 180)
    again = Image.open(io.BytesIO(encode_photo(photo, edited, tmp_path / "b.jpg").content))
    assert np.abs(np.asarray(again)[20:44, 20:76].astype(int) - (200, 190, 180)).max() < 12


def test_an_edit_of_nothing_is_the_photo(tmp_path):
    Image.fromarray(drawing(101, 83)).save(tmp_path / "a.jpg", quality=88)
    photo = read_photo(tmp_path / "a.jpg")
    file = encode_photo(photo, photo.pixels, tmp_path / "b.jpg")
    assert not file.changed.any()
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(file.content))), photo.pixels)


def test_the_file_is_about_as_large_as_the_photo(tmp_path):
    Image.fromarray(drawing(200, 200)).save(tmp_path / "a.jpg", quality=88)
    file, *_ = check(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert 0.8 < len(file.content) / (tmp_path / "a.jpg").stat().st_size < 1.1


def _rgb(data):
    """A JPEG whose components are called R, G and B."""
    at = data.index(b"\xff\xc0") + 10
    data = bytearray(data)
    for number, name in enumerate(b"RGB"):
        data[at + 3 * number] = name
        data[data.index(b"\xff\xda") + 5 + 2 * number] = name
    return bytes(data[:2] + data[20:])  # without the JFIF segment, which says YCbCr


@pytest.mark.parametrize("case", ["png", "cmyk", "rgb", "no library"])
def test_what_cannot_be_kept_is_encoded_anew_and_said(tmp_path, monkeypatch, case):
    image, source = Image.fromarray(drawing(64, 64)), tmp_path / ("a.png" if case == "png" else "a.jpg")
    (image.convert("CMYK") if case == "cmyk" else image).save(source)
    if case == "rgb":
        source.write_bytes(_rgb(source.read_bytes()))
    if case == "no library":
        monkeypatch.setitem(sys.modules, "jpeglib", None)
    photo = read_photo(source)
    edited, _ = recoloured(photo.pixels)
    file = encode_photo(photo, edited, tmp_path / "b.jpg")
    assert file.changed is None and len(file.notices) == 1
    assert "b.jpg is encoded anew, as " in file.notices[0] and ".png" in file.notices[0]
    assert np.abs(read_photo(write_photo(photo, edited, tmp_path / "b.jpg")).pixels.astype(int) - edited).mean() < 12
    assert encode_photo(photo, edited, tmp_path / "b.png").notices == ()


def test_a_decoder_that_shows_something_else_outside_is_not_believed(tmp_path, monkeypatch):
    Image.fromarray(drawing(64, 64)).save(tmp_path / "a.jpg")
    photo = read_photo(tmp_path / "a.jpg")
    kept = jpeg.read

    def other(data):
        own = kept(data)
        own.blocks[0][0, 0, 0, 0] += 9
        return own

    monkeypatch.setattr(jpeg, "read", other)
    assert "damaged" in encode_photo(photo, photo.pixels, tmp_path / "b.jpg").notices[0]


@pytest.mark.parametrize("scans", [b"", b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" * 200])
def test_damaged_structure_never_reaches_the_library(scans, monkeypatch):
    monkeypatch.setitem(sys.modules, "jpeglib", None)
    frame = b"\xff\xc2\x00\x0b\x08\x00\x40\x00\x40\x01\x01\x11\x00"
    for data in (frame + scans, frame + frame + scans, frame[:6] + scans, b"\xff\xc9" + frame[2:] + scans, scans):
        with pytest.raises(jpeg.NotKept):
            jpeg.read(b"\xff\xd8" + data + b"\xff\xd9")
