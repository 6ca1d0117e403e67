"""What an importer found in a foreign checkpoint, and whether it is all that the network needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from fice.errors import WeightsError, first_line
from fice.nets import outline

SHOWN = 5  # keys named in an error


@dataclass
class Found:
    """One network of a foreign checkpoint, in fice's terms.

    Attributes:
        part: what it is in a bundle: "generator", "encoder", "regions", "pose" or "clip".
        network: its kind, a key of `fice.nets.NETWORKS`.
        arguments: json from which that kind is built.
        state: its weights under the official names, views of the file where possible.
        extra: json that travels with the part, such as class names.
        files: small files that travel with the part, such as a tokenizer's vocabulary.
        notes: what was found, in words.
        unexpected: keys of the checkpoint that no network of ours has.
    """

    part: str
    network: str
    arguments: dict[str, Any]
    state: dict[str, Tensor]
    extra: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    def empty(self) -> nn.Module:
        """The network without memory for its weights. Raises WeightsError where the weights do not fit it."""
        try:
            module = outline(self.network, self.arguments)
        except (TypeError, ValueError, RuntimeError, ArithmeticError, LookupError) as error:
            raise WeightsError(
                f"The {self.part} has settings that no network of kind {self.network} has ({first_line(error)}):"
                " it cannot be used."
            ) from error
        wanted = {key: tuple(value.shape) for key, value in module.state_dict().items()}
        missing = [key for key in wanted if key not in self.state]
        if missing:
            raise WeightsError(
                f"The {self.part} lacks {len(missing)} of the {len(wanted)} entries of a {self.network}"
                f" ({_list(missing)}): get the checkpoint again, or name another one."
            )
        odd = [
            f"{key} is {tuple(self.state[key].shape)} instead of {shape}"
            for key, shape in wanted.items()
            if tuple(self.state[key].shape) != shape
        ]
        odd += [
            f"{key} is {self.state[key].dtype}"
            for key, value in module.state_dict().items()
            if value.is_floating_point() and not self.state[key].is_floating_point()
        ]
        if odd:
            raise WeightsError(f"The {self.part} does not fit a {self.network} ({_list(odd)}): name another one.")
        return module


def _list(items: list[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more
