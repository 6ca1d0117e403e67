"""The terms of an edit: what each picture is drawn towards, and what it must keep."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.inversion import losses
from fice.inversion.losses import View
from fice.inversion.term import Targets, Term
from fice.inversion.worn import Pictured, Semantic, Texture
from fice.language.clip import Semantics
from fice.nets import Features
from fice.plan import Plan
from fice.settings import Settings
from fice.subject.pose import Pose
from fice.subject.regions import HEAD, Regions


class Image(Term):
    """Likeness to the photo where the plan keeps it (section 3.3.3)."""

    name = "image"

    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets:
        return {"source": plan.subject.source, "keep": plan.keep}

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        return losses.image(drawn, targets["source"], targets["keep"])


class Posed(Term):
    """The body stands as it stood (section 3.3.2), or as the plan says: DensePose's maps."""

    name = "pose"

    def __init__(self, pose: Pose, weight: float):
        super().__init__(weight)
        self.pose = pose

    @torch.no_grad()
    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets:
        return {"maps": self.pose.maps(plan.subject.source) if plan.stance is None else plan.stance}

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        return losses.pose(self.pose.maps(drawn), targets["maps"])


class Head(Term):
    """The head's shape stays (section 3.3.4)."""

    name = "head"

    def __init__(self, regions: Regions, seen: View, weight: float):
        super().__init__(weight)
        self.regions, self.seen, self.view = regions, seen, seen

    @torch.no_grad()
    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets:
        return {"head": self.regions.select(self.regions.probabilities(plan.subject.source), HEAD)}

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        return losses.head(self.regions.select(self.seen(drawn), HEAD), targets["head"])


class Near(Term):
    """W+ stays near W (section 3.3.5)."""

    name = "latent"

    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets:
        return {}

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        return losses.latent(ws)


class Cloth(Term):
    """The re-dressed start's coarse colour, as CLIP alone drifts into rainbows that it likes."""

    name = "cloth"

    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets | None:
        return None if recoloured is None else {"recoloured": recoloured, "garment": plan.before}

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        garment = targets["garment"]
        return losses.image(coarse(drawn * garment), coarse(targets["recoloured"] * garment), garment.new_ones(()))


def edit_terms(semantics: Semantics, regions: Regions, pose: Pose, settings: Settings) -> list[Term]:
    """The five terms of FICE (arXiv 2301.02110, section 3.3), and those of cloth, swatches and pictures; 0 removes."""
    seen = View(regions.probabilities)
    terms: list[Term] = [
        Head(regions, seen, settings.head),  # first, as only it pulls at what all see of the regions
        Semantic(semantics, seen, settings),
        Image(settings.image),
        Posed(pose, settings.pose),
        Near(settings.latent),
        Cloth(settings.cloth),
    ]
    maps = regions.network if isinstance(regions.network, Features) else None
    if maps is not None:
        terms.append(Texture(maps, settings))
    terms.append(Pictured(semantics, seen, settings, maps))
    return [term for term in terms if term.weight > 0]


def coarse(picture: Tensor) -> Tensor:
    """A picture a quarter as large: its colours without its pattern."""
    return F.avg_pool2d(picture, 4)


def fit_terms(source: Tensor, settings: Settings) -> list[losses.Term]:
    """The terms that fit a latent to its photograph, before any text: likeness at two scales, and W+ near W."""
    small = coarse(source)

    def image(drawn: Tensor, _: Tensor, index: Tensor) -> Tensor:
        fine = (drawn - source[index]).square().mean((1, 2, 3))
        return fine + (coarse(drawn) - small[index]).square().mean((1, 2, 3))

    return [
        losses.Term("image", settings.image, image),
        losses.Term("latent", settings.latent * 0.1, lambda _, ws, __: losses.latent(ws)),
    ]
