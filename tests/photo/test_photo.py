"""Photographs to arrays and back: nothing lost, nothing partial, one sentence for every file that cannot be used."""

from __future__ import annotations

import errno
import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, JpegImagePlugin

from fice.errors import FiceError, InputError, UsageError
from fice.photo import names as output
from fice.photo import png16, profiles
from fice.photo.decode import as_stored, turned_upright
from fice.photo.encode import encode_photo, write_mask, write_photo
from fice.photo.names import check_output, default_output
from fice.photo.photo import read_mask, read_photo

RNG = np.random.default_rng(0)


def picture(height=48, width=40, channels=3, dtype=np.uint8):
    """Smooth with a little noise, so that JPEG has something to do."""
    y, x, c = np.mgrid[:height, :width, :channels]
    smooth = 0.5 + 0.4 * np.sin(y / 9 + c) * np.cos(x / 7 - c)
    noisy = np.clip(smooth + RNG.normal(0, 0.02, smooth.shape), 0, 1)
    return (noisy * np.iinfo(dtype).max).astype(dtype)


def tagged(orientation):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Maker"
    return exif.tobytes()


def save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


def wide_gamut():
    """An RGB profile that is not sRGB: sRGB's own with red and green primaries exchanged."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for at in range(132, 132 + 12 * struct.unpack_from(">I", data, 128)[0], 12):
        name = bytes(data[at : at + 4])
        if name in (b"rXYZ", b"gXYZ"):
            data[at : at + 4] = b"gXYZ" if name == b"rXYZ" else b"rXYZ"
    return bytes(data).replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))


# reading


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_means_what_pillow_says(orientation):
    stored = picture()
    image = Image.fromarray(stored)
    image.getexif()[0x0112] = orientation
    from PIL import ImageOps

    expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(turned_upright(stored, orientation), expected)
    assert np.array_equal(as_stored(expected, orientation), stored)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_other_modes_become_rgb_with_the_same_values(tmp_path, mode):
    source = Image.fromarray(picture(channels=4)).convert("RGB").convert(mode)
    source.save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    assert np.array_equal(photo.pixels, np.asarray(source.convert("RGB")))
    assert (photo.alpha is not None) == (mode in ("LA", "RGBA"))
    assert bool(photo.notices) == (mode in ("1", "L", "LA"))


def test_palette_with_transparency(tmp_path):
    image = Image.fromarray(picture()).quantize(16)
    image.save(tmp_path / "a.png", transparency=3)
    photo = read_photo(tmp_path / "a.png")
    assert np.array_equal(photo.alpha == 0, np.asarray(image) == 3)


def test_cmyk_is_used_with_a_notice(tmp_path):
    image = Image.fromarray(picture()).convert("CMYK")
    image.save(tmp_path / "a.jpg", quality=95)
    photo = read_photo(tmp_path / "a.jpg")
    assert np.array_equal(photo.pixels, np.asarray(Image.open(tmp_path / "a.jpg").convert("RGB")))
    assert "CMYK" in photo.notices[0]
    assert Image.open(write_photo(photo, photo.pixels, tmp_path / "b.jpg")).mode == "RGB"


def test_animation_gives_its_first_frame(tmp_path):
    frames = [Image.fromarray(picture()[::step]).resize((40, 48)) for step in (1, -1)]
    for name in ("a.gif", "a.png", "a.webp"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        photo = read_photo(tmp_path / name)
        assert np.array_equal(photo.pixels, np.asarray(Image.open(tmp_path / name).convert("RGB")))
        assert "2 pictures" in photo.notices[0]


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bits_are_kept(tmp_path, channels):
    pixels = RNG.integers(0, 65536, (37, 41, channels), dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(png16.encode(pixels, [(b"eXIf", tagged(6)[6:]), (b"gAMA", b"\0\0\xb1\x8f")]))
    photo = read_photo(tmp_path / "a.png")
    assert photo.orientation == 6 and photo.size == (41, 37)
    assert np.array_equal(as_stored(photo.pixels, 6), pixels[..., :3])
    again = read_photo(write_photo(photo, photo.pixels, tmp_path / "b.png"))
    assert np.array_equal(again.pixels, photo.pixels) and again.exif == photo.exif
    assert again.png_chunks == photo.png_chunks != ()
    if channels == 4:
        assert np.array_equal(again.alpha, photo.alpha)
    else:
        eight = read_photo(write_photo(photo, photo.pixels, tmp_path / "b.webp"))
        assert np.abs(eight.pixels * 257.0 - photo.pixels).max() <= 128
        assert "8 of the photo's 16 bits" in encode_photo(photo, photo.pixels, tmp_path / "b.webp").notices[0]


def test_sixteen_bit_grey(tmp_path):
    grey = RNG.integers(0, 65536, (40, 40), dtype=np.uint16)
    photo = read_photo(save(tmp_path / "a.png", grey))
    assert np.array_equal(photo.pixels, np.repeat(grey[..., None], 3, 2))


def _png(width, height):
    chunk = png16._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return png16.SIGNATURE + chunk + png16._chunk(b"IDAT", zlib.compress(b"\0")) + png16._chunk(b"IEND", b"")


def _file(kind, cut=None):
    stream = io.BytesIO()
    Image.fromarray(picture(200, 200)).save(stream, kind)
    return stream.getvalue()[:cut]


def _tiff_whose_next_page_is_nowhere():
    content = bytearray(_file("TIFF"))
    entries = int.from_bytes(content[8:10], "little")
    content[10 + 12 * entries] = 1
    return bytes(content)


BAD = {
    "empty.jpg": (b"", "empty"),
    "text.jpg": (b"not a picture, just words\n" * 9, "not a picture"),
    "page.jpg": (b"<html><body>404</body></html>", "not a picture"),
    "phone.jpg": (b"\0\0\0\x18ftypheic" + bytes(60), "HEIC"),
    "cut.jpg": (_file("JPEG", 2500), "damaged"),
    "cut.png": (_file("PNG", 9000), "damaged"),
    "cut.webp": (_file("WEBP", 900), "damaged"),
    "stub.png": (_file("PNG", 20), "damaged|not a picture"),
    "page.tif": (_tiff_whose_next_page_is_nowhere(), "damaged"),
    "crc.png": (_file("PNG").replace(b"IDAT", b"IDAX", 1), "damaged|not a picture"),
    "one.png": (_png(1, 1), "1 x 1"),
    "thin.png": (_png(31, 900), "31 x 900"),
    "bomb.png": (_png(30_000, 30_000), "megapixels"),
    "large.png": (_png(10_001, 10_000), "megapixels"),
    "script.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\nshowpage\n", "not a picture"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_get_one_sentence(tmp_path, name):
    content, words = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words) as error:
        read_photo(tmp_path / name)
    assert name in str(error.value) and "\n" not in str(error.value) and str(error.value).endswith(".")


def test_bad_paths_get_one_sentence(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for path, words in [
        (tmp_path / "none.jpg", "does not exist"),
        (tmp_path, "folder"),
        (tmp_path / "pipe.jpg", "ordinary"),
        ("a\0b.jpg", "cannot be read"),
        ("x" * 5000, "cannot be read"),
    ]:
        with pytest.raises(InputError, match=words):
            read_photo(path)


def test_unreadable_file(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", picture())

    def refuse(*_):
        raise PermissionError(13, "denied")

    monkeypatch.setattr("fice.photo.decode.open", refuse, raising=False)
    with pytest.raises(InputError, match="chmod"):
        read_photo(path)


def _sparse(path, begin, size):
    with open(path, "wb") as stream:
        stream.write(begin)
        stream.truncate(size)
    return path


BEGINS = {
    "nothing": (b"", "not a picture"),
    "JPEG": (_file("JPEG"), "200 x 200"),
    "TIFF": (_file("TIFF"), "200 x 200"),
    "WebP": (_file("WEBP"), "not a picture"),
    "a JPEG without segments": (_file("JPEG", 20), "structure is lost"),
    "a PPM without end": (b"P6\n#", "structure is lost"),
}


@pytest.mark.parametrize("kind", BEGINS)
def test_a_file_that_is_far_too_large_is_not_read(tmp_path, monkeypatch, kind):
    begin, words = BEGINS[kind]
    path = _sparse(tmp_path / "a.jpg", begin, 3 << 30)
    most = []
    monkeypatch.setattr("fice.photo.decode.open", lambda *args: _Counted(*args, most), raising=False)
    with pytest.raises(InputError, match=words):
        read_photo(path)
    assert sum(most) < 1 << 20


class _Counted(io.FileIO):
    """A file that notes how much of it is read."""

    def __init__(self, path, mode, counts):
        super().__init__(path, mode)
        self.counts = counts

    def read(self, size=-1):
        content = super().read(size)
        self.counts.append(len(content))
        return content


@pytest.mark.parametrize("begin", [_file("JPEG", 20), b"P6\n#"])
def test_a_structure_that_is_lost_is_not_looked_for_without_end(tmp_path, begin):
    (tmp_path / "a.jpg").write_bytes(begin + bytes(1 << 20))
    with pytest.raises(InputError, match="structure is lost"):
        read_photo(tmp_path / "a.jpg")


def test_a_large_file_is_read_where_its_header_promises_as_much(tmp_path, monkeypatch):
    monkeypatch.setattr("fice.photo.decode.SMALL", 1000)
    pixels = picture(200, 200)
    for name in ("a.png", "a.tif", "a.bmp", "a.jpg"):
        assert read_photo(save(tmp_path / name, pixels)).size == (200, 200)


@pytest.mark.parametrize("error", [RuntimeError("decode"), OverflowError("too large"), AttributeError("None")])
def test_whatever_a_decoder_raises_is_damage(tmp_path, monkeypatch, error):
    path = save(tmp_path / "a.png", picture())

    def fail(self):
        raise error

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", fail)
    with pytest.raises(InputError, match="damaged"):
        read_photo(path)


def test_a_damaged_avif_is_damaged(tmp_path):
    content = _file("AVIF")
    at = content.index(b"mdat") + 20
    (tmp_path / "a.avif").write_bytes(content[:at] + bytes(200) + content[at + 200 :])
    with pytest.raises(InputError, match="damaged"):
        read_photo(tmp_path / "a.avif")


def test_float_tiff_is_refused(tmp_path):
    with pytest.raises(InputError, match="RGB first"):
        read_photo(save(tmp_path / "a.tif", picture()[..., 0].astype(np.float32)))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damage_never_escapes_as_another_error(tmp_path_factory, data):
    content = bytearray(_file(data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "GIF"]))))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, min(len(content) - 1, 400)))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "a.jpg"
    path.write_bytes(content)
    try:
        assert read_photo(path).pixels.dtype in (np.uint8, np.uint16)
    except InputError as error:
        assert "\n" not in str(error)


# colours


def test_srgb_round_trip_is_exact_without_a_profile(tmp_path):
    photo = read_photo(save(tmp_path / "a.png", picture()))
    assert np.array_equal(photo.from_srgb(photo.srgb()), photo.pixels)
    assert np.array_equal(photo.srgb((3, 5, 20, 30)), photo.srgb()[3:20, 5:30])


def test_profile_is_converted_both_ways_and_kept(tmp_path):
    profile = wide_gamut()
    photo = read_photo(save(tmp_path / "a.png", picture() // 4 + 96, icc_profile=profile))
    shown = photo.srgb()
    assert np.abs(shown - photo.pixels / 255).max() > 0.02  # the profile does something
    own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    expected = ImageCms.profileToProfile(
        Image.fromarray(photo.pixels), own, ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    assert np.abs(shown - np.asarray(expected) / 255).max() < 0.02
    assert np.abs(photo.from_srgb(shown).astype(int) - photo.pixels).max() <= 3
    assert Image.open(write_photo(photo, photo.pixels, tmp_path / "b.jpg")).info["icc_profile"] == profile


def _linear_light(name):
    """sRGB's primaries, no gamma, and whatever name."""
    return profiles.profile_of_gamma(1.0).replace("gAMA".encode("utf-16-be"), name.encode("utf-16-be"))


