"""A bundle of one's own: `fice train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from fice.cli.options import FILE, said
from fice.cli.terminal import Verbs, warn

# in the order in which they need each other
RECIPES = {
    "prepare": "Frame everybody on white.",
    "regions": "Train what tells garments, hair and skin apart.",
    "keypoints": "Find keypoints and mattes with a teacher, for the pose.",
    "pose": "Train what finds the parts of a body.",
    "garments": "Train what finds a garment in its picture and tells its kind.",
    "clip": "Train what compares pictures with sentences, or the judge of edits.",
    "generator": "Train the generator with its encoder.",
    "adversarial": "Go on with a generator against a discriminator.",
    "encoder": "Fit an encoder to a generator that stays as it is.",
    "assemble": "Put the parts of several runs into one bundle.",
    "judge": "Measure a bundle on photographs it was not trained on.",
}


@click.group(cls=Verbs)
def train() -> None:
    """Train a bundle of your own: all of it, or one part after the other.

    \b
    Examples:
      fice train all --data photos --out mine
      fice train regions --help
      fice train regions --data photos --out runs/regions
    """


@train.command("all")
@click.option("--data", type=FILE, required=True, help="A folder with photos/, labels/ and tags.json.")
@click.option("--out", type=FILE, required=True, help="Where everything goes; the bundle is OUT/bundle.")
@click.option("--device", metavar="auto|cpu|cuda:0,cuda:1,...", help="One or several; auto: all GPUs, or the CPU.")
@click.option("--minutes", type=float, help="Of training, first to last.  [default: 380; 240 more with --adversarial]")
@click.option(
    "--adversarial/--no-adversarial",
    default=None,
    help="Go on against a discriminator.  [default: where a GPU is there]",
)
@click.option("--threads", type=click.IntRange(0), help="CPU threads of a stage.  [default: all, shared out]")
@click.option("--name", help="Of the bundle.  [default: that of OUT]")
@click.option("--licence", help="Of the bundle, told to those who use it.")
@click.option("--source", help="Where the photographs come from, told as well.")
@click.option("--smoke", is_flag=True, default=None, help="Tiny steps, to see in a minute or two that all of it runs.")
@click.option("--dry-run", is_flag=True, help="Say what would be run, and how long it takes.")
def train_all(data: Path, out: Path, dry_run: bool, **options: Any) -> None:
    """Go from photographs to a bundle with a model card; the same command goes on where it was stopped.

    Each stage has a folder in OUT and a log in OUT/logs; what is finished is not done again. What DATA must look like:
    docs/train.md.

    \b
    Examples:
      fice train all --data photos --out mine --dry-run
      fice train all --data photos --out mine --minutes 600
      fice train all --data photos --out mine --device cuda:0,cuda:1 --licence CC-BY-4.0
    """
    from fice.training.chain.chain import Options, plan_all
    from fice.training.chain.chain import train_all as run

    asked = Options(**said(options))
    if dry_run:
        click.echo(plan_all(data, out, asked, warn))
        return
    trained = run(data, out, asked, warn)
    click.echo(trained.bundle)
    click.echo(f"To go on with the generator on a GPU: {trained.further}")


def _recipe(part: str) -> None:
    """Adds `fice train PART`; what follows goes to the recipe as it is."""

    @train.command(
        part,
        add_help_option=False,
        help=RECIPES[part],
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def run(arguments: tuple[str, ...]) -> None:
        import runpy

        sys.argv = [f"fice train {part}", *arguments]
        runpy.run_module(f"fice.training.recipes.{part}", run_name="__main__")


for _part in RECIPES:
    _recipe(_part)
