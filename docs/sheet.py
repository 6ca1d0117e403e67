"""Draws the pictures of docs with the bundled weights: `python docs/sheet.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import fice
from fice.inversion.sample import people, sheet
from fice.outputs import save_png
from fice.places.overlay import overlay

HERE = Path(__file__).parent
PHOTO = HERE / "astronaut.png"  # Eileen Collins, NASA, in the public domain; 512 x 512 as scikit-image ships it
TEXTS = ("blue suit", "red gingham suit", "navy pinstripe suit")
BEHIND = (("", "blur"), ("", "warm grey"), ("blue suit", "white"))
PLACES = (("right sleeve", "collar"), ("the left of the suit",))


def main() -> None:
    save_png(sheet(people(fice.load_bundle("street").part("generator"), 32, truncation=0.7), 8), HERE / "samples.png")
    editor = fice.Editor(device="cpu")
    subject = editor.prepare(PHOTO)
    shown = [subject.photo.pixels, *(editor.edit(subject, text).pixels for text in TEXTS)]
    Image.fromarray(np.concatenate(shown, 1)).save(HERE / "before-after.jpg", quality=90)
    behind = [editor.edit(subject, text, background=ground).pixels for text, ground in BEHIND]
    Image.fromarray(np.concatenate([subject.photo.pixels, *behind], 1)).save(HERE / "background.jpg", quality=90)
    found = [{name: editor.places(subject, name)[name] for name in names} for names in PLACES]
    shown = [overlay(subject, each) for each in found]
    Image.fromarray(np.concatenate(shown, 1)).save(HERE / "regions.jpg", quality=90)


if __name__ == "__main__":
    main()
