"""A collection on the disk: a card, a row of json a garment, and their vectors as safetensors, mapped and not read.

What belongs together is named after its content and the card is written last, so that whoever reads sees one state.
"""

from __future__ import annotations

import json
import re
import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fice.collections import approximate
from fice.collections.approximate import Approximate
from fice.collections.features import WIDTH, kind_bits
from fice.errors import InputError, WeightsError
from fice.extras import missing
from fice.files import hash_of, read_file, sha256_of, whole_file
from fice.references.reference import KINDS

FORMAT = 1
CARD = "collection.json"
LARGEST = 1 << 20  # bytes of a card
BLOCK = 1024  # garments that are in memory at once
NEEDED = {"picture", "bytes", "mtime_ns", "sha256", "kind", "seen", "colours"}  # of a row
SUFFIXES = {"rows": ".jsonl", "vectors": ".safetensors", "index": ".safetensors", "nearest": ".faiss"}
DTYPES = {"float32": "F32", "int64": "I64", "int32": "I32", "uint8": "U8"}
SILENT = frozenset("a an and the with in of on for to by or from at is it".split())

Row = dict[str, Any]


@dataclass(frozen=True)
class Card:
    """What a collection is.

    Attributes:
        folder: of the pictures, absolute.
        weights: the sha256 of what saw the garments.
        looks: numbers of CLIP in each vector.
        count: of garments.
        files: name -> [its file, bytes, sha256] of the rows and the vectors.
        spread: of CLIP's cosines between garments and sentences, so that all networks' count alike.
    """

    folder: str
    bundle: str
    weights: str
    looks: int
    count: int
    spread: float
    files: dict[str, list[Any]]
    format: int = FORMAT

    @property
    def named(self) -> set[str]:
        """The names of its files."""
        return {file for file, _, _ in self.files.values()}

    @property
    def sha256(self) -> str:
        """What stands for the content of the whole collection."""
        return hash_of(asdict(self))


