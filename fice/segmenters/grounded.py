"""Grounded SAM: GroundingDINO (arXiv 2303.05499) finds, SAM (2304.02643) or SAM 2 (2408.00714) cuts out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.errors import UsageError, WeightsError
from fice.segmenters.folder import SIDE, Eye, load_network, load_tokenizer
from fice.segmenters.phrase import Phrase
from fice.segmenters.segmenter import Found, Segmenter, are_parts

BOX, TEXT = 0.25, 0.25  # least probability of a box, and of a word in it
EDGES = 800, 1333  # pixels of the shorter and the longer side at which a detector looks
MOST = 32  # boxes that are cut out, the surest first; memory grows with each


class Grounded(Segmenter):
    """A detector that finds words and a segmenter that cuts out what it found."""

    def __init__(self, detector: Detector, cutter: Cutter):
        self.detector, self.cutter = detector, cutter

    def look(self, picture: Tensor, phrase: Phrase, person: Tensor) -> Found | None:
        boxes, scores, matched = self.detector(picture, phrase)
        parts = are_parts(boxes, person).nonzero()[:, 0].tolist()
        best = sorted(parts, key=lambda index: -float(scores[index]))[:MOST]
        if not best:
            return None
        mask = self.cutter(picture, boxes[best]).amax(0, keepdim=True)
        return Found(mask, float(scores[best[0]]), matched[best[0]])


class Detector:
    """GroundingDINO of a folder. Raises as `fice.segmenters.folder.load_network`."""

    def __init__(self, folder: Path, device: str | torch.device):
        # kernels of transformers' own would be compiled, or fetched
        self.network = load_network(folder, "GroundingDinoForObjectDetection", device, disable_custom_kernels=True)
        words = self.network.config.text_config.vocab_size
        self.tokenizer, self.eye = load_tokenizer(folder, "BertTokenizerFast", words), Eye.of(folder)
        self.edges = self.eye.edges(EDGES)

    def __call__(self, picture: Tensor, phrase: Phrase) -> tuple[Tensor, Tensor, list[str]]:
        """What answers to a phrase's noun: boxes (N, 4), x0, y0, x1, y1 as shares, scores (N,), the words matched."""
        given = self.tokenizer(f"{phrase.text}.", return_offsets_mapping=True, return_tensors="pt")
        spans = given.pop("offset_mapping")[0].tolist()
        pieces = [
            [index for index, (start, end) in enumerate(spans) if word.start() <= start < end <= word.end()]
            for word in re.finditer(r"\S+", phrase.text)
        ]
        noun = pieces[phrase.noun]
        if (given.input_ids[0, noun] == self.tokenizer.unk_token_id).all():
            raise UsageError(f"The detector knows no word {phrase.words[phrase.noun]!r}: name it otherwise.")
        found = self.network(pixel_values=self.seen(picture), **given.to(picture.device))
        sure = found.logits[0].sigmoid()  # (queries, tokens)
        scores = sure.amax(1)
        keep = (scores > BOX) & (sure[:, noun] > TEXT).any(1)
        middle, size = found.pred_boxes[0, keep].split(2, 1)
        boxes = torch.cat([middle - size / 2, middle + size / 2], 1).clamp(0, 1)
        matched = [
            " ".join(word for word, at in zip(phrase.words, pieces, strict=True) if (row[at] > TEXT).any())
            for row in sure[keep]
        ]
        return boxes, scores[keep], matched

    def seen(self, picture: Tensor) -> Tensor:
        """A picture as the network is shown it: its shorter or its longer side as long as it may be."""
        sides = picture.shape[2:]
        factor = min(self.edges[0] / min(sides), self.edges[1] / max(sides))
        return self.eye(picture, (max(1, round(sides[0] * factor)), max(1, round(sides[1] * factor))))


class Cutter:
    """SAM or SAM 2 of a folder. Raises as `fice.segmenters.folder.load_network`.

    network: "SamModel", which looks at pictures in their own proportions, or "Sam2Model", which looks at squares.
    """

    def __init__(self, folder: Path, network: str, device: str | torch.device):
        self.network, self.eye = load_network(folder, network, device), Eye.of(folder)
        self.square = network == "Sam2Model"
        self.last: tuple[Tensor, Any] | None = None  # a picture and what is seen in it, which takes most of the time
        self.side = int(self.network.config.prompt_encoder_config.image_size)
        if not 16 <= self.side <= SIDE:
            raise WeightsError(f"The segmenter in {folder} looks at pictures of {self.side} pixels: get another one.")

    def __call__(self, picture: Tensor, boxes: Tensor) -> Tensor:
        """What is in each box (N, 4), as shares of a picture (1, 3, H, W): (N, 1, H, W) float in [0, 1]."""
        height, width = picture.shape[2:]
        larger = self.side / max(height, width)
        own = max(1, round(height * larger)), max(1, round(width * larger))
        rows, columns = (self.side, self.side) if self.square else own
        if self.last is None or not torch.equal(self.last[0], picture):
            seen = F.pad(self.eye(picture, (rows, columns)), (0, self.side - columns, 0, self.side - rows))
            self.last = picture.clone(), self.network.get_image_embeddings(seen)
        corners = boxes * boxes.new_tensor([columns, rows, columns, rows])
        given = {"image_embeddings": self.last[1], "input_boxes": corners[None]}
        cut = self.network(**given, multimask_output=False).pred_masks[0]
        whole = F.interpolate(cut, size=(self.side, self.side), mode="bilinear", align_corners=False)
        return F.interpolate(whole[..., :rows, :columns], size=(height, width), mode="bilinear").sigmoid()
