"""Errors meant for people: one sentence that names the problem and its remedy, and the exit code it ends with."""

from __future__ import annotations


class FiceError(Exception):
    """Something a person can mend; the message is one sentence with its remedy."""

    exit_code = 1


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