def read_card(folder: Path) -> Card:
    """The card of a collection in a folder. InputError where it is damaged, or of a later fice."""
    try:
        content = json.loads(read_file(folder / CARD, LARGEST))
        if content["format"] != FORMAT:
            raise InputError(f"The collection {folder.name} was indexed by another fice: index its pictures again.")
        card = Card(**content)
        if not (isinstance(card.folder, str) and isinstance(card.looks, int) and isinstance(card.spread, float)):
            raise TypeError("fields of other types")
        sizes = {name: (folder / file).stat().st_size for name, (file, _, _) in card.files.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise damaged(folder) from error
    if any(sizes[name] != size for name, (_, size, _) in card.files.items()):
        raise damaged(folder)
    return card


def damaged(folder: Path) -> InputError:
    return InputError(
        f"The collection {folder.name} is damaged: remove it (fice garments remove {folder.name}) and index its"
        " pictures again."
    )


def write(folder: Path, blocks: Iterable[tuple[Sequence[Row], np.ndarray]], count: int, /, **facts: Any) -> Card:
    """Writes a collection in the place of the one that may be in `folder`; memory is used for one block at a time.

    blocks: rows and their vectors (n, `WIDTH` + looks) float32, `count` in all. facts: fields of its card. FiceError
    when the disk refuses.
    """
    ends, bits, words, done = np.zeros(count + 1, np.int64), np.zeros(count, np.uint8), Words(), 0
    width = facts["looks"] + WIDTH
    paths = {name: folder / f".{name}.tmp" for name in ("rows", "vectors", "index")}
    with whole_file(paths["rows"]) as rows, whole_file(paths["vectors"]) as vectors:
        vectors.write(_header({"vectors": np.broadcast_to(np.float32(0), (count, width))}))
        for some, found in blocks:
            for row in some:
                ends[done + 1] = ends[done] + rows.write(json.dumps(row).encode() + b"\n")
                words.add(done, row)
                done += 1
            bits[done - len(some) : done] = kind_bits(found[:, facts["looks"] :][:, : len(KINDS)])
            vectors.write(np.ascontiguousarray(found, np.float32).tobytes())
    arrays: dict[str, np.ndarray] = {"ends": ends, "bits": bits, **words.arrays()}
    with whole_file(paths["index"]) as index:
        index.write(_header(arrays))
        for array in arrays.values():
            index.write(array.tobytes())
    if approximate.is_worth_it(count):
        paths["nearest"] = folder / ".nearest.tmp"
        approximate.build(_mapped(paths["vectors"])["vectors"], paths["nearest"])
    files: dict[str, list[Any]] = {}
    for name, path in paths.items():
        sha256 = sha256_of(path)
        named = f"{name}-{sha256[:12]}{SUFFIXES[name]}"
        files[name] = [named, path.stat().st_size, sha256]
        path.replace(folder / named)
    card = Card(count=count, files=files, **facts)
    with whole_file(folder / CARD) as stream:
        stream.write(json.dumps(asdict(card), indent=1).encode())
    for path in folder.iterdir():  # of the collection that was here
        if re.fullmatch(r"(rows|vectors|index|nearest)-[0-9a-f]{12}\..+", path.name) and path.name not in card.named:
            path.unlink()
    return card


class Stored:
    """The garments of a collection on the disk, by number from 0.

    Attributes:
        vectors: (N, D) float32, mapped.
        bits: (N,) uint8, the kinds that each may be, as of `features.kind_bits`.
        near: the index of very many, or None.
    """

    def __init__(self, folder: Path, card: Card):
        self.folder, self.card = folder, card
        try:
            arrays = _mapped(folder / card.files["vectors"][0]) | _mapped(folder / card.files["index"][0])
            self.vectors, self.bits, self._ends = arrays["vectors"], arrays["bits"], arrays["ends"]
            self._vocabulary = arrays["vocabulary"].tobytes().decode().split("\n")
            self._starts, self._postings = arrays["starts"], arrays["postings"]
            near = "nearest" in card.files and not missing("index")
            self.near = Approximate(folder / card.files["nearest"][0]) if near else None
        except (WeightsError, KeyError, ValueError, RuntimeError) as error:
            raise damaged(folder) from error
        self._rows = open(folder / card.files["rows"][0], "rb")
        shapes = (self.vectors.shape, self.bits.shape, self._ends.shape)
        if shapes != ((card.count, card.looks + WIDTH), (card.count,), (card.count + 1,)):
            raise damaged(folder)

    def rows(self, numbers: Iterable[int]) -> Iterator[Row]:
        """The rows of some garments, read when they are asked for. InputError where they are damaged."""
        for number in numbers:
            start, end = (int(at) for at in self._ends[number : number + 2])
            self._rows.seek(start)
            try:
                row = dict(json.loads(self._rows.read(end - start)))
            except (ValueError, TypeError) as error:
                raise damaged(self.folder) from error
            if not row.keys() >= NEEDED:
                raise damaged(self.folder)
            yield row

    def with_word(self, word: str) -> np.ndarray:
        """The numbers of the garments whose caption or category has a word, as `words_of` gives it, (n,) int32."""
        at = bisect_left(self._vocabulary, word)
        if at == len(self._vocabulary) or self._vocabulary[at] != word:
            return np.zeros(0, np.int32)
        return self._postings[self._starts[at] : self._starts[at + 1]]


class Words:
    """The words of rows, and who has them."""

    def __init__(self) -> None:
        self._found: dict[str, array] = {}

    def add(self, number: int, row: Row) -> None:
        for word in words_of(told(row)):
            self._found.setdefault(word, array("i")).append(number)

    def arrays(self) -> dict[str, np.ndarray]:
        """As `Stored` reads them: words in their order, and for each where its garments begin among all."""
        known = sorted(self._found)
        counts = [len(self._found[word]) for word in known]
        postings = np.concatenate([np.zeros(0, np.int32), *(np.array(self._found[word], np.int32) for word in known)])
        return {
            "vocabulary": np.frombuffer("\n".join(known).encode(), np.uint8),
            "starts": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            "postings": postings,
        }


def _mapped(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file, mapped. WeightsError where it is damaged."""
    from fice.checkpoints.files import read_safetensors  # torch, from here on

    return {name: tensor.numpy() for name, tensor in read_safetensors(path).items()}


def told(row: Row) -> str:
    """All that a table says of a garment in words."""
    return f"{row.get('caption') or ''} {row.get('category') or ''}"


def words_of(text: str) -> frozenset[str]:
    """The words of a text that say something, in small letters and the singular."""
    found = re.findall(r"[^\W_]+", text.lower())
    return (
        frozenset(word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word for word in found)
        - SILENT
    )


def _header(arrays: dict[str, np.ndarray]) -> bytes:
    """The beginning of a safetensors file of arrays, whose bytes follow in this order."""
    entries, end = {}, 0
    for name, each in arrays.items():
        start, end = end, end + each.size * each.itemsize
        entries[name] = {"dtype": DTYPES[each.dtype.name], "shape": list(each.shape), "data_offsets": [start, end]}
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text
