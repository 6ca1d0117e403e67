"""A contact sheet: one picture of many edits, to be looked at or sent."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from fice.batch.page import LEGEND, label, pictures, similarity
from fice.errors import InputError
from fice.files import whole_file
from fice.pages.thumbnails import shrunk

HIGH, WIDE = 256, 150  # of one picture's room
GAP, MARGIN = 24, 40
PAPER, MAT, INK, SOFT = "#f6f5f3", "#ebe9e5", "#1c1b19", "#6a6761"
LETTERS, LINE = 15, 20  # pixels


def contact_sheet(out: Path, results: Iterable[dict], path: Path, columns: int = 6, limit: int = 60) -> Path:
    """Write a PNG of before/after pairs, below each its text, folder and name, and gain, and return `path`.

    Of more than `limit` edits every n-th is taken, in the order of the run: what is shown is the run, not its best.
    Broken pictures are grey boxes. FiceError when the disk refuses.
    """
    done = [result for result in results if result["status"] != "failed"]
    chosen = [done[i * len(done) // limit] for i in range(limit)] if len(done) > limit else done
    columns = max(1, min(columns, len(chosen)))
    width, height = 2 * WIDE + 2, HIGH + 8 + 4 * LINE
    rows = max(1, -(-len(chosen) // columns))
    size = (2 * MARGIN + columns * (width + GAP) - GAP, 2 * MARGIN + rows * (height + GAP) + 2 * LINE)
    sheet = Image.new("RGB", size, PAPER)
    for i, result in enumerate(chosen):
        corner = (MARGIN + i % columns * (width + GAP), MARGIN + i // columns * (height + GAP))
        sheet.paste(_pair(out, result, (width, height)), corner)
    font = ImageFont.load_default(LETTERS)
    for i, line in enumerate(_wrapped(f"Gain: {LEGEND['Gain']}.", font, size[0] - 2 * MARGIN)):
        ImageDraw.Draw(sheet).text((MARGIN, size[1] - MARGIN - (2 - i) * LINE), line, SOFT, font)
    with whole_file(path) as stream:
        sheet.save(stream, "PNG")
    return path


def _pair(out: Path, result: dict, size: tuple[int, int]) -> Image.Image:
    cell = Image.new("RGB", size, PAPER)
    for side, picture in enumerate(pictures(out, result)):
        x = side * (WIDE + 2)
        cell.paste(MAT, (x, 0, x + WIDE, HIGH))
        try:
            small = None if picture is None else shrunk(picture)
        except InputError:
            continue
        if small is not None:
            small.thumbnail((WIDE, HIGH))
            cell.paste(small, (x + (WIDE - small.width) // 2, (HIGH - small.height) // 2))
    draw = ImageDraw.Draw(cell)
    font = ImageFont.load_default(LETTERS)
    lines = _wrapped(str((result.get("report") or {}).get("text") or ""), font, size[0])
    for i, line in enumerate(lines):
        draw.text((0, HIGH + 8 + i * LINE), line, INK, font)
    _, _, gain = similarity(result)
    below = [_ending(label(result), font, size[0]), *([] if gain is None else [f"gain {gain:+.3f}"])]
    for i, line in enumerate(below, len(lines)):
        draw.text((0, HIGH + 8 + i * LINE), line, SOFT, font)
    return cell


def _ending(name: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """A name of which the beginning is cut where it is too long: the end tells files apart."""
    name = name.replace("\n", " ")[-200:]
    while font.getlength(name) > width:
        name = "\N{HORIZONTAL ELLIPSIS}" + name.removeprefix("\N{HORIZONTAL ELLIPSIS}")[1:]
    return name


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    """At most two lines; what does not fit is cut."""
    lines = [""]
    for word in text[:400].split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        elif len(lines) == 1:
            lines.append(word)
        else:
            lines[-1] += " \N{HORIZONTAL ELLIPSIS}"
            break
    for i, line in enumerate(lines):
        while font.getlength(line) > width:
            line = line.removesuffix("\N{HORIZONTAL ELLIPSIS}")[:-1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
        lines[i] = line
    return lines
