"""StyleGAN2 generators of NVIDIA, of StyleGAN-Human, of FICE and of rosinality's repository as ours.

Ours has NVIDIA's names and settings. What shapes tell is read off the shapes; the settings in the file supply the
rest. rosinality's generator computes the same with other names: its scales at run time and its filters, including
their orientation, are NVIDIA's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from fice.checkpoints.files import flatten
from fice.checkpoints.found import Found
from fice.checkpoints.limits import plain
from fice.checkpoints.objects import Foreign
from fice.errors import WeightsError, first_line
from fice.nets import outline
from fice.nets.stylegan2 import Mapping
from stylegan2_ops import setup_filter

DRAWS = 4096  # z's whose mean w stands for a missing w_avg
TOP = {"z_dim", "c_dim", "w_dim", "img_resolution", "img_channels", "square", "to_01"}  # shapes tell them, too
SHAPES = {"num_layers", "layer_features", "w_plus", "embed_features", "channel_base", "channel_max"}
SPEED = {"num_fp16_res", "use_fp16", "fp16_channels_last", "channels_last", "fused_modconv_default"}
KEPT = {"mapping_kwargs": {"lr_multiplier", "w_avg_beta"}, "synthesis_kwargs": {"resample_filter", "conv_clamp"}}
FIXED = {"architecture": "skip", "activation": "lrelu", "kernel_size": 3, "use_noise": True}
LAYERS = 64
AGAIN = "download the checkpoint again"
OTHER = "get one of StyleGAN2 that is unconditional and draws RGB pictures"


def convert(tree: Any) -> Found | None:
    """The generator of a checkpoint; None if there is none. Raises WeightsError for a generator that is not ours."""
    if not isinstance(tree, dict):
        return None
    if isinstance(tree.get("G_ema"), Foreign):
        return _nvidia(tree)
    if isinstance(tree.get("G_kwargs"), dict) and isinstance(tree.get("G"), dict):
        return _found(_tensors(tree["G"]), tree["G_kwargs"], [])
    if isinstance(tree.get("g_ema"), dict):
        return _rosinality(tree)
    return None


def _nvidia(tree: dict) -> Found:
    module: Foreign = tree["G_ema"]
    attributes = module.state if isinstance(module.state, dict) else {}
    named, given = attributes.get("_init_kwargs"), attributes.get("_init_args")
    settings = dict(named) if isinstance(named, dict) else {}
    if isinstance(given, (list, tuple)):  # the only dictionaries in a row of arguments, in this order
        settings |= dict(zip(KEPT, (value for value in given if isinstance(value, dict)), strict=False))
    notes = []
    if not settings:
        notes.append("The file tells no settings: they are read off the shapes, and the rest is as NVIDIA sets it.")
    others = [name for name in ("G", "D", "augment_pipe") if tree.get(name) is not None]
    if others:
        notes.append(f"What only training needs is left out: {', '.join(others)}.")
    return _found(flatten(module), settings, notes)


def _found(state: dict[str, Tensor], settings: dict[str, Any], notes: list[str]) -> Found:
    """A generator in NVIDIA's names, with NVIDIA's settings."""
    if any(key.startswith(("synthesis.input.", "synthesis.L")) for key in state):
        raise WeightsError(f"This generator is a StyleGAN3, which fice does not draw with: {OTHER}.")
    classes = settings.get("c_dim")
    if (isinstance(classes, int) and classes) or any(key.startswith("mapping.embed.") for key in state):
        raise WeightsError(f"This generator wants class labels (c_dim is not 0): {OTHER}.")
    arguments = _shapes(state)
    if unknown := sorted(plain(str(name)) for name in settings.keys() - TOP - KEPT.keys()):
        notes.append(f"Settings that no StyleGAN2 has are dropped: {', '.join(unknown)}.")
    for part in KEPT:
        arguments[part] |= _settings(part, settings.get(part), notes)
    found = Found("generator", "stylegan2", arguments, {}, notes=notes)
    keys = _keys(found)
    found.state = {key: _single(state[key]) for key in keys if key in state}
    found.unexpected = [plain(key) for key in state if key not in keys]
    if any(state[key].dtype != torch.float32 for key in found.state):
        notes.append("Its half or double precision was made single.")
    notes.insert(0, _summary(found))
    return found


def _settings(part: str, given: Any, notes: list[str]) -> dict[str, Any]:
    """The settings of a part that our generator has, too; WeightsError for others that change its pictures."""
    kept: dict[str, Any] = {}
    if given is not None and not isinstance(given, dict):
        raise WeightsError(f"The {part} of this generator make no sense: {AGAIN}.")
    for name, value in (given or {}).items():
        told = f"{plain(str(name))} = {plain(repr(value)) if isinstance(value, (int, float, str)) else 'something odd'}"
        if name in KEPT[part]:
            if not _fits(name, value):
                raise WeightsError(f"The setting {told} of this generator makes no sense: {AGAIN}.")
            kept[name] = list(value) if isinstance(value, tuple) else value
        elif name in SPEED:
            notes.append(f"{told} is dropped: it is about speed alone.")
        elif name in FIXED:
            if type(value) is not type(FIXED[name]) or value != FIXED[name]:
                raise WeightsError(f"This generator has {told} instead of {FIXED[name]!r}: {OTHER}.")
        elif name not in SHAPES:
            raise WeightsError(f"This generator has the unknown setting {told}: {OTHER}.")
    return kept


def _fits(name: str, value: Any) -> bool:
    """Whether a setting is a number, or what else it may be."""
    if name == "resample_filter":
        return isinstance(value, (list, tuple)) and all(_fits("tap", tap) for tap in value)
    return (name == "conv_clamp" and value is None) or (type(value) in (int, float) and math.isfinite(value))


def _shapes(state: dict[str, Tensor]) -> dict[str, Any]:
    """The settings that shapes tell."""
    heights = sorted(
        int(match[1]) for key in state if (match := re.fullmatch(r"synthesis\.b(\d+)\.torgb\.weight", key))
    )
    layers = sum(1 for key in state if re.fullmatch(r"mapping\.fc\d+\.weight", key))
    if not 0 < layers <= LAYERS or not heights or heights != [4 << k for k in range(len(heights))]:
        raise WeightsError(f"This generator has other layers than a StyleGAN2 that adds its RGB up: {OTHER}.")
    const = _shape(state, "synthesis.b4.const", 3)
    if const[1:] not in ((4, 4), (4, 2)):
        raise WeightsError(
            f"This generator starts from a constant of {const[1]} x {const[2]}: get one of 4 x 4 or 4 x 2."
        )
    w_dim, z_dim = _shape(state, f"mapping.fc{layers - 1}.weight", 2)[0], _shape(state, "mapping.fc0.weight", 2)[1]
    channels = {height: _shape(state, f"synthesis.b{height}.torgb.weight", 4) for height in heights}
    if channels[4][0] != 3:
        raise WeightsError(f"This generator draws pictures of {channels[4][0]} channels: {OTHER}.")
    most = max(shape[1] for shape in channels.values())
    narrow = [height * shape[1] for height, shape in channels.items() if shape[1] < most]
    mapping: dict[str, Any] = {"num_layers": layers}
    if layers > 1 and (inner := _shape(state, "mapping.fc0.weight", 2)[0]) != w_dim:
        mapping["layer_features"] = inner
    if "mapping.rows.weight" in state:  # fice's own
        mapping["w_plus"] = True
    return {
        "z_dim": z_dim,
        "w_dim": w_dim,
        "img_resolution": heights[-1],
        "square": const[1] == const[2],
        "mapping_kwargs": mapping,
        "synthesis_kwargs": {"channel_base": max(narrow, default=most * heights[-1]), "channel_max": most},
    }


def _shape(state: dict[str, Tensor], key: str, axes: int) -> tuple[int, ...]:
    if key not in state or state[key].dim() != axes:
        raise WeightsError(f"This generator has no {key} as a StyleGAN2 has it: {AGAIN}.")
    return tuple(state[key].shape)


def _keys(found: Found) -> dict[str, Tensor]:
    """The state dict that the settings ask for, without memory for it."""
    try:
        return outline(found.network, found.arguments).state_dict()
    except (TypeError, ValueError, RuntimeError, ArithmeticError, LookupError) as error:
        raise WeightsError(f"The settings of this generator make no sense ({first_line(error)}): {OTHER}.") from error


def _single(value: Tensor) -> Tensor:
    """In single precision and at an even address; the file's own bytes where they are so already."""
    odd = value.data_ptr() % value.element_size()
    return (value.clone() if odd else value).float().contiguous()


