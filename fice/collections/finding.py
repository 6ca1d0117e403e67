"""A sentence, and a photo where there is one, answered by a collection."""

from __future__ import annotations

from pathlib import Path

from fice.bundle.bundle import load_bundle
from fice.collections.collection import Collection
from fice.collections.dress import Finding, dress, encoder
from fice.collections.query import query_of
from fice.device import resolve
from fice.garment import Garment
from fice.language.clip import Semantics
from fice.language.words import parse


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
    default the one that it names. Raises the errors of `Collection.open`, `dress` and `load_bundle`.
    """
    collection = Collection.open(name)
    weights = load_bundle(bundle or collection.card.bundle)
    collection.seen_by(weights)
    sentences = parse(text)
    if photo is not None:
        from fice.editor import Editor

        editor = Editor(weights, device)
        wanted = [(Garment(text), sentence) for sentence in sentences]
        _, found = dress(wanted, collection, editor.semantics, top, editor.analyse(photo), editor.regions)
        return found, collection.notices()
    encode = encoder(Semantics.from_bundle(weights, resolve(device)[0]))
    found = []
    for sentence in sentences:
        query = query_of(sentence, None, encode, collection.spread)
        found.append(Finding(sentence.wanted, collection.found(query, sentence.wanted, top)))
    return found, collection.notices()
