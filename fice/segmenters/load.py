"""A segmenter by its name or folder: what it holds is told by the `model_type` of its config.json."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from fice.checkpoints.folder import read_json
from fice.errors import WeightsError
from fice.extras import need
from fice.files import own_segmenters
from fice.segmenters.concepts import Concepts
from fice.segmenters.grounded import Cutter, Detector, Grounded
from fice.segmenters.heat import HeatMap
from fice.segmenters.labels import Labels
from fice.segmenters.segmenter import Segmenter
from fice.settings import NETWORK

ALONE: dict[str, Callable[[Path, str | torch.device], Segmenter]] = {
    "clipseg": HeatMap,
    "sam3": Concepts,
    "sam3_video": Concepts,
    "segformer": Labels,
}
DETECTORS = ("grounding-dino",)
CUTTERS = {"sam": "SamModel", "sam2": "Sam2Model", "sam2_video": "Sam2Model"}
DETECTOR, CUTTER = "detector", "segmenter"  # the two folders of a pair
PAIR = f"one folder with a GroundingDINO as {DETECTOR}/ and a SAM as {CUTTER}/"


def load_segmenter(where: str | Path, device: str | torch.device = "cpu") -> Segmenter:
    """The segmenter of a name, a folder below `segmenters` of the user's fice folder, or of any folder.

    A folder holds a CLIPSeg, a SAM 3 or a SegFormer with labels, or a GroundingDINO as `detector` and a SAM or SAM 2 as
    `segmenter`. Nothing is fetched. Raises UsageError without the extra `hf`, WeightsError for what cannot be used.
    """
    return _maker(where)(device)


def check_segmenter(where: str | Path) -> None:
    """Raises what `load_segmenter` would, as far as it is known before a network is read; nothing for the bundle's."""
    if where != NETWORK:
        _maker(where)


def _maker(where: str | Path) -> Callable[[str | torch.device], Segmenter]:
    need("hf", "transformers")
    folder = _folder(where)
    if any((folder / part).is_dir() for part in (DETECTOR, CUTTER)):
        return _pair(folder)
    kind = _kind(folder)
    if kind in ALONE:
        return partial(ALONE[kind], folder)
    if kind in DETECTORS:
        raise WeightsError(f"{folder} finds boxes, which are no masks: make {PAIR}.")
    if kind in CUTTERS:
        raise WeightsError(f"{folder} cuts things out and knows no words: make {PAIR}.")
    known = ", ".join((*ALONE, *DETECTORS, *CUTTERS))
    raise WeightsError(f"{folder} holds a model of type {kind!r}, which finds no words: name one of {known}.")


def _folder(where: str | Path) -> Path:
    folder, own = Path(where), own_segmenters()
    if isinstance(where, str) and folder.name == where.strip(".") != "" and (own / where).is_dir():
        return own / where
    if not str(where) or not folder.is_dir():
        have = ", ".join(sorted(path.name for path in own.glob("*/"))) or "none yet"
        raise WeightsError(f"There is no segmenter {str(where)!r}: name a folder, or one that lies in {own} ({have}).")
    return folder


def _pair(folder: Path) -> Callable[[str | torch.device], Segmenter]:
    detector, cutter = folder / DETECTOR, folder / CUTTER
    for part, name, known in ((detector, "GroundingDINO", DETECTORS), (cutter, "SAM or SAM 2", tuple(CUTTERS))):
        if not part.is_dir():
            raise WeightsError(f"{folder} has no {part.name}/: put a {name} there.")
        if (kind := _kind(part)) not in known:
            raise WeightsError(f"{part} holds a model of type {kind!r}: put a {name} there.")
    network = CUTTERS[_kind(cutter)]
    return lambda device: Grounded(Detector(detector, device), Cutter(cutter, network, device))


def _kind(folder: Path) -> str:
    return str(read_json(folder, "config.json").get("model_type"))
