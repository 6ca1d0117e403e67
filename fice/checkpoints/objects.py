"""What a pickle of weights is rebuilt from: foreign objects, bytes, storages, numpy's types and arrays, on their way.

Every size is checked against the bytes that are there. What makes no sense raises TypeError or ValueError, which the
machine that reads the pickle reports as damage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fice.checkpoints.limits import NAME, Limits

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
        if text_of(order) not in "<|=" or inner is not None or names is not None:
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
    shape = shape_of(shape)
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


def sizes(value: Any) -> tuple[int, ...]:
    """A list of sizes or strides, as a tuple; ValueError for anything else."""
    if type(value) not in (list, tuple) or len(value) > AXES:
        raise ValueError("a list of sizes that is none")
    return tuple(whole_number(size) for size in value)


def shape_of(value: Any) -> tuple[int, ...]:
    """A tensor's shape; ValueError for one that no memory could hold."""
    shape = sizes(value)
    if math.prod(max(side, 1) for side in shape) >= LARGEST:
        raise ValueError("a shape beyond all bounds")
    return shape


def text_of(value: Any) -> str:
    """A word, which Python 2 has as bytes; ValueError or TypeError for anything else."""
    if len(value) > NAME:
        raise ValueError("a long text where a word should be")
    text = bytes(value).decode("latin1") if isinstance(value, (bytes, memoryview)) else value
    if type(text) is not str:
        raise TypeError("something else where a text should be")
    return text
