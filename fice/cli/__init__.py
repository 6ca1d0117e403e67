"""The command line: parses, calls fice, prints. A command is imported when it is named, what is heavy when it runs."""

from __future__ import annotations

import atexit
import os
import sys
from collections import UserDict
from importlib import import_module

import click

from fice.cli.terminal import Verbs
from fice.version import __version__

# each command and the module that it is in, in the order of use
MODULES = {
    "edit": "edit",
    "batch": "batch",
    "ablate": "study",
    "evaluate": "study",
    "regions": "regions",
    "sample": "edit",
    "show": "edit",
    "settings": "lists",
    "words": "lists",
    "doctor": "machine",
    "garments": "garments",
    "models": "models",
    "ops": "machine",
    "bench": "machine",
    "web": "web",
    "serve": "serve",
    "train": "train",
}


class Named(UserDict):
    """The commands by name, each imported when it is asked for."""

    def __getitem__(self, name: str) -> click.Command:
        return getattr(import_module(f"fice.cli.{super().__getitem__(name)}"), name)


@click.group(
    cls=Verbs,
    commands=Named(MODULES),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="fice")
def main() -> None:
    """Edit the clothes in a photograph from a sentence.

    \b
    Examples:
      fice edit photo.jpg "red floral dress"
      fice batch photos/ "red floral dress" -o out/
      fice sample -n 8 -o people.png
      fice doctor
    """


def run() -> None:
    """`main` as a process, which ends at once: to take PyTorch apart module by module takes a tenth of an edit."""
    try:
        main(prog_name="fice")
    except SystemExit as end:  # always, and after everything that was opened is closed
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code)  # type: ignore[arg-type]
