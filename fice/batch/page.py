"""The morning after: one page that shows what a run has made.

The page is a single html file without outside requests. Its rows travel as json and become cards only when they come
near the screen, so that ten thousand open quickly. The thumbnails of up to `EMBEDDED` pictures lie inside, and such a
page can be sent as it is (a few MB); a longer run's are loaded from OUT/thumbnails as one scrolls, since inside they
would make hundreds of megabytes. The large view always shows the photo and the result themselves.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from markupsafe import Markup

from fice.batch.found import found_in
from fice.errors import UsageError
from fice.order import Order
from fice.pages import webpage
from fice.pages.thumbnails import Thumbnail, link, thumbnails

EMBEDDED = 300  # pictures; beyond, thumbnails are files
MOST_REASONS = 8
COUNTED = ("done", "failed", "skipped")
PAGE = "index.html"
LABELS = {"per_hour": "Pictures/hour", "seconds": "Time"}
LEGEND = {
    "Similarity": "how like the text the garment is to the guiding CLIP, \N{MINUS SIGN}1 to 1, before and after",
    "Gain": "what the edit has added to the similarity; below 0 the photo was more like the text",
}
FLAGGED = {"Flagged": "edits with a fault that people see at once, as a rim or an old print that is left"}
LOSSES = {
    "all": "what is left of each term at the end, without its weight; the smaller the better",
    "semantic": "how far the garment is from the text to CLIP",
    "image": "how far all but the garment is from the photo",
    "pose": "how far the body is from how it stood",
    "head": "how far the head's outline is from where it was",
    "latent": "how far the latent's layers are from each other",
    "cloth": "how far the garment is from the colour that the text names",
    "texture": "how far the garment is from the texture of its swatch",
    "reference": "how far the garment is from its pictures",
}
UNSAFE = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"}  # nothing in the json may end its block
ROOM = Path(__file__).parent
# wishes whose pictures stand beside an edit, as they are called there
SHOWN = {"pictures": "garment", "found": "found", "swatch": "swatch", "background": "background", "pose": "pose"}


def write_page(out: Path, results: Iterable[dict], *, title: str, summary: dict) -> Path:
    """Write OUT/index.html about `results`, the lines of OUT/results.jsonl as dicts, and return its path.

    Of several lines with one key the last counts. done, failed and skipped are counted here; the other numbers and
    texts of `summary` (per_hour, seconds, any others by their names) stand beside them. Missing and broken pictures
    become grey boxes. FiceError when the disk refuses.
    """
    latest = list({result["key"]: result for result in results}.values())
    small = list(thumbnails(out, (picture for result in latest for picture in pictures(out, result))))
    inside = len(latest) <= EMBEDDED
    asked = [given(result) for result in latest]
    paths = list(dict.fromkeys(path for files in asked for path in files.values()))
    known = dict(zip(paths, thumbnails(out, map(Path, paths)), strict=True))
    beside = [[(name, path, known[path]) for name, path in files.items()] for files in asked]
    rows = [_row(out, result, small[2 * i : 2 * i + 2], beside[i], inside) for i, result in enumerate(latest)]
    return webpage.write_page(
        out / PAGE,
        ROOM / "page.html.j2",
        ROOM / "page.css",
        title=title,
        figures=_figures(rows, summary),
        reasons=_reasons(latest),
        legend=_legend(rows),
        data=Markup(json.dumps(rows, separators=(",", ":"), allow_nan=False).translate(UNSAFE)),
        js=(ROOM / "page.js").read_text("utf-8"),
    )


def pictures(out: Path, result: dict) -> tuple[Path | None, Path | None]:
    """Where photo and result lie; None for the result of a failed edit and for a photo without a name."""
    photo = _report(result).get("input")
    return Path(photo) if photo else None, None if result["status"] == "failed" else out / result["key"]


def given(result: dict) -> dict[str, str]:
    """The pictures that an edit was shown beside the photo, by their wishes: garments, swatches, a background."""
    report = _report(result)
    told = report.get("order")
    files: dict[str, str] = {}
    with suppress(UsageError):
        files |= Order().with_wishes(told).files() if isinstance(told, dict) else {}
    found = [picture for pictures in found_in(report).values() for picture in pictures]
    files |= {f"found_{number}": picture for number, picture in enumerate(found)}
    return {name: file for name, file in files.items() if name.partition("_")[0] in SHOWN}


def label(result: dict) -> str:
    """Folder and file name of the photo, below the source of the run."""
    photo, _ = pictures(Path(), result)
    folder, _, name = result["key"].rpartition("/")
    return "/".join(filter(None, (folder, photo.name if photo else name)))


def figure(value: Any) -> float | None:
    """A finite number, or None: json has no other."""
    plain = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return round(float(value), 5) if plain else None


def similarity(result: dict) -> tuple[float | None, float | None, float | None]:
    """Before, after, gain; None where unknown."""
    both = _report(result).get("similarity") or {}
    before, after = figure(both.get("before")), figure(both.get("after"))
    return before, after, None if before is None or after is None else round(after - before, 5)


def _report(result: dict) -> dict[str, Any]:
    return result.get("report") or {}


def _row(
    out: Path,
    result: dict,
    small: list[Thumbnail | None],
    beside: list[tuple[str, str, Thumbnail | None]],
    inside: bool,
) -> dict[str, Any]:
    """What the script is told about a picture: json types only. beside: what `given` says, with thumbnails."""
    report = _report(result)
    before, after, gain = similarity(result)
    photo, edited = pictures(out, result)
    faults = [str(fault) for fault in report.get("complaints") or ()]
    losses = {str(name): figure(value) for name, value in (report.get("losses") or {}).items()}
    return {
        "key": result["key"],
        "name": label(result),
        "status": result["status"],
        "text": str(report.get("text") or ""),
        "region": report.get("region"),
        "before": before,
        "after": after,
        "gain": gain,
        "seconds": figure(report.get("seconds")),
        "steps": report.get("steps"),
        "losses": {name: value for name, value in losses.items() if value is not None},
        "unknown": [str(word) for word in report.get("unknown_words") or ()],
        "faults": faults,
        "notices": [str(notice) for notice in report.get("notices") or () if notice not in faults],
        "error": result.get("error"),
        "code": result.get("exit_code"),
        "input": photo and link(out, photo),
        "output": edited and link(out, edited),
        "ratio": next((round(each.ratio, 4) for each in reversed(small) if each), None),
        "thumbnails": [None if each is None else each.embedded() if inside else each.link() for each in small],
        "given": [
            [
                f"{SHOWN[name.partition('_')[0]]}: {Path(file).name}",
                link(out, Path(file)),
                thumbnail and thumbnail.link(),
            ]
            for name, file, thumbnail in beside
        ],
    }


def _figures(rows: list[dict[str, Any]], summary: dict) -> list[tuple[str, str]]:
    """The large numbers on top: (label, value)."""
    counts = Counter(row["status"] for row in rows)
    gains = [row["gain"] for row in rows if row["gain"] is not None]
    figures = [(name.capitalize(), f"{counts[name]:,}") for name in COUNTED if counts[name]]
    if flagged := sum(bool(row["faults"]) for row in rows):
        figures.insert(1, ("Flagged", f"{flagged:,}"))
    if gains:
        figures.append(("Mean gain", f"{sum(gains) / len(gains):+.3f}".replace("-", "\N{MINUS SIGN}")))
    for name, value in summary.items():
        label = LABELS.get(name, str(name).replace("_", " ").capitalize())
        if name not in (*COUNTED, "flagged") and value and (shown := _shown(name, value)):
            figures.append((label, shown))
    return figures


def _legend(rows: list[dict[str, Any]]) -> dict[str, str]:
    """What the figures that are shown mean."""
    known = any(row["gain"] is not None for row in rows)
    losses = {name for row in rows for name in ("all", *row["losses"]) if row["losses"]}
    flagged = any(row["faults"] for row in rows)
    return (
        (LEGEND if known else {})
        | (FLAGGED if flagged else {})
        | {f"Loss, {name}": LOSSES[name] for name in LOSSES if name in losses}
    )


def _shown(name: str, value: Any) -> str | None:
    """A number or text for people; None for what is neither."""
    if isinstance(value, str):
        return value
    number = figure(value)
    if number is None:
        return None
    if name == "seconds":
        minutes, seconds = divmod(round(number), 60)
        return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {seconds} s"
    return f"{number:,.0f}" if abs(number) >= 100 or number.is_integer() else f"{number:,.1f}"


def _reasons(results: list[dict]) -> list[tuple[str, int, str]]:
    """Why pictures failed, most frequent first: (sentence without names and numbers, how many, words to search)."""
    counts = Counter(_reason(result) for result in results if result["status"] == "failed")
    known = counts.most_common(MOST_REASONS)
    reasons = [(reason, count, re.sub(r"\S*…\S*", "", reason)) for reason, count in known]
    others = counts.total() - sum(count for _, count in known)
    return [*reasons, ("Other reasons.", others, "")] if others else reasons


def _reason(result: dict) -> str:
    """The error with what differs from picture to picture left out."""
    error = str(result.get("error") or "No reason is known.")
    photo = str(_report(result).get("input") or "")
    for name in (photo, Path(photo).name, result["key"]):
        if len(name) > 2:
            error = error.replace(name, "…")
    return " ".join(re.sub(r"\d+", "…", error).split())
