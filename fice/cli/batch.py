"""Many pictures: `fice batch`."""

from __future__ import annotations

import json
from typing import Any

import click

from fice.cli.options import (
    FILE,
    bundle_option,
    cluster_options,
    device_option,
    json_option,
    order_from,
    order_option,
    said,
    settings_from,
    settings_options,
    wish_options_of_many,
)
from fice.cli.terminal import Verb, quiet_option, say, warn


@click.command(cls=Verb)
@click.argument("source", metavar="SOURCE")
@click.argument("text", required=False)
@click.option("-o", "--output", type=FILE, required=True, help="The folder of the results.")
@click.option("--text", "texts", multiple=True, metavar="TEXT", help="One more text for every photo; repeatable.")
@click.option("--prompts", type=FILE, help="Texts for every photo: one a line, or a csv, tsv or jsonl table.")
@click.option("--suffix", help="Put into the name of each result, before its extension.")
@click.option("--ext", type=click.Choice(["auto", "png", "jpg", "webp"]), help="Format.  [default: the photo's]")
@click.option("--limit", type=click.IntRange(1), help="No more photos than that.")
@click.option("--shuffle-seed", type=int, help="Take them in a random order.")
@click.option("--watch", "follow", is_flag=True, default=None, help="Go on with photos that arrive, until Ctrl-C.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and how long it may take.")
@click.option("--batch", "batch_size", type=click.IntRange(1), help="Pictures edited together.  [default: measured]")
@cluster_options
@bundle_option
@wish_options_of_many
@order_option
@settings_options
@device_option
@click.option("--save-mask", "keep", flag_value="mask", multiple=True, help="Write the edited region beside it.")
@click.option("--save-latent", "keep", flag_value="latent", multiple=True, help="Write a generated latent beside it.")
@click.option("--compare", "keep", flag_value="compare", multiple=True, help="Write photo and result beside it.")
@click.option("--force/--resume", default=None, help="Make again what is there, or go on.  [default: --resume]")
@json_option
@quiet_option
@click.pass_context
def batch(context: click.Context, source: str, text: str | None, dry_run: bool, as_json: bool, **options: Any) -> None:
    """Edit every photo of SOURCE: a folder with all below it, a pattern, or a list (txt, csv, tsv, jsonl).

    Results keep the tree and the names. results.jsonl says what became of each photo, index.html shows it. What is
    there and unchanged is not made again, so a run that was stopped goes on where it was.

    \b
    Examples:
      fice batch photos/ "red floral dress" -o out/
      fice batch photos/ -o out/ --text "red dress" --text "blue striped shirt"
      fice batch orders.csv -o out/ --ext png --save-mask
      fice batch "photos/**/*.jpg" "denim jacket" -o out/ --on ray --workers 2
    """
    from fice.batch.batch import Batch
    from fice.batch.page import PAGE
    from fice.batch.run import describe_batch, run_batch
    from fice.cli.progress import Counting

    order, settings = order_from(options, text), settings_from(options)
    asked = Batch(source, order=order, settings=settings, **said(options))
    if dry_run:
        click.echo(describe_batch(asked, tell=warn))
        return
    with Counting() as counting:
        summary = run_batch(asked, tell=say, warn=warn, progress=counting)
    page = asked.out / PAGE
    told = {**summary.as_dict(), "page": str(page)}
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else f"{summary}\n{page}")
    context.exit(1 if summary.failed else 0)
