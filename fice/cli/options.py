"""Options that commands have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from fice.errors import UsageError
from fice.order import FILES, WISHES, Order
from fice.settings import PRESETS, Settings

FILE = click.Path(path_type=Path)

device_option = click.option("--device", metavar="auto|cpu|cuda[:n]|mps", help="Where to compute.  [default: auto]")
bundle_option = click.option("--bundle", metavar="NAME|DIR", help="The weights to use.  [default: street]")
preset_option = click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    help="The photographed garment in other cloth (fast: a preview), or one that is generated.  [default: default]",
)
steps_option = click.option("--steps", type=int, help="Steps of a generated garment.  [default: the preset's]")
strength_option = click.option("--strength", type=float, help="Weight of a generated garment's sentence.  [default: 1]")
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
    kind: Any = FILE if name in FILES else str
    if about["choices"]:
        kind = click.Choice(about["choices"])
    elif about["least"] is not None:
        kind = click.IntRange(about["least"])
    shown = "" if default in (None, "") else f"  [default: {default}]"
    return click.option(f"--{name}", type=kind, help=about["meaning"] + shown)


wish_options = with_options(*(_wish_option(name) for name in WISHES if name != "text"))
wish_options_of_many = with_options(*(_wish_option(name) for name in WISHES if name != "text" and name not in FILES))
order_option = click.option("--order", "order_file", type=FILE, help="An order in json; what is said beside it counts.")
settings_options = with_options(preset_option, steps_option, strength_option, set_option)


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
    """Takes what makes an order out of the options. UsageError for an order that says nothing to wear."""
    file = options.pop("order_file", None)
    wishes = {name: options.pop(name) for name in WISHES if options.get(name) is not None}
    order = Order.read(file) if file else Order()
    return order.with_wishes(wishes | ({"text": text} if text is not None else {}))


def settings_from(options: dict[str, Any], preset: str = "default") -> Settings:
    """Takes what makes settings out of the options; preset: the usual one. UsageError as `Settings.asked_for`."""
    given = {name: options.pop(name) for name in ("steps", "strength") if options.get(name) is not None}
    return Settings.asked_for(options.pop("preset", None) or preset, options.pop("assignments", ()), **given)
