"""Plug-ins of a diffusion model: LoRA and textual inversion, from files of the user's."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fice.checkpoints.files import read_safetensors
from fice.diffusion.pseudo import Word, read_word
from fice.errors import WeightsError, first_line, is_out_of_memory
from fice.files import open_file
from fice.settings import Settings
from fice.wishes import weighted

if TYPE_CHECKING:
    from torch import Tensor

    from fice.diffusion.families import Family

KEPT = 64  # files whose description is kept
FEW = 12  # steps at most that plug-ins for few of them are made for
HURRIED = re.compile(r"(?<![a-z])(lcm|hyper|lightning|turbo)(?![a-z])")
TOLD = ("ss_output_name", "ss_base_model_version", "modelspec.title", "modelspec.architecture")  # what trainers write
DOWN = re.compile(r"(lora_down|lora_A|lora(_linear_layer)?\.down)\.weight")  # halves of the layers of a LoRA
UP = re.compile(r"(lora_up|lora_B|lora(_linear_layer)?\.up)\.weight")
OF_WORDS = re.compile(r"attn2[._](processor[._])?to_k[._]")  # layers as wide as a model's words
WIDTHS = {768: "Stable Diffusion 1.5", 1024: "Stable Diffusion 2", 2048: "Stable Diffusion XL"}
SIGNS = (  # of families, in the names of layers and in what trainers write
    ("FLUX.2 klein", r"flux-?\.?2|klein"),
    ("FLUX.1", r"flux|double_blocks|single_transformer_blocks"),
    ("Qwen-Image", r"qwen|transformer_blocks.*img_mlp"),
    ("Z-Image", r"z-?image|context_refiner"),
    ("Stable Diffusion XL", r"sdxl|stable-diffusion-xl|lora_te2_|text_encoder_2|clip_g"),
    ("Stable Diffusion 1.5", r"\bsd_v?1|stable-diffusion-v1"),
    ("Stable Diffusion 2", r"\bsd_v?2|stable-diffusion-v2"),
)


@dataclass(frozen=True)
class Plugin:
    """A file and what it holds.

    Attributes:
        path: of the file.
        stamp: other than before where the file has changed.
        word: what textual inversion found; None of a LoRA.
        layers: how many a LoRA has.
        width: of the words of the model that it is for, where it tells.
        maker: the family that it seems to be for, or "".
        hurry: what it says of few steps, "lcm", or "".
    """

    path: Path
    stamp: tuple[int, int]
    word: Word | None
    layers: int
    width: int | None
    maker: str
    hurry: str


def read_plugin(file: str) -> Plugin:
    """What a plug-in is. WeightsError for a file that is missing, damaged, no safetensors or nothing of the two."""
    path = Path(file)
    try:
        with open_file(path) as stream:
            head, facts = stream.read(9), path.stat()
    except OSError as error:
        raise WeightsError(f"The plug-in {path} cannot be read ({error.strerror}); check its name.") from error
    if head[8:] != b"{":
        raise WeightsError(f"{path} is no safetensors file, and no other plug-in is opened: get it as one.")
    return _read(path, (facts.st_mtime_ns, facts.st_size))


@lru_cache(KEPT)
def _read(path: Path, stamp: tuple[int, int]) -> Plugin:
    from safetensors import safe_open

    tensors = read_safetensors(path)
    with safe_open(path, framework="pt") as file:
        notes: Mapping[str, str] = file.metadata() or {}
    word = read_word(path.stem, tensors)
    layers, ups = (sum(half.search(name) is not None for name in tensors) for half in (DOWN, UP))
    if word is None and not layers:
        raise WeightsError(f"{path} holds neither a LoRA nor a textual inversion: name a plug-in of a diffusion model.")
    told = " ".join([path.stem, *(notes.get(name, "") for name in TOLD)]).lower()
    hurry = HURRIED.search(told.replace("_", " "))
    width = _width(tensors) if word is None else word.vectors[0].shape[1]
    if ups != layers:
        raise WeightsError(f"{path} is damaged, as layers lack a half: get it again.")
    if any("dora_scale" in name for name in tensors):
        raise WeightsError(f"{path} is a DoRA, half of which diffusers leaves out: get it as a LoRA.")
    return Plugin(path, stamp, word, layers, width, _maker(tensors, notes, width), hurry[1] if hurry else "")


def check_plugins(plugins: Sequence[str]) -> None:
    """WeightsError as of `read_plugin`."""
    for plugin in plugins:
        read_plugin(weighted(plugin)[0])


def plugin_notices(plugins: Sequence[str], settings: Settings) -> list[str]:
    """What the user should know about plug-ins beside these settings."""
    hurried = [read_plugin(weighted(each)[0]) for each in plugins] if settings.steps > FEW else []
    spaced = lambda hurry: "" if hurry == "lcm" else " --set scheduler=trailing"  # noqa: E731
    return [
        f"{each.path.name} seems to be made for few steps: add --preset diffusion-fast{spaced(each.hurry)}."
        for each in hurried
        if each.hurry
    ]


class Plugins:
    """The plug-ins that are in use.

    Attributes:
        used: files, their state and weights; equal while nothing has changed.
        words: those of them that are words.
    """

    def __init__(self, pipeline: Any, family: Family):
        self.pipeline, self.family = pipeline, family
        self.used: tuple[tuple[Plugin, float], ...] = ()
        self.words: tuple[Word, ...] = ()

    def use(self, plugins: Sequence[str]) -> None:
        """Puts these plug-ins in the place of those before, which leave no trace.

        plugins: FILE or FILE:WEIGHT each. Raises WeightsError for one that does not fit the model.
        """
        read = [(read_plugin(file), weight) for file, weight in map(weighted, plugins)]
        asked = tuple((plugin, weight) for plugin, weight in read if weight)
        if asked == self.used:
            return
        if any(plugin.word is None for plugin, _ in self.used):
            self.pipeline.unload_lora_weights()
        self.used, self.words = (), ()
        words = [(plugin, plugin.word, weight) for plugin, weight in asked if plugin.word is not None]
        for plugin, word, _ in words:
            if not word.fits(self.pipeline):
                raise self._unfit(plugin)
        loras = [(plugin, weight) for plugin, weight in asked if plugin.word is None]
        try:
            for number, (plugin, _) in enumerate(loras):
                self._plug(plugin, f"plugin{number}")
            if loras:
                self.pipeline.set_adapters([f"plugin{i}" for i in range(len(loras))], [weight for _, weight in loras])
        except BaseException:
            self.pipeline.unload_lora_weights()
            raise
        self.used, self.words = asked, tuple(word.times(weight) for _, word, weight in words)

    def _plug(self, plugin: Plugin, name: str) -> None:
        unet = getattr(self.pipeline, "unet", None)
        if unet is not None and plugin.width not in (None, unet.config.cross_attention_dim):
            raise self._unfit(plugin)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.pipeline.load_lora_weights(
                    str(plugin.path), adapter_name=name, local_files_only=True, use_safetensors=True
                )
        except Exception as error:  # each kind of layer fails in its own way
            if is_out_of_memory(error):
                raise
            raise self._unfit(plugin, f" ({first_line(error).partition('. ')[0]})") from error
        parts = [part for part in self.pipeline.components.values() if hasattr(part, "modules")]
        fitted = sum(name in getattr(layer, "lora_A", ()) for part in parts for layer in part.modules())
        if fitted < plugin.layers:
            lost = f"{plugin.layers - fitted} of its {plugin.layers} layers are nowhere in it"
            raise self._unfit(plugin, f" ({lost})" if fitted else "")

    def _unfit(self, plugin: Plugin, why: str = "") -> WeightsError:
        fits = f"{plugin.path} fits no {self.family.name}{why}"
        if plugin.maker in ("", self.family.name):
            return WeightsError(f"{fits}: leave it out, or choose another --bundle.")
        seems = f"seems to be for {plugin.maker}: leave it out, or choose a --bundle of {plugin.maker}"
        return WeightsError(f"{fits}, and {seems}.")


def _width(tensors: Mapping[str, Tensor]) -> int | None:
    """Of the words of the model that a LoRA is for."""
    layers = (key for key in tensors if OF_WORDS.search(key) and DOWN.search(key))
    return next((tensors[key].shape[-1] for key in layers if tensors[key].ndim == 2), None)


def _maker(tensors: Mapping[str, Tensor], notes: Mapping[str, str], width: int | None) -> str:
    """The family that a plug-in seems to be for, or ""."""
    told = " ".join([*(notes.get(name, "") for name in TOLD), *tensors]).lower()
    return next((family for family, sign in SIGNS if re.search(sign, told)), WIDTHS.get(width or 0, ""))
