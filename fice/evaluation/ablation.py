"""What each part of the method is worth: the same edits with one part replaced at a time.

A variant is replaced settings and nothing else; each is a batch of its own in OUT/runs, resumed like any batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fice.batch.batch import Batch
from fice.batch.journal import Result, Summary
from fice.batch.run import run_batch
from fice.bundle.bundle import Bundle, load_bundle
from fice.errors import UsageError
from fice.order import Order
from fice.setting import as_set
from fice.settings import Settings

if TYPE_CHECKING:
    from fice.evaluation.run import Judging
    from fice.evaluation.study import Study

RUNS = "runs"
FULL = "full"


@dataclass(frozen=True)
class Variant:
    """One way to edit.

    Attributes:
        name: of its folder, and in tables.
        changes: settings replaced.
        meaning: what it is, in one sentence.
        of: the folder that a bundle must have for it to differ; "" for any bundle.
    """

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    meaning: str = ""
    of: str = ""


# "from the photograph": neither re-dressed nor held to the re-dressed cloth, so that the terms alone edit
STANDARD = (
    Variant(FULL, {}, "The whole method."),
    Variant("no-semantic", {"semantic": 0.0}, "Without the semantic term."),
    Variant(
        "no-sentence",
        {"semantic": 0.0, "start": "encoder", "cloth": 0.0},
        "From the photograph and without the semantic term: nothing knows the sentence.",
    ),
    Variant("no-image", {"image": 0.0}, "Without the image term."),
    Variant("no-pose", {"pose": 0.0}, "Without the pose term."),
    Variant("no-head", {"head": 0.0}, "Without the head term."),
    Variant("no-latent", {"latent": 0.0}, "Without the latent term."),
    Variant("no-cloth", {"cloth": 0.0}, "Without the cloth term."),
    Variant("no-texture", {"texture": 0.0}, "Without the texture term: concerns swatches only."),
    Variant("encoder-start", {"start": "encoder", "cloth": 0.0}, "From the photograph, as the encoder sees it."),
    Variant("mean-start", {"start": "mean", "cloth": 0.0}, "Without the encoder: from the mean of W."),
    Variant("random-start", {"start": "random", "cloth": 0.0}, "Without the encoder: from a random W."),
    Variant("w-space", {"space": "w"}, "In W instead of W+."),
    Variant("no-tuning", {"tuning": 0}, "Without fitting the generator to the photograph."),
    Variant("no-stitch", {"stitch": "none"}, "Without stitching: the whole canvas is the generator's."),
    Variant("paper-stitch", {"stitch": "head"}, "With the paper's stitching: the head alone comes back."),
    Variant("no-detail", {"detail": 0.0}, "Without the cloth's own folds and weave."),
    Variant("picture-semantics", {"crop": "picture"}, "CLIP sees the whole picture instead of the garment alone."),
    Variant("no-augmentation", {"views": 0}, "CLIP sees one view instead of several."),
    Variant("no-plain", {"plain": False}, "What is said of no pattern may have any."),
    Variant("no-clamp", {"clamp": False}, "CLIP sees values beyond black and white."),
)
COUNTED = tuple(
    Variant(f"garments-{count}", {"pictures": count}, meaning)
    for count, meaning in enumerate(("By its words alone.", "By one picture.", "By two pictures.", "By three."))
)
PICTURED = (  # where an order shows garments
    Variant("no-reference", {"reference": 0.0}, "Without the term of a garment's pictures."),
    Variant("no-warp", {"warp": False}, "A garment's picture laid on its place as it is, without a warp."),
    Variant("no-masks", {"apart": False}, "Every term looks at all garments at once."),
    *COUNTED,
)
DIFFUSED = (  # what a diffusion model draws
    Variant(FULL, {}, "The whole method."),
    Variant("no-guidance", {"guidance": 1.0}, "Without guidance: what the words alone bring about."),
    Variant("no-negative", {"negative": ""}, "Without words for what shall not be seen."),
    Variant("no-growth", {"grow": 0.0}, "The new garment stays inside the outline of the old one."),
    Variant("some-old", {"noise": 0.7}, "From part of the noise, so that something of the old garment stays."),
    Variant("one-pass", {"apart": False}, "All garments in one pass, with one sentence."),
    Variant("no-control", {"control": 0.0}, "Without the ControlNet: the pose is free.", of="controlnet"),
    Variant("no-adapter", {"adapter": 0.0}, "Without the IP-Adapter: concerns pictures and swatches.", of="adapter"),
)


def choose(
    names: Sequence[str],
    grid: Sequence[str],
    order: Order | None = None,
    garment: str = "generated",
    folders: Collection[str] = (),
) -> list[Variant]:
    """The variants of a study: the named ones and the whole grid, `full` first; all that concern it when none is given.

    names: of STANDARD and PICTURED, or of what a diffusion model draws. grid: "setting=value,value,..." each; every
    combination is a variant. order: what is asked of every photo. garment: as of the settings. folders: that the
    bundle has. Raises UsageError.
    """
    standard, pictured = (DIFFUSED, COUNTED) if garment == "diffused" else (STANDARD, PICTURED)
    known = {variant.name: variant for variant in (*standard, *pictured)}
    shown = order is not None and not {"pictures", "collection"}.isdisjoint(order.asked())
    for name in names:
        if name not in known:
            raise UsageError(f"There is no variant {name!r} of {garment} garments: choose one of {', '.join(known)}.")
        if known[name].of not in ("", *folders):
            raise UsageError(f"The variant {name} is for bundles that have a folder {known[name].of}: leave it out.")
    everything = [each for each in (*standard, *pictured[: len(pictured) * shown]) if each.of in ("", *folders)]
    chosen = [known[name] for name in dict.fromkeys((FULL, *names))] if names or grid else everything
    return chosen + (combinations(grid) if grid else [])


def combinations(grid: Sequence[str]) -> list[Variant]:
    """Every combination of "setting=value,value,..."; raises UsageError for what is no setting or value."""
    axes: dict[str, list[tuple[str, Any]]] = {}
    for axis in grid:
        name, equals, values = axis.partition("=")
        if not equals or name in axes:
            raise UsageError(f"{axis!r} is no axis of a grid: write name=value,value,... once for each setting.")
        axes[name] = [(value, Settings.parse(f"{name}={value}")[1]) for value in dict.fromkeys(values.split(","))]
    return [
        Variant(
            ",".join(f"{name}={text}" for name, (text, _) in zip(axes, point, strict=True)),
            {name: value for name, (_, value) in zip(axes, point, strict=True)},
            "A point of the grid.",
        )
        for point in product(*axes.values())
    ]


def differing(variants: Sequence[Variant], base: Settings, tell: Callable[[str], None]) -> list[Variant]:
    """The variants whose settings no earlier one has; the others are told."""
    kept: dict[Settings, Variant] = {}
    for variant in variants:
        settings = base.replace(**variant.changes)
        if settings in kept:
            tell(f"{variant.name} is the same as {kept[settings].name} here; it is left out.")
        else:
            kept[settings] = variant
    return list(kept.values())


def describe_study(
    settings: Settings,
    variants: Sequence[str] = (),
    grid: Sequence[str] = (),
    tell: Callable[[str], None] = lambda _: None,
    order: Order | None = None,
    bundle: str | Path | Bundle = "street",
) -> str:
    """What `ablate` would run, a line a variant. Arguments as of `choose`, errors as of `ablate`."""
    lines = []
    for variant in differing(_chosen(variants, grid, order, settings, bundle), settings, tell):
        changes = ", ".join(f"{name}={as_set(value)}" for name, value in variant.changes.items()) or "-"
        lines.append(f"{variant.name:<18} {changes:<36} {variant.meaning}".rstrip())
    return "\n".join(lines)


def ablate(
    batch: Batch,
    *,
    variants: Sequence[str] = (),
    grid: Sequence[str] = (),
    seeds: int = 1,
    judging: Judging | None = None,
    tell: Callable[[str], None] = lambda _: None,
    progress: Callable[[Result | None, Summary, int], None] = lambda *_: None,
    looking: Callable[[int, int], None] = lambda *_: None,
) -> Study:
    """Edits with each part of the method removed or replaced, scores them, and writes a page, tables and plots to OUT.

    Args:
        batch: what is edited, into which folder, and how by the whole method. One picture at a time unless it says
            otherwise, so that the same study gives the same table to the last digit, resumed or not. Results are PNG,
            so that no compression is measured. What is there and unchanged is not edited again.
        variants, grid: as in `choose`.
        seeds: so many edits of each photo and text.
        judging: as of `fice.evaluation.run.evaluate`, whose progress is looking.

    Raises the errors of `run_batch` and `evaluate`; an edit that fails is a row without numbers.

    >>> import fice
    >>> batch = fice.Batch("photo.jpg", "study", fice.Order.of("red dress"), settings=fice.Settings.preset("generated"))
    >>> study = fice.ablate(batch, variants=["no-stitch"])
    >>> list(study.table)
    ['full', 'no-stitch']
    """
    from fice.evaluation.run import check_extras, evaluate

    check_extras()
    chosen = _chosen(variants, grid, batch.order, batch.settings, batch.bundle)
    chosen = differing(chosen, batch.settings, tell)
    for variant in chosen:
        batch.settings.replace(**variant.changes).check()
    runs: dict[str, list[Path]] = {}
    counted = Summary()
    told = _overall(counted, progress, len(chosen) * seeds)
    with _executor(batch, tell):
        for number, variant in enumerate(chosen):
            tell(f"{variant.name} ({number + 1} of {len(chosen)})")
            for seed in range(seeds):
                folder = batch.out / RUNS / variant.name / f"seed-{seed}"
                run_batch(
                    replace(
                        batch,
                        output=folder,
                        ext="png",
                        settings=batch.settings.replace(**variant.changes),
                        order=replace(batch.order, seed=seed),
                        batch_size=batch.batch_size or 1,
                    ),
                    tell=tell,
                    progress=told,
                )
                runs.setdefault(variant.name, []).append(folder)
    meanings = {variant.name: variant.meaning for variant in chosen}
    return evaluate(runs, output=batch.out, judging=judging, meanings=meanings, tell=tell, progress=looking)


def _chosen(
    names: Sequence[str], grid: Sequence[str], order: Order | None, settings: Settings, bundle: str | Path | Bundle
) -> list[Variant]:
    return choose(names, grid, order, settings.garment, load_bundle(bundle).folders)


def _overall(
    counted: Summary, progress: Callable[[Result | None, Summary, int], None], runs: int
) -> Callable[[Result | None, Summary, int], None]:
    """The progress of one run as that of the whole study."""

    def told(result: Result | None, summary: Summary, total: int) -> None:
        if result is None:
            counted.skipped += summary.skipped
        else:
            counted.add(result)
        progress(result, counted, total * runs)

    return told


@contextmanager
def _executor(batch: Batch, tell: Callable[[str], None]) -> Iterator[None]:
    """A Ray cluster is joined once for all runs."""
    if batch.on != "ray":
        yield
        return
    from fice.batch.ray_session import connected

    with connected(batch.address, tell):
        yield