def _in_light(pixels):
    """sRGB levels in [0, 1] as shares of light."""
    return np.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("deep", [False, True])
def test_a_profile_is_taken_at_what_it_does_and_not_at_its_name(tmp_path, deep):
    most = 65535 if deep else 255
    wanted = 0.2 + 0.6 * picture().astype(np.float64) / 255
    light = np.rint(_in_light(wanted) * most).astype(np.uint16 if deep else np.uint8)
    if deep:
        (tmp_path / "a.png").write_bytes(png16.encode(light, [png16.profile_chunk(_linear_light("sRGB"))]))
    else:
        save(tmp_path / "a.png", light, icc_profile=_linear_light("sRGB"))
    photo = read_photo(tmp_path / "a.png")
    assert np.abs(photo.srgb() - wanted).max() < 0.02
    assert np.abs(_in_light(wanted) - photo.from_srgb(wanted) / most).max() < 0.006


@pytest.mark.parametrize("out", ["b.png", "b.jpg", "b.webp"])
def test_the_gamma_of_a_png_is_honoured_on_the_way_in_and_out(tmp_path, out):
    wanted = 0.2 + 0.6 * picture().astype(np.float64) / 255
    light = np.rint(_in_light(wanted) * 65535).astype(np.uint16)
    (tmp_path / "a.png").write_bytes(png16.encode(light, [(b"gAMA", struct.pack(">I", 100_000))]))
    photo = read_photo(tmp_path / "a.png")
    assert np.abs(photo.srgb() - wanted).max() < 0.01
    again = read_photo(write_photo(photo, photo.pixels, tmp_path / out))
    assert np.abs(again.srgb() - photo.srgb()).mean() < 0.02


