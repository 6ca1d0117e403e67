"""Tensors and arrays out of the parts that a pickle names: every size is checked against the bytes that are there.

The functions of `CALLS` are all that a pickle can have called. Each is ours, and takes the machine that reads
the pickle and the arguments found there. An argument of the wrong kind raises TypeError, ValueError, ... which the
machine reports as damage.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from fice.checkpoints.limits import NAME, Limits, plain

if TYPE_CHECKING:
    from fice.checkpoints.pickles import Machine

AXES = 16
VIEWED = 4096  # bytes from which bytes are a memoryview
LARGEST = 1 << 48  # elements along all axes together

_FLOATS = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")
_WHOLE = ("bool", "uint8", "int8", "int16", "int32", "int64")
DTYPES = {f"torch.{name}": getattr(torch, name) for name in _FLOATS + _WHOLE}

STORAGES = {
    "torch.FloatStorage": torch.float32,
    "torch.DoubleStorage": torch.float64,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
    "torch.ComplexFloatStorage": torch.complex64,
    "torch.ComplexDoubleStorage": torch.complex128,
    "torch.UntypedStorage": torch.uint8,
    "torch.storage.UntypedStorage": torch.uint8,
}

NUMPY = {  # numpy's code: torch's dtype and struct's letter
    "f2": (torch.float16, "e"),
    "f4": (torch.float32, "f"),
    "f8": (torch.float64, "d"),
    "b1": (torch.bool, "?"),
    "i1": (torch.int8, "b"),
    "i2": (torch.int16, "h"),
    "i4": (torch.int32, "i"),
    "i8": (torch.int64, "q"),
    "u1": (torch.uint8, "B"),
    "u2": (torch.uint16, "H"),
    "u4": (torch.uint32, "I"),
    "u8": (torch.uint64, "Q"),
}


@dataclass(eq=False)
class Foreign:
    """An object of a class that is not ours, never built: only its name and what it carried.

    Attributes:
        name: "torch_utils.persistence:Generator", "__torch__.clip.model.CLIP", "argparse.Namespace".
        state: its attributes as read.
        arguments: what it was made with, where the file says so.
    """

    name: str
    state: Any
    arguments: tuple = ()


class Block:
    """Raw bytes of one or more tensors; in old files they come after the pickle that speaks of them."""

    def __init__(self, size: int, data: memoryview | None = None):
        self.size = size
        self.bytes: torch.UntypedStorage | None = None
        self.waiting: list[tuple] = []
        if data is not None:
            self.fill(data)

    def fill(self, data: memoryview) -> None:
        """Give the bytes, `size` of them at least; the tensors that wait become views of them."""
        if len(data) < self.size:
            raise ValueError(f"{len(data)} bytes where {self.size} should be")
        empty = torch.UntypedStorage(0)
        self.bytes = torch.frombuffer(data, dtype=torch.uint8).untyped_storage() if len(data) else empty
        for tensor, *where in self.waiting:
            tensor.set_(self.bytes, *where)
        self.waiting.clear()

    def tensor(self, dtype: torch.dtype, offset: int, size: tuple, stride: tuple) -> Tensor:
        """A view, complete at once or as soon as the bytes are given; offset and stride in elements, checked before."""
        tensor = torch.empty(0, dtype=dtype)
        if self.bytes is None:
            self.waiting.append((tensor, offset, size, stride))
            return tensor
        return tensor.set_(self.bytes, offset, size, stride)


@dataclass(frozen=True, eq=False)
class Storage:
    """`count` elements of a block, beginning with element `start`."""

    block: Block
    dtype: torch.dtype
    count: int
    start: int = 0

    def part(self, start: int, count: int) -> Storage:
        """The `count` elements from `start` on; ValueError where the storage does not have them."""
        if whole_number(start) + whole_number(count) > self.count:
            raise ValueError("a storage outside its file")
        return Storage(self.block, self.dtype, count, self.start + start)


@dataclass(eq=False)
class Dtype:
    """A numpy dtype on its way: `code` such as "f4"."""

    code: str

    def build(self, state: tuple) -> None:
        """Byte order and fields, as numpy tells them; ValueError for what torch cannot hold."""
        order, inner, names = state[1:4]
        if _text(order) not in "<|=" or inner is not None or names is not None:
            raise ValueError("an array of big-endian numbers or records")

    @property
    def torch(self) -> tuple[torch.dtype, str]:
        """torch's dtype and struct's letter; ValueError where there is none."""
        if self.code not in NUMPY:
            raise ValueError(f"an array of {self.code[:20]!r}")
        return NUMPY[self.code]


@dataclass(eq=False)
class Array:
    """A numpy array on its way, and the tensor that it becomes."""

    tensor: Tensor | None = None

    def build(self, state: tuple, limits: Limits) -> Tensor:
        """Shape, dtype, order and bytes, as numpy tells them."""
        _, shape, dtype, by_columns, data = state
        self.tensor = array(limits, data, dtype, shape, by_columns)
        return self.tensor


def own_bytes(limits: Limits, data: Any) -> memoryview:
    """Bytes that a tensor can lie on: a view of the file as it is, anything else (Python 2 has texts) as a copy."""
    if isinstance(data, memoryview) and not data.readonly:
        return data
    limits.copy(len(data))
    return memoryview(bytearray(data.encode("latin1") if isinstance(data, str) else data))


def array(limits: Limits, data: Any, dtype: Any, shape: Any, by_columns: Any) -> Tensor:
    """A tensor on numpy's bytes, by rows or by columns; ValueError where shape and bytes differ."""
    if not isinstance(dtype, Dtype):
        raise TypeError("an array without a dtype")
    data = own_bytes(limits, data)
    kind, _ = dtype.torch
    shape = _shape(shape)
    if math.prod(shape) * kind.itemsize != len(data):
        raise ValueError(f"an array of shape {shape} on {len(data)} bytes")
    if not len(data):
        return torch.empty(shape, dtype=kind)
    flat = torch.frombuffer(data, dtype=kind)
    if not by_columns:
        return flat.view(shape)
    return flat.view(shape[::-1]).permute(*reversed(range(len(shape))))


