"""Analysis of a photo: who is where, in what."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.course import Spent
from fice.mask import decide
from fice.photo.photo import Photo
from fice.subject.colours import by_colour
from fice.subject.exposure import exposure_of
from fice.subject.frame import ENOUGH, Frame
from fice.subject.person import find_person
from fice.subject.pose import Pose
from fice.subject.regions import Regions
from fice.subject.subject import Subject

SMALL = 1024  # pixels of a photo's height beyond which nobody more is to be seen
HEIGHT = 512  # pixels of the analysis canvas: a garment's border is to be right within one of them


def seen(photo: Photo, frame: Frame, device: torch.device) -> Tensor:
    """What the canvas of a frame shows of its photo, (1, 3, h, w) sRGB in [0, 1], white beyond; no more of it is read.

    Pixels that are much finer than the canvas are averaged first, as they are.
    """
    enough = ENOUGH if frame.scale * 2 * ENOUGH <= 1 else 1 / frame.scale
    picture = photo.small(enough * frame.scale * photo.size[0], frame.sampled)
    return frame.to_canvas(torch.from_numpy(picture).permute(2, 0, 1)[None].to(device), window=frame.sampled)


class Analysis:
    """Finds the person in photos, their regions and their joints.

    Args:
        regions: the region network.
        canvas: of the engine, (H, W).
        whole: the engine draws photographs as they are taken, rather than somebody from head to foot on white.
        mirrored: look in the mirror too, which halves the regions' noise.
        pose: the pose network, for whoever wants keypoints.
    """

    def __init__(
        self,
        regions: Regions,
        canvas: tuple[int, int],
        whole: bool = False,
        mirrored: bool = True,
        pose: Pose | None = None,
    ):
        self.regions, self.canvas, self.whole, self.mirrored, self.pose = regions, canvas, whole, mirrored, pose

    @torch.no_grad()
    def __call__(self, photo: Photo, device: torch.device) -> Subject:
        """What is seen in a photo. Raises InputError for one in which nobody is found."""
        spent = Spent()
        with spent.at("look"):
            picture = torch.from_numpy(photo.small(SMALL)).permute(2, 0, 1)[None].to(device)
            frame, elsewhere, others, notices = self._frame(picture, photo)
            view = seen(photo, frame, device)
            regions = self.regions.empty(self.of(view), frame.to_canvas(elsewhere, fill=0.0) > 0.5)
            source = self.person(view, regions)
            points = self._points(source, view.shape[2] / source.shape[2])
            exposure = exposure_of(view, self.regions.select(regions, ("face", "skin")), self.regions.body(regions))
        notices = [*photo.notices, *notices]
        return Subject(photo, frame, view, source, regions, exposure, notices, spent, points=points, others=others)

    def person(self, view: Tensor, regions: Tensor) -> Tensor:
        """What a view of the analysis canvas (1, 3, h, w) shows on the engine's, (1, 3, H, W).

        regions: its probabilities, (1, K, h, w); a person is put on white, unless the engine draws photographs.
        """
        if not self.whole:
            body = decide(self.regions.body(regions))
            view = view * body + 1 - body
        return F.avg_pool2d(view, view.shape[2] // self.canvas[0])

    def of(self, view: Tensor) -> Tensor:
        """Region probabilities of a view (1, 3, h, w), its person's own colours considered: (1, K, h, w)."""
        return by_colour(self.probabilities(view), view, self.regions.names)

    def probabilities(self, picture: Tensor) -> Tensor:
        """Region probabilities of what is looked at once: (B, 3, H, W) -> (B, K, H, W)."""
        return self.regions.analyse(picture, self.mirrored)

    def _points(self, source: Tensor, factor: float) -> dict[str, tuple[float, float, float]] | None:
        """Keypoints in a picture (1, 3, H, W), on a canvas `factor` times as large; None where none are known."""
        found = self.pose.points(source) if self.pose else {}
        at = {name: point[0].tolist() for name, point in found.items()}
        return {name: (factor * x, factor * y, sure) for name, (x, y, sure) in at.items()} or None

    def _frame(self, picture: Tensor, photo: Photo) -> tuple[Frame, Tensor, int, list[str]]:
        """Where the analysis canvas lies in a photo (1, 3, H, W), where and how many other people are, and notices."""
        height, width = self.canvas
        if self.whole:
            frame = Frame((0, 0, *photo.size), photo.size, (height, width), fill=1.0)
            return frame, torch.zeros_like(picture[:, :1]), 0, []
        factor = max(1, HEIGHT // height)
        person, notices = find_person(self.regions, picture), []
        if person.others:
            notices.append(f"{person.others + 1} people are in the picture; the largest is edited.")
        if person.cut:
            notices.append("The person is cut off by the lower edge; what is visible is edited.")
        larger = [whole / seen for whole, seen in zip(photo.size, picture.shape[2:], strict=True)] * 2
        y0, x0, y1, x1 = (edge * times for edge, times in zip(person.box, larger, strict=True))
        frame = Frame((y0, x0, y1, x1), photo.size, (height * factor, width * factor))
        return frame, person.elsewhere, person.others, notices
