"""What segmenters find, with small random networks: held against transformers' own steps, and the rules about it."""

from __future__ import annotations

import socket

import pytest
import torch

from fice.errors import UsageError
from fice.segmenters.load import load_segmenter
from fice.segmenters.phrase import Phrase
from fice.segmenters.segmenter import Found, Segmenter, are_parts

KINDS = ["sam", "sam2", "sam3", "clipseg", "segformer"]


@pytest.fixture
def load(folders, pair):
    """load(kind): the segmenter of a kind; a SAM comes with a detector."""
    return lambda kind: load_segmenter(pair(kind) if kind in ("sam", "sam2") else folders(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_words_become_a_mask_of_the_pictures_size_the_same_each_time(kind, load, monkeypatch):
    asked = []  # of the network; whoever is refused might go on in silence
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: asked.append(address))
    monkeypatch.setattr(socket, "socket", lambda *kind, **_: asked.append(kind))
    segmenter = load(kind)
    for size in ((64, 40), (33, 70)):
        picture = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(2))
        found, again = (segmenter.find(picture, "the leather bag") for _ in range(2))
        assert found is not None and found.mask.shape == (1, 1, *size) and found.mask.dtype == torch.float32
        assert 0 <= found.mask.min() and found.mask.max() <= 1 and 0 <= found.score <= 1
        assert "bag" in found.matched
        assert torch.equal(again.mask, found.mask) and again.score == found.score
    assert torch.equal(load(kind).find(picture, "the leather bag").mask, found.mask)
    assert not asked


@pytest.mark.parametrize("kind", ["sam", "sam3"])
def test_nothing_is_found_beside_the_person(kind, load, picture):
    person = torch.zeros(1, 1, 64, 40)
    person[..., 20:50, 10:20] = 1
    found = load(kind).find(picture, "bag", person)
    assert found is None or not found.mask[person == 0].any()


def test_the_detector_sees_and_answers_as_transformers_own(transformers, folders, load, picture):
    detector = load("sam").detector
    array = (picture[0].permute(1, 2, 0) * 255).round().byte().numpy()
    seen = transformers.GroundingDinoImageProcessor.from_pretrained(folders("dino"))(array, return_tensors="pt")
    ours = detector.seen(picture)
    assert ours.shape == seen.pixel_values.shape and (ours - seen.pixel_values).abs().max() < 0.03  # bytes, rounded
    processor = transformers.GroundingDinoProcessor(
        transformers.GroundingDinoImageProcessor(), transformers.BertTokenizer.from_pretrained(folders("dino"))
    )
    text = processor.tokenizer("leather bag.", return_tensors="pt")
    with torch.no_grad():
        out = detector.network(pixel_values=ours, **text)
        boxes, scores, matched = detector(picture, Phrase.of("leather bag"))
    (theirs,) = processor.post_process_grounded_object_detection(out, text.input_ids, target_sizes=[(64, 40)])
    kept = [index for index, words in enumerate(theirs["text_labels"]) if "bag" in words]
    assert len(kept) == len(boxes) > 0
    assert torch.allclose(boxes * torch.tensor([40, 64, 40, 64]), theirs["boxes"][kept].clamp(min=0), atol=1e-3)
    assert torch.equal(scores, theirs["scores"][kept])
    for words, index in zip(matched, kept, strict=True):
        assert words.split() == [word for word in ("leather", "bag") if word in theirs["text_labels"][index]]


def test_sam_sees_and_cuts_out_as_transformers_own(transformers, folders, load, picture):
    cutter, picture = load("sam").cutter, (picture * 255).round() / 255
    array = (picture[0].permute(1, 2, 0) * 255).round().byte().numpy()
    size = {"size": {"longest_edge": 64}, "pad_size": {"height": 64, "width": 64}}
    theirs = transformers.SamImageProcessor(**size)
    seen = theirs(array, return_tensors="pt")
    boxes = torch.tensor([[0.1, 0.2, 0.5, 0.9], [0.3, 0.3, 0.8, 0.6]])
    pixels = boxes[None] * torch.tensor([40, 64, 40, 64])
    with torch.no_grad():
        out = cutter.network(pixel_values=seen.pixel_values, input_boxes=pixels, multimask_output=False)
        ours = cutter(picture, boxes)
    sizes = [(64, 40)], seen.reshaped_input_sizes
    expected = theirs.post_process_masks([out.pred_masks[0]], *sizes, binarize=False)[0].sigmoid()
    assert ours.shape == (2, 1, 64, 40) and (ours - expected).abs().max() < 1e-4
    assert (ours[0] - ours[1]).abs().max() > 0


