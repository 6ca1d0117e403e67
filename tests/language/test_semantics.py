"""CLIP's preprocessing against the official numbers, and views of one garment."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from fice.errors import WeightsError
from fice.language.bpe import FILE, find_vocabulary
from fice.language.clip import MEAN, STD, Semantics, preprocess
from fice.language.tokenizer import Tokenizer
from fice.subject.views import garment_views


@pytest.mark.parametrize("size", [224, 288])
def test_preprocessing_is_the_official_one(golden, size):
    picture = load_file(golden / "inputs.safetensors")["picture_a"][None] / 255
    wanted = load_file(golden / "clip_tiny.safetensors")[f"preprocess.{size}"]
    torch.testing.assert_close(preprocess(picture, size)[:, :, ::4, ::4], wanted, rtol=0, atol=1e-6)


def test_a_tall_picture_is_padded_with_white():
    picture = torch.zeros(1, 3, 64, 32)
    seen = preprocess(picture, 64) * torch.tensor(STD).view(1, 3, 1, 1) + torch.tensor(MEAN).view(1, 3, 1, 1)
    assert torch.allclose(seen[..., :16], torch.ones(1), atol=1e-6) and torch.allclose(
        seen[..., 48:], torch.ones(1), atol=1e-6
    )
    assert seen[..., 16:48].abs().max() < 1e-6


def _scene(batch: int = 2, dtype=torch.float64):
    generator = torch.Generator().manual_seed(3)
    picture = torch.rand(batch, 3, 40, 24, generator=generator, dtype=dtype)
    garment = torch.zeros(batch, 1, 40, 24, dtype=dtype)
    for k in range(batch):
        garment[k, :, 8 + k : 28 + k, 5:19] = 1
    return picture, garment


def _generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


class TestGarmentViews:
    def test_shape_range_and_white_surroundings(self):
        picture, garment = _scene()
        views = garment_views(picture * 3 - 1, garment, 32, _generators(1, 2), 3)
        assert views.shape == (2, 3, 3, 32, 32)
        assert views.min() >= 0 and views.max() <= 1
        assert garment_views(picture * 3 - 1, garment, 32, clamp=False).max() > 1.5
        plain = garment_views(picture, garment, 32)
        assert torch.allclose(plain[..., 0, :], torch.ones((), dtype=plain.dtype))  # the margin

    def test_the_square_holds_the_garment_and_only_that(self):
        picture, garment = _scene(1)
        view = garment_views(torch.zeros_like(picture), garment, 56, margin=0.0)[0, 0, 0]  # 20 rows on 56
        assert (view < 0.5).any(1).all()  # the garment is as high as the square
        columns = (view[28] < 0.5).sum().item()
        assert columns == pytest.approx(56 * 14 / 20, abs=1)

    def test_at_the_same_scale_nothing_is_blurred(self):
        picture, garment = _scene(1)
        view = garment_views(picture, garment, 20, margin=0.0)[0, 0]
        torch.testing.assert_close(view[:, :, 3:17], picture[0, :, 8:28, 5:19])

    def test_reduction_keeps_the_mean(self):
        picture, garment = _scene(1)
        stripes = (torch.arange(40) % 2).double().view(1, 1, 40, 1).expand(1, 3, 40, 24)
        view = garment_views(stripes, torch.ones_like(garment), 12, margin=0.0)[0, 0, 0]
        assert (view[:, 5:7] - 0.5).abs().max() < 0.17  # no alias of the one-pixel stripes

    def test_the_first_view_is_plain_and_the_others_vary(self):
        picture, garment = _scene()
        views = garment_views(picture, garment, 32, _generators(5, 6), 4)
        assert views[:, 0].equal(garment_views(picture, garment, 32)[:, 0])
        assert all((views[:, 0] - views[:, k]).abs().mean() > 0.01 for k in range(1, 4))

    def test_neighbours_do_not_matter(self):
        picture, garment = _scene()
        together = garment_views(picture, garment, 32, _generators(7, 8), 3)
        alone = garment_views(picture[1:], garment[1:], 32, _generators(8), 3)
        torch.testing.assert_close(together[1:], alone)

    def test_gradients_reach_picture_and_garment(self):
        picture, garment = _scene(1)
        picture = (picture * 0.8 + 0.1).requires_grad_(True)
        garment = (garment * 0.8 + 0.05).requires_grad_(True)
        assert torch.autograd.gradcheck(
            lambda p, g: garment_views(p, g, 8, _generators(1), 2), (picture, garment), fast_mode=True
        )

    def test_without_a_garment_the_whole_picture_is_the_square(self):
        picture, garment = _scene()
        views = garment_views(picture, garment * 0.3, 16)
        assert views.isfinite().all()
        assert views.equal(garment_views(picture, garment * 0.3, 16, _generators(1, 1), 1))

    def test_on_any_device_and_in_single_precision(self, device):
        picture, garment = (x.to(device) for x in _scene(dtype=torch.float32))
        assert garment_views(picture, garment, 16, _generators(1, 2), 2).device.type == device.type


class _Toy(nn.Module):
    """A network with CLIP's two methods."""

    def __init__(self, vocab_size: int):
        super().__init__()
        self.words = nn.Embedding(vocab_size, 8)
        self.picture = nn.Linear(3, 8)

    def encode_text(self, ids):
        return self.words(ids).mean(1)

    def encode_image(self, x):
        return self.picture(x.mean((2, 3)))


