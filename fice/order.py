"""What is asked of one photo: the only list of it.

Options of the command line, columns of tables, keys of json, what resuming compares and what evaluation pairs are all
derived from the fields of `Garment` and `Order`: a new wish is a field here, and its use in the plan.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fice import wishes as wish
from fice.errors import InputError, UsageError
from fice.files import hash_of, read_file, sha256_of
from fice.wishes import Pixels, checked

GARMENTS = "garments"  # the key of several in json
MOST_BYTES = 1_000_000  # of an order's file


def _as_read(wished: Garment | Order) -> None:
    """Puts every value in its type; UsageError for what makes no sense."""
    for field in dataclasses.fields(wished):
        value = getattr(wished, field.name)
        if field.metadata and value is not None:
            object.__setattr__(wished, field.name, checked(field.name, value, field.metadata))


@dataclass(frozen=True)
class Garment:
    """One thing to wear, and where it goes.

    Attributes:
        text: a sentence, "red floral dress".
        region: "auto" (from the text), or words: "upper", "dress", "left sleeve", "everything below the waist".
        mask: a file, or (H, W) float in [0, 1], of the photo's size, white where it may change, and nothing else.
        swatch: a picture of the cloth: a file, or (H, W, 3) of sRGB.
        swatch_width: cm that the swatch shows from left to right; None for what is usual.

    >>> from fice import Garment, Order
    >>> order = Order((Garment("denim jacket", region="outer"), Garment("white trousers")))
    >>> order.sentence
    'denim jacket and white trousers'
    """

    text: str = wish.asked("", "What to wear.", wish.text, "no text in UTF-8")
    region: str = wish.asked(
        "auto", 'What to change, as "sleeves" or "outer"; auto is what the text says.', wish.region, "no words"
    )
    mask: str | Pixels | None = wish.asked(
        None, "A picture of the photo's size, white where it may change.", wish.file_name, "no name of a file", own=True
    )
    swatch: str | Pixels | None = wish.asked(
        None, "A picture of the cloth; FILE@REGION for one garment of several.", wish.file_name, "no name of a file"
    )
    swatch_width: float | None = wish.asked(
        None, "How many cm the swatch shows from left to right.", wish.centimetres, "no length in cm"
    )

    def __post_init__(self) -> None:
        _as_read(self)


@dataclass(frozen=True)
class Order:
    """What is asked of one photo: garments, and the rest.

    Attributes:
        garments: each its own region.
        pose: a file that shows how to stand, for engines that draw people: a photo, part maps, or keypoints in json.
        background: a colour in words, "blur", "transparent" or a file; None leaves it as it is.
        latent: a file with the W+ to begin with, of bundles that have a generator.
        seed: same seed, same machine, same result.
        candidates: edit with so many seeds and keep the one most like the text.

    >>> from fice import Order
    >>> Order.of("red dress", seed=3).as_json()
    {'garments': [{'text': 'red dress'}], 'seed': 3}
    """

    garments: tuple[Garment, ...] = (Garment(),)
    latent: str | None = wish.asked(
        None, "A generated garment's W+, as --save-latent writes it.", wish.file_name, "no name of a file", own=True
    )
    pose: str | None = wish.asked(
        None, "A photo, part maps or keypoints (json) of somebody who stands as wished.", wish.file_name, "no file"
    )
    background: str | None = wish.asked(
        None,
        "A colour, a picture, blur or transparent.",
        wish.background,
        "no colour and no file",
        file=wish.is_picture,
    )
    seed: int = wish.count(0, "Same seed, same result.")
    candidates: int = wish.count(1, "Edit so many times, keep the best.")

    def __post_init__(self) -> None:
        _as_read(self)

    @classmethod
    def of(cls, order: str | Order = "", **wishes: Any) -> Order:
        """An order of one garment, or an order with some wishes changed: `Order.of("red dress", region="upper")`.

        Wishes are fields of `Garment` and `Order`; those of a garment change all garments. UsageError for unknown ones
        and for values that make no sense.
        """
        order = Order((Garment(order),)) if isinstance(order, str) else order
        return order.with_wishes(wishes)

    def with_wishes(self, wishes: Mapping[str, Any], folder: Path | None = None) -> Order:
        """A copy with the wishes of a row or of json; files are as seen from `folder`. UsageError as `of`."""
        wishes = dict(wishes)
        garments = self.garments
        if GARMENTS in wishes:
            garments = tuple(_garment(each, folder) for each in _several(wishes.pop(GARMENTS)))
        read = {name: read_wish(name, value, folder) for name, value in wishes.items() if value is not None}
        of_garment = {name: value for name, value in read.items() if name in _names(Garment)}
        garments = tuple(dataclasses.replace(garment, **of_garment) for garment in garments)
        return dataclasses.replace(self, garments=garments, **{k: v for k, v in read.items() if k not in of_garment})

    @classmethod
    def read(cls, path: str | Path) -> Order:
        """The order in a json file, as `as_json` writes it; one garment's wishes may lie beside the others.

        Files are as seen from the json. InputError for what cannot be read, UsageError as `of`.
        """
        try:
            content = json.loads(read_file(path, MOST_BYTES))
        except OSError as error:
            raise InputError(f"The order {path} cannot be read ({error.strerror}); check its name.") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f'The order {path} is no JSON; write {{"text": "red dress"}}.') from error
        if not isinstance(content, dict):
            raise InputError(f'The order {path} is no JSON object; write {{"text": "red dress"}}.')
        return cls().with_wishes(content, Path(path).parent)

    @property
    def sentence(self) -> str:
        """What all garments shall be, in one line."""
        return " and ".join(filter(None, (garment.text for garment in self.garments)))

    @property
    def title(self) -> str:
        """What is asked in a few words, for names: the sentence, else the swatches and the background."""
        if self.sentence:
            return self.sentence
        named = lambda name, value: Path(value).stem if is_file(name, value) else str(value)[:20]  # noqa: E731
        swatches = [named("swatch", garment.swatch) for garment in self.garments if garment.swatch is not None]
        behind = [] if self.background is None else [f"{named('background', self.background)} background"]
        return " and ".join([*swatches, *behind])

    @property
    def transparent(self) -> bool:
        """Whether the result is to be transparent around the person."""
        return self.background == wish.TRANSPARENT

    @property
    def dressing(self) -> tuple[Garment, ...]:
        """The garments to be edited: none where nothing is said of any, but a background is named."""
        return () if self.background is not None and self.garments == (Garment(),) else self.garments

    def wishes(self) -> dict[str, Any]:
        """What differs from the defaults and is not of a garment."""
        return {name: value for name in _names(Order) if (value := getattr(self, name)) != default_of(name)}

    def asked(self) -> list[str]:
        """The names of all wishes that somebody has."""
        return list({**self.wishes(), **{name: 0 for garment in self.garments for name in _differing(garment)}})

    def as_json(self) -> dict[str, Any]:
        """For reports and files; defaults are left out, and of a picture in memory only its sha256 is told."""
        plain = lambda wishes: {k: str(v) if isinstance(v, Pixels) else v for k, v in wishes.items()}  # noqa: E731
        return {GARMENTS: [plain(_differing(garment)) for garment in self.garments], **self.wishes()}

    def files(self) -> dict[str, str]:
        """What must exist and is read, by a name for each."""
        return {name: value for name, value in self._pictures().items() if not isinstance(value, Pixels)}

    def _pictures(self) -> dict[str, Any]:
        """All that has content of its own."""
        found = {name: value for name, value in self.wishes().items() if _has_content(name, value)}
        for number, garment in enumerate(self.garments):
            end = "" if number == 0 else f"_{number + 1}"
            found |= {name + end: value for name, value in _differing(garment).items() if _has_content(name, value)}
        return found

    def absolute(self) -> Order:
        """The same with its files named so that every process finds them."""
        return self.with_wishes(
            {GARMENTS: [_differing(garment) for garment in self.garments], **self.wishes()}, Path.cwd()
        )

    def key(self) -> str:
        """The sha256 of all that is asked, files by their content: equal for the same wish. OSError: a missing one."""
        content = lambda value: sha256_of(value) if isinstance(value, str) else value.sha256  # noqa: E731
        return hash_of([self.shape(), {name: content(value) for name, value in self._pictures().items()}])

    def shape(self) -> list[Any]:
        """All that is asked, but of files only that there are some."""
        of_files = lambda found: {name: _has_content(name, value) or value for name, value in found.items()}  # noqa: E731
        first, *others = [of_files(_differing(garment)) for garment in self.garments]
        text = first.pop("text", "")
        return [text, first | of_files(self.wishes()), *([others] if others else [])]


def wishes() -> dict[str, dataclasses.Field]:
    """Every single wish by name: the columns of tables, the keys of json, the options of the command line."""
    return {field.name: field for kind in (Garment, Order) for field in dataclasses.fields(kind) if field.metadata}


def read_wish(name: str, value: Any, folder: Path | None = None) -> Any:
    """A value as its field holds it; a file as seen from `folder`. UsageError for another name or kind of value."""
    if name not in WISHES:
        raise UsageError(f"There is no {name!r} in an order: choose one of {', '.join(WISHES)}.")
    read = checked(name, value, WISHES[name].metadata)
    return str(folder / read) if folder is not None and is_file(name, read) else read


def default_of(name: str) -> Any:
    """What a wish is where nobody says it."""
    return WISHES[name].default


def _names(kind: type) -> list[str]:
    return [field.name for field in dataclasses.fields(kind) if field.metadata]


def _differing(garment: Garment) -> dict[str, Any]:
    return {name: value for name in _names(Garment) if (value := getattr(garment, name)) != default_of(name)}


def _garment(content: Any, folder: Path | None) -> Garment:
    if not isinstance(content, dict) or not set(content) <= set(_names(Garment)):
        raise UsageError(f"A garment of an order is an object with {', '.join(_names(Garment))}; correct it.")
    return Garment(**{name: read_wish(name, value, folder) for name, value in content.items() if value is not None})


def _several(content: Any) -> Sequence[Any]:
    if not isinstance(content, list) or not content:
        raise UsageError(f'The {GARMENTS} of an order are a list with at least one; write [{{"text": "red dress"}}].')
    return content


def _has_content(name: str, value: Any) -> bool:
    """Whether a wish is for what a file, or a picture in memory, holds."""
    return isinstance(value, Pixels) or is_file(name, value)


def is_file(name: str, value: Any) -> bool:
    """Whether the value of a wish is the name of a file."""
    return bool(value is not None and WISHES[name].metadata["file"](value))


WISHES = wishes()
OWN = tuple(name for name, field in WISHES.items() if field.metadata["own"])  # what fits one photo only
