"""An IP-Adapter: pictures of garments, each heard inside its own area alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from fice.bundle.bundle import Bundle
from fice.checkpoints.adapters import ENCODER, FILE, SHARES
from fice.checkpoints.files import read_safetensors
from fice.diffusion.request import Request
from fice.errors import WeightsError, first_line, is_out_of_memory

KEPT = 32  # pictures whose features are kept for the next order: 3 MB each of the largest adapters


def has_adapter(bundle: Bundle) -> bool:
    """Whether a bundle has both halves of an adapter: what is heard of pictures, and the encoder that sees them."""
    folder = bundle.folders.get("adapter")
    return folder is not None and {FILE, f"{ENCODER}/config.json"} <= folder.files.keys()


class Adapter:
    """The IP-Adapter of a bundle; nothing of it is read before the first picture.

    Args:
        bundle: with a folder "adapter".
        pipeline: of diffusers, whose U-Net hears the pictures.
        device: that computes.
        scale: how much pictures count; those of one garment together.
    """

    def __init__(self, bundle: Bundle, pipeline: Any, device: torch.device, scale: float):
        self.bundle, self.pipeline, self.device, self.scale = bundle, pipeline, device, scale
        self.encoder: Any = None  # waits in main memory
        self.seen: OrderedDict[Hashable, Tensor] = OrderedDict()  # (2, 1, ...): of no picture, and of one
        self.nothing: Tensor | None = None

    def given(self, requests: Sequence[Request], guided: bool) -> dict[str, Any]:
        """What the pipeline is called with for requests of one batch; nothing while there never was a picture.

        guided: it draws everything twice, with what is asked and without (classifier-free guidance).
        Raises WeightsError for an adapter that is damaged or does not fit the pipeline.
        """
        shown = [(number, each) for number, request in enumerate(requests) for each in request.shown]
        if not shown:
            if self.nothing is None:
                return {}
            self.pipeline.set_ip_adapter_scale(0.0)  # skips it: the picture is as without an adapter, bit by bit
            return {"ip_adapter_image_embeds": [self.nothing if guided else self.nothing[1:]]}
        self._look({key: picture for _, each in shown for key, picture in zip(each.keys, each.pictures, strict=True)})
        features = torch.cat([self.seen[key] for _, each in shown for key in each.keys], 1)
        # the pipeline gives all pictures to all it paints, and the masks say who hears which
        masks = torch.zeros(len(requests), features.shape[1], *requests[0].area.shape[2:])
        scales: list[float] = []
        for number, each in shown:
            views = slice(len(scales), len(scales) + len(each.keys))
            masks[number, views] = (each.where[0] > 0.5).float()
            scales += [self.scale / len(each.keys)] * len(each.keys)  # what is heard of a garment's views is averaged
        self.pipeline.set_ip_adapter_scale([scales])
        return {
            "ip_adapter_image_embeds": [features if guided else features[1:]],
            "cross_attention_kwargs": {"ip_adapter_masks": [masks.repeat(2 if guided else 1, 1, 1, 1).to(self.device)]},
        }

    @torch.no_grad()
    def _look(self, pictures: Mapping[Hashable, Tensor]) -> None:
        """Sees to it that the features of all pictures are there, those of others while there is room."""
        new = {key: picture for key, picture in pictures.items() if key not in self.seen}
        if new:
            self.encoder = self.encoder or self._load()
            self.pipeline.register_modules(image_encoder=self.encoder.to(self.device))
            for key, picture in new.items():
                self.seen[key] = self._features(picture)
            self.pipeline.register_modules(image_encoder=None)
            self.encoder.to("cpu")
        for key in pictures:
            self.seen.move_to_end(key)
        while len(self.seen) > max(KEPT, len(pictures)):
            self.seen.popitem(last=False)

    def _features(self, picture: Tensor) -> Tensor:
        looked_at = self.pipeline.image_processor.pt_to_numpy(picture.float())
        image = self.pipeline.image_processor.numpy_to_pil(looked_at)
        features = self.pipeline.prepare_ip_adapter_image_embeds(image, None, self.device, 1, True)[0]
        if self.nothing is None:
            try:
                self.pipeline.unet.encoder_hid_proj([features])
            except RuntimeError as error:
                raise self._unfit(error) from error
            self.nothing = torch.zeros_like(features)
        return features

    def _load(self) -> Any:
        """Makes the U-Net hear pictures; returns the network that sees them, on the processor."""
        from transformers import CLIPVisionModelWithProjection

        folder = self.bundle.tree("adapter")
        state = read_safetensors(folder / FILE)
        parts = {
            part: {key.removeprefix(f"{part}."): value for key, value in state.items() if key.startswith(f"{part}.")}
            for part in SHARES
        }
        try:
            encoder = CLIPVisionModelWithProjection.from_pretrained(
                folder / ENCODER, local_files_only=True, use_safetensors=True, dtype=self.pipeline.unet.dtype
            )
            self.pipeline.register_modules(image_encoder=encoder)  # its size of pictures becomes the pipeline's
            self.pipeline.load_ip_adapter(parts, subfolder="", weight_name="", image_encoder_folder=None)
        except Exception as error:  # each part fails in its own way
            if is_out_of_memory(error):
                raise
            raise self._unfit(error) from error
        return encoder.eval()

    def _unfit(self, error: Exception) -> WeightsError:
        self.pipeline.unload_ip_adapter()
        self.encoder = None
        reason = first_line(error).partition(". ")[0]
        why = f"The adapter of bundle {self.bundle.name} does not fit its pipeline ({reason})"
        return WeightsError(f"{why}: import the one for this model, with its own image encoder.")
