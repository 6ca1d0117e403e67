"""Files changed at random: bits, bytes, numbers, pieces cut out, doubled, moved or taken from others."""

from __future__ import annotations

import random
from collections.abc import Sequence

NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 1 << 16, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 32, 1 << 62, (1 << 64) - 1)
DIGITS = b"0123456789"
TEXTS = (b"-1", b"1e999", b"99999999999999999999", b"null", b"[]", b"{}", b'""', b"NaN", b"\0", b"\xff\xfe", b"\n")
LONGEST = 64  # bytes of a piece


def mutated(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of `seeds` with one to eight changes; the same for the same state of `chance`."""
    content = bytearray(chance.choice(seeds))
    for _ in range(min(1 + int(chance.expovariate(0.7)), 8)):
        _change(chance, content, seeds)
    return bytes(content)


def _change(chance: random.Random, content: bytearray, seeds: Sequence[bytes]) -> None:
    at, size = chance.randrange(len(content) + 1), chance.randrange(1, LONGEST)
    kind = chance.randrange(9)
    if kind == 0 and at < len(content):
        content[at] ^= 1 << chance.randrange(8)
    elif kind == 1 and at < len(content):
        content[at] = chance.randrange(256)
    elif kind == 2:
        width = chance.choice((1, 2, 4, 8))
        number = (chance.choice(NUMBERS) + chance.choice((-1, 0, 0, 1))) % (1 << 8 * width)
        content[at : at + width] = number.to_bytes(width, chance.choice(("little", "big")))
    elif kind == 3:
        del content[at : at + size]
    elif kind == 4:
        content[at:at] = content[at : at + size] * chance.choice((1, 1, 2, 100))
    elif kind == 5:
        other = chance.choice(seeds)
        start = chance.randrange(len(other) + 1)
        content[at : at + chance.choice((0, size))] = other[start : start + size]
    elif kind == 6:
        del content[max(at, 1) :]
    elif kind == 7:
        content[at:at] = chance.choice(TEXTS)
    else:
        _change_number(chance, content, at)


def _change_number(chance: random.Random, content: bytearray, at: int) -> None:
    """Another number for the decimal one that stands nearest behind a place."""
    while at < len(content) and content[at] not in DIGITS:
        at += 1
    end = at
    while end < len(content) and content[end] in DIGITS:
        end += 1
    content[at:end] = str(chance.choice(NUMBERS) + chance.randrange(-1, 2)).encode()
