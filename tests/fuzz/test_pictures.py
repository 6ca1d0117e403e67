"""Some of the fuzzing of pictures; the script beside this does more."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from pathlib import Path

from conftest import ROOT
from fuzz import pictures


def test_damaged_pictures_are_refused_or_edited():
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(Path(pictures.__file__)), "--count", "100"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"^(\w+) +(\d+) read, +(\d+) refused, 0 faults", done.stdout, re.MULTILINE)
    assert [row[0] for row in rows] == list(pictures.FORMATS)
    assert all(int(read) > 0 and int(read) + int(refused) == 100 for _, read, refused in rows)


def test_the_same_seed_makes_the_same_pictures():
    made = [[pictures.damaged(random.Random(3), name) for name in pictures.FORMATS] for _ in range(2)]
    assert made[0] == made[1]
