"""How much a service holds, and the ways in which it says no."""

from __future__ import annotations

from dataclasses import dataclass

from fice.errors import FiceError, InputError
from fice.photo.decode import SMALL


class Full(FiceError):
    """There is no room for more, for now."""


class Gone(InputError):
    """There is no such photo or job, or no longer."""


class Cancelled(FiceError):
    """Somebody has cancelled the job."""


@dataclass(frozen=True)
class Limits:
    """How much a service holds.

    Attributes:
        bytes: of an upload, whatever is in it.
        photos: that are open at once; the longest unused one makes room.
        pixels: of all of them together.
        opening: photos that are looked at or wait to be.
        queue: jobs that wait.
        kept: bytes of all results together; the oldest make room.
        age: seconds after which a photo that nobody uses is forgotten, with its jobs.
        steps: of one edit.
        candidates: of one order.
    """

    bytes: int = SMALL
    photos: int = 32
    pixels: int = 120_000_000
    opening: int = 8
    queue: int = 32
    kept: int = 256 << 20
    age: float = 3600.0
    steps: int = 1000
    candidates: int = 8
