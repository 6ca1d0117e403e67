"""From the command line to a file: somebody in the garments of pictures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import ROOT
from garments import drawn
from PIL import Image

from fice.cli import main

PHOTO = ROOT / "docs" / "astronaut.png"


@pytest.fixture
def edit(tmp_path):
    """`fice edit` of the astronaut with some options: what it answers, the picture, and the mask."""

    def run(*options):
        out, mask = tmp_path / "out.png", tmp_path / "mask.png"
        files = ["-o", str(out), "--save-mask", str(mask), "--force", "--json"]
        result = CliRunner().invoke(main, ["edit", str(PHOTO), *options, *files])
        if result.exit_code:
            return result, None, None
        return result, np.asarray(Image.open(out)), np.asarray(Image.open(mask)) > 0

    return run


def picture(folder, kind, cloth):
    path = folder / f"{kind}.png"
    path.write_bytes(drawn(kind, cloth, size=(480, 400)).content())
    return str(path)


def test_the_garment_of_a_picture_is_worn_and_all_else_stays(edit, tmp_path):
    shirt = picture(tmp_path, "jumper", "plain")
    result, edited, mask = edit("--garment", f"{shirt}@upper")
    before = np.asarray(Image.open(PHOTO).convert("RGB"))
    report = json.loads(result.stdout)
    assert (edited[~mask] == before[~mask]).all() and (edited[mask] != before[mask]).any(1).mean() > 0.9
    assert report["pictures"] == [shirt] and report["order"]["garments"] == [{"pictures": [shirt], "region": "upper"}]


def test_a_picture_of_another_region_is_refused(edit, tmp_path):
    result, _, _ = edit("--garment", f"{picture(tmp_path, 'trousers', 'plain')}@upper")
    assert result.exit_code == 3 and "trousers" in result.stderr and not list(tmp_path.glob("out*"))


def test_a_picture_that_is_not_there_is_refused_before_the_work(edit, tmp_path):
    result, _, _ = edit("--garment", str(tmp_path / "none.jpg"))
    assert result.exit_code == 3 and "does not exist" in result.stderr
