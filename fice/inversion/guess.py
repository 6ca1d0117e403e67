"""Where an edit may start: the latent of the photograph, moved as the sentence says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fice.errors import WeightsError

if TYPE_CHECKING:
    from fice.bundle.bundle import Bundle
    from fice.language.clip import Semantics
    from fice.nets.stylegan2 import Generator


class Guess:
    """The part "guess" of a bundle, `fice.nets.guess.Guess`, for the generator and the CLIP that an edit uses.

    Raises WeightsError for a bundle that has none, and for one that was trained with another generator or CLIP.
    """

    def __init__(self, bundle: Bundle, generator: Generator, semantics: Semantics, device: str | torch.device = "cpu"):
        if "guess" not in bundle.parts:
            raise WeightsError(
                f"Bundle {bundle.name} has no guess to start from: leave out start=guess, or train one with"
                " fice.training.recipes.guess."
            )
        self.network = bundle.part("guess", device)
        wanted = (generator.num_ws, generator.w_dim, semantics.encode_text(["dress"]).shape[1])
        if (self.network.num_ws, self.network.w_dim, self.network.embed_dim) != wanted:
            raise WeightsError(
                f"The guess of bundle {bundle.name} is made for another generator or CLIP: leave out start=guess, or"
                " train it again with fice.training.recipes.guess."
            )

    @torch.no_grad()
    def latent(self, ws: Tensor, text: Tensor) -> Tensor:
        """W+ (B, R, D) moved towards text features (B, T) of length one: (B, R, D)."""
        return ws + self.network(ws, text)
