"""Where the user's files lie, and that asking creates nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fice.files import downloads, home, own_bundles


def test_the_chosen_home_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("FICE_HOME", str(tmp_path / "big disk"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert home() == tmp_path / "big disk"
    assert downloads() == home() / "downloads" and own_bundles() == home() / "bundles"
    assert list(tmp_path.iterdir()) == []


def test_a_chosen_home_may_be_short(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FICE_HOME", "~/weights")
    assert home() == tmp_path / "weights"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FICE_HOME", "here")
    assert home() == tmp_path / "here"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have other cache folders")
def test_without_a_choice_it_is_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("FICE_HOME", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert home() == tmp_path / "fice"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home() == tmp_path / ".cache" / "fice"


@pytest.mark.parametrize("chosen", ["", "~/weights", "here"])
@pytest.mark.parametrize("system", ["Unix", "MacOS"])
def test_the_compiled_ops_follow_the_same_rule(monkeypatch, tmp_path, chosen, system):
    from importlib import import_module

    import platformdirs

    from stylegan2_ops.build import cache_folder

    folders = getattr(import_module(f"platformdirs.{system.lower()}"), system)
    monkeypatch.setattr(platformdirs, "PlatformDirs", folders)
    monkeypatch.setenv("FICE_HOME", chosen)
    monkeypatch.chdir(tmp_path)
    assert cache_folder() == home() / "ops"


def test_asking_loads_nothing_heavy():
    code = "import sys, fice.files as p; p.home(); print({'numpy', 'torch', 'requests', 'pooch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert done.stdout.strip() == "set()", done.stderr
