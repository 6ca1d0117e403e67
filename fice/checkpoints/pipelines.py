"""Folders of diffusion models as diffusers lays them out: pipelines and ControlNets, nothing in them executed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fice.checkpoints.components import Content, as_json, read_network, read_schedule, read_words
from fice.checkpoints.folder import read_json
from fice.checkpoints.limits import plain
from fice.checkpoints.origin import README, licence_of, origin_of
from fice.checkpoints.tree import Tree
from fice.diffusion.families import family_of
from fice.errors import WeightsError

INDEX = "model_index.json"
PARTS = {  # of a pipeline, and the classes that may be one
    "unet": "UNet2DConditionModel",
    "transformer": r"\w+Transformer2DModel",
    "vae": r"\w*Autoencoder\w+",
    "text_encoder": r"(?!Auto)\w+(Model|ModelWithProjection|ForCausalLM|ForConditionalGeneration)",
    "tokenizer": r"(?!Auto)\w+Tokenizer(Fast)?",
    "scheduler": r"\w+Scheduler",
    "processor": r"(?!Auto)\w+Processor",
}
LEFT_OUT = {"safety_checker", "feature_extractor", "image_encoder"}  # a pipeline paints without them
OLDEST = "0.6.0"  # version of diffusers that wrote a pipeline, where it does not say
CONTROLS = re.compile(r"\w*ControlNetModel")


def read_pipeline(path: Path) -> Tree:
    """What a pipeline needs of its folder. Raises WeightsError for one that is not whole, or of no known family."""
    index = read_json(path, INDEX)
    kind = index.get("_class_name")
    if not isinstance(kind, str) or not kind.isidentifier():
        raise WeightsError(f"{path / INDEX} names no class of diffusers: get a model that brings no code of its own.")
    family = family_of(kind)
    version = index.get("_diffusers_version")
    card: dict[str, Any] = {"_class_name": kind, "_diffusers_version": version if _is_version(version) else OLDEST}
    parts: dict[str, dict[str, Content]] = {}
    for name, value in index.items():
        if name in LEFT_OUT or value == [None, None]:
            card[name] = [None, None]
        elif isinstance(value, list):
            parts[name], card[name] = _part(path, name, value), value
        elif not name.startswith("_") and isinstance(value, bool | int | float | None):
            card[name] = value
    if lacking := [name for name in _needed(kind) if name not in parts]:
        raise WeightsError(f"{path} has no {' and no '.join(lacking)}: get the whole folder of a {family.name}.")
    files: dict[str, Content] = {INDEX: as_json(card)}
    files |= {f"{name}/{inside}": content for name, part in parts.items() for inside, content in part.items()}
    notes = [f"{family.name} ({kind})"]
    if left := sorted(plain(each.name) for each in path.iterdir() if each.name not in {INDEX, README, *parts}):
        notes.append(f"left out {', '.join(left)}")
    return Tree("pipeline", kind, files, licence_of(path, kind), origin_of(path), notes=notes)


def read_control(path: Path, kind: str) -> Tree:
    """A ControlNet of its folder, of that class. Raises as `read_pipeline`."""
    files = read_network(path, "diffusers", kind)
    return Tree("controlnet", kind, files, licence_of(path, kind), origin_of(path), notes=[f"a {kind}"])


def _is_version(text: Any) -> bool:
    return isinstance(text, str) and re.fullmatch(r"\d+(\.\d+)*(\.dev\d+)?", text) is not None


def _needed(kind: str) -> tuple[str, ...]:
    drawn = "unet" if kind.startswith("StableDiffusion") else "transformer"
    second = kind.startswith(("StableDiffusionXL", "Flux")) and not kind.startswith("Flux2")
    words = ("text_encoder", "tokenizer", *(("text_encoder_2", "tokenizer_2") if second else ()))
    return (drawn, "vae", "scheduler", *words)


def _part(path: Path, name: str, value: list[Any]) -> dict[str, Content]:
    """The files of a pipeline's part, which model_index.json describes as a library and a class of it."""
    role, folder = re.sub(r"_\d$", "", name), path / name
    pattern = PARTS.get(role)
    if pattern is None:
        raise WeightsError(f"{path} has a part {plain(name)} that no known pipeline has: get another model.")
    library, kind = map(str, value) if len(value) == 2 else ("", "")
    if library not in ("diffusers", "transformers") or not re.fullmatch(pattern, kind):
        raise WeightsError(
            f"The {name} of {path} is {plain(kind)} of {plain(library)}, which is not run: get a model whose"
            " parts are of diffusers and transformers alone."
        )
    if not folder.is_dir():
        raise WeightsError(f"{path} has no folder {name}: get the whole folder of the model.")
    if role == "scheduler":
        return read_schedule(folder)
    if role in ("tokenizer", "processor"):
        return read_words(folder)
    return read_network(folder, library, kind)
