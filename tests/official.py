"""A bundle of the networks that FICE was published with, at their full sizes, with made-up weights.

    python tests/official.py FOLDER [VOCABULARY]

For what does not depend on training: speed, memory, and whether everything fits together.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from fice.bundle.pack import save_state, save_text
from fice.nets import network

RN50X4 = {
    "embed_dim": 640,
    "image_resolution": 288,
    "vision_layers": (4, 6, 10, 6),
    "vision_width": 80,
    "vision_patch_size": None,
    "context_length": 77,
    "vocab_size": 49408,
    "transformer_width": 640,
    "transformer_heads": 10,
    "transformer_layers": 12,
}
PAPER256 = {"img_resolution": 256, "synthesis_kwargs": {"channel_base": 16384, "channel_max": 512}}


def official_bundle(folder: Path, vocabulary: bytes) -> None:
    """Writes the bundle; vocabulary is that of OpenAI's CLIP."""
    parts = {
        "generator": ("stylegan2", PAPER256, {"framing": "photo"}, {}),
        "encoder": ("e4e", {"rows": 14}, {"canvas": [256, 256]}, {}),
        "regions": ("deeplab", {"classes": 3}, {"names": ["background", "body", "head"]}, {}),
        "pose": ("densepose", {}, {"names": ["background", *(f"part {k}" for k in range(14))]}, {}),
        "clip": (
            "clip",
            RN50X4,
            {"tokenizer": "bpe", "context_length": 77, "image_resolution": 288},
            {"bpe_simple_vocab_16e6.txt.gz": vocabulary},
        ),
    }
    for part, (kind, arguments, extra, files) in parts.items():
        torch.manual_seed(0)
        module = network(kind)(**arguments)
        canvas = module.canvas if part == "generator" else None
        save_state(folder, part, module.state_dict(), kind, arguments, extra, files, canvas)
    save_text(folder, name="official", description="FICE's networks with made-up weights")


if __name__ == "__main__":
    from fice.language.bpe import find_vocabulary, keep_vocabulary

    if sys.argv[2:]:
        keep_vocabulary(Path(sys.argv[2]))
    official_bundle(Path(sys.argv[1]), find_vocabulary() or sys.exit("first: fice models fetch clip-vocabulary"))
