"""An order as somebody would write it: the command line and the Python that make the same edit."""

from __future__ import annotations

import json
import shlex
from typing import Any

from fice.garment import Garment
from fice.order import WISHES, Order, default_of
from fice.photo.names import default_output

PRESET, BUNDLE = "default", "street"  # which nobody has to name
MARK = "END"  # of an order in a shell


def command(photo: str, order: Order, preset: str, bundle: str) -> str:
    """The command line, for a shell in the folder of the photo; an order of several garments is a file of its own."""
    photo = f"./{photo}" if photo.startswith("-") else photo
    end = ["--preset", preset] if (preset, bundle) != (PRESET, BUNDLE) else []
    end += ["--bundle", bundle] if bundle != BUNDLE else []
    if not _fits_options(order):
        content = json.dumps(order.as_json(), ensure_ascii=False, indent=2)
        line = shlex.join(["fice", "edit", photo, "--order", "order.json", *end])
        return f"cat > order.json <<'{MARK}'\n{content}\n{MARK}\n{line}"
    garment = _differing(order.garments[0])
    text = [garment.pop("text")] if "text" in garment else []
    words = ["fice", "edit", photo, *text]
    for name, value in {**garment, **order.wishes()}.items():
        option = f"--{WISHES[name].metadata['option'] or name.replace('_', '-')}"
        for each in value if isinstance(value, tuple) else (value,):
            words += [option, str(each)]
    return shlex.join(words + end)


def python(photo: str, order: Order, preset: str, bundle: str) -> str:
    """The Python, which prepares the photo once for as many orders as one likes."""
    garments = ", ".join(_called("Garment", "text", _differing(garment)) for garment in order.garments)
    inside = f"({garments}{',' if len(order.garments) == 1 else ''})"
    others = "".join(f", {name}={value!r}" for name, value in order.wishes().items())
    chosen = [repr(bundle)] if bundle != BUNDLE else []
    chosen += [f"settings=Settings.preset({preset!r})"] if (preset, bundle) != (PRESET, BUNDLE) else []
    names = ["Editor", "Garment", "Order", *(["Settings"] if "Settings" in "".join(chosen) else [])]
    result = str(default_output(photo, order.title, order.transparent))
    return "\n".join(
        [
            f"from fice import {', '.join(names)}",
            "",
            f"editor = Editor({', '.join(chosen)})",
            f"subject = editor.prepare({photo!r})  # once a photo",
            f"order = Order({inside}{others})",
            f"editor.edit(subject, order).save({result!r})",
        ]
    )


def _fits_options(order: Order) -> bool:
    """Whether options say the same: one garment; a picture only where it stands alone; nothing that they read apart."""
    if len(order.garments) > 1:
        return False
    (garment,) = order.garments
    parted = any("@" in str(each) for each in (garment.swatch or "", *garment.pictures))
    alone = not garment.pictures or (len(garment.pictures) == 1 and not garment.text and garment.swatch is None)
    return alone and not parted and not garment.text.startswith("-")


def _differing(garment: Garment) -> dict[str, Any]:
    return {name: value for name, value in vars(garment).items() if value != default_of(name)}


def _called(kind: str, first: str, values: dict[str, Any]) -> str:
    said = [repr(values.pop(first))] if first in values else []
    return f"{kind}({', '.join([*said, *(f'{name}={value!r}' for name, value in values.items())])})"
