"""Options that commands have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import click

from fice.errors import UsageError
from fice.order import OWN, WISHES, Garment, Order
from fice.settings import PRESETS, Settings
from fice.wishes import centimetres, file_name

FILE = click.Path(path_type=Path)
SHORT = ("steps", "strength", "region_from")  # settings that have an option of their own

device_option = click.option("--device", metavar="auto|cpu|cuda[:n]|mps", help="Where to compute.  [default: auto]")
bundle_option = click.option("--bundle", metavar="NAME|DIR", help="The weights to use.  [default: street]")
preset_option = click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    help="The photographed garment in other cloth (fast: a preview), or one that is generated, or drawn by a diffusion"
    " model.  [default: the bundle's]",
)
steps_option = click.option(
    "--steps", type=int, help="Steps of a generated garment, or of a diffusion model.  [default: the preset's]"
)
strength_option = click.option("--strength", type=float, help="Weight of a generated garment's sentence.  [default: 1]")
region_from_option = click.option(
    "--region-from", metavar="NAME|DIR", help="Your own segmenter, to find regions by words.  [default: the bundle]"
)
set_option = click.option(
    "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Change any setting; repeatable."
)
judge_options = (
    click.option("--real", type=FILE, help="Real photos to compare with.  [default: those that were edited]"),
    click.option("--judge", metavar="NAME|DIR", help="The bundle whose CLIP judges.  [default: street-judge]"),
    click.option(
        "--features",
        type=click.Choice(["clip", "inception"]),
        help="In which realism is measured.  [default: clip, the judge's]",
    ),
    click.option("--resamples", type=click.IntRange(100), help="Of the bootstrap.  [default: 2000]"),
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
force_option = click.option("--force", is_flag=True, default=None, help="Replace files that exist.")


def with_options(*options: Callable) -> Callable[[Callable], Callable]:
    """Several options that commands have in common, as one decorator."""
    return lambda command: reduce(lambda inner, option: option(inner), reversed(options), command)


def _wish_option(name: str) -> Callable[[Callable], Callable]:
    """The option of a wish of `fice.order`; TEXT is an argument."""
    about, default = WISHES[name].metadata, WISHES[name].default
    kind: Any = {file_name: FILE, centimetres: float}.get(about["read"], str)
    if about["least"] is not None:
        kind = click.IntRange(about["least"], about["most"])
    shown = "" if default in (None, "", ()) else f"  [default: {default}]"
    several = about["several"]  # FILE, or one for each of several regions
    kind = str if several else kind
    option = f"--{about['option'] or name.replace('_', '-')}"
    given = {"type": kind, "multiple": several, "metavar": about["metavar"], "help": about["meaning"] + shown}
    return click.option(option, name, **given)


wish_options = with_options(*(_wish_option(name) for name in WISHES if name != "text"))
wish_options_of_many = with_options(*(_wish_option(name) for name in WISHES if name != "text" and name not in OWN))
order_option = click.option("--order", "order_file", type=FILE, help="An order in json; what is said beside it counts.")
settings_options = with_options(preset_option, steps_option, strength_option, region_from_option, set_option)


def said(options: dict[str, Any]) -> dict[str, Any]:
    """Only what the user said, so that the library alone owns the defaults."""
    return {name: value for name, value in options.items() if value not in (None, ())}


def _renamed(_: click.Context, option: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise UsageError(f"{option.opts[0]} is called --on now: say --on {value}.")


# where a run of many edits is computed
cluster_options = with_options(
    click.option("--on", type=click.Choice(["local", "ray"]), help="This process, or a Ray cluster.  [default: local]"),
    click.option("--engine", hidden=True, expose_value=False, callback=_renamed),
    click.option("--address", help="The cluster; without one, Ray is started here for the run."),
    click.option("--workers", type=click.IntRange(1), help="On Ray.  [default: one a GPU, or one for two cores]"),
)


def order_from(options: dict[str, Any], text: str | None) -> Order:
    """Takes what makes an order out of the options. UsageError for an order that makes no sense."""
    file = options.pop("order_file", None)
    wishes = {name: options.pop(name) for name in WISHES if options.get(name) not in (None, ())}
    swatches, pictures = ([_placed(value) for value in wishes.pop(name, ())] for name in ("swatch", "pictures"))
    for everywhere in (name for name, region in swatches if region is None):
        wishes["swatch"] = everywhere
    order = Order.read(file) if file else Order()
    order = order.with_wishes(wishes | ({"text": text} if text is not None else {}))
    first, *others = order.garments
    bare = not (first.text or first.swatch or first.pictures or others)
    base, width = first if bare else Garment(), first.swatch_width
    placed = [replace(base, region=region, swatch=name, swatch_width=width) for name, region in swatches if region]
    placed += [replace(base, region=region or base.region, pictures=(name,)) for name, region in pictures]
    said = () if bare and placed else order.garments
    return replace(order, garments=(*said, *placed))


def _placed(value: str) -> tuple[str, str | None]:
    """FILE[@REGION] -> the file and the words for the region, or None."""
    name, at, region = value.rpartition("@")
    return (name, region) if at and name and region and not Path(value).exists() else (value, None)


def settings_from(options: dict[str, Any], preset: str = "default") -> Settings:
    """Takes what makes settings out of the options; preset: the usual one where the bundle has none of its own.

    UsageError as `Settings.asked_for`, WeightsError for a bundle that is not there.
    """
    given = {name: options.pop(name) for name in SHORT if options.get(name) is not None}
    chosen = options.pop("preset", None) or _usual(options.get("bundle"), preset)
    return Settings.asked_for(chosen, options.pop("assignments", ()), **given)


def _usual(bundle: str | None, preset: str) -> str:
    """The preset that is meant where none is said."""
    if bundle is None:
        return preset
    from fice.bundle.bundle import load_bundle

    own = load_bundle(bundle).preset
    return preset if own == "default" else own
