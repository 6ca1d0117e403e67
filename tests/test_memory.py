"""What a large photo needs more than a small one, from file to file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, person_on_a_wall
from PIL import Image

PROGRAM = """
import sys
from pathlib import Path
from fice import edit_photo
edit_photo(sys.argv[1], "red shirt", device="cpu").save(sys.argv[2])
peak = next(line for line in Path("/proc/self/status").open() if line.startswith("VmHWM"))
print(int(peak.split()[1]) * 1024)
"""


def peak(photo):
    """The most bytes that one edit holds."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(photo), str(photo.with_suffix(".red.jpg"))],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )
    assert ran.returncode == 0, ran.stderr
    return int(ran.stdout)


def test_24_megapixels_need_750_mb_more_than_a_small_photo(tmp_path):
    if not Path("/proc/self/status").exists():
        pytest.skip("the system does not tell a process's peak")
    with Image.open(person_on_a_wall(tmp_path)) as small:
        small.save(tmp_path / "small.jpg", quality=95)
        small.resize((4243, 5657), Image.Resampling.BICUBIC).save(tmp_path / "large.jpg", quality=95)
    assert peak(tmp_path / "large.jpg") - peak(tmp_path / "small.jpg") < 750e6
