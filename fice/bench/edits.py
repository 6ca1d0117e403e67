"""Edits as people start them: a process each, by part."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from fice.errors import FiceError
from fice.photo.photo import read_photo

# the parts of a process, and those of them that are stages of the edit
PARTS = {
    "python": "Python and the command line",
    "torch": "importing PyTorch",
    "fice": "importing fice",
    "weights": "mapping the weights",
    "read": "reading the photo",
    "look": "finding the person",
    "fit": "fitting the latent",
    "loop": "the loop",
    "stitch": "the stitch",
    "write": "writing the result",
    "between": "in between",
    "end": "the end of the process",
}
LARGE = 12_000_000  # pixels


def edits(photo: Path, text: str, options: Sequence[str], folder: Path, large: bool) -> dict[str, Any]:
    """What edits of a photo took: the "first", one "again", and where `large` of the same with 12 megapixels.

    folder: an empty one to work in, where what is remembered of photographs lies too. Each is {"seconds", "peak_bytes"
    or None, "parts": {part: seconds}}. Raises the FiceError that an edit ended with.
    """
    found = {"first": _edit(photo, text, options, folder), "again": _edit(photo, text, options, folder)}
    if large:
        found["large"] = _edit(enlarged(photo, folder), text, options, folder)
    return found


def _edit(photo: Path, text: str, options: Sequence[str], folder: Path) -> dict[str, Any]:
    out, told = folder / f"out{photo.suffix}", folder / "told.json"
    home = str(Path(__file__).parents[2])  # where fice lies, installed or not
    words = ["edit", str(photo), text, "-o", str(out), "--force", "--json", *options]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "fice.cli.timed", str(told), *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": home},
    )
    seconds = time.monotonic() - began
    if done.returncode:
        error = FiceError(done.stderr.strip().splitlines()[-1].removeprefix("Error: "))
        error.exit_code = done.returncode
        raise error
    facts = json.loads(told.read_text("utf-8"))
    known = facts["seconds"] | json.loads(done.stdout)["stages"]
    known |= {"python": facts["came"] - began, "end": began + seconds - facts["left"]}
    known["between"] = max(0.0, seconds - sum(known.values()))
    return {
        "seconds": seconds,
        "peak_bytes": facts["peak_bytes"],
        "parts": {part: known[part] for part in PARTS if known.get(part)},
    }


def enlarged(photo: Path, folder: Path) -> Path:
    """The same as a JPEG of about 12 megapixels."""
    path, (height, width) = folder / "large.jpg", read_photo(photo).size
    scale = (LARGE / (height * width)) ** 0.5
    with Image.open(photo) as picture:
        large = picture.convert("RGB").resize([round(side * scale) for side in picture.size])
        large.save(path, quality=95, exif=picture.getexif())
    return path
