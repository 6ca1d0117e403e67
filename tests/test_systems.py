"""What other systems lack is never needed to import anything, nor to hold a lock."""

from __future__ import annotations

import subprocess
import sys

from conftest import ROOT

CODE = """
import builtins, pkgutil, sys
from importlib import import_module

BLOCKED = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog", "ctypes"}
OURS = {"cli", "fice", "stylegan2_ops"}
real = builtins.__import__

def blocked(name, globals=None, locals=None, fromlist=(), level=0):
    asker = (globals or {}).get("__name__", "").partition(".")[0]
    if asker in OURS and not level and name.partition(".")[0] in BLOCKED:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return real(name, globals, locals, fromlist, level)

builtins.__import__ = blocked
names = ["cli", "fice", "stylegan2_ops"]
for top in ("fice", "stylegan2_ops"):
    names += [found.name for found in pkgutil.walk_packages(import_module(top).__path__, top + ".")]
for name in names:
    import_module(name)

from pathlib import Path
from fice.files import locked
from stylegan2_ops import build
with locked(Path(sys.argv[1]) / "a"), build.locked(Path(sys.argv[1]) / "b", 0):
    print(len(names))
"""


def test_all_modules_are_imported_without_those_of_posix(tmp_path):
    done = subprocess.run([sys.executable, "-c", CODE, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 150
