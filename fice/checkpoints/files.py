"""Any checkpoint as plain containers and tensors: the kind is told by the content, and nothing is executed."""

from __future__ import annotations

import mmap
import re
import struct
from pathlib import Path
from typing import Any

from torch import Tensor

from fice.checkpoints.legacy import MAGIC, read_legacy, read_nested
from fice.checkpoints.limits import ENTRIES, HEADER, NAME, Limits
from fice.checkpoints.objects import Foreign
from fice.checkpoints.pickles import Machine
from fice.checkpoints.torchzip import read_torchzip
from fice.errors import WeightsError
from fice.files import open_file

BEGINNINGS = {  # what is often given instead of weights
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"RIFF": "a picture or a film",
    b"BM": "a picture",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"%PDF": "a PDF document",
    b"\x89HDF": "an HDF5 file, as Keras writes it",
    b"\x93NUMPY": "a single numpy array",
}
PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"7z\xbc\xaf": "7-Zip",
    b"Rar!": "RAR",
    b"(\xb5/\xfd": "zstd",
}
POINTER = b"version https://git-lfs"
PIECE = re.compile(r"-(\d+)-of-(\d+)\.")


class Unknown(WeightsError):
    """A file that holds no weights, or none that are read here."""


def read_checkpoint(path: Path) -> Any:
    """What a checkpoint holds: dicts, lists, tuples, texts, numbers, bytes, `Foreign` objects and tensors.

    Reads zip files and older files of torch, TorchScript archives, pickles and safetensors. Tensors are on the CPU and
    views of the file, which is mapped, not read; writing to them does not change it. In older files they may begin at
    odd addresses. Raises WeightsError for anything else, for damage, and for a pickle that names what no weights need.
    """
    path = Path(path)
    piece = PIECE.search(path.name)
    if piece and int(piece[2]) > 1:
        raise WeightsError(
            f"{path.name} is one piece of {int(piece[2])}: name a checkpoint that is in one file, or join the pieces."
        )
    data = _map(path)
    limits = Limits(path.name)
    head = bytes(data[:4096])
    # before pickles, as the length of the header may look like the beginning of one
    if len(data) >= 10 and struct.unpack_from("<Q", data)[0] <= len(data) - 8 and head[8:9] == b"{":
        return read_safetensors(path)
    if head.startswith(b"PK\3\4"):
        return read_torchzip(data, limits)
    if head.startswith(MAGIC):
        return read_legacy(data, limits)
    if _is_pickle(head, bytes(data[-1:])):
        return Machine(data, limits, nested=lambda inner: read_nested(inner, limits)).run()
    raise Unknown(f"{path.name} {_looks_like(head)}.")


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by their names, views of it. Raises WeightsError for damage, beyond limits."""
    from safetensors import SafetensorError, safe_open

    limits = Limits(path.name)
    try:
        with open_file(path) as start:
            head = start.read(4096)
        if head.startswith(POINTER):
            raise Unknown(f"{path.name} {_looks_like(head)}.")
        length = int.from_bytes(head[:8], "little")
        if HEADER < length <= path.stat().st_size:
            raise limits.refused("describes more tensors than any weights have")
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            if len(names) > ENTRIES or max(map(len, names), default=0) > NAME:
                raise limits.refused("has more tensors, or longer names, than any weights")
            return {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise limits.damaged("its header makes no sense") from error


def flatten(module: Foreign) -> dict[str, Tensor]:
    """The state dict of a module tree: parameters and buffers by their dotted names.

    Reads modules as torch keeps them (`_parameters`, `_buffers`, `_modules`) and as TorchScript does (plain
    attributes). A tensor may appear under several names.
    """
    found: dict[str, Tensor] = {}
    _collect(module, "", found)
    return found


def _collect(module: Foreign, prefix: str, found: dict[str, Tensor]) -> None:
    attributes = module.state if isinstance(module.state, dict) else {}
    parts = [attributes.get(kind) for kind in ("_parameters", "_buffers", "_modules")]
    listed = attributes.get("_non_persistent_buffers_set")
    skipped = {name for name in listed if isinstance(name, str)} if isinstance(listed, (list, tuple)) else set()
    if not any(isinstance(part, dict) for part in parts):
        parts = [attributes]
    for part in parts:
        for name, value in (part if isinstance(part, dict) else {}).items():
            if isinstance(value, Tensor) and name not in skipped:
                found[f"{prefix}{name}"] = value
            elif isinstance(value, Foreign):
                _collect(value, f"{prefix}{name}.", found)


def _map(path: Path) -> memoryview:
    try:
        with open_file(path) as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    except FileNotFoundError as error:
        raise WeightsError(f"There is no file {path}: check the name.") from error
    except ValueError as error:
        raise WeightsError(f"{path.name} is empty: download it again.") from error
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): name a file that can.") from error


def _is_pickle(head: bytes, last: bytes) -> bool:
    """Whether a file begins as pickles of version 2 to 5 do, or begins and ends as older ones."""
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        return True
    return head[:1] in (b"(", b"]", b"}", b"c") and last == b"." and b"\n" in head


def _looks_like(head: bytes) -> str:
    """What a file that is no checkpoint is, with the remedy."""
    for beginning, kind in BEGINNINGS.items():
        if head.startswith(beginning):
            return f"is {kind} and no checkpoint: name the file of the weights"
    for beginning, kind in PACKED.items():
        if head.startswith(beginning):
            return f"is packed with {kind}: unpack it and name the file in it"
    if head[257:262] == b"ustar":
        return "is a tar archive: unpack it and name the file in it"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "is a web page, probably a quota or login page: download the file again with a browser"
    if start.startswith(POINTER):
        return "stands for the file in a Git LFS repository: fetch the file itself with git lfs pull"
    if b'"weight_map"' in head:
        return "is the index of a checkpoint in pieces: name a checkpoint that is in one file"
    if all(byte >= 32 or byte in b"\t\n\r\f" for byte in head) and b"\x7f" not in head:
        return "is a text and no checkpoint: name the file of the weights"
    return "is of no kind that is known here (torch, TorchScript, pickle, safetensors): name the file of the weights"
