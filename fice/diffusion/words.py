"""Sentences as a pipeline hears them: each is encoded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from inspect import signature
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from fice.diffusion.families import Family
from fice.diffusion.plugins import Plugins
from fice.diffusion.pseudo import completed, spoken
from fice.diffusion.request import Request

KEPT = 32  # sentences: 4 MB each of the largest text encoders
Heard = Mapping[str, Any]  # by the name of the argument of a pipeline's call


class Words:
    """What a pipeline hears of sentences, kept for the next passes and orders.

    Args:
        pipeline: of diffusers.
        family: that it is of.
        device: that computes.
        plugins: in use, which change how words are heard, and bring some of their own.
    """

    def __init__(self, pipeline: Any, family: Family, device: torch.device, plugins: Plugins):
        self.pipeline, self.family, self.device, self.plugins = pipeline, family, device, plugins
        self.heard: OrderedDict[Hashable, Heard] = OrderedDict()

    def given(self, requests: Sequence[Request], guided: bool) -> dict[str, Any]:
        """What the pipeline is called with for the words of requests; guided: also for what shall not be seen."""
        own, negated = self.plugins.words, guided and self.family.negated
        unwanted = [request.negative if negated else "" for request in requests]
        wanted = [completed(each.prompt, other, own) for each, other in zip(requests, unwanted, strict=True)]
        given = _joined([self._hear(sentence) for sentence in wanted])
        if negated:
            heard = _joined([self._hear(sentence) for sentence in unwanted])
            given |= {f"negative_{name}": value for name, value in heard.items()}
        return given

    def _hear(self, sentence: str) -> Heard:
        key = sentence, self.plugins.used
        if key not in self.heard:
            self.heard[key] = self._encode(sentence)
        self.heard.move_to_end(key)
        while len(self.heard) > KEPT:
            self.heard.popitem(last=False)
        return self.heard[key]

    @torch.no_grad()
    def _encode(self, sentence: str) -> Heard:
        encode = self.pipeline.encode_prompt
        wanted = {
            "prompt_2": None,
            "device": self.pipeline._execution_device,
            "num_images_per_prompt": 1,
            "do_classifier_free_guidance": False,
        }
        wanted = {name: value for name, value in wanted.items() if name in signature(encode).parameters}
        with spoken(self.pipeline, sentence, self.plugins.words) as said:
            made = encode(prompt=[said], **wanted)  # as a list, as one pipeline writes into it
        return {name: value for name, value in zip(self.family.embeds, made, strict=False) if name}


def _joined(heard: Sequence[Heard]) -> dict[str, Any]:
    """Several sentences as a batch; short ones are filled up where a pipeline has a mask that says so."""
    given: dict[str, Any] = {}
    for name in heard[0]:
        values = [each[name] for each in heard]
        if name.endswith("_mask"):  # of a sentence alone there is none
            values = [torch.ones_like(each["prompt_embeds"][..., 0], dtype=torch.long) for each in heard]
        if isinstance(values[0], list):
            given[name] = [one for value in values for one in value]
        else:
            given[name] = pad_sequence([value[0] for value in values], batch_first=True)
    return given