def _summary(found: Found) -> str:
    height, square = found.arguments["img_resolution"], found.arguments["square"]
    rows = 2 * height.bit_length() - 4
    buffers = ("resample_filter", "noise_const", "w_avg")
    count = sum(value.numel() for key, value in found.state.items() if not key.endswith(buffers))
    return (
        f"StyleGAN2 generator, {height} x {height if square else height // 2} pixels, {rows} rows of W+,"
        f" {count / 1e6:.1f} M parameters."
    )


def _tensors(state: dict) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if isinstance(key, str) and isinstance(value, Tensor)}


def _rosinality(tree: dict) -> Found:
    source = {key.removeprefix("module."): value for key, value in _tensors(tree["g_ema"]).items()}
    notes = ["Written by rosinality's code; its names were changed to NVIDIA's."]
    others = [name for name in ("g", "d", "g_optim", "d_optim") if name in tree]
    if others:
        notes.append(f"What only training needs is left out: {', '.join(others)}.")
    state, unexpected = _renamed(source)
    average = tree.get("latent_avg")
    if isinstance(average, Tensor):
        state["mapping.w_avg"] = average.reshape(-1)
    found = _found(state, {}, notes)
    found.unexpected = unexpected + found.unexpected
    if "mapping.w_avg" not in state:
        found.state["mapping.w_avg"] = _mean_w(found)
        notes.append(f"It has no latent_avg: the mean of {DRAWS} drawn w stands for it.")
    return found