@pytest.mark.parametrize("chunks", [[45455], [45455, b"sRGB"], [100_000, b"sRGB"], [0], [4_000_000_000]])
def test_a_gamma_that_means_srgb_or_nothing_changes_nothing(tmp_path, chunks):
    values, names = chunks[:1], chunks[1:]
    pixels = picture(dtype=np.uint16)
    extra = [(b"gAMA", struct.pack(">I", values[0])), *((name, b"\0") for name in names)]
    (tmp_path / "a.png").write_bytes(png16.encode(pixels, extra))
    photo = read_photo(tmp_path / "a.png")
    assert photo.icc is None and np.array_equal(photo.from_srgb(photo.srgb()), photo.pixels)


def test_useless_profiles_change_nothing(tmp_path):
    grey = wide_gamut().replace(b"RGB ", b"GRAY", 1)
    for profile in (ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), grey, wide_gamut()[:200]):
        photo = read_photo(save(tmp_path / "a.png", picture(), icc_profile=profile))
        assert np.array_equal(photo.from_srgb(photo.srgb()), photo.pixels)


def test_seen_lies_on_white(tmp_path):
    pixels = picture(channels=4)
    pixels[:20, :, 3], pixels[20:, :, 3] = 0, 255
    photo = read_photo(save(tmp_path / "a.png", pixels))
    assert (photo.seen()[:20] == 1).all() and np.array_equal(photo.seen()[20:], photo.srgb()[20:])


