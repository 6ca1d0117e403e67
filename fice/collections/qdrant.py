"""A collection on a Qdrant server, for shops that have outgrown one machine; written from the one indexed here."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from fice.collections.collection import SERVER, Collection, check_folder
from fice.collections.query import Query
from fice.collections.store import Card, Row, Stored, told, words_of
from fice.errors import InputError, UsageError, first_line
from fice.extras import need
from fice.references.reference import KINDS

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

PORT, PATIENCE = 6333, 30  # seconds
TOGETHER = 256  # garments that are written at once
OURS = "fice"  # where its card is among what a server knows of a collection
KEY = "QDRANT_API_KEY"  # of the environment; a server that wants one is spoken to by https


def open_server(address: str) -> Collection:
    """The collection at qdrant://host:port/name. InputError as `Collection.open`, and for a server that is silent."""
    client, name = connect(address)
    with _spoken_to(address):
        if not client.collection_exists(name):
            raise InputError(f"There is no {address}: fice garments index FOLDER --as {address} makes it.")
        content = (client.get_collection(name).config.metadata or {}).get(OURS)
    try:
        card = Card(**dict(content or {}))
    except (TypeError, ValueError) as error:
        raise InputError(f"{address} was not made by this fice: index its pictures under another name.") from error
    check_folder(card, address)
    return Collection(address, card, Served(client, name, address, card.looks))


def push(stored: Stored, address: str, progress: Callable[[int, int], None] = lambda *_: None) -> None:
    """Writes a collection of this machine to qdrant://host:port/name, in the place of what may be there.

    Searches find the old or the new row of each garment while it is written. InputError for a server that is silent.
    """
    from qdrant_client import models

    client, name = connect(address)
    card, content = stored.card, stored.card.sha256
    with _spoken_to(address):
        if not client.collection_exists(name):
            size = models.VectorParams(size=stored.vectors.shape[1], distance=models.Distance.DOT)
            client.create_collection(name, vectors_config=size)
            for field in ("kinds", "words", "content"):
                client.create_payload_index(name, field, models.PayloadSchemaType.KEYWORD)
        for start in range(0, card.count, TOGETHER):
            numbers = range(start, min(start + TOGETHER, card.count))
            points = [
                models.PointStruct(
                    id=str(uuid.uuid5(uuid.NAMESPACE_URL, row["picture"])),
                    vector=stored.vectors[number].tolist(),
                    payload={
                        "row": row,
                        "kinds": _kinds(int(stored.bits[number])),
                        "words": sorted(words_of(told(row))),
                        "content": content,
                    },
                )
                for number, row in zip(numbers, stored.rows(numbers), strict=True)
            ]
            client.upsert(name, points, wait=True)
            progress(numbers.stop, card.count)
        client.update_collection(name, metadata={OURS: asdict(card)})
        same = models.FieldCondition(key="content", match=models.MatchValue(value=content))
        client.delete(name, models.FilterSelector(filter=models.Filter(must_not=[same])))


class Served:
    """The garments of a collection on a server."""

    def __init__(self, client: QdrantClient, name: str, address: str, looks: int):
        self.client, self.name, self.address, self.looks = client, name, address, looks

    def candidates(self, query: Query, count: int) -> tuple[list[Row], np.ndarray]:
        """Those whose vectors answer best, and those whose text has a word of the sentence."""
        vector = query.vector(self.looks).tolist()
        asked = [_among("kinds", list(query.kinds))] if query.kinds else []
        filters = [asked, [*asked, _among("words", sorted(query.words))]] if query.words else [asked]
        found: dict[Any, Any] = {}
        with _spoken_to(self.address):
            for conditions in filters:
                answer = self.client.query_points(
                    self.name, query=vector, query_filter=_filter(conditions), limit=count, with_vectors=True
                )
                found |= {point.id: point for point in answer.points}
        rows = [point.payload["row"] for point in found.values()]
        return rows, np.array([point.vector for point in found.values()], np.float32)

    def has(self, bits: int) -> bool:
        conditions = [_among("kinds", _kinds(bits))] if bits else []
        with _spoken_to(self.address):
            found, _ = self.client.scroll(self.name, scroll_filter=_filter(conditions), limit=1, with_payload=False)
        return bool(found)


def connect(address: str) -> tuple[QdrantClient, str]:
    """The client of a server, and the name of the collection. UsageError for what is no such address."""
    need("qdrant", "qdrant_client")
    parts = urlsplit(address)
    name = parts.path.strip("/")
    try:
        port = parts.port or PORT
    except ValueError:
        port = 0
    if not parts.hostname or not name or "/" in name or not port:
        raise UsageError(f"{address} is no address of a collection; write {SERVER}host:{PORT}/name.")
    return client_of(parts.hostname, port), name


def check_server(address: str) -> str:
    """The name of a collection at an address. InputError for a server that is silent, UsageError as `connect`."""
    client, name = connect(address)
    with _spoken_to(address):
        client.collection_exists(name)
    return name


def client_of(host: str, port: int) -> QdrantClient:
    from qdrant_client import QdrantClient

    key = os.environ.get(KEY)
    return QdrantClient(host=host, port=port, api_key=key, https=bool(key), timeout=PATIENCE, check_compatibility=False)


@contextmanager
def _spoken_to(address: str) -> Iterator[None]:
    """InputError where the server at an address does not answer, or refuses."""
    from qdrant_client.http.exceptions import ApiException

    try:
        yield
    except ApiException as error:
        raise InputError(
            f"The server of {address} does not do what it is asked ({first_line(error)}): see that it runs, and that"
            f" {KEY} is its key if it wants one."
        ) from error


def _kinds(bits: int) -> list[str]:
    return [kind for number, kind in enumerate(KINDS) if bits >> number & 1]


def _among(field: str, values: list[str]) -> Any:
    from qdrant_client import models

    return models.FieldCondition(key=field, match=models.MatchAny(any=values))


def _filter(conditions: list[Any]) -> Any:
    from qdrant_client import models

    return models.Filter(must=conditions)
