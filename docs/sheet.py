"""Draws docs/samples.png and docs/before-after.png from the bundled weights: `python docs/sheet.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from fice import Editor
from fice.inversion.sample import people, sheet
from fice.outputs import save_png

HERE = Path(__file__).parent
PAIRS = (
    (12, "red striped blouse"),
    (4, "red coat"),
    (2, "yellow floral top"),
    (21, "blue checked jumper"),
    (18, "white polka dot dress"),
    (23, "purple jumper"),
)
ENLARGED = 2


def main() -> None:
    editor = Editor("street", device="cpu")
    save_png(sheet(people(editor.engine.generator, 32, seed=0, truncation=0.7)), HERE / "samples.png")
    cells = []
    with tempfile.TemporaryDirectory() as folder:
        for seed, text in PAIRS:
            person = Image.fromarray(people(editor.engine.generator, 1, seed=seed)[0])
            path = Path(folder) / f"{seed}.png"
            person.resize((person.width * ENLARGED, person.height * ENLARGED), Image.Resampling.BICUBIC).save(path)
            edit = editor.edit(editor.prepare(path), text)
            cells += [edit.subject.photo.pixels, edit.pixels]
    save_png(sheet(np.stack(cells), len(cells) // 2), HERE / "before-after.png")


if __name__ == "__main__":
    main()