def whole_number(value: Any) -> int:
    """`value`, if it can be a size or an offset; ValueError otherwise."""
    if type(value) is not int or not 0 <= value < LARGEST:
        raise ValueError("a size that is none")
    return value


def _sizes(value: Any) -> tuple[int, ...]:
    if type(value) not in (list, tuple) or len(value) > AXES:
        raise ValueError("a list of sizes that is none")
    return tuple(whole_number(size) for size in value)


def _shape(value: Any) -> tuple[int, ...]:
    shape = _sizes(value)
    if math.prod(max(side, 1) for side in shape) >= LARGEST:
        raise ValueError("a shape beyond all bounds")
    return shape


def _text(value: Any) -> str:
    if len(value) > NAME:
        raise ValueError("a long text where a word should be")
    text = bytes(value).decode("latin1") if isinstance(value, (bytes, memoryview)) else value
    if type(text) is not str:
        raise TypeError("something else where a text should be")
    return text


def _tensor(machine: Machine, storage, offset, size, stride, *flags) -> Tensor:
    size, stride = _shape(size), _sizes(stride)
    if len(size) != len(stride):
        raise ValueError("a tensor with sides and strides of different number")
    count = math.prod(size)
    steps = sum((side - 1) * step for side, step in zip(size, stride, strict=True))
    offset = whole_number(offset) if count else 0
    if count and max(count, offset + steps + 1) > storage.count:
        raise ValueError(f"a tensor of shape {size} on {storage.count} numbers")
    return storage.block.tensor(storage.dtype, storage.start + offset, size, stride)


def _parameter(machine: Machine, data, *flags) -> Tensor:
    if not isinstance(data, Tensor):
        raise TypeError("a parameter that is no tensor")
    return data


def _dict(machine: Machine, pairs=()) -> dict:
    machine.limits.step(len(pairs))
    if type(pairs) not in (list, tuple):
        raise TypeError("a dictionary of something else than pairs")
    return {machine.key(key): value for key, value in pairs}


def _list(machine: Machine, items=()) -> list:
    machine.limits.step(len(items))
    if type(items) not in (list, tuple):
        raise TypeError("a set or list of something else than items")
    return list(items)


def _encode(machine: Machine, text, encoding) -> bytes | memoryview:
    if _text(encoding) != "latin1":
        raise ValueError("bytes in an unknown encoding")
    machine.limits.copy(len(text))
    return text.encode("latin1") if len(text) < VIEWED else memoryview(bytearray(text, "latin1"))


def _reconstruct(machine: Machine, *kind) -> Array:
    return Array()


def _frombuffer(machine: Machine, data, dtype, shape, order, *rest) -> Tensor:
    if rest or order not in ("C", "F"):
        raise ValueError("an array in an unknown order")
    return array(machine.limits, data, dtype, shape, order == "F")


def _dtype(machine: Machine, code, *flags) -> Dtype:
    return Dtype(_text(code))


def _scalar(machine: Machine, dtype, data) -> Any:
    if not isinstance(dtype, Dtype):
        raise TypeError("a number without a dtype")
    _, letter = dtype.torch
    return struct.unpack("<" + letter, data.encode("latin1") if isinstance(data, str) else data)[0]


def _device(machine: Machine, kind, *index) -> str:
    return ":".join([_text(kind), *(str(whole_number(number)) for number in index)])


def _persistent(machine: Machine, meta) -> Foreign:
    """An object of NVIDIA's persistence; the source code that it brings along is dropped."""
    if meta["type"] != "class":
        raise ValueError("a persistent object without a class")
    return Foreign(f"torch_utils.persistence:{plain(_text(meta['class_name']))}", meta["state"])


def _first(machine: Machine, value, *rest) -> Any:
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
    "torch.storage._load_from_bytes": lambda machine, data: machine.nested(data),
    "torch.Size": lambda machine, sides: _shape(sides),
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
