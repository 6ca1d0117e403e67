"""What a pickle may have called: functions of ours that make plain containers and tensors of the arguments found there.

Each takes the machine that reads the pickle first. An argument of the wrong kind raises TypeError, ValueError, ...
which the machine reports as damage.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

from torch import Tensor

from fice.checkpoints.limits import plain
from fice.checkpoints.objects import VIEWED, Array, Dtype, Foreign, array, shape_of, sizes, text_of, whole_number
from fice.checkpoints.stack import Stack


def _tensor(machine: Stack, storage, offset, size, stride, *flags) -> Tensor:
    size, stride = shape_of(size), sizes(stride)
    if len(size) != len(stride):
        raise ValueError("a tensor with sides and strides of different number")
    count = math.prod(size)
    steps = sum((side - 1) * step for side, step in zip(size, stride, strict=True))
    offset = whole_number(offset) if count else 0
    if count and max(count, offset + steps + 1) > storage.count:
        raise ValueError(f"a tensor of shape {size} on {storage.count} numbers")
    return storage.block.tensor(storage.dtype, storage.start + offset, size, stride)


def _parameter(machine: Stack, data, *flags) -> Tensor:
    if not isinstance(data, Tensor):
        raise TypeError("a parameter that is no tensor")
    return data


def _dict(machine: Stack, pairs=()) -> dict:
    machine.limits.step(len(pairs))
    if type(pairs) not in (list, tuple):
        raise TypeError("a dictionary of something else than pairs")
    return {machine.key(key): value for key, value in pairs}


def _list(machine: Stack, items=()) -> list:
    machine.limits.step(len(items))
    if type(items) not in (list, tuple):
        raise TypeError("a set or list of something else than items")
    return list(items)


def _encode(machine: Stack, text, encoding) -> bytes | memoryview:
    if text_of(encoding) != "latin1":
        raise ValueError("bytes in an unknown encoding")
    machine.limits.copy(len(text))
    return text.encode("latin1") if len(text) < VIEWED else memoryview(bytearray(text, "latin1"))


def _reconstruct(machine: Stack, *kind) -> Array:
    return Array()


def _frombuffer(machine: Stack, data, dtype, shape, order, *rest) -> Tensor:
    if rest or order not in ("C", "F"):
        raise ValueError("an array in an unknown order")
    return array(machine.limits, data, dtype, shape, order == "F")


def _dtype(machine: Stack, code, *flags) -> Dtype:
    return Dtype(text_of(code))


def _scalar(machine: Stack, dtype, data) -> Any:
    if not isinstance(dtype, Dtype):
        raise TypeError("a number without a dtype")
    _, letter = dtype.torch
    return struct.unpack("<" + letter, data.encode("latin1") if isinstance(data, str) else data)[0]


def _device(machine: Stack, kind, *index) -> str:
    return ":".join([text_of(kind), *(str(whole_number(number)) for number in index)])


def _persistent(machine: Stack, meta) -> Foreign:
    """An object of NVIDIA's persistence; the source code that it brings along is dropped."""
    if meta["type"] != "class":
        raise ValueError("a persistent object without a class")
    return Foreign(f"torch_utils.persistence:{plain(text_of(meta['class_name']))}", meta["state"])


def _first(machine: Stack, value, *rest) -> Any:
    return value


CALLS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _dict,
    "builtins.set": _list,
    "__builtin__.set": _list,
    "builtins.bytes": lambda machine: b"",  # how protocol 2 says it
    "__builtin__.bytes": lambda machine: b"",
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch.Size": lambda machine, sides: shape_of(sides),
    "torch.device": _device,
    "_codecs.encode": _encode,
    "numpy.dtype": _dtype,
    "torch_utils.persistence._reconstruct_persistent_obj": _persistent,
}
for _package in ("numpy.core", "numpy._core"):  # before and since numpy 2
    CALLS[f"{_package}.multiarray._reconstruct"] = _reconstruct
    CALLS[f"{_package}.multiarray.scalar"] = _scalar
    CALLS[f"{_package}.numeric._frombuffer"] = _frombuffer

SCRIPT_CALLS: dict[str, Callable[..., Any]] = {  # further ones, in TorchScript archives only
    "torch.jit._pickle.build_intlist": _list,
    "torch.jit._pickle.build_doublelist": _list,
    "torch.jit._pickle.build_boollist": _list,
    "torch.jit._pickle.build_tensorlist": _list,
    "torch.jit._pickle.restore_type_tag": _first,
}
