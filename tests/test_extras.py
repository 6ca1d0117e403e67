"""What people are told to install: fice from its own source, with extras that there are."""

from __future__ import annotations

import re
import sys
from configparser import ConfigParser

import pytest
from conftest import ROOT

from fice.errors import UsageError
from fice.extras import EXTRAS, install, need

PLACES = ("cli.py", "README.md", "setup.cfg", "fice/**/*.py", "stylegan2_ops/**/*", "docs/**/*.md", "notebooks/*.ipynb")


def texts():
    paths = [path for place in PLACES for path in ROOT.glob(place) if path.suffix in (".py", ".md", ".cfg", ".ipynb")]
    return {path: path.read_text(encoding="utf-8") for path in paths}


def test_nobody_is_told_to_install_what_lies_in_no_index():
    wrong = re.compile(r"fice\[|pip3? (install|download)( --?[\w-]+)* fice\b")
    assert {path: found[0] for path, text in texts().items() if (found := wrong.search(text))} == {}


def test_every_extra_that_is_named_is_there():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    named = {extra for text in texts().values() for extra in re.findall(r"(?:'\.\[|install\(['\"])(\w+)", text)}
    assert {"evaluate", "cluster", "hf", "clip", "densepose"} <= named <= set(setup["options.extras_require"])


def test_the_command_says_where_it_is_run():
    assert install("hf") == "`pip install '.[hf]'` in the folder of fice's source"
    assert install("", "--no-deps") == "`pip install --no-deps .` in the folder of fice's source"


def test_the_extras_are_those_of_the_package():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert set(EXTRAS) == set(setup["options.extras_require"]) - {"test"}


def test_what_is_missing_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    need("evaluate", "skimage")
    with pytest.raises(UsageError, match=r"matplotlib .*pip install '.\[evaluate\]'"):
        need("evaluate", "skimage", "matplotlib")
