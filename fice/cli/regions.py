"""What is where on a person: `fice regions`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fice.cli.options import FILE, bundle_option, device_option, force_option, json_option, region_from_option, said
from fice.cli.terminal import Verb, quiet_option, warn


@click.command(cls=Verb)
@click.argument("photo", type=FILE)
@click.argument("words", required=False)
@click.option("-o", "--output", type=FILE, help="The picture, a PNG.  [default: beside PHOTO, named after WORDS]")
@bundle_option
@region_from_option
@device_option
@force_option
@json_option
@quiet_option
def regions(photo: Path, words: str | None, output: Path | None, as_json: bool, **options: Any) -> None:
    """Show where in PHOTO the region is that WORDS name, as edit --region takes them.

    Without WORDS, all that is worn and carried. The picture has each region tinted and outlined.

    \b
    Examples:
      fice regions photo.jpg
      fice regions photo.jpg "left sleeve and collar"
      fice regions photo.jpg "everything below the waist" -o below.png --json
    """
    from fice.language.places import read_area
    from fice.order import Garment
    from fice.photo.names import check_output, default_output
    from fice.photo.photo import read_photo
    from fice.settings import NETWORK, Settings

    chosen = said(options)
    words = Garment(region=words).region if words else None
    settings = Settings.asked_for("default", region_from=chosen.pop("region_from", None))
    if words:
        read_area(words, strict=settings.region_from == NETWORK)
    source = read_photo(photo)
    beside = default_output(photo, f"regions {words or ''}".strip()).with_suffix(".png")
    target = check_output(output or beside, source, chosen.pop("force", False), ".png")

    from fice.editor import Editor  # torch, from here on
    from fice.outputs import save_png
    from fice.places.overlay import overlay

    editor = Editor(settings=settings, **chosen)
    subject = editor.analyse(source)
    found = editor.places(subject, words)
    body = float(editor.regions.body(subject.regions).sum())
    shares = {name: round(float(where.sum()) / body, 4) for name, where in found.items()}
    save_png(overlay(subject, found), target)
    for notice in subject.notices:
        warn(notice)
    if as_json:
        click.echo(json.dumps({"photo": str(photo), "words": words, "shares": shares, "output": str(target)}))
    else:
        for name, share in shares.items():
            click.echo(f"{name}: {share:.1%} of the person")
        click.echo(target)
