"""Tiny models in folders, made and loaded once, and what they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from diffusion import tiny, tiny_flow

from fice.bundle.bundle import Bundle
from fice.bundle.card import Attachment, Folder
from fice.checkpoints.folder import read_json
from fice.diffusion.model import Model
from fice.diffusion.request import Request
from fice.settings import Settings

PIPELINES: dict[str, Callable[[Path], Path]] = {
    "sd": tiny.stable_diffusion,
    "sd-base": partial(tiny.stable_diffusion, channels=4),
    "sd2": partial(tiny.stable_diffusion, channels=4, prediction="v_prediction"),
    "xl": tiny.stable_diffusion_xl,
    "xl-base": partial(tiny.stable_diffusion_xl, channels=4),
    "flux": tiny_flow.flux,
    "fill": partial(tiny_flow.flux, kind="FluxFillPipeline"),
    "kontext": partial(tiny_flow.flux, kind="FluxKontextPipeline"),
    "klein": tiny_flow.flux2_klein,
    "qwen": tiny_flow.qwen_image,
    "z-image": tiny_flow.z_image,
}
CONTROLS: dict[str, Callable[[Path], Path]] = {
    "sd": tiny.controlnet,
    "xl": partial(tiny.controlnet, xl=True),
    "flux": tiny_flow.flux_controlnet,
}


ROOM = TemporaryDirectory(prefix="fice-tiny-")  # gone with the process


@cache
def bare(name: str, control: str | None = None) -> Bundle:
    """A bundle of a pipeline, and of a ControlNet, alone."""
    root = Path(ROOM.name) / f"{name}-{control}"
    PIPELINES[name](root / "pipeline")
    folders = {"pipeline": _folder(root / "pipeline", "model_index.json")}
    if control is not None:
        CONTROLS[control](root / "controlnet")
        folders["controlnet"] = _folder(root / "controlnet", "config.json")
    return Bundle(root, name, (256, 128), folders=folders)


@cache
def model(name: str, control: str | None = None) -> Model:
    """The model of such a bundle, in two steps."""
    return Model(bare(name, control), torch.device("cpu"), Settings.preset("diffusion", steps=2), lambda: None)


def _folder(path: Path, card: str) -> Folder:
    files = {str(file.relative_to(path)): Attachment("", file.stat().st_size) for file in path.rglob("*.*")}
    return Folder(read_json(path, card)["_class_name"], files)


def request(number: int = 0, **more) -> Request:
    """A request of 64 x 64 pixels, of a number its own."""
    chance = torch.Generator().manual_seed(number)
    picture, area = torch.rand(1, 3, 64, 64, generator=chance), torch.zeros(1, 1, 64, 64)
    area[..., 16:48, 16 : 40 + number] = 1
    words = {"prompt": " ".join(["a red dress"] * (number + 1)), "negative": "text"}
    return Request(picture, area, **{**words, "generator": torch.Generator().manual_seed(number), **more})