@pytest.mark.parametrize("kind", ["sam", "sam2"])
def test_a_picture_is_seen_once_for_all_words(kind, load, picture):
    segmenter, seen = load(kind), []
    segmenter.cutter.network.vision_encoder.register_forward_hook(lambda *_: seen.append(1))
    bag, sleeve = segmenter.find(picture, "bag"), segmenter.find(picture.clone(), "sleeve")
    assert len(seen) == 1 and not torch.equal(bag.mask, sleeve.mask)
    other = segmenter.find(1 - picture, "sleeve")
    assert len(seen) == 2 and not torch.equal(other.mask, sleeve.mask)
    assert torch.equal(segmenter.find(picture, "bag").mask, bag.mask) and len(seen) == 3


def test_sam_3_answers_as_transformers_own_steps_say(folders, load, picture):
    segmenter, phrase = load("sam3"), Phrase.of("bag")
    found = segmenter.find(picture, "bag")
    text = segmenter.tokenizer(phrase.text, padding="max_length", max_length=32, return_tensors="pt")
    with torch.no_grad():
        out = segmenter.network(pixel_values=segmenter.eye(picture, (56, 56)), **text)
    scores = out.pred_logits[0].sigmoid() * out.presence_logits[0].sigmoid()
    assert found.score == pytest.approx(float(scores[are_parts(out.pred_boxes[0], torch.ones(1, 1, 64, 40))].max()))


def test_a_word_that_the_detector_has_never_read_is_said(load, picture):
    with pytest.raises(UsageError, match="knows no word 'qqq'"):
        load("sam").find(picture, "leather qqq")


def test_labels_are_chosen_by_all_words_else_by_the_noun(load):
    labels = load("segformer")
    chosen = {
        "hats": ["Hat"],
        "shoes": ["Left-shoe", "Right-shoe"],
        "the left shoe": ["Left-shoe", "Right-shoe"],
        "red leather bag": ["bag, wallet"],
        "t-shirt": ["top, t-shirt, sweatshirt"],
        "white t-shirt": ["top, t-shirt, sweatshirt"],
        "upper clothes": ["Upper-clothes"],
    }
    for words, names in chosen.items():
        assert [labels.names[index] for index in labels.matching(Phrase.of(words))] == names


def test_words_that_are_no_label_are_answered_with_the_nearest(load, picture):
    with pytest.raises(UsageError, match="'hut' is none of the labels .* Hat"):
        load("segformer").find(picture, "hut")
    with pytest.raises(UsageError, match="Left-shoe, Right-shoe, top"):
        load("segformer").find(picture, "umbrella")


class Drawn(Segmenter):
    """Finds what it was given."""

    def __init__(self, mask):
        self.mask = mask

    def look(self, picture, phrase, person):
        return Found(self.mask, 0.5, phrase.text)


def test_what_lies_beside_the_person_alone_was_not_found(picture):
    mask, person = torch.zeros(1, 1, 64, 40), torch.zeros(1, 1, 64, 40)
    mask[..., :20], person[..., 10:] = 1, 1
    assert Drawn(mask).find(picture, "bag", person).mask.sum() == 64 * 10
    assert Drawn(mask).find(picture, "bag", 1 - torch.maximum(mask, person)) is None
    assert Drawn(mask * 0.4).find(picture, "bag") is None


def test_boxes_around_nearly_all_of_the_person_are_no_part_of_what_they_wear():
    person = torch.zeros(1, 1, 100, 100)
    person[..., 10:90, 40:60] = 1
    boxes = torch.tensor([[0, 0, 1, 1], [0.4, 0.1, 0.6, 0.89], [0.4, 0.1, 0.6, 0.7], [0.1, 0.1, 0.4, 0.9]])
    assert are_parts(boxes, person).tolist() == [False, False, True, True]
    assert are_parts(boxes, torch.zeros(1, 1, 8, 8)).tolist() == [False, True, True, True]  # nobody is known


def test_boxes_under_the_threshold_are_nothing(load, picture, monkeypatch):
    segmenter = load("sam")
    monkeypatch.setattr("fice.segmenters.grounded.BOX", 1.0)
    assert segmenter.find(picture, "bag") is None


def test_boxes_that_answer_to_another_word_than_the_noun_are_nothing(load, picture, monkeypatch):
    detector = load("sam").detector
    given = detector.tokenizer("leather bag.")["input_ids"]
    logits = torch.full((1, 3, 256), -9.0)
    logits[0, 0, given.index(detector.tokenizer.convert_tokens_to_ids("leather"))] = 3
    logits[0, 1, given.index(detector.tokenizer.convert_tokens_to_ids("bag"))] = 2
    logits[0, 2, given.index(1012)] = 3  # the full stop

    class Out:
        pass

    out = Out()
    out.logits, out.pred_boxes = logits, torch.tensor([[[0.5, 0.5, 0.2, 0.2]] * 3])
    monkeypatch.setattr(detector, "network", lambda **_: out)
    boxes, scores, matched = detector(picture, Phrase.of("leather bag"))
    torch.testing.assert_close(boxes, torch.tensor([[0.4, 0.4, 0.6, 0.6]]))
    assert matched == ["bag"] and float(scores) == pytest.approx(float(torch.tensor(2.0).sigmoid()))
