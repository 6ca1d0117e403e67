"""Words that no dictionary has, in the sentences that a model reads."""

from __future__ import annotations

import pytest
import torch
from diffusion import plugs
from diffusion.asked import model
from safetensors.torch import load_file

from fice.diffusion.pseudo import Word, completed, read_word, spoken


@pytest.fixture(params=["sd", "xl"])
def pipeline(request):
    return model(request.param).pipeline


@torch.no_grad()
def encoded(pipeline, sentence, words=()):
    with spoken(pipeline, sentence, words) as said:
        made = pipeline.encode_prompt(
            said, device=torch.device("cpu"), num_images_per_prompt=1, do_classifier_free_guidance=False
        )
    return [each for each in made if each is not None]


def like(pipeline, text, name="<thing>"):
    """A word that means what a text does."""
    found = []
    for end in ("", "_2"):
        if encoder := getattr(pipeline, f"text_encoder{end}", None):
            tokens = getattr(pipeline, f"tokenizer{end}")(text, add_special_tokens=False).input_ids
            found.append(encoder.get_input_embeddings().weight[tokens].detach())
    return Word((name,), tuple(found))


def same(one, other):
    return all(torch.equal(*pair) for pair in zip(one, other, strict=True))


def test_a_word_reads_as_what_it_means(pipeline):
    words = [like(pipeline, "red"), like(pipeline, "silk", "cloth")]
    assert same(encoded(pipeline, "a <thing> dress of cloth", words), encoded(pipeline, "a red dress of silk"))
    assert same(encoded(pipeline, "a <thing> dress, <thing>", words), encoded(pipeline, "a red dress, red"))


def test_sentences_without_it_are_read_as_ever(pipeline):
    before = encoded(pipeline, "a red ^ dress")
    assert same(encoded(pipeline, "a red ^ dress", [like(pipeline, "blue")]), before)
    encoded(pipeline, "<thing>", [like(pipeline, "blue")])
    assert same(encoded(pipeline, "a red ^ dress"), before)


def test_half_a_word_is_louder_than_none(pipeline):
    word = like(pipeline, "red")
    half = encoded(pipeline, "a <thing> dress", [word.times(0.5)])
    assert not same(half, encoded(pipeline, "a <thing> dress", [word]))
    assert same(encoded(pipeline, "a <thing> dress", [word.times(1.0)]), encoded(pipeline, "a red dress"))


def test_a_long_sentence_has_room_for_a_part_of_it(pipeline):
    long = "x " * 70
    assert encoded(pipeline, f"{long}<thing>", [like(pipeline, "reddish")])[0].shape[1] == 77


@pytest.mark.parametrize("sentence", ["a Cloth dress", "a <cloth> dress", "a <silk-9> dress"])
def test_it_is_known_by_its_own_name_and_its_files(sentence, tmp_path):
    path = plugs.word(tmp_path / "cloth.safetensors", "<silk-9>")
    word = read_word(path.stem, load_file(path))
    expected = encoded(model("sd").pipeline, "a <thing> dress", [Word(("<thing>",), word.vectors)])
    assert same(encoded(model("sd").pipeline, sentence, [word]), expected)


def test_it_is_no_part_of_another_word():
    word = like(model("sd").pipeline, "red", "cloth")
    assert same(encoded(model("sd").pipeline, "clothes", [word]), encoded(model("sd").pipeline, "clothes"))


def test_what_no_sentence_names_comes_at_the_end():
    words = [Word((name,), ()) for name in ("<a>", "<b>", "<c>")]
    assert completed("a dress of <b>", "no <c>", words) == "a dress of <b>, <a>"


def test_its_usual_files_are_read(tmp_path):
    vectors = torch.ones(2, 4)
    stored = {
        "emb_params": {"emb_params": vectors},
        "named": {"<cat>": vectors},
        "one": {"<cat>": vectors[0]},
        "xl": {"clip_l": vectors, "clip_g": 2 * vectors},
    }
    read = {name: read_word(name, tensors) for name, tensors in stored.items()}
    assert {name: word.names[0] for name, word in read.items()} == {
        "emb_params": "<emb_params>", "named": "<cat>", "one": "<cat>", "xl": "<xl>"
    }  # fmt: skip
    assert [len(word.vectors) for word in read.values()] == [1, 1, 1, 2]
    assert read["one"].vectors[0].shape == (1, 4) and read["xl"].vectors[1].max() == 2


@pytest.mark.parametrize(
    "tensors",
    [
        {"a": torch.ones(2, 4), "b": torch.ones(2, 4)},
        {"conv": torch.ones(4, 4, 3, 3)},
        {"head": torch.ones(100, 4)},
        {"empty": torch.ones(2, 0)},
        {"": torch.ones(2, 4)},
        {"counted": torch.ones(2, 4).long()},
        {"clip_l": torch.ones(2, 4), "clip_g": torch.ones(3, 4)},
        {"x.lora_A.weight": torch.ones(2, 4)},
        {},
    ],
)
def test_other_files_are_none(tensors):
    assert read_word("name", tensors) is None


def test_the_pipelines_own_words_stay_as_they_are(pipeline):
    counted = len(pipeline.tokenizer), pipeline.text_encoder.config.vocab_size
    encoded(pipeline, "<thing>", [like(pipeline, "blue")])
    assert (len(pipeline.tokenizer), pipeline.text_encoder.config.vocab_size) == counted
    assert not pipeline.text_encoder.get_input_embeddings()._forward_hooks
