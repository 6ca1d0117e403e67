"""SegFormer (arXiv 2105.15203) with labels of its own: words are matched with them."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.errors import UsageError, WeightsError
from fice.segmenters.folder import Eye, load_network
from fice.segmenters.phrase import IDLE, Phrase, singular
from fice.segmenters.segmenter import Found, Segmenter

NEAREST = 5  # labels named where words are none of them


class Labels(Segmenter):
    """SegFormer of a folder. Raises as `fice.segmenters.folder.load_network`."""

    def __init__(self, folder: Path, device: str | torch.device):
        self.network, self.eye = load_network(folder, "SegformerForSemanticSegmentation", device), Eye.of(folder)
        self.size = self.eye.size(512)
        named = self.network.config.id2label
        self.names = [str(named[index]) for index in range(len(named))]
        if all(name.startswith("LABEL_") for name in self.names):
            raise WeightsError(
                f"The labels in {folder} have no names: get a network that was trained to label clothes."
            )

    def look(self, picture: Tensor, phrase: Phrase, person: Tensor) -> Found | None:
        chosen = self.matching(phrase)
        logits = self.network(pixel_values=self.eye(picture, self.size)).logits
        sure = F.interpolate(logits, size=picture.shape[2:], mode="bilinear", align_corners=False).softmax(1)
        mask = sure[:, chosen].sum(1, keepdim=True)
        inside = (mask > 0.5) & (person > 0.5)
        if not inside.any():
            return None
        return Found(mask, float(mask[inside].mean()), ", ".join(self.names[index] for index in chosen))

    def matching(self, phrase: Phrase) -> list[int]:
        """The labels that a phrase names: all of its words, else its noun. Raises UsageError for none."""
        words, noun = (_parts(text)[0] for text in (phrase.text, phrase.words[phrase.noun]))
        parts = [_parts(name) for name in self.names]
        whole = [index for index, names in enumerate(parts) if any(set(name) == set(words) for name in names)]
        found = whole or [
            index for index, names in enumerate(parts) if any(name[-len(noun) :] == noun for name in names)
        ]
        if not found:
            near = get_close_matches(phrase.text, self.names, NEAREST, 0.4) or self.names
            raise UsageError(f"{phrase.text!r} is none of the labels of --region-from: name {', '.join(near)}.")
        return found


def _parts(label: str) -> list[list[str]]:
    """The names in a label such as "shirt, blouse" or "Left-shoe", split into words without number and side."""
    names = []
    for name in label.lower().split(","):
        words = [singular(word) for word in re.findall(r"[^\W_]+", name) if word not in IDLE]
        names.append(words or [name])
    return names
