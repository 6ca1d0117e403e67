"""What a report tells of a collection: which pictures were found in it."""

from __future__ import annotations

from typing import Any


def found_in(report: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """The pictures that were found for each garment of a sentence, by its words; a report may hold anything."""
    found = {}
    for one in _dicts(report.get("found")):
        pictures = [each.get("picture") for each in _dicts(one.get("garments"))]
        found[str(one.get("wanted"))] = tuple(picture for picture in pictures if isinstance(picture, str))
    return found


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
