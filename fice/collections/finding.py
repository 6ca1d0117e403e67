"""A sentence, and a photo where there is one, answered by a collection."""

from __future__ import annotations

from pathlib import Path

from fice.bundle.bundle import load_bundle
from fice.collections.collection import Collection
from fice.collections.dress import Collections, Finding
from fice.device import resolve
from fice.garment import Garment
from fice.language.words import parse
from fice.photo.photo import read_photo
from fice.subject.analysis import Analysis


def find_garments(
    name: str,
    text: str,
    top: int = 3,
    photo: str | Path | None = None,
    *,
    bundle: str | None = None,
    device: str = "auto",
) -> tuple[list[Finding], list[str]]:
    """What a collection has for each garment of a text, and what a person should know about that.

    photo: of somebody whose garment those that are found shall be like. bundle: whose networks saw the collection; by
    default the one that it names. Raises the errors of `Collection.open`, `Collection.found` and `load_bundle`.
    """
    collection = Collection.open(name)
    weights = load_bundle(bundle or collection.card.bundle)
    collection.seen_by(weights)
    sentences = parse(text)
    chosen, subject = resolve(device)[0], None
    asked = Collections.from_bundle(weights, chosen)
    if photo is not None:
        subject = Analysis(asked.regions, weights.canvas, weights.whole)(read_photo(photo), chosen)
    found = [asked.find(collection, Garment(text), sentence, top, subject) for sentence in sentences]
    return found, collection.notices()
