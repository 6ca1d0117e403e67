"""A network that is read at its first look."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from torch import nn

from fice.subject.looking import Looking


def test_a_network_is_read_once_whoever_looks_first():
    read = []

    def slowly():
        read.append(nn.Identity())
        time.sleep(0.05)
        return read[-1]

    looking = Looking(slowly)
    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(lambda _: looking.network, range(4))]
    assert len(read) == 1 and all(each is read[0] for each in found)
