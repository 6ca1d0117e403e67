"""What `import fice` does: little, and what has to be done before PyTorch is loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conftest import ROOT

TORCH = "import sys; from types import SimpleNamespace as S; sys.modules['torch'] = S(get_num_threads=lambda: {})"
TOLD = "PyTorch was imported before fice"


def run(code, **environment):
    """What the code prints, and the warnings that it makes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=kept | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip(), done.stderr


@pytest.mark.parametrize("first", ["fice", "fice.cli", "cli", "fice.files"])
def test_threads_sleep_where_fice_comes_first(first):
    code = f"import sys, os, {first}; print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    assert run(code) == ("PASSIVE False", "")
    assert run(code, OMP_WAIT_POLICY="ACTIVE") == ("ACTIVE False", "")


def test_where_torch_came_first_it_is_said_once():
    code = f"{TORCH.format(2)}; import fice, fice.files"
    told = run(code)[1]
    assert told.count(TOLD) == 1 and "<string>:1: UserWarning" in told
    assert run(code, OMP_WAIT_POLICY="PASSIVE")[1] == run(code, OMP_WAIT_POLICY="ACTIVE")[1] == ""


def test_one_thread_has_nobody_to_wait_for():
    assert run(f"{TORCH.format(1)}; import fice")[1] == ""


def test_importing_fice_does_not_import_torch():
    code = "import sys, fice, fice.nets, fice.bundle.bundle; fice.list_bundles(); fice.load_bundle; print('torch' in sys.modules)"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stdout == "False\n"


def test_the_public_names_exist():
    import fice

    for name in fice.__all__:
        assert getattr(fice, name).__name__ == name
    with pytest.raises(AttributeError):
        fice.nothing  # noqa: B018
