"""The note in a result: sentence, seed, version, weights and settings, from which it is made again; no file's name."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from fice.errors import InputError
from fice.photo import decode, exif
from fice.version import __version__
from fice.wishes import is_picture

if TYPE_CHECKING:
    from fice.photo.photo import Photo

NOTED = ("text", "style", "background", "region", "seed", "bundle", "preset", "settings")  # of the facts of an edit
KEY = "fice"  # of the text in a PNG, and what holds the version in every note
SEGMENT = 65_500  # bytes that one JPEG metadata segment can hold


def note_of(facts: Mapping[str, Any]) -> str:
    """The facts of an edit as ASCII json, the same for the same edit."""
    order = facts.get("order", {})
    told = {**facts, **{name: order[name] for name in ("style", "background") if name in order}}
    if "background" in order and is_picture(order["background"]):
        told["background"] = "a picture"
    noted = {name: told[name] for name in NOTED if name in told}
    if own := noted.get("settings", {}).get("region_from"):
        noted["settings"] = noted["settings"] | {"region_from": Path(own).name}
    return json.dumps({KEY: __version__} | noted)


def noted(photo: Photo, note: str, kind: str) -> Photo:
    """The photo with a note in the metadata that its result of a kind (PNG, JPEG, WEBP, TIFF) takes over.

    A note that is there already is replaced. Where somebody else's words are in its place, or the EXIF is damaged or
    too large, the result bears none.
    """
    place = {"PNG": None, "TIFF": exif.DESCRIPTION}.get(kind, exif.COMMENT)
    tags, data = decode.parsed_exif(photo.exif), photo.exif
    with suppress(struct.error):
        for tag in (exif.COMMENT, exif.DESCRIPTION):
            there = _words(tags, tag)
            if _parsed(there) or (tag == place and not there):
                data = exif.with_text(data, tag, note)
    if kind == "JPEG" and data and len(data) > SEGMENT:
        data = photo.exif
    if kind != "PNG":
        return replace(photo, exif=data)
    chunk = (b"tEXt", KEY.encode() + b"\0" + note.encode("ascii"))
    return replace(photo, exif=data, png_chunks=(*photo.png_chunks, chunk))


def read_note(path: str | Path) -> dict[str, Any]:
    """What a result says about itself. InputError for what is no picture, and for one without a note."""
    path = Path(path)
    data = decode.read_bytes(path, "picture")
    with decode.readable(path, data):
        image = decode.open_image(data)
        tags = image.getexif()
        found = [str(image.info.get(KEY, "")), _words(tags, exif.COMMENT), _words(tags, exif.DESCRIPTION)]
    for text in found:
        if note := _parsed(text):
            return note
    raise InputError(f"{path} bears no note of an edit; it was not made by fice, or has lost its metadata since.")


def as_text(note: Mapping[str, Any]) -> str:
    """A note for people, a line for each thing that it says; what could trouble a terminal is left out."""
    lines = []
    for name in (*NOTED, KEY):
        value = note.get(name)
        if isinstance(value, dict):
            value = " ".join(f"{each}={json.dumps(value[each]).strip(chr(34))}" for each in value)
        if value not in (None, ""):
            lines.append(f"{name}: {''.join(letter for letter in str(value) if letter.isprintable())}")
    return "\n".join(lines)


def _words(tags: Image.Exif, tag: int) -> str:
    """A description or comment without the blanks that cameras put there; "" where it cannot be read."""
    value: Any = None
    with suppress(*decode.PILLOW_FAILS):
        value = tags.get_ifd(exif.CAMERA).get(tag) if tag == exif.COMMENT else tags.get(tag)
    if isinstance(value, bytes):
        value = value[len(exif.LETTERS) :].decode("latin-1")
    return str(value or "").strip("\0 ")


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        note = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return note if isinstance(note, dict) and isinstance(note.get(KEY), str) else None
