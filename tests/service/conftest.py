"""What tests of the service share."""

from __future__ import annotations

import io

import pytest
from conftest import person_on_a_wall
from PIL import Image


@pytest.fixture(scope="session")
def photo(tmp_path_factory):
    """The bytes of a JPEG that shows somebody."""
    stream = io.BytesIO()
    with Image.open(person_on_a_wall(tmp_path_factory.mktemp("photo"), seed=11)) as person:
        person.save(stream, "JPEG", quality=95)
    return stream.getvalue()


@pytest.fixture(scope="session")
def swatch():
    """The bytes of a PNG that shows striped cloth."""
    stream = io.BytesIO()
    cloth = Image.new("RGB", (96, 96), (30, 60, 150))
    for row in range(0, 96, 12):
        cloth.paste((230, 220, 200), (0, row, 96, row + 4))
    cloth.save(stream, "PNG")
    return stream.getvalue()
