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
from fice.checkpoints.matching import check_models
from fice.diffusion.load import put
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
        self.encoder: Any = None
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
            encoder = self.encoder or self._read_encoder()
            self.pipeline.register_modules(image_encoder=encoder.to(self.device))
            try:
                if self.nothing is None:
                    self._join()
                for key, picture in new.items():
                    self.seen[key] = self._features(picture)
            except BaseException:
                if self.nothing is None:
                    self.pipeline.unload_ip_adapter()
                raise
            finally:
                self.pipeline.register_modules(image_encoder=None)
                encoder.to("cpu")
            # where the model itself is in main memory, there is no room to wait: reading takes little beside an edit
            self.encoder = encoder if self.device.type != "cpu" else None
        for key in pictures:
            self.seen.move_to_end(key)
        while len(self.seen) > max(KEPT, len(pictures)):
            self.seen.popitem(last=False)

    def _features(self, picture: Tensor) -> Tensor:
        looked_at = self.pipeline.image_processor.pt_to_numpy(picture.float())
        image = self.pipeline.image_processor.numpy_to_pil(looked_at)
        features = self.pipeline.prepare_ip_adapter_image_embeds(image, None, self.device, 1, True)[0]
        self.nothing = torch.zeros_like(features)
        return features

    def _read_encoder(self) -> Any:
        """The network that sees pictures, on the processor."""
        from transformers import CLIPVisionModelWithProjection

        if missing := check_models(self.bundle):
            raise WeightsError(missing[0])
        folder = self.bundle.tree("adapter") / ENCODER
        how = {"local_files_only": True, "use_safetensors": True, "dtype": self.pipeline.unet.dtype}
        try:
            return CLIPVisionModelWithProjection.from_pretrained(folder, **how).eval()
        except Exception as error:  # each file fails in its own way
            raise self._unfit(error) from error

    def _join(self) -> None:
        """Makes the U-Net hear pictures; the encoder is the pipeline's, which learns from it how large they are."""
        state = read_safetensors(self.bundle.tree("adapter") / FILE)
        parts = {
            part: {key.removeprefix(f"{part}."): value for key, value in state.items() if key.startswith(f"{part}.")}
            for part in SHARES
        }
        layered = self.pipeline.unet.device.type == "meta"  # its layers wait apart, and new ones would be lost
        if layered:
            self.pipeline.remove_all_hooks()
        try:
            self.pipeline.load_ip_adapter(parts, subfolder="", weight_name="", image_encoder_folder=None)
        except Exception as error:  # each layer fails in its own way
            raise self._unfit(error) from error
        finally:
            if layered:
                encoder = self.pipeline.image_encoder
                self.pipeline.register_modules(image_encoder=None)
                put(self.pipeline, "layer", self.device)
                self.pipeline.register_modules(image_encoder=encoder)

    def _unfit(self, error: Exception) -> Exception:
        if is_out_of_memory(error):
            return error
        why = f"What {self.bundle.folder / 'adapter'} holds is no adapter for this pipeline"
        reason = first_line(error).partition(". ")[0]
        return WeightsError(f"{why} ({reason}): import it again, with its own image encoder.")
