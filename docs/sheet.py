"""Draws the pictures of docs with the bundled weights: `python docs/sheet.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import fice
from fice import Garment, Order
from fice.cloth.patterns import paint
from fice.evaluation.drawn import drawn
from fice.inversion.sample import people, sheet
from fice.outputs import save_png
from fice.places.overlay import overlay
from fice.srgb import gamma_encoded, linear_light

HERE = Path(__file__).parent
PHOTO = HERE / "astronaut.png"  # Eileen Collins, NASA, in the public domain; 512 x 512 as scikit-image ships it
TEXTS = ("blue suit", "red gingham suit", "navy pinstripe suit")
BEHIND = (("", "blur"), ("", "warm grey"), ("blue suit", "white"))
PLACES = (("right sleeve", "collar"), ("the left of the suit",))
SWATCHES = {  # design, colours (sRGB), degrees by which it lies askew
    "tartan": (((150, 25, 35), (20, 55, 45)), 8),
    "floral": (((25, 30, 70), (230, 120, 140), (250, 230, 120)), 0),
    "houndstooth": (((25, 25, 28), (235, 230, 220)), 5),
    "leopard": ((), 0),
}
GARMENTS = (("jumper", "stripes across"), ("jumper", "checks"), ("shirt", "stripes down"), ("jumper", "two-coloured"))
SIDE, CM = 512, 24  # pixels and centimetres of a swatch


def swatch(design: str) -> np.ndarray:
    """A picture of cloth under light from the left, (SIDE, SIDE, 3) uint8."""
    colours, degrees = SWATCHES[design]
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) * (CM / SIDE)
    turn = np.radians(degrees)
    u, v = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    dyes = [*(linear_light(np.array(colour) / 255) for colour in colours), None, None, None][:3]
    cloth = paint(design, u.astype(np.float32), v.astype(np.float32), *dyes, np.random.default_rng(1), pixel=CM / SIDE)
    lit = cloth * np.exp(0.25 - 0.5 * x / CM)[..., None]
    return np.rint(gamma_encoded(np.clip(lit, 0, 1)) * 255).astype(np.uint8)


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
    cloths = [swatch(design) for design in SWATCHES]
    worn = [editor.edit(subject, "suit", swatch=cloth, swatch_width=CM).pixels for cloth in cloths]
    both = Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in (cloths, worn)]))
    both.reduce(2).save(HERE / "swatches.jpg", quality=90)
    suit = editor.edit(subject, "blue suit").garment
    flat = [drawn(*each, (SIDE, SIDE), "wood").picture for each in GARMENTS]
    worn = [editor.edit(subject, Order((Garment(region="outer", mask=suit, pictures=each),))).pixels for each in flat]
    both = Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in (flat, worn)]))
    both.reduce(2).save(HERE / "garments.jpg", quality=90)


if __name__ == "__main__":
    main()
