"""Help and version: quick, whole, in the order of use."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from conftest import ROOT

from fice.cli import main
from fice.cli.train import RECIPES


def verbs(group=main, path=()):
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from verbs(command, (*path, name))


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_nothing_heavy(option):
    code = (
        "import atexit, sys, runpy; sys.argv = ['fice', sys.argv[1]]\n"
        "heavy = {'torch', 'numpy', 'PIL', 'scipy', 'imageio', 'tqdm'}\n"
        "atexit.register(lambda: print(sorted(heavy & set(sys.modules))))\n"
        "runpy.run_path('cli.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code, option], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "[]"


def test_version(fice_command):
    import fice

    done = fice_command("--version")
    assert done.stdout == f"fice, version {fice.__version__}\n"


@pytest.mark.parametrize("path", [path for path, _ in verbs() if path[-1] not in RECIPES], ids=" ".join)
def test_every_verb_has_help_with_an_example_that_parses(path):
    command = dict(verbs())[path]
    result = CliRunner().invoke(main, [*path, "--help"], prog_name="fice")
    assert result.exit_code == 0 and command.help
    if not isinstance(command, click.Group):
        assert f"fice {' '.join(path)}" in result.output.split("Example", 1)[1]


def test_verbs_and_options_come_in_the_order_of_use():
    verbs = CliRunner().invoke(main, ["--help"], prog_name="fice").output.split("Commands:")[1]
    assert verbs.index("  edit  ") < verbs.index("  batch  ") < verbs.index("  train  ") and "..." not in verbs
    told = CliRunner().invoke(main, ["edit", "--help"], prog_name="fice").output
    shown = "What to change:|--region|How to edit:|--preset|What to write:|--output|Where to compute:|Options:|--help"
    told = told[told.index("What to change:") :]
    places = [told.index(name) for name in shown.split("|")]
    assert places == sorted(places)


@pytest.mark.parametrize("verb", ["edit", "batch"])
def test_a_sentence_without_quotes_is_asked_for_with_them(verb):
    result = CliRunner().invoke(main, [verb, "photo.jpg", "red", "floral", "dress", "-o", "out"])
    assert result.exit_code == 2 and "in quotes" in result.stderr


@pytest.mark.parametrize("verb", ["edit", "batch", "ablate"])
def test_every_group_of_options_names_options_that_are(verb):
    from fice.cli.terminal import GROUPS

    commands = ("edit", "batch", "ablate", "evaluate", "sample")
    names = {each.name for command in commands for each in main.commands[command].params}
    assert {name for group in GROUPS.values() for name in group} <= names
    told = CliRunner().invoke(main, [verb, "--help"]).stdout
    left = told[told.rindex("\nOptions:") :]
    assert "--region" not in left and "--output" not in left and "--batch " not in left and "--order" not in left
