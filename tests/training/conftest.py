"""Photographs and labels that the tests draw."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fice.bundle.pack import save_part
from fice.language.tokenizer import WORDS, WordTokenizer
from fice.nets.lite_clip import LiteClip
from fice.training.data.folder import is_validation
from fice.training.words import language

CLASSES = ["void", "hair", "face", "kimono", "trousers", "boots"]
BANDS = {"hair": (10, 24), "face": (24, 36), "kimono": (36, 100), "trousers": (100, 170), "boots": (170, 184)}
HELD_OUT = [name for name in (f"p{k:03d}" for k in range(200)) if is_validation(name)]
TRAINED = [name for name in (f"p{k:03d}" for k in range(200)) if not is_validation(name)]


def person(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A photograph (200, 110, 3) uint8 of somebody made of bands, and its labels (200, 110) uint8."""
    picture = rng.integers(150, 256, (200, 110, 3)).astype(np.uint8)
    labels = np.zeros((200, 110), np.uint8)
    left, right = rng.integers(30, 40), rng.integers(70, 80)
    for name, (top, bottom) in BANDS.items():
        labels[top:bottom, left:right] = CLASSES.index(name)
        picture[top:bottom, left:right] = rng.integers(20, 230, 3)
    return picture, labels


@pytest.fixture(scope="session")
def draw_folder() -> Callable[..., Path]:
    """draw_folder(folder, trained=9, held_out=3, unlabelled=0): photographs, labels and tags.json; classes of its own,
    of which `kimono` is told to be an outer garment. Formats and modes take turns."""

    def draw(folder: Path, trained: int = 9, held_out: int = 3, unlabelled: int = 0) -> Path:
        rng = np.random.default_rng(0)
        (folder / "photos").mkdir(parents=True)
        (folder / "labels").mkdir()
        labelled = [*TRAINED[:trained], *HELD_OUT[:held_out]]
        for k, name in enumerate([*labelled, *TRAINED[trained : trained + unlabelled]]):
            picture, labels = person(rng)
            Image.fromarray(picture).save(folder / "photos" / f"{name}{('.jpg', '.png', '.webp')[k % 3]}")
            if name in labelled:
                label = Image.fromarray(labels)
                if k % 2:
                    label = label.convert("P")
                    label.putpalette([0, 0, 0, 255, 0, 0])
                label.save(folder / "labels" / f"{name}.png")
        (folder / "tags.json").write_text(
            json.dumps({"classes": CLASSES, "regions": {"kimono": "outer", "boots": "shoes"}})
        )
        return folder

    return draw


@pytest.fixture(scope="session")
def word_bundle(tmp_path_factory) -> Path:
    """A bundle whose clip has made-up vectors of eight numbers for every word of the language."""
    torch.manual_seed(0)
    tokenizer = WordTokenizer(language())
    shape = {
        "embed_dim": 8,
        "image_resolution": 32,
        "vision_size": 0,
        "vision_width": 8,
        "context_length": tokenizer.context_length,
        "vocab_size": tokenizer.vocab_size,
        "word_width": 8,
        "transformer_width": 8,
        "transformer_heads": 1,
        "transformer_layers": 1,
    }
    folder, extra = tmp_path_factory.mktemp("words"), {"tokenizer": "words", "context_length": 16}
    extra |= {"image_resolution": 32}
    save_part(
        folder, "clip", LiteClip(**shape), "lite-clip", shape, extra, {WORDS: "\n".join(tokenizer.words).encode()}
    )
    return folder
