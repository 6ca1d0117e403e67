"""One thing to wear: what is asked of it, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass

from fice import wishes as wish
from fice.wishes import Pixels, as_read


@dataclass(frozen=True)
class Garment:
    """One thing to wear, and where it goes.

    Attributes:
        text: a sentence, "red floral dress".
        region: "auto" (from the text), or words: "upper", "dress", "left sleeve", "everything below the waist".
        mask: a file, or (H, W) float in [0, 1], of the photo's size, white where it may change, and nothing else.
        pictures: up to three of the garment itself, laid flat, hung up or worn: files, or (H, W, 3) of sRGB.
        swatch: a picture of the cloth: a file, or (H, W, 3) of sRGB.
        swatch_width: cm that the swatch shows from left to right; None for what is usual.

    >>> from fice import Garment, Order
    >>> order = Order((Garment("denim jacket", region="outer"), Garment("white trousers")))
    >>> order.sentence
    'denim jacket and white trousers'
    """

    text: str = wish.asked("", "What to wear.", wish.text, "no text in UTF-8")
    region: str = wish.asked(
        "auto",
        'What to change, as "sleeves" or "outer"; auto is what the text says.',
        wish.region,
        "no words",
        metavar="WORDS",
    )
    mask: str | Pixels | None = wish.asked(
        None, "A picture of the photo's size, white where it may change.", wish.file_name, "no name of a file", own=True
    )
    pictures: tuple[str | Pixels, ...] = wish.asked(
        (),
        "A picture of the garment itself; FILE@REGION where it is not seen of which.",
        wish.pictures,
        f"no names of up to {wish.VIEWS} files",
        option="garment",
        metavar="FILE[@REGION]",
        several=True,
    )
    swatch: str | Pixels | None = wish.asked(
        None,
        "A picture of the cloth; FILE@REGION for one garment of several.",
        wish.file_name,
        "no name of a file",
        metavar="FILE[@REGION]",
        several=True,
    )
    swatch_width: float | None = wish.asked(
        None, "How many cm the swatch shows from left to right.", wish.centimetres, "no length in cm"
    )

    def __post_init__(self) -> None:
        as_read(self)

    @property
    def placed(self) -> bool:
        """It is shown rather than told, so that a text beside it is of another garment, or found to be of this one."""
        return not self.text and bool(self.pictures or self.swatch and self.region != "auto")
