"""Looks at pictures through a network, that is read at the first look; an edit of a known photo takes none."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from torch import nn

from fice.nets.frozen import frozen


class Looking:
    """Holds a network, or what reads it when it is first needed, to look with and nothing else."""

    def __init__(self, network: nn.Module | Callable[[], nn.Module]):
        self._network, self._lock = network, Lock()

    @property
    def network(self) -> nn.Module:
        """The network itself."""
        with self._lock:  # a batch looks at several photos at once
            if not isinstance(self._network, nn.Module):
                self._network = frozen(self._network())
            return self._network
