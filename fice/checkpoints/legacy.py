"""The torch files of before 2020 (`torch.save` without zip): five pickles, then the raw bytes of the storages.

In order: a magic number, the version, facts about the machine, the content, the keys of the storages; then for each
key the count of its elements (8 bytes) and the elements. NVIDIA's pickles have such a file for each tensor within.
"""

from __future__ import annotations

import struct
from typing import Any

from fice.checkpoints.limits import Limits
from fice.checkpoints.objects import Block, own_bytes
from fice.checkpoints.pickles import Machine

MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa85019")  # how the file begins: protocol 2 and a number of 10 bytes
VERSION = 1001


def read_legacy(data: memoryview, limits: Limits) -> Any:
    """The content of such a file; tensors are views of `data`. Raises WeightsError."""
    blocks: dict[str, Block] = {}

    def block(key: str, size: int) -> Block:
        if size > len(data):
            raise ValueError(f"storage {key[:20]} of {size} bytes in a file of {len(data)}")
        known = blocks.setdefault(key, Block(size))
        if size > known.size:
            raise ValueError(f"storage {key[:20]} in two sizes")
        return known

    position = 0
    parts = []
    for files_own in (None, None, None, block, None):
        machine = Machine(data, limits, position, block=files_own)
        parts.append(machine.run())
        position = machine.position
    _, version, facts, content, keys = parts
    if version != VERSION or not isinstance(facts, dict) or not isinstance(keys, list):
        raise limits.damaged("it is not as torch writes it")
    if facts.get("little_endian") is False:
        raise limits.refused("was written on a big-endian machine")
    if not all(type(key) is str for key in keys) or sorted(keys) != sorted(blocks):
        raise limits.damaged("its list of storages is wrong")
    for key in keys:
        position = _fill(data, position, blocks[key], limits)
    return content


def read_nested(data: Any, limits: Limits) -> Any:
    """The content of such a file within a pickle, given its bytes."""
    return read_legacy(own_bytes(limits, data), limits)


def _fill(data: memoryview, position: int, block: Block, limits: Limits) -> int:
    """Give a block its bytes; returns where they end."""
    start, end = position + 8, position + 8 + block.size
    if end > len(data):
        raise limits.damaged(f"{end - len(data)} bytes are missing at its end")
    count = struct.unpack("<q", data[position:start])[0]
    if not count <= block.size <= 16 * count:  # elements have 1 to 16 bytes
        raise limits.damaged("a storage has another size than announced")
    block.fill(data[start:end])
    return end