# writing


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", [".png", ".webp", ".jpg"])
def test_stored_layout_and_tag_stay(tmp_path, orientation, extension):
    path = save(tmp_path / "a.png", picture(), exif=tagged(orientation))
    photo = read_photo(path)
    written = Image.open(write_photo(photo, photo.pixels, tmp_path / f"b{extension}"))
    assert written.getexif()[0x0112] == orientation and written.getexif()[0x010F] == "Maker"
    assert written.size == Image.open(path).size
    if extension != ".jpg":
        assert np.array_equal(np.asarray(written), np.asarray(Image.open(path)))


@pytest.mark.parametrize("name", ["a.webp", "a.gif", "a.avif", "a.bmp", "a.tif"])
def test_what_is_decoded_from_a_lossy_photo_stays_bit_for_bit(tmp_path, name):
    Image.fromarray(picture()).save(tmp_path / name)
    photo = read_photo(tmp_path / name)
    edited = photo.pixels.copy()
    edited[10:20, 10:20] = 7
    result = default_output(tmp_path / name, "red")
    assert encode_photo(photo, edited, result).notices == ()
    assert np.array_equal(read_photo(write_photo(photo, edited, result)).pixels, edited)


def test_png_keeps_alpha_profile_and_hidden_colours(tmp_path):
    profile, pixels = wide_gamut(), picture(channels=4)
    pixels[:9, :, 3] = 0
    photo = read_photo(save(tmp_path / "a.png", pixels, icc_profile=profile, dpi=(300, 300)))
    edited = photo.pixels.copy()
    edited[10:20, 10:20] = 7
    for name in ("b.png", "b.webp", "b.tif"):
        written = Image.open(write_photo(photo, edited, tmp_path / name))
        assert np.array_equal(np.asarray(written), np.dstack([edited, pixels[..., 3]]))
        assert written.info["icc_profile"] == profile
    assert Image.open(tmp_path / "b.png").info["dpi"] == pytest.approx((300, 300), abs=0.1)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_jpeg_keeps_quantisation_subsampling_and_metadata(tmp_path, subsampling):
    path = save(
        tmp_path / "a.jpg",
        picture(64, 64),
        quality=83,
        subsampling=subsampling,
        progressive=True,
        exif=tagged(3),
        icc_profile=wide_gamut(),
        comment=b"hello",
        xmp=b"<x:xmpmeta/>",
        dpi=(240, 240),
    )
    photo = read_photo(path)
    source, written = Image.open(path), Image.open(write_photo(photo, photo.pixels, tmp_path / "b.jpg"))
    assert written.quantization == source.quantization
    assert JpegImagePlugin.get_sampling(written) == JpegImagePlugin.get_sampling(source) == subsampling
    for name in ("exif", "icc_profile", "comment", "xmp", "dpi", "progressive"):
        assert written.info[name] == source.info[name], name
    assert np.abs(np.asarray(written).astype(int) - np.asarray(source)).mean() < 1  # decoding rounds; no more


