"""Errors meant for people: one sentence that names the problem and its remedy, and the exit code it ends with."""

from __future__ import annotations

import errno
from typing import TypeGuard


class FiceError(Exception):
    """Something a person can mend; the message is one sentence with its remedy."""

    exit_code = 1


class FullDisk(FiceError):
    """Nothing more can be written."""


class UsageError(FiceError):
    """An option or argument makes no sense."""

    exit_code = 2


class InputError(FiceError):
    """The picture, mask or text cannot be used."""

    exit_code = 3


class WeightsError(FiceError):
    """Weights are missing, damaged or of the wrong kind."""

    exit_code = 4


class DeviceError(FiceError):
    """The device cannot do what was asked."""

    exit_code = 6


def is_full_disk(error: Exception) -> TypeGuard[OSError]:
    """Whether an error of the system says that a disk, or a user's share of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory, the computer's or a GPU's, is used up."""
    named = type(error).__name__ in ("OutOfMemoryError", "MemoryError")
    return named or "DefaultCPUAllocator" in str(error) or "MPS backend out of memory" in str(error)


def first_line(error: Exception) -> str:
    """What an error says in its first line, or its name."""
    return (str(error).splitlines() or [type(error).__name__])[0].strip().rstrip(":")
