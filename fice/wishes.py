"""Wishes: how each value of an order is read, what it may be, and where it lies."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fice.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from _typeshed import DataclassInstance

LONGEST_REGION = 200  # letters
VIEWS = 3  # pictures of one garment at most
BLUR, TRANSPARENT = "blur", "transparent"  # backgrounds that are neither a colour nor a picture


def asked(default: Any, meaning: str, read: Callable[[Any], Any], wanted: str, **more: Any) -> Any:
    """A wish: its default, what it means, how a value is read (ValueError), what it should have been, and more of it.

    more: `least` and `most` of a number; `file`, whether a value, or one of several, names a file, and `path`, which;
    `own`, that it fits one photo only; and of the option of the command line `option`, its name where that is another
    than the wish's, `metavar`, and `several`, that it may be said again.
    """
    is_file = (lambda value: isinstance(value, str)) if read in (file_name, pictures, plugins) else (lambda _: False)
    usual = {"least": None, "most": None, "file": is_file, "own": False, "path": str}
    option = {"option": None, "metavar": None, "several": False}
    about = {"meaning": meaning, "read": read, "wanted": wanted, **usual, **option} | more
    return dataclasses.field(default=default, metadata=about)


def text(value: Any) -> str:
    """A text in UTF-8; ValueError for anything else."""
    if not isinstance(value, str):
        raise ValueError(value)
    value.encode()
    return value.strip()


def region(value: Any) -> str:
    """The words for a region; ValueError for none, or for a whole page."""
    words = " ".join(text(value).lower().split())
    if not 0 < len(words) <= LONGEST_REGION:
        raise ValueError(value)
    return words


@dataclass(frozen=True)
class Pixels:
    """A picture in memory, (H, W) or (H, W, 3), recognised by its content."""

    array: np.ndarray = dataclasses.field(repr=False, compare=False)
    sha256: str

    def __str__(self) -> str:
        return f"sha256:{self.sha256}"


def file_name(value: Any) -> str | Pixels:
    """The name of a file, or a picture in memory; ValueError for anything else."""
    if isinstance(value, Pixels):
        return value
    if hasattr(value, "__array_interface__"):
        whole = hashlib.sha256(repr(value.shape).encode() + value.dtype.str.encode() + value.tobytes())
        return Pixels(value, whole.hexdigest())
    if not isinstance(value, (str, Path)) or not str(value) or "\0" in str(value):
        raise ValueError(value)
    os.fsencode(value)
    return str(value)


def content_of(picture: str | Pixels, what: str) -> str:
    """The sha256 of a picture. InputError for a file that cannot be read; what: it is, for people."""
    from fice.photo.decode import read_bytes  # pillow, from here on

    if isinstance(picture, Pixels):
        return picture.sha256
    return hashlib.sha256(read_bytes(Path(picture), what)).hexdigest()


def pictures(value: Any) -> tuple[str | Pixels, ...]:
    """Up to `VIEWS` pictures, each as `file_name`; ValueError for anything else."""
    several = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if len(several) > VIEWS:
        raise ValueError(value)
    return tuple(file_name(each) for each in several)


def plugins(value: Any) -> tuple[str, ...]:
    """Files, each perhaps with a weight from -10 to 10 behind a colon; ValueError for anything else."""
    several = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    named = tuple(str(file_name(each)) for each in several)
    if any(abs(weighted(each)[1]) > 10 for each in named):
        raise ValueError(value)
    return named


def weighted(plugin: str) -> tuple[str, float]:
    """FILE or FILE:WEIGHT -> the file, and its weight."""
    found = re.fullmatch(r"(.+):(-?[0-9]*\.?[0-9]+)", plugin)
    return (found[1], float(found[2])) if found else (plugin, 1.0)


def plugin_file(plugin: str) -> str:
    """The file of a plug-in with its weight."""
    return weighted(plugin)[0]


def whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, str)) or not least <= int(value) <= most:
            raise ValueError(value)
        return int(value)

    return read


def count(default: int, meaning: str) -> Any:
    """A wish for a whole number that is at least its default."""
    return asked(default, meaning, whole(default, 2**63 - 1), f"no whole number from {default}", least=default)


def centimetres(value: Any) -> float:
    """A length above 0; ValueError for anything else."""
    if isinstance(value, bool) or not math.isfinite(float(value)) or not 0 < float(value) <= 1000:
        raise ValueError(value)
    return float(value)


def background(value: Any) -> str:
    """A colour, `BLUR`, `TRANSPARENT`, or else the name of a file; ValueError for what can be none of them."""
    words = text(value)
    return words.lower() if words.lower() in (BLUR, TRANSPARENT) else str(file_name(words))


def collection(value: Any) -> str:
    """The name of a collection, its folder or its address; ValueError for anything else."""
    name = str(file_name(value))
    if not name.strip():
        raise ValueError(value)
    return name


def is_picture(value: Any) -> bool:
    """Whether a background is a file, and no word for a colour."""
    from fice.language.words import colour_of

    return isinstance(value, str) and value not in (BLUR, TRANSPARENT) and colour_of(value) is None


def checked(name: str, value: Any, about: Mapping[str, Any]) -> Any:
    """A value as `about` (the metadata of a wish) reads it; UsageError for another kind of value."""
    try:
        return about["read"](value)
    except (TypeError, ValueError, UnicodeError):
        raise UsageError(f"The order has {about['wanted']} in {name!r}; correct it.") from None


def as_read(wished: DataclassInstance) -> None:
    """Puts every value in its type; UsageError for what makes no sense."""
    for field in dataclasses.fields(wished):
        value = getattr(wished, field.name)
        if field.metadata and value is not None:
            object.__setattr__(wished, field.name, checked(field.name, value, field.metadata))
