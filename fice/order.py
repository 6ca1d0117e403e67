"""What is asked of one photo: the only list of it.

Options of the command line, columns of tables, keys of json, what resuming compares and what evaluation pairs are all
derived from the fields of `Garment` and `Order`: a new wish is a field here, and its use in the plan.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fice import wishes as wish
from fice.errors import InputError, UsageError
from fice.files import hash_of, read_file, sha256_of
from fice.garment import Garment
from fice.wishes import Pixels, as_read, checked

GARMENTS = "garments"  # the key of several in json
MOST_BYTES = 1_000_000  # of an order's file


@dataclass(frozen=True)
class Order:
    """What is asked of one photo: garments, and the rest.

    Attributes:
        garments: each its own region.
        pose: a file that shows how to stand, for engines that draw people: a photo, part maps, or keypoints in json.
        background: a colour in words, "blur", "transparent" or a file; None leaves it as it is.
        collection: the name of one, a folder, or an address of Qdrant, where the garments of the texts are found.
        style: words for all that is no garment, "in evening light", for engines that draw with a diffusion model.
        plugins: files of LoRA and textual inversion with their weights, "FILE" or "FILE:0.8", for the same engines.
        top: how many of the collection stand for each garment: the first gives the cloth, all steer what is generated.
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
        metavar="COLOUR|FILE|blur|transparent",
    )
    collection: str | None = wish.asked(
        None,
        "A collection in which the garments of the text are found.",
        wish.collection,
        "no name of a collection",
        option="from",
        metavar="COLLECTION",
    )
    top: int = wish.asked(
        wish.VIEWS,
        "How many of a collection stand for each garment.",
        wish.whole(0, wish.VIEWS),
        f"no whole number from 0 to {wish.VIEWS}",
        least=0,
        most=wish.VIEWS,
    )
    style: str = wish.asked("", "Words for all that is no garment, of diffusion models.", wish.text, "no text in UTF-8")
    plugins: tuple[str, ...] = wish.asked(
        (),
        "A LoRA or textual inversion of a diffusion model (safetensors), and how much of it.",
        wish.plugins,
        "no names of files",
        option="plugin",
        metavar="FILE[:WEIGHT]",
        several=True,
        path=wish.plugin_file,
    )
    seed: int = wish.count(0, "Same seed, same result.")
    candidates: int = wish.count(1, "Edit so many times, keep the best.")

    def __post_init__(self) -> None:
        as_read(self)

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
        wishes = {OPTIONS.get(name, name): value for name, value in wishes.items()}
        garments = self.garments
        if GARMENTS in wishes:
            garments = tuple(_garment(each, folder) for each in _several(wishes.pop(GARMENTS)))
        read = {name: read_wish(name, value, folder) for name, value in wishes.items() if value is not None}
        of_garment = {name: value for name, value in read.items() if name in _names(Garment)}
        if "text" in read and all(garment.placed for garment in garments):
            garments = (Garment(of_garment.pop("text")), *garments)
            read.pop("text")
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
        """What is asked in a few words, for names: the sentence, else the pictures, swatches and the background."""
        if self.sentence:
            return self.sentence
        named = lambda name, value: Path(value).stem if is_file(name, value) else str(value)[:20]  # noqa: E731
        worn = [named("pictures", each) for garment in self.garments for each in garment.pictures[:1]]
        worn += [named("swatch", garment.swatch) for garment in self.garments if garment.swatch is not None]
        behind = [] if self.background is None else [f"{named('background', self.background)} background"]
        return " and ".join([*worn, *behind])

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
        plain = lambda wishes: {name: _each(_told, value) for name, value in wishes.items()}  # noqa: E731
        return {GARMENTS: [plain(_differing(garment)) for garment in self.garments], **self.wishes()}

    def files(self) -> dict[str, str]:
        """What must exist and is read, by a name for each."""
        held = self._contents().items()
        return {label: _path(name, value) for label, (name, value) in held if not isinstance(value, Pixels)}

    def _contents(self) -> dict[str, tuple[str, Any]]:
        """All that has content of its own: a name for each, that of its wish, and its value."""
        found: dict[str, tuple[str, Any]] = {}
        for number, wished in enumerate((self.wishes(), *map(_differing, self.garments))):
            end = f"_{number}" if number > 1 else ""
            for name, value in wished.items():
                for view, each in enumerate(value if isinstance(value, tuple) else (value,)):
                    if _has_content(name, each):
                        found[name + end + (f"_view{view + 1}" if view else "")] = name, each
        return found

    def absolute(self) -> Order:
        """The same with its files named so that every process finds them."""
        return self.with_wishes(
            {GARMENTS: [_differing(garment) for garment in self.garments], **self.wishes()}, Path.cwd()
        )

    def key(self) -> str:
        """The sha256 of all that is asked, files by their content: equal for the same wish. OSError: a missing one."""
        held = {label: _content(*content) for label, content in self._contents().items()}
        return hash_of([self.shape(), held, *self.collected()])

    def collected(self) -> list[str]:
        """The sha256 of what its collection holds, where it has one."""
        if self.collection is None:
            return []
        from fice.collections.collection import content_of

        return [content_of(self.collection)]

    def shape(self) -> list[Any]:
        """All that is asked, but of files only that there are some, and what is said beside their names."""
        of_files = lambda found: {name: _outline(name, value) for name, value in found.items()}  # noqa: E731
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
    return read if folder is None else seen_from(folder, name, read)


def seen_from(folder: Path, name: str, value: Any) -> Any:
    """The value of a wish whose files are named as seen from a folder, as anybody finds them."""
    return _each(lambda one: str(folder / one) if is_file(name, one) else one, value)


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
    """Whether a wish is for what files, or pictures in memory, hold."""
    values = value if isinstance(value, tuple) else (value,)
    return any(isinstance(each, Pixels) or is_file(name, each) for each in values)


def _outline(name: str, value: Any) -> Any:
    """A value, but of files only what is said beside their names, or that there are some."""
    files = [each for each in (value if isinstance(value, tuple) else (value,)) if _has_content(name, each)]
    beside = [each.removeprefix(_path(name, each)) for each in files if isinstance(each, str)]
    return beside if any(beside) else bool(files) or value


def _each(change: Callable[[Any], Any], value: Any) -> Any:
    """A value changed, or each of several."""
    return tuple(map(change, value)) if isinstance(value, tuple) else change(value)


def _path(name: str, value: str) -> str:
    """The file that a value names."""
    return WISHES[name].metadata["path"](value)


def _content(name: str, value: str | Pixels) -> str:
    """The sha256 of what a value holds."""
    return value.sha256 if isinstance(value, Pixels) else sha256_of(_path(name, value))


def _told(value: Any) -> Any:
    """What json tells of a value."""
    return str(value) if isinstance(value, Pixels) else value


def is_file(name: str, value: Any) -> bool:
    """Whether the value of a wish, or one of its values, is the name of a file."""
    return bool(value is not None and WISHES[name].metadata["file"](value))


WISHES = wishes()
OPTIONS = {field.metadata["option"] or name: name for name, field in WISHES.items()}  # as options call them
OWN = tuple(name for name, field in WISHES.items() if field.metadata["own"])  # what fits one photo only
