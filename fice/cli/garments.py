"""Collections of garments: `fice garments`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fice.cli.options import FILE, bundle_option, device_option, json_option, said
from fice.cli.terminal import Verbs, quiet_option, say, warn


@click.group(cls=Verbs)
def garments() -> None:
    """Collections of garments: index a folder of pictures, find by a sentence what edit --from would wear."""


@garments.command("index")
@click.argument("folder", type=FILE)
@click.option("--as", "name", required=True, metavar="NAME", help="What the collection is called.")
@click.option("--table", type=FILE, help="csv, tsv or jsonl: picture, caption, category, price, link.")
@bundle_option
@device_option
@json_option
@quiet_option
@click.pass_context
def garments_index(context: click.Context, folder: Path, name: str, as_json: bool, **options: Any) -> None:
    """Look at every picture of FOLDER, with all below it, and keep what it shows.

    What is unchanged is not looked at again; stopped with Ctrl-C, it goes on where it was. Pictures that cannot be used
    are named, and the exit code is 1.

    \b
    Examples:
      fice garments index shop/ --as shop
      fice garments index shop/ --as shop --table stock.csv
    """
    from fice.cli.progress import Looking
    from fice.collections.indexing import index

    with Looking() as looking:
        done = index(folder, name, tell=say, progress=looking, **said(options))
    if as_json:
        click.echo(json.dumps(done.as_json(), ensure_ascii=False))
    else:
        for picture, why in done.failed.items():
            click.echo(f"{picture}: {why}", err=True)
        click.echo(f"{name}: {done}")
    context.exit(1 if done.failed else 0)


@garments.command("search")
@click.argument("name", metavar="COLLECTION")
@click.argument("text")
@click.option("--top", type=click.IntRange(1, 100), default=3, show_default=True, help="How many.")
@click.option("--photo", type=FILE, help="Of garments that answer alike, those first that are like the one worn here.")
@click.option("--sheet", type=FILE, help="Write what was found side by side as PNG.")
@bundle_option
@device_option
@json_option
@quiet_option
def garments_search(name: str, text: str, as_json: bool, sheet: Path | None, **options: Any) -> None:
    """Show what edit --from would take for TEXT, and why.

    \b
    Examples:
      fice garments search shop "tweed blazer"
      fice garments search shop "white shirt and blue jeans" --top 5 --photo photo.jpg
    """
    from fice.collections.finding import find_garments
    from fice.collections.sheet import save_sheet

    findings, notices = find_garments(name, text, **said(options))
    for finding in findings:
        if not as_json:
            click.echo(f"{finding.wanted}:" if len(findings) > 1 else "", nl=len(findings) > 1)
        for hit in finding.hits:
            click.echo(json.dumps({"wanted": finding.wanted, **hit.as_json()}, ensure_ascii=False) if as_json else hit)
    for notice in notices:
        warn(notice)
    if sheet:
        click.echo(save_sheet(findings, sheet), err=as_json)


@garments.command("show")
@click.argument("name", metavar="COLLECTION")
@json_option
def garments_show(name: str, as_json: bool) -> None:
    """Describe a collection: how many garments of which kinds, what is missing or changed.

    \b
    Example:
      fice garments show shop
    """
    from fice.collections.catalogue import describe

    facts = describe(name)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for key, value in facts.items():
        shown = ", ".join(f"{count} {kind}" for kind, count in value.items()) if isinstance(value, dict) else value
        click.echo(f"{key}: {shown}")


@garments.command("list")
@json_option
def garments_list(as_json: bool) -> None:
    """Name the collections.

    \b
    Example:
      fice garments list
    """
    from fice.collections.catalogue import listed

    for facts in listed():
        line = f"{facts['name']:24} {facts['garments'] or '':>9}  {facts['folder'] or facts['error']}"
        click.echo(json.dumps(facts, ensure_ascii=False) if as_json else line)


@garments.command("remove")
@click.argument("name", metavar="COLLECTION")
def garments_remove(name: str) -> None:
    """Delete a collection; its pictures stay.

    \b
    Example:
      fice garments remove shop
    """
    from fice.collections.catalogue import remove

    click.echo(remove(name))
