"""How like their pictures garments are that an edit shows: in a judge's eyes, and by texture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor

from fice.evaluation.measures import Unmeasurable
from fice.inversion import losses
from fice.inversion.worn import fine
from fice.language.clip import Semantics
from fice.nets import Features
from fice.references.reference import Reference
from fice.subject.views import as_tensors, garment_views, on_white

SIDE = 256  # pixels of the squares in which texture is compared
Shown = tuple[Tensor, Tensor, Sequence[Reference]]  # an edit, where a garment is in it, and its pictures, if any
Cut = tuple[Tensor, Tensor]  # a garment on white, (1, 3, SIDE, SIDE), and where it is in that, (1, 1, SIDE, SIDE)


def figures(shown: Callable[[], Sequence[Shown]], judge: Semantics, features: object) -> dict[str, Callable[[], float]]:
    """What can be measured of the garments that have pictures; name -> what computes it.

    shown: of each garment the edit (1, 3, H, W) float in [0, 1], where it is in that (1, 1, H, W), and its pictures;
    features: the network in whose maps texture is compared.
    """

    @cache
    def pictured() -> Sequence[Shown]:
        found = [each for each in shown() if each[2]]
        if not found:
            raise Unmeasurable("No picture of a garment was given.")
        return found

    @cache
    @torch.no_grad()
    def cosines() -> Tensor:
        return likenesses(
            [judge.encode_picture(garment_views(edit, where, judge.size)[:, 0]) for edit, where, _ in pictured()],
            [
                judge.encode_picture(torch.cat([on_white(each, judge.size) for each in pictures]).to(edit))
                for edit, _, pictures in pictured()
            ],
        )

    def distance() -> float:
        if not isinstance(features, Features):
            raise Unmeasurable("The network that finds garments has no maps in which cloth could be compared.")
        return max(
            float(dists(cut(edit, where), cut(*(each.to(edit) for each in as_tensors(pictures[0]))), features))
            for edit, where, pictures in pictured()
        )

    return {
        "clip-i": lambda: float(cosines().diagonal().min()),
        "clip-i*": lambda: float(cosines().diagonal().mean()),
        "confusion": lambda: float(confusions(cosines()).max()),
        "right garment": lambda: float((confusions(cosines()) < 0).float().mean()),
        "dists": distance,
    }


def likenesses(garments: Sequence[Tensor], references: Sequence[Tensor]) -> Tensor:
    """Cosines of each garment (row) with the pictures of each (column), (N, N): with the most alike of several.

    garments: (1, D) each; references: (V, D) each; all of length one.
    """
    return torch.stack([torch.stack([(own @ each.T).max() for each in references]) for own in garments])


def confusions(cosines: Tensor) -> Tensor:
    """By how much each of several garments is more like another's pictures than like its own, (N,).

    cosines: as of `likenesses`. Raises Unmeasurable for a single garment.
    """
    if len(cosines) < 2:
        raise Unmeasurable("Pictures of one garment alone were given, which nothing is confused with.")
    others = cosines.masked_fill(torch.eye(len(cosines), dtype=torch.bool, device=cosines.device), -torch.inf)
    return others.amax(1) - cosines.diagonal()


@torch.no_grad()
def dists(first: Cut, second: Cut, network: Features) -> Tensor:
    """One minus the likeness in texture of two garments, (1,) in [0, 2].

    The texture of DISTS (K. Ding et al., arXiv 2004.07728, eq. 5), whose structure asks that both pictures lie upon
    each other, as a garment laid flat and one that is worn do not: means and, for its covariances, deviations over the
    garments alone, of the pictures and of the maps of a network. Every channel has the same weight, where the authors
    have learnt weights for those of their VGG.
    """
    found = []
    for picture, where in (first, second):
        found.append(losses.statistics([picture, *fine(network, picture)], where))
    return losses.texture(*found)


def cut(picture: Tensor, where: Tensor) -> Cut:
    """A garment (1, 1, H, W) of a picture (1, 3, H, W), cut out as a square."""
    seen, ground = (garment_views(each, where, SIDE)[:, 0] for each in (picture, torch.zeros_like(picture)))
    return seen, 1 - ground[:, :1]
