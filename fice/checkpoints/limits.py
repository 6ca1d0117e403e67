"""How much a foreign file may ask for, and the sentences that refuse it."""

from __future__ import annotations

from fice.errors import WeightsError

STEPS = 500_000  # instructions and objects of a file, several times what the largest known checkpoints need
COPIED = 1 << 30  # bytes of text, which cannot be a view of the file
ENTRIES = 100_000  # files of an archive, tensors of a file
HEADER = 1 << 24  # bytes in which a safetensors file describes its tensors
DEPTH = 200  # containers within containers
EXPANDED = 1_000_000  # values met by a walk that follows shared containers each time
NAME = 512  # letters of a name, and of any text that is looked up
LETTERS = 100  # of a foreign name that are repeated in a message


class Limits:
    """What one file has left, shared by all the pickles in it.

    Attributes:
        name: the file's name, for messages.
        steps: instructions and objects left.
        copied: bytes left that may be copied out of the file.
    """

    def __init__(self, name: str):
        self.name = name
        self.steps, self.copied = STEPS, COPIED

    def step(self, count: int) -> None:
        """Take `count` from the steps left; WeightsError when there are none."""
        self.steps -= count
        if self.steps < 0:
            raise self.refused("holds more objects than any weights do")

    def copy(self, count: int) -> None:
        """Take `count` bytes from those that may be copied; WeightsError when there are none."""
        self.copied -= count
        if self.copied < 0:
            raise self.refused("holds more text than any weights do")

    def damaged(self, what: str) -> WeightsError:
        """The error of a file that contradicts itself."""
        return WeightsError(f"{self.name} is damaged or cut short ({what}): download it again.")

    def refused(self, what: str) -> WeightsError:
        """The error of a file that is whole but wants too much."""
        return WeightsError(f"{self.name} {what}: it is not opened; name another checkpoint.")


def plain(name: str) -> str:
    """A name from a foreign file, short and printable."""
    shown = name[: LETTERS + 1]
    if not shown.isascii() or not shown.isprintable():
        shown = ascii(shown)
    return shown if len(shown) <= LETTERS else shown[:LETTERS] + "..."
