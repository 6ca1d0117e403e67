"""One picture: `fice edit`, `fice sample` and `fice show`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fice.cli.options import (
    FILE,
    bundle_option,
    device_option,
    force_option,
    json_option,
    quality_options,
    region_option,
    said,
    set_option,
)
from fice.cli.terminal import Verb, quiet_option, say, warn
from fice.errors import UsageError


@click.command(cls=Verb)
@click.argument("photo", type=FILE)
@click.argument("text")
@click.option("-o", "--output", type=FILE, help="The result.  [default: beside PHOTO, named after TEXT; or -]")
@bundle_option
@region_option
@click.option("--mask", type=FILE, help="A picture of the photo's size, white where it may change.")
@quality_options
@click.option("--latent", type=FILE, help="W+ to begin with, as --save-latent writes it.")
@click.option("--save-mask", type=FILE, help="Write the edited region as PNG of the photo's size.")
@click.option("--save-latent", type=FILE, help="Write the latent as safetensors.")
@click.option("--compare", type=FILE, help="Write photo and result side by side as PNG.")
@click.option("--trace", type=FILE, help="Write the course of the edit as GIF.")
@set_option
@force_option
@json_option
@quiet_option
def edit(photo: Path, text: str, as_json: bool, **options: Any) -> None:
    """Dress the person in PHOTO as TEXT says.

    For PHOTO - is standard input, for the result standard output.

    \b
    Examples:
      fice edit photo.jpg "red floral dress"
      fice edit photo.jpg "white blouse" -o out.png --save-mask mask.png
      fice edit photo.jpg "denim jacket" --region outer --preset best --json
      fice edit - "red dress" < photo.jpg > result.jpg
    """
    from fice.cli.progress import Progress
    from fice.session import edit_file

    piped = str(options["output"] or photo) == "-"
    if piped and as_json:
        raise UsageError("--json and the picture cannot both go to standard output; name a file with -o.")
    with Progress() as progress:
        report = edit_file(photo, text, tell=say, progress=progress, callback=progress.loss, **said(options))
    for notice in report["notices"]:
        warn(notice)
    if not piped:
        click.echo(json.dumps(report, ensure_ascii=False) if as_json else report["output"])


@click.command(cls=Verb)
@click.option("-n", "count", type=click.IntRange(1, 1024), default=8, show_default=True, help="How many.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The seed of the first person.")
@click.option(
    "--truncation", type=float, default=0.7, show_default=True, help="0: the average person; 1: all there are."
)
@click.option("-o", "--output", type=FILE, default="people.png", show_default=True, help="The sheet, a PNG.")
@bundle_option
@device_option
@force_option
def sample(output: Path, **options: Any) -> None:
    """Draw people who do not exist, in rows on one sheet.

    \b
    Example:
      fice sample -n 8 --seed 1 -o people.png
    """
    from fice.inversion.sample import save_sheet

    save_sheet(output, tell=say, **said(options))
    click.echo(output)


@click.command(cls=Verb)
@click.argument("file", type=FILE)
@json_option
def show(file: Path, as_json: bool) -> None:
    """Say what a result was made from.

    FILE itself holds the sentence, the seed, the weights and the settings.

    \b
    Example:
      fice show photo.red-floral-dress.jpg
    """
    from fice.photo.note import as_text, read_note

    note = read_note(file)
    click.echo(json.dumps(note, ensure_ascii=False) if as_json else as_text(note))
