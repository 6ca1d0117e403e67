"""R@k of a search of which the answers are known."""

from __future__ import annotations

from fice.errors import InputError
from fice.evaluation.retrieval import recall

TOLD = {
    "a.jpg": {"caption": "red dress", "category": "dress"},
    "b.jpg": {"caption": "red dress", "category": "dress"},
    "c.jpg": {"caption": "blue dress", "category": "dress"},
    "d.jpg": {"caption": "blue jeans"},
    "e.jpg": {"category": "skirt"},
}


def test_a_garment_counts_from_its_place_on_and_so_does_another_of_the_same_caption():
    answers = {
        "red dress": ["c.jpg", "b.jpg"],
        "blue dress": ["x.jpg", "d.jpg", "a.jpg", "c.jpg"],
        "blue jeans": ["d.jpg"],
    }
    asked = []

    def search(caption, top):
        asked.append((caption, top))
        return answers[caption]

    found = recall(TOLD, search)
    assert asked == [(caption, 10) for caption in sorted(answers)]
    assert found["caption"] == {1: 0.25, 3: 0.75, 5: 1.0, 10: 1.0}
    assert found["category"] == {1: 2 / 3, 3: 1.0, 5: 1.0, 10: 1.0}


def test_what_cannot_be_found_is_told_and_not_found():
    def search(caption, top):
        raise InputError(f"Nothing is like {caption}.")

    told = []
    found = recall({"a.jpg": {"caption": "red dress"}}, search, told.append)
    assert found == {"caption": dict.fromkeys((1, 3, 5, 10), 0.0)}
    assert told == ["red dress: Nothing is like red dress."]
