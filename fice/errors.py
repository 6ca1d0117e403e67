"""Errors meant for people: one sentence that names the problem and its remedy, and the exit code it ends with."""

from __future__ import annotations

import errno
import sys
from typing import TypeGuard


class FiceError(Exception):
    """Something a person can mend; the message is one sentence with its remedy, `exit_code` that of the command line.

    >>> import fice
    >>> try:
    ...     fice.edit_photo("nobody.jpg", "red dress")
    ... except fice.FiceError as error:
    ...     error.exit_code
    3
    """

    exit_code = 1


class FullDisk(FiceError):
    """Nothing more can be written."""


class UsageError(FiceError):
    """An option or argument makes no sense.

    >>> import fice
    >>> fice.Order.of("red dress", seed="seven")
    Traceback (most recent call last):
    fice.errors.UsageError: The order has no whole number from 0 in 'seed'; correct it.
    """

    exit_code = 2


class InputError(FiceError):
    """The picture, mask or text cannot be used.

    >>> import fice
    >>> fice.Order.read("nowhere.json")
    Traceback (most recent call last):
    fice.errors.InputError: The order nowhere.json cannot be read (No such file or directory); check its name.
    """

    exit_code = 3


class WeightsError(FiceError):
    """Weights are missing, damaged or of the wrong kind.

    >>> import fice
    >>> fice.load_bundle("nobody")
    Traceback (most recent call last):
    fice.errors.WeightsError: There is no bundle 'nobody': name one that is installed (...) or a folder of your own, ...
    """

    exit_code = 4


class DeviceError(FiceError):
    """The device cannot do what was asked.

    >>> import fice
    >>> fice.Editor(device="cuda:99")
    Traceback (most recent call last):
    fice.errors.DeviceError: ...
    """

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


def explain(error: Exception) -> tuple[str, int]:
    """An error as a sentence with its remedy, and its exit code."""
    if isinstance(error, FiceError):
        return str(error), error.exit_code
    ops = sys.modules.get("stylegan2_ops")
    if ops and isinstance(error, ops.OpsError):
        return str(error), DeviceError.exit_code
    if isinstance(error, OSError) and error.errno is not None:
        return _explain_system(error), 1
    if is_out_of_memory(error):
        remedy = "use fewer --candidates, a smaller batch or --device cpu"
        return f"The memory of the device is not enough: {remedy}.", DeviceError.exit_code
    if isinstance(error, UnicodeEncodeError) and error.encoding != "utf-8":
        letter, remedy = error.object[error.start], "set PYTHONUTF8=1 or another locale (LC_ALL=C.UTF-8)"
        return f"This locale ({error.encoding}) has no letter {ascii(letter)}: {remedy}.", UsageError.exit_code
    said = (str(error).splitlines() or [""])[0]
    return f"fice has a bug ({type(error).__name__}: {said}): please report it with what --debug shows.", 1


def _explain_system(error: OSError) -> str:
    what = error.filename or "a file"
    if is_full_disk(error):
        return f"The disk is full, so {what} was not written; free some space and try again."
    return f"The system refuses {what} ({error.strerror}); check its path and rights."
