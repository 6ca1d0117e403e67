"""Some of the fuzzing of what reads weights (the script beside this does more), and what its guard sees."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from fuzz import checkpoints

SCRIPT = Path(__file__).with_name("checkpoints.py")
BREAKS = {
    "exec": "exec('1')",
    "os.system": "os.system('true')",
    "subprocess.Popen": "subprocess.run(['true'])",
    "import": "import this",
    "socket": "socket.socket().connect(('127.0.0.1', 9))",
    "open": "open('elsewhere', 'w')",
    "os.remove": "os.remove('elsewhere')",
    "takes 3": "x = b'x' * (350 << 20)",
    "takes more than 1 s": "while True: pass",
}


def run(*command):
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, *map(str, command)], env=environment, capture_output=True, text=True)


def test_damaged_weights_are_read_or_refused():
    done = run(SCRIPT, "--count", 100)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"^(\w+) +(\d+) read, +(\d+) refused, 0 faults", done.stdout, re.MULTILINE)
    assert len(rows) == 11 and all(int(read) + int(refused) == 100 for _, read, refused in rows)


def test_the_same_seed_makes_the_same_files():
    made = []
    for _ in range(2):
        made.append([make(random.Random(3)) for _, make, _ in checkpoints.FORMATS.values()])
        for seeds in vars(checkpoints).values():
            if hasattr(seeds, "cache_clear"):
                seeds.cache_clear()
    assert made[0] == made[1]


@pytest.mark.parametrize("what", BREAKS)
def test_the_guard_sees(what, tmp_path):
    code = f"""
import os, socket, subprocess
from pathlib import Path
from fuzz import guard
guard.SECONDS = 1
def read():
    {BREAKS[what]}
print(guard.outcome(guard.Guard(Path({str(tmp_path)!r})), read, ValueError))
"""
    said = run("-c", code).stdout
    assert said.startswith(f"Forbidden: {what}"), said


def test_the_guard_lets_files_be_written_in_their_folder(tmp_path):
    code = f"""
from pathlib import Path
from fuzz import guard
folder = Path({str(tmp_path)!r})
print(guard.outcome(guard.Guard(folder), lambda: (folder / "a").write_text("b"), ValueError))
"""
    assert run("-c", code).stdout == "read\n"
