"""The model card of a bundle that the chain has trained: what it was made from, how, and how good it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fice.bundle.bundle import Bundle, load_bundle
from fice.files import whole_file
from fice.training.chain.stages import Stage
from fice.training.data.folder import Folder, is_validation

CARD = "MODEL_CARD.md"
MADE_BY = {
    "regions": ("regions", "student"),
    "encoder": ("generator", "encoder"),
    "generator": ("generator", "adversarial"),
}


def write_card(
    folder: Path, data: Folder, stages: Sequence[Stage], notes: Mapping[str, Any], places: Mapping[str, str]
) -> None:
    """Writes MODEL_CARD.md into a bundle.

    notes: what the chain knows of its stages. places: folders and the names that stand for them in the card.
    """
    bundle = load_bundle(folder)
    commands = "\n".join(f"python -m fice.training.recipes.{stage.recipe} {_line(stage)}" for stage in stages)
    for place, name in sorted(places.items(), key=lambda pair: -len(pair[0])):
        commands = commands.replace(place, name)
    text = TEXT.format(
        name=bundle.name,
        parts=len(bundle.parts),
        size=bundle.bytes / 1e6,
        height=bundle.canvas[0],
        width=bundle.canvas[1],
        licence=bundle.licence,
        data=bundle.data,
        photos=len(data.photos),
        labels=len(data.labels),
        classes=len(data.classes),
        kept=sum(is_validation(photo.stem) for photo in data.photos),
        rows="\n".join(_row(bundle, part, notes) for part in bundle.parts),
        figures="\n".join(_figures(bundle)),
        commands=commands,
        seeds="1 for the judge, 0 elsewhere",
    )
    with whole_file(folder / CARD) as stream:
        stream.write(text.encode())


def _row(bundle: Bundle, part: str, notes: Mapping[str, Any]) -> str:
    made_by = [stage for stage in MADE_BY.get(part, (part,)) if stage in notes]
    minutes = " + ".join(f"{notes[stage]['minutes']:.0f}" for stage in made_by)
    return f"| {part} | {bundle.parts[part].network} | {bundle.parts[part].bytes / 1e6:.1f} | {minutes} |"


def _figures(bundle: Bundle) -> list[str]:
    """Every measured figure of bundle.json, one line a measurement."""
    lines = []
    for name, figures in bundle.figures.items():
        told = figures.items() if isinstance(figures, dict) else [("", figures)]
        lines.append(f"- {name}: " + ", ".join(f"{key} {value}".strip() for key, value in told))
    return lines


def _line(stage: Stage) -> str:
    """Its options, without the texts that the bundle tells anyway."""
    texts = stage.options.index("--name") if "--name" in stage.options else None
    minutes = ("--minutes", f"{stage.minutes:g}") if stage.minutes else ()
    return " ".join([*stage.options[:texts], *minutes])


TEXT = """\
# {name}

{parts} networks for `fice edit`, {size:.1f} MB; the generator draws people of {height} x {width} pixels on white.
Licence: {licence}.

## Data

{data}.

Of {photos} photographs {labels} have pixel labels, of {classes} classes. {kept}, one in ten by a hash of its name, were
never trained on; every figure below is of these.

## Networks

| Network | Kind | MB | Minutes |
|---|---|---|---|
{rows}

## Figures

{figures}

The numbers are those of the commands below, in their units (shares of 1, IoU, dB). Few held-out photographs make them
coarse.

## How it was trained

By `fice train all`, which runs these recipes, in this order (seed {seeds}):

```
{commands}
```

## What to keep in mind

People, clothes and cameras that are not in the photographs are not represented. What is measured here was measured by
networks of the same photographs.
"""
