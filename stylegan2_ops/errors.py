"""The one exception of this package: a sentence with its remedy."""

from __future__ import annotations


class OpsError(RuntimeError):
    """A compiled op cannot be built, loaded or used."""
