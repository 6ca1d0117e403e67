"""How garments are seen for a collection: many pictures at once, through the networks of one bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from fice.collections.features import main_colours
from fice.errors import FiceError
from fice.files import hash_of
from fice.language.clip import Semantics
from fice.references.garments import Garments
from fice.references.picture import read_picture, shrunk
from fice.references.reading import read_reference, seen_alone
from fice.references.reference import KINDS
from fice.references.worn import somebody
from fice.srgb import gamma_encoded, linear_light
from fice.subject.regions import Regions
from fice.subject.views import garment_views

if TYPE_CHECKING:
    from fice.bundle.bundle import Bundle

PARTS = ("clip", "garments", "regions")  # of a bundle, that see
SIDE = 256  # pixels of the longer side that features need
PERSON, STEP = 512, 64  # pixels of the longer side at which a person is looked for, and in what steps of both


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
    """The networks of a bundle, looking at garments. WeightsError for a bundle that lacks one of them."""

    def __init__(self, bundle: Bundle, device: str | torch.device = "cpu"):
        self.device = device
        self.semantics = Semantics.from_bundle(bundle, device)
        self.regions = Regions.from_bundle(bundle, device)
        self.garments = Garments.from_bundle(bundle, device)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """CLIP of texts, (n, D) float32 of length one."""
        return self.semantics.encode_text(texts).float().cpu().numpy()

    def look(self, paths: Sequence[Path]) -> list[Look | FiceError]:
        """Several pictures, each as it is seen or why it cannot be used."""
        found: list[_Shown | FiceError] = []
        for path in paths:
            try:
                found.append(self._read(path))
            except FiceError as error:
                found.append(error)
        looks = iter(self._features([each for each in found if isinstance(each, _Shown)]))
        return [each if isinstance(each, FiceError) else _look(each, next(looks)) for each in found]

    @torch.no_grad()
    def _features(self, shown: Sequence[_Shown]) -> np.ndarray:
        """CLIP of garments alone on white, (n, D) float32 of length one."""
        if not shown:
            return np.zeros((0, 1), np.float32)
        size = self.semantics.size
        views = [garment_views(_tensor(one.picture), _tensor(one.matte[..., None]), size)[:, 0] for one in shown]
        return self.semantics.encode_picture(torch.cat(views).to(self.device)).float().cpu().numpy()

    def _read(self, path: Path) -> _Shown:
        """What a picture shows. InputError where it cannot be used."""
        photo = read_picture(path)
        picture = _tensor(photo.seen()).to(self.device)
        if somebody(_in_steps(picture), self.regions):
            worn = read_reference(photo, self.garments, self.regions, None)
            kinds = np.array([worn.sure if kind == worn.kind else 0.0 for kind in KINDS])
            return _shrunk(gamma_encoded(worn.pixels), worn.matte, kinds, True, photo.sha256)
        seen = seen_alone(photo, picture, self.garments)
        matte = seen.matte[0, 0].cpu().numpy() if photo.alpha is None else photo.alpha / 255
        return _shrunk(photo.srgb(), matte, seen.kinds.cpu().numpy(), False, photo.sha256)


@dataclass(frozen=True, eq=False)
class _Shown:
    """A garment in a small picture (h, w, 3) sRGB in [0, 1]; matte: (h, w)."""

    picture: np.ndarray
    matte: np.ndarray
    kinds: np.ndarray
    worn: bool
    sha256: str


def _shrunk(picture: np.ndarray, matte: np.ndarray, *seen: Any) -> _Shown:
    """As large as features need it."""
    small = shrunk(picture, SIDE)
    channel = Image.fromarray(np.asarray(matte, np.float32)).resize(small.shape[1::-1], Image.Resampling.BOX)
    return _Shown(small, np.asarray(channel), *seen)


def _look(shown: _Shown, look: np.ndarray) -> Look:
    colours, shares = main_colours(linear_light(shown.picture), shown.matte)
    return Look(look, shown.kinds, np.column_stack([colours, shares]), shown.worn, shown.sha256)


def weights_of(bundle: Bundle) -> str:
    """What stands for the networks of a bundle that see garments."""
    return hash_of({name: bundle.parts[name].sha256 for name in PARTS if name in bundle.parts})


def _in_steps(picture: torch.Tensor) -> torch.Tensor:
    """Of one of few sizes: for each size of many thousand pictures torch would keep memory of its own."""
    scale = PERSON / max(picture.shape[2:])
    size = [max(STEP, round(side * scale / STEP) * STEP) for side in picture.shape[2:]]
    return F.interpolate(picture, size=size, mode="bilinear", antialias=True)


def _tensor(picture: np.ndarray) -> torch.Tensor:
    """(h, w, channels) -> (1, channels, h, w) float32."""
    return torch.from_numpy(np.array(np.moveaxis(picture, 2, 0), np.float32))[None]
