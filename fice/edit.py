"""One edit of one subject, and the files it can be written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from fice.check import merit
from fice.errors import InputError, UsageError
from fice.files import whole_file
from fice.order import Order
from fice.photo.encode import encode_photo, write_mask
from fice.photo.names import check_output
from fice.photo.note import note_of
from fice.photo.photo import Photo
from fice.subject.subject import Subject

SHOWN = 1024  # pixels of the longer side, in a notebook


@dataclass(repr=False)
class Edit:
    """One edit of one subject, not yet written anywhere.

    Attributes:
        pixels: the result in the photo's own profile and dtype, (H, W, 3).
        mask: where the result may differ from the photo, (H, W) bool; all else is bit-identical. Saved as JPEG it
            grows to the blocks that changed; of a JPEG that a notice calls new it is the region meant.
        worn: where the garment is after the edit, on the canvas of the subject's frame, (1, 1, h, w) float in [0, 1].
        latent: what the engine could begin from again; of a StyleGAN2 the edited W+, (1, R, D); None of a photographed
            garment.
        drawn: what the engine drew, (1, 3, H, W) float in about [0, 1].
        notices: what the user should know.
        facts: what was done, ready for json; with the order that was asked.
        alpha: (H, W) of the dtype of pixels, how opaque the result is, where that is not as in the photo; or None.

    >>> import fice
    >>> edit = fice.edit_photo("photo.jpg", "red dress")
    >>> edit.picture.shape == (*edit.mask.shape, 3)
    True
    >>> edit.encode("png")[:4]
    b'\\x89PNG'
    """

    subject: Subject
    order: Order
    pixels: np.ndarray
    mask: np.ndarray
    worn: Tensor
    latent: Tensor | None
    drawn: Tensor
    notices: list[str]
    facts: dict[str, Any]
    alpha: np.ndarray | None = None

    def __post_init__(self) -> None:
        self._meant = self.mask

    @property
    def _photo(self) -> Photo:
        """The photo, as opaque as the result is."""
        photo = self.subject.photo
        return photo if self.alpha is None else replace(photo, alpha=self.alpha)

    @property
    def garment(self) -> np.ndarray:
        """Where the garment is after the edit, (H, W) float in [0, 1]."""
        return self.subject.frame.to_photo(self.worn, kernel="linear")[0, 0].cpu().numpy()

    @property
    def picture(self) -> np.ndarray:
        """The result, (H, W, 3) float32 sRGB in [0, 1], at the photo's size."""
        return replace(self.subject.photo, pixels=self.pixels).srgb()

    def __repr__(self) -> str:
        return f"<Edit {self.order.sentence!r} of {self.subject.photo!r}, {self.mask.mean():.1%} of it changed>"

    def _repr_png_(self) -> bytes:
        """The result as a notebook shows it, at most `SHOWN` pixels a side."""
        image = Image.fromarray(np.round(np.clip(self.picture, 0, 1) * 255).astype(np.uint8))
        image.thumbnail((SHOWN, SHOWN))
        stream = BytesIO()
        image.save(stream, "PNG")
        return stream.getvalue()

    def encode(self, target: str | Path = "png") -> bytes:
        """The result as bytes, which say what it was made from; see `fice.photo.encode.encode_photo`.

        target: a format, "png", "jpg", "webp" or "tif", or the name of the file that they are for. `mask` and `notices`
        are of the file encoded last. Raises UsageError for another format.
        """
        target = Path(target) if Path(target).suffix else Path(f"result.{target}")
        file = encode_photo(self._photo, self.pixels, target, note_of(self.facts))
        self.mask = self._meant if file.changed is None else self._meant | file.changed
        self.notices += [notice for notice in file.notices if notice not in self.notices]
        return file.content

    def save(self, path: str | Path) -> Path:
        """Writes the result, as `encode` makes it.

        A file that is there is replaced, so that the same lines may run again; the photo itself never is (UsageError).
        """
        target = check_output(path, self._photo, force=True)
        content = self.encode(target)
        with whole_file(target) as stream:
            stream.write(content)
        return target

    def save_mask(self, path: str | Path) -> Path:
        """Writes the edited region as PNG, white where the result may differ; replaces files as `save` does."""
        return write_mask(self.subject.photo, self.mask, path, force=True)

    def save_latent(self, path: str | Path) -> None:
        """Writes the latent as safetensors: `ws`, (1, R, D) float32. Raises UsageError where there is none."""
        from safetensors.torch import save

        if self.latent is None:
            raise UsageError("A photographed garment has no latent to be saved; choose the preset generated.")
        with whole_file(path) as stream:
            stream.write(save({"ws": self.latent.float().cpu().contiguous()}))

    def report(self) -> dict[str, Any]:
        """What was done, ready for json."""
        return self.facts | {"edited_fraction": round(float(self.mask.mean()), 4)}


def best_of(edits: Sequence[Edit], diverged: str = "") -> Edit:
    """The candidate that has the fewest faults, of like ones the one that is most like its text.

    Raises InputError, with the sentence `diverged`, when there is none, and when it is the photo itself.
    """
    if not edits:
        raise InputError(diverged)
    likeness = lambda edit: edit.facts["similarity"]["after"] or 0.0  # noqa: E731
    best = max(edits, key=lambda edit: (round(merit(edit.facts["check"]), 1), likeness(edit)))
    if best.alpha is None and np.array_equal(best.pixels, best.subject.photo.pixels):
        raise InputError("Nothing was found to change in this picture: cut it nearer to the person, or give a --mask.")
    return best
