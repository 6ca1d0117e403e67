"""Options that commands have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from fice.errors import UsageError

FILE = click.Path(path_type=Path)

device_option = click.option("--device", metavar="auto|cpu|cuda[:n]|mps", help="Where to compute.  [default: auto]")
bundle_option = click.option("--bundle", metavar="NAME|DIR", help="The weights to use.  [default: street]")
preset_option = click.option(
    "--preset", type=click.Choice(["default", "paper", "fast", "best"]), help="Time against quality."
)
region_option = click.option("--region", type=click.Choice(["auto", "upper", "lower", "dress", "outer", "full"]),
                             help="What to change.  [default: auto, from the words]")  # fmt: skip
steps_option = click.option("--steps", type=int, help="Steps of the optimisation.  [default: the preset's]")
strength_option = click.option("--strength", type=float, help="Weight of the sentence against the photo.  [default: 1]")
candidates_option = click.option(
    "--candidates", type=click.IntRange(1), help="Edit so many times, keep the best.  [default: 1]"
)
seed_option = click.option("--seed", type=click.IntRange(0), help="Same seed, same result.  [default: 0]")
set_option = click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE",
                          help="Change any setting; repeatable.")  # fmt: skip
judge_options = (
    click.option("--real", type=FILE, help="Real photos to compare with.  [default: those that were edited]"),
    click.option("--judge", metavar="NAME|DIR", help="The bundle whose CLIP judges.  [default: street-judge]"),
    click.option("--features", type=click.Choice(["clip", "inception"]),
                 help="In which realism is measured.  [default: clip, the judge's]"),
    click.option("--resamples", type=click.IntRange(100), help="Of the bootstrap.  [default: 2000]"),
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
force_option = click.option("--force", is_flag=True, default=None, help="Replace files that exist.")


def with_options(*options: Callable) -> Callable[[Callable], Callable]:
    """Several options that commands have in common, as one decorator."""
    return lambda command: reduce(lambda inner, option: option(inner), reversed(options), command)


# what an edit has in common with a batch: its quality, its seed and where it is computed
quality_options = with_options(
    preset_option, steps_option, strength_option, candidates_option, seed_option, device_option
)


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


def said(options: dict[str, Any]) -> dict[str, Any]:
    """Only what the user said, so that the library alone owns the defaults."""
    return {name: value for name, value in options.items() if value not in (None, ())}
