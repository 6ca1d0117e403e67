"""How garments are seen for a collection: many pictures at once, through the networks of one bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from fice.collections.features import main_colours
from fice.errors import FiceError
from fice.files import hash_of
from fice.language.clip import Semantics
from fice.photo.photo import read_photo
from fice.references.garments import Garments
from fice.references.reading import read_reference
from fice.references.reference import KINDS, Reference
from fice.srgb import gamma_encoded
from fice.subject.regions import Regions
from fice.subject.views import garment_views

if TYPE_CHECKING:
    from fice.bundle.bundle import Bundle

PARTS = ("clip", "garments", "regions")  # of a bundle, that see
SIDE = 400  # pixels of the longer side at which a garment is looked at


@dataclass(frozen=True, eq=False)
class Look:
    """What is seen of one garment.

    Attributes:
        look: (D,) float32, CLIP of the garment alone on white, of length one.
        kinds: (len(KINDS),) float, the probability of each.
        colours: (n, 4), CIELAB and share of each main colour.
        worn: somebody wears it.
        sha256: of the picture.
    """

    look: np.ndarray
    kinds: np.ndarray
    colours: np.ndarray
    worn: bool
    sha256: str

    def as_row(self) -> dict[str, Any]:
        """For the row of a collection: all but CLIP's numbers."""
        seen, colours = self.kinds.round(4).tolist(), self.colours.round(3).tolist()
        return {"sha256": self.sha256, "seen": seen, "colours": colours, "worn": self.worn}


class Eyes:
    """The networks of a bundle, looking at garments; `weights` is the sha256 of them.

    Raises WeightsError for a bundle that lacks one of them.
    """

    def __init__(self, bundle: Bundle, device: str | torch.device = "cpu"):
        self.device, self.weights = device, weights_of(bundle)
        self.semantics = Semantics.from_bundle(bundle, device)
        self.regions = Regions.from_bundle(bundle, device)
        self.garments = Garments.from_bundle(bundle, device) if "garments" in bundle.parts else None

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """CLIP of texts, (n, D) float32 of length one."""
        return self.semantics.encode_text(texts).float().cpu().numpy()

    def look(self, paths: Sequence[Path]) -> list[Look | FiceError]:
        """Several pictures, each as it is seen or why it cannot be used."""
        found: list[tuple[Reference, str] | FiceError] = []
        for path in paths:
            try:
                found.append(self._read(path))
            except FiceError as error:
                found.append(error)
        seen = [each[0] for each in found if isinstance(each, tuple)]
        looks = iter(self.features(seen)) if seen else iter(())
        return [each if isinstance(each, FiceError) else self._look(*each, next(looks)) for each in found]

    @torch.no_grad()
    def features(self, references: Sequence[Reference]) -> np.ndarray:
        """CLIP of garments alone on white, (n, D) float32 of length one."""
        views = [
            garment_views(_tensor(gamma_encoded(one.pixels)), _tensor(one.matte[..., None]), self.semantics.size)[:, 0]
            for one in references
        ]
        return self.semantics.encode_picture(torch.cat(views).to(self.device)).float().cpu().numpy()

    def _read(self, path: Path) -> tuple[Reference, str]:
        """What a picture shows, and the sha256 of its file. InputError where it cannot be used."""
        photo = read_photo(path)
        small = photo.small(photo.size[0] * min(1, SIDE / max(photo.size)))
        return read_reference(small, self.garments, self.regions, None), photo.sha256

    def _look(self, reference: Reference, sha256: str, look: np.ndarray) -> Look:
        if self.garments is not None and not reference.worn:
            kinds = self.garments.see(_tensor(gamma_encoded(reference.pixels))).kinds.cpu().numpy()
        else:
            doubt = (1 - reference.sure) / (len(KINDS) - 1)
            kinds = np.array([reference.sure if kind == reference.kind else doubt for kind in KINDS])
        colours, shares = main_colours(reference.pixels, reference.matte)
        return Look(look, kinds, np.column_stack([colours, shares]), reference.worn, sha256)


def weights_of(bundle: Bundle) -> str:
    """What stands for the networks of a bundle that see garments."""
    return hash_of({name: bundle.parts[name].sha256 for name in PARTS if name in bundle.parts})


def _tensor(picture: np.ndarray) -> torch.Tensor:
    """(h, w, channels) -> (1, channels, h, w) float32."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(picture, 2, 0), np.float32))[None]
