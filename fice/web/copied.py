"""An order as somebody would write it: the command line and the Python that make the same edit."""

from __future__ import annotations

import json
import shlex
from typing import Any

from fice.order import WISHES, Order, default_of

PRESET = "default"


def command(photo: str, order: Order, preset: str) -> str:
    """The command line, for a shell in the folder of the photo; an order of several garments is a file of its own."""
    end = [] if preset == PRESET else ["--preset", preset]
    if not _fits_options(order):
        content = json.dumps(order.as_json(), ensure_ascii=False, indent=2)
        line = _line(["fice", "edit", photo, "--order", "order.json", *end])
        return f"cat > order.json <<'END'\n{content}\nEND\n{line}"
    (garment,) = order.garments
    wishes = {**order.as_json()["garments"][0], **order.wishes()}
    text = wishes.pop("text", None)
    words = ["fice", "edit", photo, *([text] if text else [])]
    for name, value in wishes.items():
        option = f"--{WISHES[name].metadata['option'] or name.replace('_', '-')}"
        for each in value if isinstance(value, (list, tuple)) else [value]:
            words += [option, str(each)]
    return _line(words + end)


def python(photo: str, order: Order, preset: str) -> str:
    """The Python, which prepares the photo once for as many orders as one likes."""
    garments = [_called("Garment", "text", _differing(garment)) for garment in order.garments]
    wishes = "".join(f", {name}={value!r}" for name, value in order.wishes().items())
    inside = ", ".join(garments) + ("" if len(garments) > 1 else ",")
    chosen = "" if preset == PRESET else f"settings=Settings.preset({preset!r})"
    names = ["Editor", "Garment", "Order", *(["Settings"] if chosen else [])]
    return "\n".join(
        [
            f"from fice import {', '.join(names)}",
            "",
            f"editor = Editor({chosen})",
            f"subject = editor.prepare({photo!r})  # once a photo",
            f"order = Order(({inside}){wishes})",
            'editor.edit(subject, order).save("edited.png")',
        ]
    )


def _fits_options(order: Order) -> bool:
    """Whether options say the same: one garment, and of pictures one that stands alone; no name that they part."""
    if len(order.garments) > 1:
        return False
    (garment,) = order.garments
    parted = any("@" in str(each) for each in (garment.swatch or "", *garment.pictures))
    alone = not garment.pictures or (len(garment.pictures) == 1 and not garment.text and garment.swatch is None)
    return alone and not parted and not garment.text.startswith("-")


def _differing(garment: Any) -> dict[str, Any]:
    return {name: value for name in vars(garment) if (value := getattr(garment, name)) != default_of(name)}


def _called(kind: str, first: str, values: dict[str, Any]) -> str:
    said = [repr(values.pop(first))] if first in values else []
    return f"{kind}({', '.join([*said, *(f'{name}={value!r}' for name, value in values.items())])})"


def _line(words: list[str]) -> str:
    return shlex.join(words)
