"""Where results go: names, formats, early checks."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import unicodedata
from pathlib import Path

import numpy as np

from fice.errors import UsageError
from fice.files import explain

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
NO_JPEG = (b"\x89PNG", b"RIFF", b"GIF8", b"II*\0", b"MM\0*")  # how WebP and the other formats begin
NAME_BYTES = 240  # file systems end at 255; room is left for a temporary name or a suffix
SLUG_LETTERS = 60


def slug(text: str) -> str:
    """A short ASCII name for any text: never empty, and different texts do not share it by being cut."""
    folded = unicodedata.normalize("NFKD", text)
    plain = folded.encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    lost = any(letter.isalnum() and not letter.isascii() for letter in folded)
    if words and not lost and len(words) <= SLUG_LETTERS:
        return words
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return "-".join(filter(None, (words[:SLUG_LETTERS].strip("-"), mark)))


def result_extension(path: str | os.PathLike) -> str:
    """The extension of a photo's result: the photo's own, or .png where that is never written or is not true.

    A PNG that is called .jpg may be transparent, and loses nothing as PNG. Only the name counts where there is no file.
    """
    own = os.path.splitext(path)[1]
    if own.lower() not in FORMATS or (FORMATS[own.lower()] == "JPEG" and _begins(path).startswith(NO_JPEG)):
        return ".png"
    return own


def own_extension(kind: str, transparent: bool = False) -> str:
    """The extension of a result in its source's own format, as pillow calls it, or in PNG."""
    extension = next((ending for ending, each in FORMATS.items() if each == kind), ".png")
    return with_alpha(extension) if transparent else extension


def with_alpha(extension: str) -> str:
    """An extension of FORMATS, or .png instead of one whose files cannot be transparent."""
    return ".png" if FORMATS[extension.lower()] == "JPEG" else extension


def _begins(path: str | os.PathLike) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe is not waited for
    except (OSError, ValueError):  # ValueError: a null byte in the name
        return b""
    try:
        return os.read(handle, 4)
    except OSError:  # a folder
        return b""
    finally:
        os.close(handle)


def default_output(path: str | os.PathLike, text: str, transparent: bool = False) -> Path:
    """`<stem>.<slug of text>.<ext>` beside the photo, with its `result_extension`, or one that can be transparent."""
    path = Path(path)
    extension = with_alpha(result_extension(path)) if transparent else result_extension(path)
    return path.with_name(named_after(path.stem, text, extension))


def named_after(stem: str, text: str, extension: str) -> str:
    """`<stem>.<slug of text>.<ext>`, which no file system finds too long."""
    tail = f".{slug(text)}{extension}"
    return cut_name(stem, NAME_BYTES - len(tail)) + tail


def cut_name(name: str, room: int) -> str:
    """The first `room` bytes of a file's name, no letter cut in two, as the system's own encoding says it."""
    whole = os.fsencode(name)[: max(room, 0)].decode("utf-8", "ignore")
    return os.fsdecode(whole.encode())  # which is ASCII where the locale is


def format_of(path: Path) -> str:
    """The pillow format that an output's extension asks for; UsageError when it is none that is written."""
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise UsageError(
            f"{path} should end in .png, .jpg, .webp or .tif, so that the picture's format is known."
        ) from None


def check_output(
    out: str | os.PathLike, source=None, force: bool = False, ending: str | None = None, transparent: bool = False
) -> Path:
    """Whether a result can be written to `out`, asked before any work is done.

    `source` is the photo (a Photo or its path) that must not be overwritten; `ending` is the one extension that
    fits, for results that are no photo. Returns the path, with links followed. UsageError: another extension,
    folder missing or read-only, `out` is a folder, is the source (by any name), exists without `force`, or cannot
    hold the transparency of the Photo, or one that is asked for.
    """
    out = Path(out)
    if ending and out.suffix.lower() != ending:
        raise UsageError(f"{out} should end in {ending}, which is what is written there.")
    kind = None if ending else format_of(out)
    real = Path(os.path.realpath(out))
    try:
        if real.is_dir():
            raise UsageError(f"{out} is a folder; give the name of a file in it.")
        if not real.parent.is_dir():
            raise UsageError(f"The folder {real.parent} does not exist; create it first or write elsewhere.")
        if source is not None:
            original = Path(getattr(source, "path", source))
            if real.exists() and original.exists() and os.path.samefile(real, original):
                raise UsageError(f"{out} is the photo itself, which is never overwritten; choose another name.")
        if real.exists() and not force:
            raise UsageError(f"{out} exists already; add --force to replace it or choose another name.")
        with tempfile.TemporaryFile(dir=real.parent):  # asks the system itself: rights, quotas, mounts
            pass
    except OSError as error:
        raise explain(error, out) from error
    if kind == "JPEG" and transparent:
        raise UsageError(f"{out} cannot be transparent; write a .png or .webp instead.")
    alpha = getattr(source, "alpha", None)
    if kind == "JPEG" and alpha is not None and not opaque(alpha):
        raise UsageError(f"{out} cannot keep the photo's transparency; write a .png or .webp instead.")
    return real


def opaque(alpha: np.ndarray) -> bool:
    """Whether an alpha channel (integer array) hides nothing."""
    return bool((alpha == np.iinfo(alpha.dtype).max).all())
