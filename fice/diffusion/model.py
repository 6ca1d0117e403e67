"""A pipeline of diffusers on a device, asked for parts of pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import torch
from torch import Tensor

from fice.bundle.bundle import Bundle
from fice.diffusion.families import family_of
from fice.diffusion.load import load_pipeline
from fice.diffusion.request import Request
from fice.settings import Settings


class Model:
    """The diffusion model of a bundle.

    Args:
        bundle: with a folder "pipeline", and perhaps "controlnet" and "adapter".
        device: that computes.
        settings: the choices of the edit.
        told: is called after each step of the noise.
    """

    def __init__(self, bundle: Bundle, device: torch.device, settings: Settings, told: Callable[[], None]):
        self.family = family_of(bundle.folders["pipeline"].kind)
        self.posed = "controlnet" in bundle.folders and settings.control > 0 and self.family.posed is not None
        self.device, self.settings, self.told = device, settings, told
        self.pipeline = load_pipeline(bundle, self.family, device, settings, posed=self.posed)
        self.takes = frozenset(signature(self.pipeline.__call__).parameters)

    def paint(self, requests: Sequence[Request]) -> list[Tensor]:
        """The pictures of requests that are alike, painted together: (1, 3, H, W) sRGB in [0, 1] each."""
        settings, first = self.settings, requests[0]
        height, width = first.picture.shape[2:]
        given: dict[str, Any] = {
            "prompt": [request.prompt for request in requests],
            "image": torch.cat([request.picture for request in requests]),
            "mask_image": torch.cat([(request.area > 0).float() for request in requests]),
            "height": height,
            "width": width,
            "strength": settings.noise,
            "num_inference_steps": settings.steps,
            self.family.guided: settings.guidance or self.family.guidance,
            "generator": [request.generator for request in requests],
            "output_type": "pt",
            "callback_on_step_end": self._stepped,
        }
        if self.family.negated:
            given["negative_prompt"] = [request.negative for request in requests]
        if self.posed and first.pose is not None:
            given["control_image"] = torch.cat([request.pose for request in requests if request.pose is not None])
            given["controlnet_conditioning_scale"] = settings.control
        with torch.no_grad():
            drawn = self.pipeline(**given).images
        return list(drawn.float().cpu().clamp(0, 1).split(1))

    def _stepped(self, pipeline: Any, step: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        self.told()
        return values
