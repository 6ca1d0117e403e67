"""CLIPSeg (arXiv 2112.10003): a coarse heat map of a phrase."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.mask import steepen
from fice.segmenters.folder import Eye, load_network, load_tokenizer
from fice.segmenters.phrase import Phrase
from fice.segmenters.segmenter import Found, Segmenter

SURE = 0.25  # of the hottest pixel: the detectors' threshold, as CLIPSeg has none of its own


class HeatMap(Segmenter):
    """CLIPSeg of a folder. Raises as `fice.segmenters.folder.load_network`."""

    def __init__(self, folder: Path, device: str | torch.device):
        self.network = load_network(folder, "CLIPSegForImageSegmentation", device)
        words = self.network.config.text_config.vocab_size
        self.tokenizer, self.eye = load_tokenizer(folder, "CLIPTokenizer", words), Eye.of(folder)
        self.size = self.eye.size(352)

    def look(self, picture: Tensor, phrase: Phrase, person: Tensor) -> Found | None:
        given = self.tokenizer(phrase.text, truncation=True, return_tensors="pt").to(picture.device)
        found = self.network(pixel_values=self.eye(picture, self.size), **given)
        heat = found.logits.sigmoid().view(1, 1, *found.logits.shape[-2:])
        heat = F.interpolate(heat, size=picture.shape[2:], mode="bilinear", align_corners=False)
        peak = float((heat * (person > 0.5)).max())
        if peak < SURE:
            return None
        return Found(steepen(heat, peak / 2, peak / 2), peak, phrase.text)
