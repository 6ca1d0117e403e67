"""Edits judged: `fice ablate` and `fice evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fice.cli.options import (
    FILE,
    bundle_option,
    cluster_options,
    device_option,
    json_option,
    judge_options,
    preset_option,
    region_option,
    said,
    set_option,
    steps_option,
    strength_option,
    with_options,
)
from fice.cli.terminal import Verb, say, warn


@click.command(cls=Verb)
@click.argument("source", metavar="SOURCE")
@click.argument("text", required=False)
@click.option("-o", "--output", type=FILE, required=True, help="The folder of the study.")
@click.option("--prompts", type=FILE, help="Texts for every photo: one a line, or a csv, tsv or jsonl table.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="One of --dry-run's; repeatable.")
@click.option("--grid", multiple=True, metavar="NAME=V1,V2,...", help="Sweep over a setting; repeatable.")
@click.option("--seeds", type=click.IntRange(1), help="So many edits of each photo and text.  [default: 1]")
@click.option("--limit", type=click.IntRange(1), help="No more photos than that.")
@click.option(
    "--batch",
    "width",
    type=click.IntRange(1),
    help="Pictures optimised together; more is faster, and rounds otherwise.  [default: 1]",
)
@cluster_options
@with_options(bundle_option, region_option, preset_option, steps_option, strength_option, device_option, set_option)
@with_options(*judge_options)
@click.option("--dry-run", is_flag=True, help="Name the variants and what they change.")
@click.option("--force/--resume", default=None, help="Make again what is there, or go on.  [default: --resume]")
@json_option
@click.pass_context
def ablate(context: click.Context, source: str, text: str | None, dry_run: bool, as_json: bool, **options: Any) -> None:
    """Show what each part of the method is worth: edit SOURCE with one part removed or replaced at a time.

    OUT/index.html shows every picture, OUT/table.md every figure with its interval and its difference to the whole
    method. A study that was stopped goes on where it was.

    \b
    Examples:
      fice ablate photo.jpg "red floral dress" -o study/
      fice ablate photos/ --prompts texts.txt -o study/ --limit 10 --seeds 3
      fice ablate photo.jpg "red dress" -o study/ --variant no-pose --variant no-latent --preset paper
      fice ablate photos/ "red dress" -o study/ --grid steps=10,30,60 --grid rate=0.02,0.05
    """
    from fice.cli.progress import Counting, Looking
    from fice.evaluation.ablation import ablate as run
    from fice.evaluation.ablation import plan_study

    given = said(options)
    if dry_run:
        click.echo(plan_study(tell=warn, **given))
        return
    with Counting() as counting, Looking() as looking:
        study = run(source, text or (), tell=say, progress=counting, looking=looking, **given)
    _show(context, study, as_json)


@click.command(cls=Verb)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=FILE)
@click.option("-o", "--output", type=FILE, help="A folder for tables, plots and a page.")
@bundle_option
@with_options(*judge_options)
@device_option
@json_option
@click.pass_context
def evaluate(context: click.Context, runs: tuple[Path, ...], as_json: bool, **options: Any) -> None:
    """Score edits: what `fice batch` has written, or any tool's by a csv with the columns source, edit and text.

    Likeness to the text, colour, what should have stayed, head, pose and realism, with 95 % intervals; of several runs,
    each is compared with the first, edit by edit.

    \b
    Examples:
      fice evaluate out/
      fice evaluate out/ theirs.csv -o comparison/ --real photos/
      fice evaluate theirs.csv --json
    """
    from fice.cli.progress import Looking
    from fice.evaluation.run import evaluate as score

    with Looking() as looking:
        study = score(runs, tell=say, progress=looking, **said(options))
    _show(context, study, as_json)


def _show(context: click.Context, study: Any, as_json: bool) -> None:
    """A study on stdout; exit code 1 where an edit could not be scored at all."""
    from fice.evaluation.table import as_json as json_of
    from fice.evaluation.table import as_text

    click.echo(json_of(study) if as_json else as_text(study))
    context.exit(0 if all(row.values for row in study.rows) else 1)
