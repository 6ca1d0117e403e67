"""Foreign files for the tests, made the way their authors' code makes them, and some that nobody should open."""

from __future__ import annotations

import io
import pickle
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import torch
from torch import Tensor, nn

MAGIC = 0x1950A86A20F9469CFC6C  # how torch's older files begin
PROTO = b"\x80\x04"
SOURCE = "open({path!r}, 'w').write('executed')"  # what a hostile file brings as the code of a class


class Call:
    """An object whose pickle asks for a call when it is read."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def text(value: str) -> bytes:
    """The instruction that puts a text on the stack."""
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def name(module: str, attribute: str) -> bytes:
    """The instruction that puts a class or function on the stack."""
    return f"c{module}\n{attribute}\n".encode()


@contextmanager
def fake_modules() -> Iterator[tuple]:
    """NVIDIA's `torch_utils.persistence` and `dnnlib.util` as far as pickling needs them: reconstruct, EasyDict."""

    def reconstruct(meta):
        raise AssertionError("this would execute the file")

    class EasyDict(dict):
        pass

    reconstruct.__module__, reconstruct.__qualname__ = "torch_utils.persistence", "_reconstruct_persistent_obj"
    EasyDict.__module__, EasyDict.__qualname__ = "dnnlib.util", "EasyDict"
    made = {name: ModuleType(name) for name in ("torch_utils", "torch_utils.persistence", "dnnlib", "dnnlib.util")}
    made["torch_utils.persistence"]._reconstruct_persistent_obj = reconstruct
    made["dnnlib.util"].EasyDict = EasyDict
    before = {name: sys.modules.get(name) for name in made}
    sys.modules.update(made)
    try:
        yield reconstruct, EasyDict
    finally:
        for key, module in before.items():
            if module is None:
                del sys.modules[key]
            else:
                sys.modules[key] = module


def persistent_module(reconstruct, state: dict[str, Tensor], class_name: str, source: str, **attributes) -> nn.Module:
    """A tree of modules with these weights that pickles itself as NVIDIA's persistent classes do."""

    class Node(nn.Module):
        kind = class_name

        def __reduce__(self):
            meta = {"type": "class", "version": 6, "module_src": source, "class_name": self.kind}
            return reconstruct, (meta | {"state": self.__dict__},), None

    root = Node()
    root.__dict__.update(attributes)
    for key, value in state.items():
        *path, last = key.split(".")
        node = root
        for part in path:
            if part not in node._modules:
                node.add_module(part, Node())
                node._modules[part].kind = "Layer"
            node = node._modules[part]
        if last in ("resample_filter", "noise_const", "w_avg"):
            node.register_buffer(last, value)
        else:
            node.register_parameter(last, nn.Parameter(value))
    return root


def nvidia_pickle(state, settings, class_name="Generator", source="", protocol=4, arguments=(), **more) -> bytes:
    """A pickle as NVIDIA's training writes it, with `state` in G_ema."""
    with fake_modules() as (reconstruct, easy_dict):
        kwargs = {key: easy_dict(value) if isinstance(value, dict) else value for key, value in settings.items()}
        module = persistent_module(reconstruct, state, class_name, source, _init_args=arguments, _init_kwargs=kwargs)
        content = {"G": None, "D": None, "G_ema": module, "training_set_kwargs": easy_dict(path="x.zip"), **more}
        return pickle.dumps(content, protocol)


def legacy_file(tree) -> bytes:
    """A file as torch saved it before 2020, the same each time: torch's own names its storages by their addresses."""
    stream, storages = io.BytesIO(), {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if not isinstance(value, torch.storage.TypedStorage):
                return None
            key, _ = storages.setdefault(value._cdata, (f"{len(storages):04}", value))
            return "storage", getattr(torch, value._pickle_storage_type()), key, "cpu", value._size(), None

    for part in (MAGIC, 1001, {"protocol_version": 1001, "little_endian": True}):
        pickle.dump(part, stream, 2)
    Pickler(stream, 2).dump(tree)
    pickle.dump([key for key, _ in storages.values()], stream, 2)
    for _, storage in storages.values():
        stream.write(struct.pack("<q", storage._size()) + bytes(storage._untyped_storage.tolist()))
    return stream.getvalue()


def rosinality_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Official weights in the names and shapes of rosinality's code."""
    heights = sorted({int(key.split(".")[1][1:]) for key in state if key.startswith("synthesis.b")})
    layers = sum(1 for key in state if key.startswith("mapping.fc") and key.endswith("weight"))
    made = {}
    for number in range(layers):
        for kind in ("weight", "bias"):
            made[f"style.{number + 1}.{kind}"] = state[f"mapping.fc{number}.{kind}"]
    made["input.input"] = state["synthesis.b4.const"][None]

    def layer(number, old, new, up):
        made[f"{new}.conv.weight"] = state[f"{old}.weight"][None]
        made[f"{new}.conv.modulation.weight"] = state[f"{old}.affine.weight"]
        made[f"{new}.conv.modulation.bias"] = state[f"{old}.affine.bias"]
        made[f"{new}.noise.weight"] = state[f"{old}.noise_strength"][None]
        made[f"{new}.activate.bias"] = state[f"{old}.bias"]
        made[f"noises.noise_{number}"] = state[f"{old}.noise_const"][None, None]
        if up:
            made[f"{new}.conv.blur.kernel"] = state[f"{old}.resample_filter"] * 4

    def rgb(old, new, up):
        made[f"{new}.conv.weight"] = state[f"{old}.torgb.weight"][None]
        made[f"{new}.conv.modulation.weight"] = state[f"{old}.torgb.affine.weight"]
        made[f"{new}.conv.modulation.bias"] = state[f"{old}.torgb.affine.bias"]
        made[f"{new}.bias"] = state[f"{old}.torgb.bias"][None, :, None, None]
        if up:
            made[f"{new}.upsample.kernel"] = state[f"{old}.resample_filter"] * 4

    layer(0, "synthesis.b4.conv1", "conv1", False)
    rgb("synthesis.b4", "to_rgb1", False)
    for k, height in enumerate(heights[1:]):
        block = f"synthesis.b{height}"
        layer(2 * k + 1, f"{block}.conv0", f"convs.{2 * k}", True)
        layer(2 * k + 2, f"{block}.conv1", f"convs.{2 * k + 1}", False)
        rgb(block, f"to_rgbs.{k}", True)
    return made
