"""One picture: `fice edit`, `fice sample` and `fice show`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fice.cli.options import (
    FILE,
    bundle_option,
    device_option,
    force_option,
    json_option,
    order_from,
    order_option,
    said,
    settings_from,
    settings_options,
    wish_options,
)
from fice.cli.terminal import Verb, quiet_option, say, warn
from fice.errors import UsageError

if TYPE_CHECKING:
    from fice.cli.progress import Progress
    from fice.order import Order
    from fice.outputs import Outputs
    from fice.settings import Settings


@click.command(cls=Verb)
@click.argument("photo", type=FILE)
@click.argument("text", required=False)
@click.option("-o", "--output", type=FILE, help="The result.  [default: beside PHOTO, named after TEXT; or -]")
@bundle_option
@wish_options
@order_option
@settings_options
@device_option
@click.option("--save-mask", "mask_file", type=FILE, help="Write the edited region as PNG of the photo's size.")
@click.option("--save-latent", "latent_file", type=FILE, help="Write a generated garment's latent as safetensors.")
@click.option("--compare", "compare_file", type=FILE, help="Write photo and result side by side as PNG.")
@click.option("--trace", "trace_file", type=FILE, help="Write how a garment is generated as GIF.")
@force_option
@json_option
@quiet_option
def edit(photo: Path, text: str | None, output: Path | None, as_json: bool, **options: Any) -> None:
    """Dress the person in PHOTO as TEXT says.

    The garments keep their folds and light, and get other colours, designs, materials, sleeves and hems; a skirt, a
    dress or trousers are cut where another one is worn. With the --bundle of a diffusion model all is drawn anew.

    For PHOTO - is standard input, for the result standard output.

    \b
    Examples:
      fice edit photo.jpg "red floral dress"
      fice edit photo.jpg "white shirt and blue jeans" -o out.png --save-mask mask.png
      fice edit photo.jpg "black leather jacket" --region outer --json
      fice edit photo.jpg "a #007aff silk shirt, and the jeans darker"
      fice edit photo.jpg "sleeveless"
      fice edit photo.jpg "navy maxi skirt"
      fice edit photo.jpg --background "warm grey"
      fice edit photo.jpg "wrap dress" --swatch tweed.jpg
      fice edit photo.jpg --swatch denim.jpg@lower --swatch lace.png@sleeves
      fice edit photo.jpg --garment jacket.jpg --garment jeans.jpg
      fice edit photo.jpg "red summer dress" --from shop
      fice edit photo.jpg "long-sleeved wrap dress" --bundle sd --style "in evening light"
      fice edit photo.jpg --order order.json
      fice edit - "red dress" < photo.jpg > result.jpg
    """
    from fice.cli.progress import Progress
    from fice.outputs import BESIDE, Outputs
    from fice.photo.names import default_output
    from fice.photo.pipe import is_pipe

    if text is None and not any(options[name] for name in ("order_file", "pictures", "swatch", "background")):
        raise UsageError('It is not said what to wear; give a text, like "red dress", or --order FILE.')
    order, settings = order_from(options, text), settings_from(options)
    beside = {name: file for name in BESIDE if (file := options.pop(f"{name}_file"))}
    piped = is_pipe(output or photo)
    if piped and as_json:
        raise UsageError("--json and the picture cannot both go to standard output; name a file with -o.")
    result = output or (photo if is_pipe(photo) else default_output(photo, order.title, order.transparent))
    with Progress() as progress:
        report = edit_file(photo, order, Outputs(Path(result), beside), settings, progress, **said(options))
    for notice in report["notices"]:
        warn(notice)
    if not piped:
        click.echo(json.dumps(report, ensure_ascii=False) if as_json else report["output"])


def edit_file(
    photo: Path,
    order: Order,
    outputs: Outputs,
    settings: Settings,
    progress: Progress,
    *,
    bundle: str = "street",
    device: str = "auto",
    force: bool = False,
) -> dict[str, Any]:
    """Edits a photo into files; the report of the edit, with output and notices.

    "-" is standard input as a photo, standard output as the result. Whatever can be refused is refused before the work
    begins; raises the errors of `fice.errors`.
    """
    from fice.outputs import check_kept
    from fice.photo.photo import read_photo
    from fice.photo.pipe import is_pipe, photo_from_stdin

    source = photo_from_stdin() if is_pipe(photo) else read_photo(photo)
    files = outputs.check(source, force, order.transparent)
    check_kept(outputs.beside, settings)

    from fice.bundle.bundle import load_bundle
    from fice.course import Course
    from fice.device import resolve
    from fice.diffusion.size import outlook
    from fice.once import edit_photo  # torch, from here on

    chosen, reason = resolve(device)
    say(f"Computing on {chosen} ({reason}).")
    if told := outlook(load_bundle(bundle), settings, chosen):
        warn(told)

    def watch(state: Any) -> None:
        progress.loss(state)
        files.watch(state)

    course = Course(settings, order.candidates, progress, chosen.type)
    edited = edit_photo(source, order, bundle=bundle, device=chosen, settings=settings, progress=course, callback=watch)
    files.write(edited)
    return edited.report() | {"output": str(outputs.result), "notices": [*edited.subject.notices, *edited.notices]}


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
