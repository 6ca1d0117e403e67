"""What can be set and what can be said: `fice settings` and `fice words`."""

from __future__ import annotations

import json

import click

from fice.cli.options import json_option
from fice.cli.terminal import Verb


@click.command(cls=Verb)
@json_option
def settings(as_json: bool) -> None:
    """List what --set can set.

    Each with its value in every preset, what it means and what it may be.

    \b
    Example:
      fice settings
    """
    from fice.cli import known

    click.echo("\n".join(json.dumps(row) for row in known.settings()) if as_json else known.settings_text())


@click.command(cls=Verb)
@json_option
def words(as_json: bool) -> None:
    """List the words that a sentence may say.

    By kind, each with other words for the same.

    \b
    Example:
      fice words
    """
    from fice.cli import known

    click.echo(json.dumps(known.words(), ensure_ascii=False) if as_json else known.words_text())
