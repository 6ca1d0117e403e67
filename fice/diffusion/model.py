"""A pipeline of diffusers on a device, asked for parts of pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.bundle.bundle import Bundle
from fice.diffusion.adapter import Adapter
from fice.diffusion.families import family_in
from fice.diffusion.load import load_pipeline
from fice.diffusion.plugins import Plugins
from fice.diffusion.request import Request
from fice.diffusion.takes import POSED, SHOWN, taken
from fice.diffusion.words import Words
from fice.extras import silent
from fice.settings import Settings


class Model:
    """The diffusion model of a bundle.

    Args:
        bundle: with a folder "pipeline", and perhaps "controlnet" and "adapter".
        device: that computes.
        settings: the choices of the edit.
        told: is called after each step of the noise.

    Errors as of `load_pipeline`.
    """

    def __init__(self, bundle: Bundle, device: torch.device, settings: Settings, told: Callable[[], None]):
        self.family = family_in(bundle)
        self.takes = taken(bundle, settings)
        self.posed = POSED <= self.takes
        self.device, self.settings, self.told = device, settings, told
        self.pipeline, self.notices = load_pipeline(bundle, self.family, device, settings, posed=self.posed)
        self.adapter = Adapter(bundle, self.pipeline, device, settings.adapter) if SHOWN <= self.takes else None
        self.plugins = Plugins(self.pipeline, self.family)
        self.words = Words(self.pipeline, self.family, device, self.plugins)
        self.guidance = settings.guidance or self.family.guidance
        if self.guidance == 1:
            self.guidance = self.family.unguided

    @property
    def guided(self) -> bool:
        """It draws everything twice, with what is asked and without."""
        distilled = "unet" in self.pipeline.components and self.pipeline.unet.config.time_cond_proj_dim is not None
        return self.guidance > self.family.unguided and not distilled

    @property
    def steps(self) -> int:
        """Of noise, that the last pictures took."""
        return self.pipeline.num_timesteps

    def paint(self, requests: Sequence[Request]) -> list[Tensor]:
        """The pictures of requests that are alike, painted together: (1, 3, H, W) sRGB each.

        A picture is what it is alone, up to the rounding of sums. Values are in [0, 1], or no numbers at all where the
        model's own numbers were too coarse. Painting leaves the requests' generators as they are.
        """
        first = requests[0]
        if self.family.referred and first.shown and len(requests) > 1:  # pictures of garments differ in size
            return [self.paint([request])[0] for request in requests]
        height, width = first.picture.shape[2:]
        given: dict[str, Any] = {
            "image": torch.cat([request.picture for request in requests]),
            "mask_image": torch.cat([(request.area > 0).float() for request in requests]),
            "height": height,
            "width": width,
            "strength": self.settings.noise,
            "num_inference_steps": self.settings.steps,
            self.family.guided: self.guidance,
            "generator": [request.generator.clone_state() for request in requests],
            "output_type": "pt",
            "callback_on_step_end": self._stepped,
            **self.family.more,
        }
        if self.posed:
            given |= self._pose(requests)
        if self.family.referred and first.shown:
            given["image_reference"] = first.shown[0].pictures[0]
        with torch.no_grad(), silent():
            self.plugins.use(first.plugins)
            given |= self.words.given(requests, self.guided)
            if self.adapter is not None:
                given |= self.adapter.given(requests, self.guided)
            drawn = self.pipeline(**given).images.float().cpu()
        if drawn.shape[2:] != (height, width):  # some have sizes of their own
            drawn = F.interpolate(drawn, (height, width), mode="bicubic", antialias=True)
        return list(drawn.clamp(0, 1).split(1))

    def _pose(self, requests: Sequence[Request]) -> dict[str, Any]:
        """What the ControlNet is told; of nobody's joints it is shown an empty picture, which counts nothing."""
        drawn = [torch.zeros_like(each.picture) if each.pose is None else each.pose for each in requests]
        scale = 0.0 if requests[0].pose is None else self.settings.control
        return {"control_image": torch.cat(drawn), "controlnet_conditioning_scale": scale}

    def _stepped(self, pipeline: Any, step: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        self.told()
        return values