def test_semantics_gives_unit_vectors_and_reports_words():
    torch.manual_seed(0)
    tokenizer = Tokenizer(["red", "dress"], 8)
    semantics = Semantics(_Toy(tokenizer.vocab_size).requires_grad_(False), tokenizer, 16)
    text = semantics.encode_text(["red dress", "dress"])
    picture = torch.rand(2, 3, 20, 30, requires_grad=True)
    seen = semantics.encode_picture(picture)
    assert text.shape == seen.shape == (2, 8)
    assert torch.allclose(text.norm(dim=1), torch.ones(2)) and torch.allclose(seen.norm(dim=1), torch.ones(2))
    (gradient,) = torch.autograd.grad((seen * text).sum(), picture)
    assert gradient.abs().max() > 0
    assert semantics.unknown_words("a red woollen coat") == ["woollen", "coat"]
    assert semantics.cut("red dress red dress red dress dress") == ["dress"]


class TestFromBundle:
    """A part says which tokenizer and which constants its network was trained with."""

    @dataclass
    class Shelf:
        """What Semantics asks of a bundle."""

        extras: dict
        files: dict = field(default_factory=dict)
        asked: list = field(default_factory=list)
        name: str = "shelf"

        def extra(self, part):
            return self.extras

        def part(self, *arguments):
            self.asked.append(arguments)
            return _Toy(49408)

        def file(self, part, name):
            return self.files[part, name]

    def test_own_words(self):
        shelf = self.Shelf({"vocabulary": ["red", "dress"], "context_length": 8, "image_resolution": 96})
        semantics = Semantics.from_bundle(shelf)
        assert isinstance(semantics.tokenizer, Tokenizer) and semantics.tokenizer.vocabulary == ("red", "dress")
        assert (semantics.size, semantics.mean, semantics.std) == (96, MEAN, STD)
        assert shelf.asked == [("clip", "cpu", torch.float32, None)]

    def test_byte_pairs_and_another_network(self):
        content = find_vocabulary()
        if content is None:
            pytest.skip("no vocabulary of CLIP: pip install clip, or fice models fetch clip-vocabulary")
        extra = {"tokenizer": "bpe", "context_length": 6, "image_resolution": 288}
        shelf = self.Shelf(extra, {("clip", FILE): content})
        semantics = Semantics.from_bundle(shelf, network="clip-package")
        assert shelf.asked == [("clip", "cpu", torch.float32, "clip-package")] and semantics.size == 288
        assert semantics.unknown_words("brillig") == []
        assert semantics.cut("a red floral dress with buttons") == ["with", "buttons"]
        assert semantics.encode_text(["a red dress"]).shape == (1, 8)

    def test_of_hugging_face(self):
        tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
        words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "red": 1}, unk_token="a"))
        extra = {
            "tokenizer": "huggingface",
            "context_length": 4,
            "pad": 1,
            "image_resolution": 16,
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.25, 0.5],
        }
        semantics = Semantics.from_bundle(self.Shelf(extra, {("clip", "tokenizer.json"): words.to_str().encode()}))
        assert semantics.tokenizer.encode(["a"]).tolist() == [[0, 1, 1, 1]]
        seen = []
        semantics.network.encode_image = lambda x: seen.append(x) or x.mean((2, 3))
        semantics.encode_picture(torch.full((1, 3, 16, 16), 0.75))
        assert seen[0][0, :, 0, 0].tolist() == [0.5, 1.0, 0.5]

    def test_an_unknown_tokenizer(self):
        with pytest.raises(WeightsError, match="update fice"):
            Semantics.from_bundle(self.Shelf({"tokenizer": "sentencepiece", "image_resolution": 16}))