def test_grey_jpeg_keeps_its_table(tmp_path):
    photo = read_photo(save(tmp_path / "a.jpg", picture()[..., 0], quality=60))
    written = Image.open(write_photo(photo, photo.pixels, tmp_path / "b.jpg"))
    assert written.mode == "RGB" and written.quantization[0] == photo.jpeg["qtables"][0]


@pytest.mark.parametrize("name", ["b.jpg", "b.tif", "b.webp", "b.png"])
def test_damaged_metadata_cost_the_metadata_and_no_more(tmp_path, monkeypatch, name):
    """Pillow fails with what it reads; the picture is written all the same, and the right way up."""
    photo = read_photo(save(tmp_path / "a.jpg", picture(), exif=tagged(6)))
    write, failures = Image.Image.save, []

    def fails(self, *args, **options):
        if options.get("dpi") or b"Maker" in (options.get("exif") or b""):
            failures.append(options)
            raise RuntimeError("Error setting from dictionary")
        write(self, *args, **options)

    monkeypatch.setattr(Image.Image, "save", fails)
    file = encode_photo(photo, photo.pixels, tmp_path / name)
    monkeypatch.undo()
    (tmp_path / name).write_bytes(file.content)
    again = read_photo(tmp_path / name)
    assert failures and again.size == photo.size and np.abs(again.pixels.astype(int) - photo.pixels).mean() < 1
    assert file.notices == (f"The photo's metadata are damaged; {name} is written without them.",)


def test_tags_of_the_wrong_kind_do_not_stop_a_tiff(tmp_path):
    path = tmp_path / "a.tif"
    Image.fromarray(picture()).save(path, tiffinfo={270: "what", 305: "with what"})
    content = path.read_bytes()
    for tag in (270, 305):
        at = content.index(struct.pack("<HH", tag, 2))
        for kind in (1, 3, 4, 5, 7, 11, 12, 13):
            path.write_bytes(content[: at + 2] + struct.pack("<H", kind) + content[at + 4 :])
            photo = read_photo(path)
            written = write_photo(photo, photo.pixels, tmp_path / "b.tif", force=True)
            assert np.array_equal(read_photo(written).pixels, photo.pixels)


def test_exif_too_long_for_a_jpeg_leaves_the_orientation(tmp_path):
    tags = Image.Exif()
    tags[0x0112], tags[0x010E] = 6, "word " * 20_000
    photo = read_photo(save(tmp_path / "a.png", picture(), exif=tags.tobytes()))
    written = write_photo(photo, photo.pixels, tmp_path / "b.jpg")
    assert Image.open(written).getexif()[0x0112] == 6


