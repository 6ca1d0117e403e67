"""Whose a model is, and under which licence, as its card says or as is usual for its family."""

from __future__ import annotations

import re
from pathlib import Path

from fice.checkpoints.folder import read_part
from fice.checkpoints.limits import plain
from fice.errors import WeightsError

README = "README.md"
USUAL = {  # beginnings of classes, the longer ones first
    "StableDiffusionXL": "CreativeML Open RAIL++-M",
    "StableDiffusion": "CreativeML OpenRAIL-M",
    "ControlNet": "OpenRAIL",
    "IPAdapter": "Apache 2.0",
    "Flux2Klein": "Apache 2.0 (4B) or non-commercial (9B)",
    "Flux": "FLUX non-commercial (dev) or Apache 2.0 (schnell)",
    "QwenImage": "Apache 2.0",
    "ZImage": "Apache 2.0",
}
CACHED = re.compile(r"models--([\w.-]+?)--([\w.-]+)")  # how the cache of Hugging Face names a model


def licence_of(path: Path, kind: str) -> str:
    """One line on the licence of a model's file or folder, whose class is `kind`."""
    card = _front(path)
    stated = card.get("license", "")
    if stated in ("other", ""):
        stated = card.get("license_name", stated)
    if stated:
        return f"{plain(stated)}, as its card says"
    usual = next((text for start, text in USUAL.items() if kind.startswith(start)), None)
    return f"not stated, usually {usual}: see its publisher" if usual else "not stated: see its publisher"


def origin_of(path: Path) -> str:
    """The name of a model's file or folder, of its repository where it lies in a cache, and what it is made from."""
    full = path.absolute()
    cached = next((found for part in full.parts if (found := CACHED.fullmatch(part))), None)
    name = f"{cached[1]}/{cached[2]}" if cached else plain(full.name)
    base = _front(path).get("base_model", "")
    return f"{name}, made from {plain(base)}" if base else name


def _front(path: Path) -> dict[str, str]:
    """The plain lines of the front matter of the README beside a file or in a folder; of a list its first entry."""
    try:
        text = read_part(path if path.is_dir() else path.parent, README).decode("utf-8", "replace")
    except WeightsError:
        return {}
    head = re.match(r"---\r?\n(.*?)\r?\n---", text, re.DOTALL)
    lines = re.findall(r"^(\w+):[ \t]*(?:\r?\n[ \t]*-[ \t]*)?(\S[^\r\n]*)$", head[1], re.MULTILINE) if head else []
    return {key: value.strip().strip("\"'") for key, value in reversed(lines)}
