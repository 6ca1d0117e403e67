"""How soon an edit begins: what it imports on its way."""

from __future__ import annotations

import subprocess
import sys

from conftest import ROOT

HEAVY = (
    "torch._dynamo",
    "sympy",
    "torch.distributed.tensor",
    "scipy.signal",
    "scipy.spatial",
    "scipy.stats",
    "scipy.optimize",
    "diffusers",
)


def test_an_editor_begins_without_what_it_does_not_need():
    code = "import sys; from fice import Editor; Editor('street', 'cpu')"
    code += f"; print([name for name in {HEAVY} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert told.stdout == "[]\n", told.stderr
