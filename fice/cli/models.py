"""Bundles of weights: `fice models`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fice.cli.options import FILE, force_option, json_option, said
from fice.cli.terminal import Verbs, warn


@click.group(cls=Verbs)
def models() -> None:
    """Bundles of weights: look at them, fetch and import other people's."""


@models.command("list")
@json_option
def models_list(as_json: bool) -> None:
    """Name the bundles that are installed, and what can be fetched.

    \b
    Example:
      fice models list
    """
    from fice.models.catalogue import list_models

    for model in list_models():
        click.echo(json.dumps(vars(model), ensure_ascii=False) if as_json else model)


@models.command("show")
@click.argument("name", default="street")
@json_option
def models_show(name: str, as_json: bool) -> None:
    """Describe a bundle (networks, licence, data, measured figures), or something that can be fetched.

    \b
    Examples:
      fice models show street
      fice models show ./my --json
      fice models show clip-rn50x4
    """
    from fice.models.catalogue import describe

    summary = describe(name)
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
        return
    for key, value in summary.items():
        if value in ([0, 0], {}):  # the canvas of a bundle without a generator, models of one without any
            continue
        if isinstance(value, dict):
            click.echo(f"{key}:")
            for part, entry in value.items():
                told = _told(entry) if key in ("parts", "folders") else entry
                click.echo(f"  {part}: {told if not isinstance(told, dict) else json.dumps(told)}")
        elif key == "bytes":
            click.echo(f"size: {_megabytes(value)}")
        else:
            click.echo(f"{key}: {value}")


def _told(entry: dict[str, Any]) -> str:
    """A part or a folder of a bundle, for people."""
    family = f" of {entry['family']}" if "family" in entry else ""
    more = "".join(f"; {key}: {entry[key]}" for key in ("origin", "licence") if entry.get(key))
    return f"{entry.get('network') or entry['kind']}{family}, {_megabytes(entry['bytes'])}{more}"


def _megabytes(size: int) -> str:
    from fice.models.sources import megabytes

    return megabytes(size)


@models.command("fetch")
@click.argument("name")
@click.option("--offline", is_flag=True, default=None, help="Never touch the network.  [also: FICE_OFFLINE=1]")
def models_fetch(name: str, **options: Any) -> None:
    """Download the weights that NAME stands for; what makes a whole bundle is imported too.

    \b
    Examples:
      fice models fetch viton
      fice models fetch clip-rn50x4
    """
    from fice.models.catalogue import fetch_model

    click.echo(fetch_model(name, tell=warn, **said(options)))


@models.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--as", "name", required=True, metavar="NAME|DIR", help="The bundle, new or to be added to.")
@click.option(
    "--framing",
    type=click.Choice(["person", "photo"]),
    help="What the generator draws: people on white or photographs.  [default: by its canvas]",
)
@click.option("--alone", is_flag=True, help="Do not fill in missing networks from the street bundle.")
@force_option
def models_import(files: tuple[Path, ...], name: str, alone: bool, **options: Any) -> None:
    """Turn other people's checkpoints into a bundle, without executing anything in them.

    FILES are StyleGAN2-ADA, StyleGAN-Human and rosinality generators, FICE's checkpoints (the archive or its members),
    DensePose, OpenAI CLIP, folders of a CLIP, SigLIP or SegFormer from Hugging Face, or folders of diffusion models as
    diffusers lays them out: a pipeline, a ControlNet, an IP-Adapter with its image encoder.

    \b
    Examples:
      fice models import checkpoints.tar.xz RN50x4.pt --as viton
      fice models import stylegan_human_v2_512.pkl ViT-B-32.pt --as human
      fice models import network-snapshot-025000.pkl --as mine --framing photo
      fice models import stable-diffusion-inpainting/ control_v11p_sd15_openpose/ --as sd
    """
    from fice.checkpoints.importing import import_files

    given = said(options)
    if alone:
        given["lender"] = None
    click.echo(import_files(files, name, tell=warn, **given).folder)


@models.command("remove")
@click.argument("name")
def models_remove(name: str) -> None:
    """Delete a bundle that was imported, or a download.

    \b
    Example:
      fice models remove viton
    """
    from fice.models.catalogue import remove_model

    for folder in remove_model(name):
        click.echo(folder)


@models.command("verify")
@click.argument("bundle", required=False)
@click.pass_context
def models_verify(context: click.Context, bundle: str | None) -> None:
    """Compare sizes and checksums of a bundle (or of all) with its description.

    \b
    Examples:
      fice models verify
      fice models verify ./my
    """
    from fice.bundle.bundle import list_bundles, load_bundle, verify

    damaged = False
    for name in [bundle] if bundle else list_bundles():
        problems = verify(load_bundle(name))
        damaged |= bool(problems)
        click.echo("\n".join(problems) if problems else f"{name}: all files are right")
    context.exit(4 if damaged else 0)