def test_wrong_pixels_are_a_programmers_error(tmp_path):
    photo = read_photo(save(tmp_path / "a.png", picture()))
    for pixels in (photo.pixels[1:], photo.pixels.astype(np.float32)):
        with pytest.raises(ValueError):
            write_photo(photo, pixels, tmp_path / "b.png")
    with pytest.raises(ValueError):
        write_mask(photo, np.ones((3, 3)), tmp_path / "m.png")


# outputs


def test_early_checks(tmp_path):
    source = save(tmp_path / "a.png", picture(channels=4))
    (tmp_path / "other.png").write_bytes(b"x")
    (tmp_path / "sub").mkdir()
    os.symlink(source, tmp_path / "soft.png")
    os.link(source, tmp_path / "hard.png")
    os.symlink(tmp_path / "sub", tmp_path / "folder.png")
    for out, words in [
        (tmp_path / "none" / "b.png", "does not exist"),
        (tmp_path / "b.bmp", ".png"),
        (tmp_path / "b", ".png"),
        (source, "photo itself"),
        (tmp_path / "sub" / ".." / "a.png", "photo itself"),
        (tmp_path / "soft.png", "photo itself"),
        (tmp_path / "hard.png", "photo itself"),
        (tmp_path / "folder.png", "is a folder"),
        (tmp_path / ("x" * 300 + ".png"), "too long"),
        ("/proc/b.png", "written"),
    ]:
        with pytest.raises(FiceError, match=words):
            check_output(out, source, force=True)
    with pytest.raises(UsageError, match="--force"):
        check_output(tmp_path / "other.png", source)
    check_output(tmp_path / "other.png", source, force=True)
    check_output(tmp_path / "b.jpg", source)
    with pytest.raises(UsageError, match="transparency"):
        check_output(tmp_path / "b.jpg", read_photo(source))
    before = sorted(os.listdir(tmp_path))
    check_output(tmp_path / "b.png", source)
    assert sorted(os.listdir(tmp_path)) == before


