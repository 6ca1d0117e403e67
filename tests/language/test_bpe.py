"""CLIP's tokenizer against the official numbers, and where its vocabulary comes from."""

from __future__ import annotations

import gzip
import json
import sys
import warnings

import pytest
import torch
from safetensors.torch import load_file

from fice.errors import WeightsError
from fice.language import bpe
from fice.language.bpe import FILE, BytePairs, clean, find_vocabulary


@pytest.fixture(scope="module")
def content():
    content = find_vocabulary()
    if content is None:
        pytest.skip("no vocabulary of CLIP: pip install clip, or fice models fetch clip-vocabulary")
    return content


@pytest.fixture(scope="module")
def tokenizer(content):
    return BytePairs(content)


@pytest.fixture(scope="module")
def known(golden):
    numbers = load_file(golden / "clip_tokens.safetensors")
    (ids,) = numbers.values()
    return json.loads((golden / "clip_tokens.json").read_text()), ids.long()


@pytest.fixture
def without_ftfy(monkeypatch):
    monkeypatch.setitem(sys.modules, "ftfy", None)


def test_all_texts_have_the_official_ids(tokenizer, known):
    pytest.importorskip("ftfy")
    facts, ids = known
    found = tokenizer.encode(facts["texts"])
    assert found.dtype == torch.int64 and found.shape == (30, 77)
    assert [text for text, a, b in zip(facts["texts"], found, ids, strict=True) if not a.equal(b)] == []
    assert (tokenizer.start, tokenizer.end) == (facts["start_of_text"], facts["end_of_text"])
    assert tokenizer.vocab_size == facts["vocab_size"] and tokenizer.context_length == facts["context_length"]


def test_plain_texts_need_no_ftfy(tokenizer, known, without_ftfy):
    facts, ids = known
    plain = [index for index, text in enumerate(facts["texts"]) if text.isascii() and ";" not in text]
    assert len(plain) > 12
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = tokenizer.encode([facts["texts"][index] for index in plain])
    assert found.equal(ids[plain])


@pytest.mark.parametrize("text", ["crêpe", "&rdquo;dress"])
def test_other_texts_without_ftfy_are_noticed(tokenizer, without_ftfy, text):
    with pytest.warns(UserWarning, match="pip install ftfy"):
        assert tokenizer.encode([text])[0, 1] > 0


def test_the_packed_and_the_plain_file_are_alike(tokenizer, content):
    plain = BytePairs(gzip.decompress(content), context_length=9)
    texts = ["a red floral dress", "pants_with_underscores"]
    assert plain.encode(texts).equal(torch.cat([tokenizer.encode(texts)[:, :8], plain.encode(texts)[:, 8:]], 1))
    assert plain.encode(texts).shape == (2, 9)


def test_what_does_not_fit_is_said(tokenizer, content, known):
    facts, _ = known
    words = facts["texts"][-1].split()
    cut = tokenizer.cut(facts["texts"][-1])
    assert words[-len(cut) :] == cut and len(words) - len(cut) == 75
    assert tokenizer.cut("a red dress") == [] and tokenizer.unknown("brillig dress") == []
    short = BytePairs(content, context_length=4)
    assert short.encode(["a red dress"])[0].tolist() == [49406, 320, 736, 49407]
    assert short.cut("A red\tdress  coat") == ["dress", "coat"]
    assert short.cut("a pants_with_underscores coat") == ["pants_with_underscores", "coat"]  # the first in part


def test_no_texts_and_endless_words(tokenizer):
    assert tokenizer.encode([]).shape == (0, 77)
    row = tokenizer.encode(["loremipsum" * 2000])[0]
    assert row[-1] == tokenizer.end and (row > 0).all()


def test_a_text_is_read_in_small_letters_and_single_blanks():
    assert clean("  A\tred \n&amp;amp; BLUE\u00a0Dress ") == "a red & blue dress"


@pytest.mark.parametrize("damage", ["cut", "bomb", "page", "binary", "empty"])
def test_another_file_is_refused(content, damage):
    wrong = {
        "cut": content[: len(content) // 10],
        "bomb": gzip.compress(b"a b\n" * (1 << 23)),
        "page": b"<!DOCTYPE html>\n" * 60000,
        "binary": b"\xff\xfe" * 1000,
        "empty": b"",
    }[damage]
    with pytest.raises(WeightsError, match="fice models fetch clip-vocabulary"):
        BytePairs(wrong)


class TestFindVocabulary:
    @pytest.fixture(autouse=True)
    def nowhere(self, monkeypatch, tmp_path):
        monkeypatch.setattr(bpe, "_package", lambda name: [])
        monkeypatch.setattr(bpe, "downloads", lambda: tmp_path)

    def test_nowhere(self):
        assert find_vocabulary() is None

    def test_among_the_downloads(self, content, tmp_path):
        folder = tmp_path / "clip-vocabulary"
        folder.mkdir()
        (folder / FILE).write_bytes(content)
        assert find_vocabulary() == content

    def test_a_damaged_one_is_passed_over(self, content, tmp_path, monkeypatch):
        (tmp_path / FILE).write_bytes(content)
        damaged = tmp_path / "clip"
        damaged.mkdir()
        (damaged / FILE).write_bytes(content[:-1] + b"x")
        monkeypatch.setattr(bpe, "_package", lambda name: [str(damaged)])
        assert find_vocabulary() == content


def test_a_package_is_found_and_not_imported(tmp_path, monkeypatch):
    package = tmp_path / "open_clip"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert [str(folder) for folder in bpe._package("open_clip")] == [str(package)]
    assert "open_clip" not in sys.modules and bpe._package("no_such_package") == ()
