"""Another stance for a plan: the part maps that the pose term pulls towards, and what is free to follow."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.errors import InputError
from fice.mask import grow
from fice.plan import RELEASE, Plan
from fice.settings import Settings
from fice.subject.analysis import Analysis
from fice.subject.pose import PART_CLASSES, Pose
from fice.subject.regions import HEAD
from fice.subject.stance import looked_at, maps_of, placed, read_stance


@torch.no_grad()
def with_stance(plan: Plan, pose: Pose, analysis: Analysis, settings: Settings) -> Plan:
    """The plan, whose body shall stand as its order's pose shows, inside what may change.

    Where all the body may, so may the places that it shall come to; the head stays. InputError for a pose that cannot
    be used, and for one of nobody.
    """
    subject = plan.subject
    own = pose.maps(subject.source)
    wanted = _wanted(str(plan.order.pose), own, pose, analysis)
    released = 1 - plan.keep
    if settings.keep == "body":
        small = F.interpolate(subject.regions, size=released.shape[2:], mode="area")
        body = F.interpolate(wanted.sum(1, keepdim=True).clamp(max=1), size=released.shape[2:], mode="area")
        body = grow(body, max(1, round(RELEASE * released.shape[2])))
        released = torch.maximum(released, body) * (1 - analysis.regions.select(small, HEAD))
    free = F.interpolate(released, size=own.shape[2:], mode="area")
    return replace(plan, stance=torch.lerp(own, wanted, free), keep=1 - released)


def _wanted(path: str, own: Tensor, pose: Pose, analysis: Analysis) -> Tensor:
    """The part maps of what a file shows, laid over the person's own, (1, P, h, w)."""
    stance = read_stance(path)
    if stance.photo is not None:
        wanted = pose.maps(looked_at(stance.photo, path, analysis, own.device).source)
    elif stance.parts is None or pose.names != PART_CLASSES:
        raise InputError("The pose network of this bundle knows other parts of the body: give a photo as --pose.")
    else:
        wanted = maps_of(stance.parts).to(own)
    return placed(wanted, own) if pose.names == PART_CLASSES else wanted