def _renamed(source: dict[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """rosinality's weights in NVIDIA's names and shapes, and the keys that were left over."""
    state: dict[str, Tensor] = {}
    taken = set()

    def take(key: str, name: str, change: Callable[[Tensor], Tensor] = lambda value: value) -> None:
        if key in source:
            taken.add(key)
            state[name] = change(source[key])

    def first(value: Tensor) -> Tensor:
        return value.squeeze(0) if value.dim() else value

    def styled(old: str, new: str) -> None:
        take(f"{old}.conv.weight", f"{new}.weight", first)
        take(f"{old}.conv.modulation.weight", f"{new}.affine.weight")
        take(f"{old}.conv.modulation.bias", f"{new}.affine.bias")

    def layer(number: int, old: str, new: str) -> None:
        styled(old, new)
        take(f"{old}.activate.bias", f"{new}.bias", Tensor.flatten)
        take(f"{old}.noise.weight", f"{new}.noise_strength", Tensor.squeeze)
        take(f"noises.noise_{number}", f"{new}.noise_const", lambda value: first(first(value)))

    def rgb(old: str, new: str) -> None:
        styled(old, new)
        take(f"{old}.bias", f"{new}.bias", Tensor.flatten)

    for number in range(sum(1 for key in source if re.fullmatch(r"style\.\d+\.weight", key))):
        for kind in ("weight", "bias"):
            take(f"style.{number + 1}.{kind}", f"mapping.fc{number}.{kind}")
    take("input.input", "synthesis.b4.const", first)
    layer(0, "conv1", "synthesis.b4.conv1")
    rgb("to_rgb1", "synthesis.b4.torgb")
    blocks = sum(1 for key in source if re.fullmatch(r"to_rgbs\.\d+\.conv\.weight", key))
    for k in range(blocks):
        block = f"synthesis.b{8 << k}"
        for odd in (0, 1):
            layer(2 * k + 1 + odd, f"convs.{2 * k + odd}", f"{block}.conv{odd}")
        rgb(f"to_rgbs.{k}", f"{block}.torgb")
    kernels = [key for key in source if key.endswith((".blur.kernel", ".upsample.kernel"))]
    filtered = source[kernels[0]].float() if kernels else setup_filter([1, 3, 3, 1])
    filtered = filtered / filtered.sum()  # NVIDIA applies the gain of the enlargement at run time
    for name in [f"synthesis.b{4 << k}" for k in range(blocks + 1)]:
        for owner in (name, f"{name}.conv0", f"{name}.conv1"):
            state[f"{owner}.resample_filter"] = filtered.clone()
    state.pop("synthesis.b4.conv0.resample_filter")
    return state, [plain(key) for key in source if key not in taken and key not in kernels]


def _mean_w(found: Found) -> Tensor:
    """The mean w of z's from a fixed seed: what `latent_avg` is. Raises WeightsError where a layer is missing."""
    found.state["mapping.w_avg"] = torch.zeros(found.arguments["w_dim"])
    found.empty()
    sizes = {key: found.arguments[key] for key in ("z_dim", "w_dim")}
    mapping = Mapping(**sizes, num_ws=1, **found.arguments["mapping_kwargs"])
    own = {key.removeprefix("mapping."): value for key, value in found.state.items() if key.startswith("mapping.")}
    mapping.load_state_dict(own)
    z = torch.randn(DRAWS, sizes["z_dim"], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return mapping.eval()(z)[:, 0].mean(dim=0)
