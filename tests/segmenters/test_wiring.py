"""Where a segmenter of one's own is named: the command line, a batch, the editor."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from fice import Editor, Settings
from fice.cli import main
from fice.segmenters.heat import HeatMap


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((64, 48, 3), 200, np.uint8)).save(path)
    return path


def test_the_editor_has_the_segmenter_that_its_settings_name(folders):
    assert Editor(device="cpu", settings=Settings.preset("fast")).segmenter is None
    named = Settings.preset("fast", region_from=str(folders("clipseg")))
    assert isinstance(Editor(device="cpu", settings=named).segmenter, HeatMap)


@pytest.mark.parametrize("asked", [["--region-from"], ["--set"]])
@pytest.mark.parametrize("verb", ["edit", "batch"])
def test_one_that_is_not_there_is_refused_before_the_work_begins(verb, asked, photo, transformers, monkeypatch):
    monkeypatch.setenv("FICE_HOME", str(photo.parent / "home"))
    value = "nobodys" if asked == ["--region-from"] else "region_from=nobodys"
    given = [str(photo), "red dress"] if verb == "edit" else [str(photo.parent), "--text", "red dress"]
    result = photo.parent / ("out.png" if verb == "edit" else "out")
    ran = CliRunner().invoke(main, [verb, *given, "-o", str(result), *asked, value], prog_name="fice")
    assert ran.exit_code == 4 and "no segmenter 'nobodys'" in ran.stderr
    assert not result.exists()
