"""The command line: parses, calls fice, prints. What is heavy is imported by the command that needs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from fice.cli.terminal import Progress, Verbs, quiet_option, say, warn
from fice.errors import UsageError
from fice.version import __version__

FILE = click.Path(path_type=Path)
# in the order in which they need each other
RECIPES = {
    "prepare": "Frame everybody on white.",
    "regions": "Train what tells garments, hair and skin apart.",
    "keypoints": "Find keypoints and mattes with a teacher, for the pose.",
    "pose": "Train what finds the parts of a body.",
    "clip": "Train what compares pictures with sentences, or the judge of edits.",
    "generator": "Train the generator with its encoder.",
    "adversarial": "Go on with a generator against a discriminator.",
    "encoder": "Fit an encoder to a generator that stays as it is.",
    "assemble": "Put the parts of several runs into one bundle.",
    "guess": "Train the first guess of an edited latent.",
    "judge": "Measure a bundle on photographs it was not trained on.",
    "starts": "Measure what an edit's start is worth.",
}

device_option = click.option("--device", metavar="auto|cpu|cuda[:n]|mps", help="Where to compute.  [default: auto]")
bundle_option = click.option("--bundle", metavar="NAME|DIR", help="The weights to use.  [default: street]")
preset_option = click.option(
    "--preset", type=click.Choice(["default", "paper", "fast", "best"]), help="Time against quality."
)
region_option = click.option("--region", type=click.Choice(["auto", "upper", "lower", "dress", "outer", "full"]),
                             help="What to change.  [default: auto, from the words]")  # fmt: skip
steps_option = click.option(
    "--steps", type=int, help="Steps of the optimisation.  [default: the preset's]"
)
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


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="fice")
def main() -> None:
    """Edit the clothes in a photograph from a sentence.

    \b
    Examples:
      fice edit photo.jpg "red floral dress"
      fice batch photos/ "red floral dress" -o out/
      fice sample -n 8 -o people.png
      fice doctor
    """


@main.command()
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
    from fice.session import edit_file

    piped = str(options["output"] or photo) == "-"
    if piped and as_json:
        raise UsageError("--json and the picture cannot both go to standard output; name a file with -o.")
    with Progress() as progress:
        report = edit_file(photo, text, tell=say, progress=progress, callback=progress.loss, **_given(options))
    for notice in report["notices"]:
        warn(notice)
    if not piped:
        click.echo(json.dumps(report, ensure_ascii=False) if as_json else report["output"])


@main.command()
@click.argument("source", metavar="SOURCE")
@click.argument("text", required=False)
@click.option("-o", "--output", type=FILE, required=True, help="The folder of the results.")
@click.option("--text", "texts", multiple=True, metavar="TEXT", help="One more text for every photo; repeatable.")
@click.option("--prompts", type=FILE, help="Texts for every photo: one a line, or a csv, tsv or jsonl table.")
@click.option("--suffix", help="Put into the name of each result, before its extension.")
@click.option("--ext", type=click.Choice(["auto", "png", "jpg", "webp"]), help="Format.  [default: the photo's]")
@click.option("--limit", type=click.IntRange(1), help="No more photos than that.")
@click.option("--shuffle-seed", type=int, help="Take them in a random order.")
@click.option("--watch", "follow", is_flag=True, default=None, help="Go on with photos that arrive, until Ctrl-C.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and how long it may take.")
@click.option("--batch", "width", type=click.IntRange(1), help="Pictures optimised together.  [default: measured]")
@click.option("--engine", type=click.Choice(["local", "ray"]), help="This process, or a Ray cluster.  [default: local]")
@click.option("--address", help="The cluster; without one, Ray is started here for the run.")
@click.option("--workers", type=click.IntRange(1), help="On Ray.  [default: one a GPU, or one for two cores]")
@bundle_option
@region_option
@quality_options
@click.option("--save-mask", "keep", flag_value="mask", multiple=True, help="Write the edited region beside it.")
@click.option("--save-latent", "keep", flag_value="latent", multiple=True, help="Write the latent beside it.")
@click.option("--compare", "keep", flag_value="compare", multiple=True, help="Write photo and result beside it.")
@set_option
@click.option("--force/--resume", default=None, help="Make again what is there, or go on.  [default: --resume]")
@json_option
@quiet_option
@click.pass_context
def batch(context: click.Context, source: str, text: str | None, dry_run: bool, as_json: bool, **options: Any) -> None:
    """Edit every photo of SOURCE: a folder with all below it, a pattern, or a list (txt, csv, tsv, jsonl).

    Results keep the tree and the names. results.jsonl says what became of each photo, index.html shows it. What is
    there and unchanged is not made again, so a run that was stopped goes on where it was.

    \b
    Examples:
      fice batch photos/ "red floral dress" -o out/
      fice batch photos/ -o out/ --text "red dress" --text "blue striped shirt"
      fice batch orders.csv -o out/ --ext png --save-mask
      fice batch "photos/**/*.jpg" "denim jacket" -o out/ --engine ray --workers 2
    """
    from fice.batch.page import PAGE
    from fice.batch.run import plan_batch, run_batch
    from fice.batch.show import Counting

    given = _given(options)
    given["texts"] = [*([text] if text else []), *given.get("texts", ())]
    if dry_run:
        click.echo(plan_batch(source, tell=warn, **given))
        return
    with Counting() as counting:
        summary = run_batch(source, tell=say, warn=warn, progress=counting, **given)
    page = Path(given["output"]) / PAGE
    told = {**summary.as_dict(), "page": str(page)}
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else f"{summary}\n{page}")
    context.exit(1 if summary.failed else 0)


@main.command()
@click.argument("source", metavar="SOURCE")
@click.argument("text", required=False)
@click.option("-o", "--output", type=FILE, required=True, help="The folder of the study.")
@click.option("--prompts", type=FILE, help="Texts for every photo: one a line, or a csv, tsv or jsonl table.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="One of --dry-run's; repeatable.")
@click.option("--grid", multiple=True, metavar="NAME=V1,V2,...", help="Sweep over a setting; repeatable.")
@click.option("--seeds", type=click.IntRange(1), help="So many edits of each photo and text.  [default: 1]")
@click.option("--limit", type=click.IntRange(1), help="No more photos than that.")
@click.option("--batch", "width", type=click.IntRange(1),
              help="Pictures optimised together; more is faster, and rounds otherwise.  [default: 1]")
@click.option("--engine", type=click.Choice(["local", "ray"]), help="This process, or a Ray cluster.  [default: local]")
@click.option("--address", help="The cluster; without one, Ray is started here for the study.")
@click.option("--workers", type=click.IntRange(1), help="On Ray.  [default: one a GPU, or one for two cores]")
@with_options(bundle_option, region_option, preset_option, steps_option, strength_option, device_option, set_option)
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
    from fice.batch.show import Counting
    from fice.evaluation.ablation import ablate as run
    from fice.evaluation.ablation import plan_study
    from fice.evaluation.show import Looking

    given = _given(options)
    if dry_run:
        click.echo(plan_study(tell=warn, **given))
        return
    with Counting() as counting, Looking() as looking:
        study = run(source, text or (), tell=say, progress=counting, looking=looking, **given)
    _show(context, study, as_json)


@main.command()
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
    from fice.evaluation.run import evaluate as score
    from fice.evaluation.show import Looking

    with Looking() as looking:
        study = score(runs, tell=say, progress=looking, **_given(options))
    _show(context, study, as_json)


def _show(context: click.Context, study: Any, as_json: bool) -> None:
    """A study on stdout; exit code 1 where an edit could not be scored at all."""
    from fice.evaluation.table import as_json as json_of
    from fice.evaluation.table import as_text

    click.echo(json_of(study) if as_json else as_text(study))
    context.exit(0 if all(row.values for row in study.rows) else 1)


@main.command()
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

    save_sheet(output, tell=say, **_given(options))
    click.echo(output)


@main.command()
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


@main.command()
@json_option
def settings(as_json: bool) -> None:
    """List what --set can set.

    Each with its value in every preset, what it means and what it may be.

    \b
    Example:
      fice settings
    """
    from fice.cli import known

    click.echo("\n".join(json.dumps(row) for row in known.settings()) if as_json else known.settings_text())


@main.command()
@json_option
def words(as_json: bool) -> None:
    """List the words that a sentence may say.

    By kind, each with other words for the same.

    \b
    Example:
      fice words
    """
    from fice.cli import known

    click.echo(json.dumps(known.words(), ensure_ascii=False) if as_json else known.words_text())


@main.command()
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Say what fice finds on this machine, and mend-it-yourself commands for what is missing.

    \b
    Example:
      fice doctor
    """
    from fice.cli.doctor import examine, report, usable

    findings = examine()
    if as_json:
        click.echo(json.dumps(report(findings), ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(str(finding))
    context.exit(0 if usable(findings) else 4)


@main.group()
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
        if isinstance(value, dict):
            click.echo(f"{key}:")
            for part, entry in value.items():
                click.echo(f"  {part}: {entry if not isinstance(entry, dict) else json.dumps(entry)}")
        else:
            click.echo(f"{key}: {value}")


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

    click.echo(fetch_model(name, tell=warn, **_given(options)))


@models.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--as", "name", required=True, metavar="NAME|DIR", help="The bundle, new or to be added to.")
@click.option("--framing", type=click.Choice(["person", "photo"]),
              help="What the generator draws: people on white or photographs.  [default: by its canvas]")  # fmt: skip
@click.option("--alone", is_flag=True, help="Do not fill in missing networks from the street bundle.")
@force_option
def models_import(files: tuple[Path, ...], name: str, alone: bool, **options: Any) -> None:
    """Turn other people's checkpoints into a bundle, without executing anything in them.

    FILES are StyleGAN2-ADA, StyleGAN-Human and rosinality generators, FICE's checkpoints (the archive or its members),
    DensePose, OpenAI CLIP, or folders of a CLIP, SigLIP or SegFormer from Hugging Face.

    \b
    Examples:
      fice models import checkpoints.tar.xz RN50x4.pt --as viton
      fice models import stylegan_human_v2_512.pkl ViT-B-32.pt --as human
      fice models import network-snapshot-025000.pkl --as mine --framing photo
    """
    from fice.checkpoints.importing import import_files

    given = _given(options)
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


@main.group()
def ops() -> None:
    """Compile the custom ops, or ask how they stand."""


@ops.command("build")
@click.option("--force", is_flag=True, help="Build again what is built.")
def ops_build(force: bool) -> None:
    """Compile the custom ops for this machine (CPU, and CUDA where nvcc is found).

    \b
    Example:
      fice ops build
    """
    from stylegan2_ops import build

    click.echo(build.build(force=force))


@ops.command("status")
@json_option
def ops_status(as_json: bool) -> None:
    """Say which ops are compiled, and why not if not.

    \b
    Example:
      fice ops status
    """
    from stylegan2_ops import build

    status = build.status()
    click.echo(json.dumps(status) if as_json else "\n".join(f"{key}: {value}" for key, value in status.items()))


@main.command()
@click.argument("photo", type=FILE, required=False)
@click.argument("text", required=False)
@bundle_option
@device_option
@preset_option
@steps_option
@json_option
def bench(as_json: bool, **options: Any) -> None:
    """Time an edit of PHOTO (a generated person, if none is given) by part, and each network alone.

    \b
    Examples:
      fice bench
      fice bench photo.jpg "red dress" --preset fast --json
      fice bench photo.jpg "red dress" --bundle viton --preset paper --steps 5
    """
    from fice.cli.bench import measure, table

    told = measure(**_given(options))
    click.echo(json.dumps(told) if as_json else table(told))


@main.group()
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
@click.option("--minutes", type=float, help="Of training, first to last.  [default: 328; 240 more with --adversarial]")
@click.option("--adversarial/--no-adversarial", default=None,
              help="Go on against a discriminator.  [default: where a GPU is there]")  # fmt: skip
@click.option("--threads", type=click.IntRange(0), help="CPU threads of a stage.  [default: all, shared out]")
@click.option("--name", help="Of the bundle.  [default: that of OUT]")
@click.option("--licence", help="Of the bundle, told to those who use it.")
@click.option("--source", help="Where the photographs come from, told as well.")
@click.option("--smoke", is_flag=True, default=None, help="Tiny steps, to see in a minute or two that all of it runs.")
@click.option("--dry-run", is_flag=True, help="Say what would be run, and how long it takes.")
def train_all(data: Path, out: Path, dry_run: bool, **options: Any) -> None:
    """Go from photographs to a bundle with a model card; the same command goes on where it was stopped.

    Each stage has a folder in OUT and a log in OUT/logs; what is finished is not done again. What DATA must look like:
    README, "Train on your own pictures".

    \b
    Examples:
      fice train all --data photos --out mine --dry-run
      fice train all --data photos --out mine --minutes 600
      fice train all --data photos --out mine --device cuda:0,cuda:1 --licence CC-BY-4.0
    """
    from fice.training.chain.chain import Options, plan_all
    from fice.training.chain.chain import train_all as run

    asked = Options(**_given(options))
    if dry_run:
        click.echo(plan_all(data, out, asked, warn))
        return
    trained = run(data, out, asked, warn)
    click.echo(trained.bundle)
    click.echo(f"To go on with the generator on a GPU: {trained.further}")


def _recipe(part: str) -> None:
    """Adds `fice train PART`; what follows goes to the recipe as it is."""

    @train.command(part, add_help_option=False, help=RECIPES[part],
                   context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})  # fmt: skip
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def run(arguments: tuple[str, ...]) -> None:
        import runpy

        sys.argv = [f"fice train {part}", *arguments]
        runpy.run_module(f"fice.training.{part}", run_name="__main__")


for _part in RECIPES:
    _recipe(_part)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Only what the user said, so that the library alone owns the defaults."""
    return {name: value for name, value in options.items() if value not in (None, ())}


if __name__ == "__main__":
    main()
