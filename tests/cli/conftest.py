"""What tests of the command line share."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

import fice.cli.edit


@pytest.fixture
def fice_command():
    """Runs fice in a process of its own."""

    def run(*arguments):
        command = [sys.executable, ROOT / "cli.py", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    return run


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((64, 48, 3), 200, np.uint8)).save(path)
    return path


@pytest.fixture
def forwarded(monkeypatch):
    """What `edit` hands to the library, which does not run."""
    calls = []

    def edit_file(photo, order, outputs, settings, progress, **where):
        calls.append((photo, order, outputs, settings, where))
        return {"output": "out.png", "notices": ["two people; the largest is edited"], "text": order.sentence}

    monkeypatch.setattr(fice.cli.edit, "edit_file", edit_file)
    return calls
