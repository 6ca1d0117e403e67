"""Looks at pictures through a network, that is read at the first look; an edit of a known photo takes none."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn


class Looking:
    """Holds a network, or what reads it when it is first needed."""

    def __init__(self, network: nn.Module | Callable[[], nn.Module]):
        self._network = network

    @property
    def network(self) -> nn.Module:
        """The network itself."""
        if not isinstance(self._network, nn.Module):
            self._network = self._network()
        return self._network
