"""`fice train` and the recipes below it."""

from __future__ import annotations

from conftest import ROOT

from fice.cli.train import RECIPES


def test_a_recipe_gets_what_follows_its_name(fice_command):
    done = fice_command("train", "regions", "--help")
    assert done.returncode == 0 and "--data" in done.stdout and "fice train regions" in done.stdout


def test_every_recipe_can_be_trained():
    folder = ROOT / "fice" / "training" / "recipes"
    recipes = {path.stem for path in folder.glob("*.py") if '"__main__"' in path.read_text()}
    assert set(RECIPES) == recipes