def test_read_only_folder(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(output.tempfile, "TemporaryFile", refuse)
    with pytest.raises(UsageError, match="cannot be written to"):
        check_output(tmp_path / "b.png")


def test_force_replaces_and_follows_links(tmp_path):
    photo = read_photo(save(tmp_path / "a.png", picture()))
    (tmp_path / "real.png").write_bytes(b"old")
    os.symlink(tmp_path / "real.png", tmp_path / "link.png")
    write_photo(photo, photo.pixels, tmp_path / "link.png", force=True)
    assert (tmp_path / "link.png").is_symlink()
    assert np.array_equal(read_photo(tmp_path / "real.png").pixels, photo.pixels)


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_failure_leaves_nothing(tmp_path, monkeypatch, failure):
    photo = read_photo(save(tmp_path / "a.png", picture()))
    (tmp_path / "b.png").write_bytes(b"old")

    def fail(*_):
        raise failure

    monkeypatch.setattr(output.os, "fsync", fail)
    with pytest.raises((FiceError, KeyboardInterrupt)) as error:
        write_photo(photo, photo.pixels, tmp_path / "b.png", force=True)
    if isinstance(failure, OSError):
        assert error.value.exit_code == 1 and "disk is full" in str(error.value)
    assert sorted(os.listdir(tmp_path)) == ["a.png", "b.png"] and (tmp_path / "b.png").read_bytes() == b"old"


def test_a_disk_that_truly_refuses(tmp_path):
    """The system stops the process at 1000 bytes: one sentence, no file."""
    save(tmp_path / "a.png", picture(200, 200))
    code = (
        "import resource; from fice.photo.photo import read_photo; from fice.photo.encode import write_photo\n"
        "p = read_photo('a.png'); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_photo(p, p.pixels, 'b.png')\n"
        "except Exception as e: print(type(e).__name__, e)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert "FiceError" in done.stdout and "not written" in done.stdout, done
    assert os.listdir(tmp_path) == ["a.png"]


def test_rights_follow_the_umask(tmp_path):
    photo = read_photo(save(tmp_path / "a.png", picture()))
    write_photo(photo, photo.pixels, tmp_path / "b.png")
    assert (tmp_path / "b.png").stat().st_mode == (tmp_path / "a.png").stat().st_mode


@given(st.text(max_size=300))
@settings(deadline=None)
def test_names_are_safe_for_any_text(text):
    name = default_output("/some/folder/" + "ü" * 120 + ".JPG", text).name
    assert len(os.fsencode(name)) < 255 and name.endswith(".JPG")
    made = output.slug(text)
    assert made and made.isascii() and not set(made) & set("/\\. \0") and made == made.lower()


def test_names():
    assert default_output("a/p.jpg", "Red floral dress!").as_posix() == "a/p.red-floral-dress.jpg"
    assert default_output("p.gif", "röd klänning").name == "p.rod-klanning.png"
    assert output.slug("красное платье") != output.slug("синее платье") != ""
    long = ["a very long sentence " * 9 + end for end in "ab"]
    assert output.slug(long[0]) != output.slug(long[1]) and len(output.slug(long[0])) < 80


def test_a_png_called_jpg_becomes_a_png(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(picture(channels=4)).save(path, "PNG")
    assert default_output(path, "red").name == "a.red.png"
    save(path, picture())
    assert default_output(path, "red").name == "a.red.jpg"


# masks


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_mask_lies_on_the_photo_as_stored(tmp_path, orientation):
    path = save(tmp_path / "a.png", picture(), exif=tagged(orientation))
    photo = read_photo(path)
    mask = np.zeros(photo.size, np.float32)
    mask[5:20, 3:30], mask[6, 4] = 0.5, 1e-4
    written = write_mask(photo, mask, tmp_path / "m.png")
    image = Image.open(written)
    assert image.mode == "L" and image.size == Image.open(path).size and image.getexif().get(0x0112, 1) == orientation
    again = read_mask(written, photo)
    assert np.array_equal(again > 0, mask > 0) and np.abs(again - mask).max() < 0.005
    edited = photo.pixels.copy()
    edited[mask > 0] ^= 255
    raw = np.asarray(Image.open(write_photo(photo, edited, tmp_path / "b.png")))
    outside = np.asarray(image) == 0
    assert np.array_equal(raw[outside], np.asarray(Image.open(path))[outside]) and not outside.all()


def test_masks_of_many_kinds(tmp_path):
    photo = read_photo(save(tmp_path / "a.png", picture(), exif=tagged(6)))  # stored 48 x 40, upright 40 x 48
    wanted = np.zeros(photo.size, bool)
    wanted[4:9, 5:30] = True
    levels = (wanted * 255).astype(np.uint8)
    colours = np.dstack([picture(40, 48), levels])
    for name, image in {
        "grey": Image.fromarray(levels),
        "bit": Image.fromarray(levels).convert("1"),
        "rgb": Image.fromarray(levels).convert("RGB"),
        "alpha": Image.fromarray(colours),
        "deep": Image.fromarray(levels.astype(np.uint16) * 257),
        "stored": Image.fromarray(as_stored(levels, 6)),
    }.items():
        image.save(tmp_path / f"{name}.png")
        assert np.array_equal(read_mask(tmp_path / f"{name}.png", photo), wanted.astype(np.float32)), name


def test_unusable_masks(tmp_path):
    photo = read_photo(save(tmp_path / "a.png", picture()))
    with pytest.raises(InputError, match="same size"):
        read_mask(save(tmp_path / "m.png", np.ones((9, 9), np.uint8)), photo)
    with pytest.raises(InputError, match="empty"):
        read_mask(save(tmp_path / "m.png", np.zeros((48, 40), np.uint8)), photo)
    with pytest.raises(InputError, match="mask .* does not exist"):
        read_mask(tmp_path / "none.png", photo)
    with pytest.raises(UsageError, match=".png"):
        write_mask(photo, np.ones(photo.size), tmp_path / "m.jpg")


def test_a_name_beyond_ascii_has_a_result_where_the_locale_is_ascii(tmp_path):
    path = tmp_path / "Ångström.jpg"
    path.write_bytes(b"")
    code = (
        "import os, sys; from fice.photo.names import check_output, default_output\n"
        "print(os.fsencode(check_output(default_output(sys.argv[1], 'red')).name))"
    )
    locale = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    told = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, cwd=ROOT, env=locale)
    assert told.stdout == f"{'Ångström.red.jpg'.encode()!r}\n", told.stderr
