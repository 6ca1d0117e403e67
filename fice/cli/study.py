"""Edits judged: `fice ablate` and `fice evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fice.cli.options import (
    FILE,
    bundle_option,
    cluster_options,
    device_option,
    json_option,
    judge_options,
    order_from,
    order_option,
    said,
    settings_from,
    settings_options,
    wish_options_of_many,
    with_options,
)
from fice.cli.terminal import Verb, say, warn

if TYPE_CHECKING:
    from fice.evaluation.run import Judging


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
    "batch_size",
    type=click.IntRange(1),
    help="Pictures edited together; more is faster, and rounds otherwise.  [default: 1]",
)
@cluster_options
@with_options(bundle_option, wish_options_of_many, order_option, settings_options, device_option)
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
    from fice.batch.batch import Batch
    from fice.cli.progress import Counting, Looking
    from fice.evaluation.ablation import ablate as run
    from fice.evaluation.ablation import describe_study

    order, settings = order_from(options, text), settings_from(options, "generated")
    judging = _judging(options)
    study = {name: value for name in ("variants", "grid", "seeds") if (value := options.pop(name))}
    batch = Batch(source, order=order, settings=settings, **said(options))
    if dry_run:
        study.pop("seeds", None)
        click.echo(describe_study(settings, tell=warn, order=order, bundle=batch.bundle, **study))
        return
    with Counting() as counting, Looking() as looking:
        found = run(batch, judging=judging, tell=say, progress=counting, looking=looking, **study)
    _show(context, found, as_json)


def _judging(options: dict[str, Any]) -> Judging:
    """Takes what concerns the judge out of the options; bundle and device are of the edits too."""
    from fice.evaluation.run import Judging

    of_edits = {name: options[name] for name in ("bundle", "device") if options.get(name)}
    own = {name: value for name in ("real", "judge", "features", "resamples") if (value := options.pop(name))}
    return Judging(**own, **of_edits)


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
        study = score(runs, output=options["output"], judging=_judging(options), tell=say, progress=looking)
    _show(context, study, as_json)


def _show(context: click.Context, study: Any, as_json: bool) -> None:
    """A study on stdout; exit code 1 where an edit could not be scored at all."""
    from fice.evaluation.table import as_json as json_of
    from fice.evaluation.table import as_text

    click.echo(json_of(study) if as_json else as_text(study))
    context.exit(0 if all(row.values for row in study.rows) else 1)
