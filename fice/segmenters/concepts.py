"""SAM 3: the masks of all that words name, in one network."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.segmenters.folder import HALF, Eye, load_network, load_tokenizer
from fice.segmenters.phrase import Phrase
from fice.segmenters.segmenter import Found, Segmenter, are_parts

SURE = 0.3  # least probability of an instance
LENGTH = 32  # tokens of a phrase, the rest padding


class Concepts(Segmenter):
    """SAM 3 of a folder. Raises as `fice.segmenters.folder.load_network`."""

    def __init__(self, folder: Path, device: str | torch.device):
        self.network = load_network(folder, "Sam3Model", device)
        words = self.network.config.text_config.vocab_size
        self.tokenizer, self.eye = load_tokenizer(folder, "CLIPTokenizer", words), Eye.of(folder, HALF)
        self.side = int(self.network.config.vision_config.backbone_config.image_size)

    def look(self, picture: Tensor, phrase: Phrase, person: Tensor) -> Found | None:
        given = self.tokenizer(
            phrase.text, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="pt"
        ).to(picture.device)
        found = self.network(
            pixel_values=self.eye(picture, (self.side, self.side)),
            input_ids=given.input_ids,
            attention_mask=given.attention_mask,
        )
        scores = found.pred_logits[0].sigmoid() * found.presence_logits[0].sigmoid()
        keep = (scores > SURE) & are_parts(found.pred_boxes[0], person)
        if not keep.any():
            return None
        masks = found.pred_masks[0][keep].sigmoid().amax(0)[None, None]
        mask = F.interpolate(masks, size=picture.shape[2:], mode="bilinear", align_corners=False)
        return Found(mask, float(scores[keep].max()), phrase.text)
