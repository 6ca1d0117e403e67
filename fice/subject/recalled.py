"""A photo that was analysed before is not looked at again: what was seen in it is kept by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import torch

from fice import memory
from fice.bundle.bundle import Bundle
from fice.course import Spent
from fice.photo.photo import Photo
from fice.settings import Settings
from fice.subject.analysis import Analysis
from fice.subject.frame import Frame
from fice.subject.subject import Subject


def recalling(analysis: Analysis, bundle: Bundle, settings: Settings) -> Callable[[Photo, torch.device], Subject]:
    """Photos as `Analysis` sees them, looked at now or some time before; it looks with a bundle's networks."""
    looks = ("regions", "pose") if analysis.pose else ("regions",)
    return partial(_recalled, analysis, [settings.pose_from, *(bundle.parts[name].sha256 for name in looks)])


def _recalled(analysis: Analysis, networks: Sequence[str], photo: Photo, device: torch.device) -> Subject:
    spent = Spent()
    with spent.at("look"):
        key = memory.key_of(networks, device.type, analysis.canvas, analysis.whole, analysis.mirrored, _content(photo))
        found = memory.recall(key)
        if found is not None:
            maps, facts = found
            view, regions = maps["view"].to(device), maps["regions"].to(device)
            frame = Frame(**{name: _tuple(value) for name, value in facts.pop("frame").items()})
            points = facts.pop("points")
            points = points and {name: tuple(point) for name, point in points.items()}
            notices = [*photo.notices, *facts.pop("notices")]
            source = analysis.person(view, regions)
            return Subject(photo, frame, view, source, regions, notices=notices, spent=spent, points=points, **facts)
    subject = analysis(photo, device)
    facts = {name: getattr(subject, name) for name in ("exposure", "points", "others")}
    facts["notices"] = subject.notices[len(photo.notices) :]
    memory.keep(key, {"view": subject.view, "regions": subject.regions}, facts | {"frame": asdict(subject.frame)})
    return subject


def _content(photo: Photo) -> list[str]:
    """The sha256 of what a photo shows, whatever file it lies in."""
    parts = (photo.pixels, photo.alpha, photo.icc)
    held = [b"" if part is None else part if isinstance(part, bytes) else part.tobytes() for part in parts]
    return [repr(photo.pixels.shape), photo.pixels.dtype.str, *(hashlib.sha256(part).hexdigest() for part in held)]


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
