"""What was found, side by side on one picture."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from fice.batch.sheet import INK, LETTERS, LINE, MARGIN, PAPER, SOFT
from fice.collections.dress import Finding
from fice.files import whole_file
from fice.pages.thumbnails import shrunk

SIDE, GAP, LINES = 220, 20, 4  # pixels of a picture and between two; lines below it


def save_sheet(findings: Sequence[Finding], path: Path) -> Path:
    """Writes a PNG with a row for each garment that was asked, the best on the left, and returns `path`."""
    font = ImageFont.load_default(LETTERS)
    columns = max(len(finding.hits) for finding in findings)
    height = LINE + SIDE + LINES * LINE + GAP
    size = 2 * MARGIN + columns * (SIDE + GAP) - GAP, 2 * MARGIN + len(findings) * height - GAP
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    for row, finding in enumerate(findings):
        top = MARGIN + row * height
        draw.text((MARGIN, top), finding.wanted, INK, font)
        for column, hit in enumerate(finding.hits):
            left = MARGIN + column * (SIDE + GAP)
            picture = shrunk(hit.picture)
            picture.thumbnail((SIDE, SIDE))
            sheet.paste(picture, (left, top + LINE + 4))
            lines = [hit.picture.name, *textwrap.wrap(hit.why, SIDE // (LETTERS // 2))]
            for i, line in enumerate(lines[:LINES]):
                draw.text((left, top + SIDE + (i + 1) * LINE + 4), line, SOFT, font)
    with whole_file(path) as stream:
        sheet.save(stream, "PNG")
    return path
