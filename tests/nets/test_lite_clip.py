"""The CLIP on pretrained parts."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fice.nets import network
from fice.nets.frozen import frozen
from fice.nets.lite_clip import STEPS, LiteClip, palette

SHAPE = {
    "embed_dim": 16,
    "image_resolution": 64,
    "vision_size": 0,
    "vision_width": 32,
    "context_length": 6,
    "vocab_size": 8,
    "word_width": 4,
    "transformer_width": 16,
    "transformer_heads": 2,
    "transformer_layers": 1,
}


@pytest.fixture
def clip() -> LiteClip:
    torch.manual_seed(0)
    return network("lite-clip")(**SHAPE)


def test_pictures_and_texts_meet(clip):
    clip.eval()
    pictures = torch.rand(2, 3, 64, 64, requires_grad=True)
    texts = clip.encode_text(torch.tensor([[6, 1, 2, 7], [6, 3, 7, 0]]))
    seen = clip.encode_image(pictures)
    assert seen.shape == texts.shape == (2, 16)
    (gradient,) = torch.autograd.grad((seen * texts).sum(), pictures)
    assert gradient.isfinite().all() and gradient.abs().max() > 0
    with pytest.raises(ValueError, match=r"\(B, 3, 64, 64\)"):
        clip.encode_image(torch.rand(1, 3, 96, 96))


def test_the_colours_of_stripes_stay_apart():
    stripes = torch.zeros(1, 3, 8, 8)
    stripes[:, 0, ::2] = 1  # red and black
    found = palette(stripes)
    assert found.shape == (1, STEPS**3, 2, 2)
    red, black = (STEPS - 1) * STEPS**2, 0
    assert found[0, red].allclose(torch.tensor(0.5)) and found[0, black].allclose(torch.tensor(0.5))
    picture = torch.rand(2, 3, 8, 12)
    expected = F.avg_pool2d(picture, 4)
    found = palette(picture).unflatten(1, (STEPS,) * 3)
    steps = torch.linspace(0, 1, STEPS)
    torch.testing.assert_close(torch.einsum("nrgbhw,r->nhw", found, steps), expected[:, 0])
    torch.testing.assert_close(found.sum((1, 2, 3)), torch.ones(2, 2, 3))


def test_where_something_is_and_what_it_is_both_count(clip):
    """A spot elsewhere, and a spot of another colour, are other pictures to one that has learnt where to look."""
    clip.eval()
    nn.init.normal_(clip.visual.gather[0].places, std=3)
    pictures = torch.ones(3, 3, 64, 64)
    pictures[0, :, 8:24, 8:24] = 0
    pictures[1, :, 40:56, 40:56] = 0
    pictures[2, 0, 8:24, 8:24] = 0
    seen = F.normalize(clip.encode_image(pictures), dim=1)
    assert (seen @ seen.T).fill_diagonal_(0).max() < 1 - 1e-5


def test_frozen_it_gives_what_it_gave(clip):
    clip.eval().requires_grad_(False)
    picture = torch.rand(1, 3, 64, 64)
    expected = clip.encode_image(picture)
    frozen(clip)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in clip.modules())
    torch.testing.assert_close(clip.encode_image(picture), expected, rtol=1e-3, atol=1e-4)


def test_a_word_never_trained_on_is_read_by_its_neighbours(clip):
    """Words 1 and 2 are learnt apart; word 3 is none that a text had, and its vector lies beside that of word 1."""
    clip.words[1:4] = torch.tensor([[2.0, 0, 1, 0], [0, 2.0, 0, 1], [1.8, 0.2, 1, 0.1]])
    texts, wanted = torch.tensor([[6, 1, 7], [6, 2, 7]]), torch.eye(16)[:2]
    optimiser = torch.optim.Adam([each for each in clip.parameters() if each.requires_grad], 1e-2)
    for _ in range(40):
        optimiser.zero_grad()
        (1 - F.cosine_similarity(clip.encode_text(texts), wanted)).sum().backward()
        optimiser.step()
    first, second, unseen = F.normalize(clip.eval().encode_text(torch.tensor([[6, 1, 7], [6, 2, 7], [6, 3, 7]])), dim=1)
    assert unseen @ first > 0.9 > 0.5 > unseen @ second
    assert clip.words[3].tolist() == pytest.approx([1.8, 0.2, 1, 0.1])  # the vectors stay as they were given
