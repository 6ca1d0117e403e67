"""Measurements for people, alone or beside older ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fice.bench.edits import PARTS
from fice.errors import InputError
from fice.files import read_file

LARGEST = 1 << 20  # bytes of a file of measurements
EDITS = {"first": "first edit", "again": "again", "large": "12 megapixels"}
GIGA = 1e9


def table(told: dict[str, Any]) -> str:
    """What `fice.bench.measure` tells."""
    machine, asked, edits, floor = told["machine"], told["asked"], told["edits"], told["floor"]
    first, least = edits["first"], sum(each["seconds"] for each in floor.values())
    heads = [EDITS["first"], "share", "floor", "distance", *(EDITS[name] for name in edits if name != "first")]
    rows = [("", heads)]
    for part, seconds in first["parts"].items():
        away, at_least = floor[part]["distance"], floor[part]["seconds"]
        figures = [_seconds(seconds), f"{floor[part]['share']:.0%}", at_least and _seconds(at_least) or "", ""]
        figures[-1] = "" if away is None else f"{away:.0f}x"
        rows.append((PARTS[part], figures + [_seconds(each["parts"].get(part)) for each in _others(edits)]))
    whole = [_seconds(first["seconds"]), "", _seconds(least), f"{first['seconds'] / least:.0f}x" if least else ""]
    rows.append(("from start to end", whole + [_seconds(each["seconds"]) for each in _others(edits)]))
    rows.append(("most memory", [_mega(first), "", "", "", *(_mega(each) for each in _others(edits))]))
    lines = [
        f"{machine['processor']}, {machine['device']}, {machine['threads']} threads, torch {machine['torch']};"
        f" matrix products at {told['matrix_rate'] / GIGA:.0f} GFLOP/s, copies at {told['bandwidth'] / GIGA:.1f} GB/s",
        f"preset {asked['preset']}, {asked['size'][1]} x {asked['size'][0]} pixels, {asked['text']!r}:"
        f" {sum(told['flops'].values()) / GIGA:.0f} GFLOP, a step of the loop in {_seconds(told['step_seconds'])}",
        "",
        *(f"{name:28}" + "".join(f"{figure:>14}" for figure in figures) for name, figures in rows),
    ]
    if told["networks"]:
        lines.append(f"\n{'network':28}{'forward':>14}{'backward':>14}{'floor':>14}{'distance':>14}  best batch")
    for name, found in told["networks"].items():
        both = found["forward"] + found["backward"]
        figures = [_milli(found["forward"]), _milli(found["backward"]), _milli(found["floor_seconds"])]
        figures.append(f"{both / found['floor_seconds']:.1f}x")
        best = f"  {found['best_batch']} ({_milli(found['best_seconds'])} a picture)"
        lines.append(f"{name:28}" + "".join(f"{figure:>14}" for figure in figures) + best)
    return "\n".join(lines)


def compared(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Two measurements of `fice.bench.measure`, figure by figure; the ratio is below 1 where less is taken now."""
    lines = []
    for kind in ("machine", "asked"):
        pairs = [(name, old[kind].get(name), value) for name, value in new[kind].items()]
        other = [f"{name} {then}, now {now}" for name, then, now in pairs if then != now]
        lines += [f"Not the same: {'; '.join(other)}."] if other else []
    before, now = figures_of(old), figures_of(new)
    lines.append(f"{'':42}{'old':>12}{'new':>12}{'ratio':>8}")
    for name in [*now, *(name for name in before if name not in now)]:
        then, here = before.get(name), now.get(name)
        ratio = f"{here / then:8.2f}" if here and then else ""
        lines.append(
            f"{name:42}" + "".join(f"{'' if each is None else f'{each:.4g}':>12}" for each in (then, here)) + ratio
        )
    return "\n".join(lines)


def figures_of(told: dict[str, Any]) -> dict[str, float]:
    """All seconds, bytes and rates by name."""
    found: dict[str, float] = {}
    for name, edit in told["edits"].items():
        found[f"{EDITS[name]}, s"] = edit["seconds"]
        found |= {f"  {EDITS[name]}: {PARTS[part]}": seconds for part, seconds in edit["parts"].items()}
        found[f"  {EDITS[name]}: memory, MiB"] = (edit["peak_bytes"] or 0) / 2**20
    found |= {"a step of the loop, s": told["step_seconds"], "GFLOP of an edit": sum(told["flops"].values()) / GIGA}
    for name, network in told["networks"].items():
        found |= {f"{name}, {way}, ms": network[way] * 1e3 for way in ("forward", "backward")}
    rates = {"matrix products, GFLOP/s": told["matrix_rate"] / GIGA, "copies, GB/s": told["bandwidth"] / GIGA}
    found |= rates
    return {name: float(value) for name, value in found.items()}


def read_measured(path: str | Path) -> dict[str, Any]:
    """What `fice bench --json` has written into a file. InputError for anything else."""
    try:
        told = json.loads(read_file(path, LARGEST))
        table(told), figures_of(told), compared(told, told)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); name a file that fice bench --json wrote."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError, RecursionError):
        raise InputError(f"{path} holds no measurements; make such a file with fice bench --json > FILE.") from None
    return told


def _others(edits: dict[str, Any]) -> list[dict[str, Any]]:
    return [edit for name, edit in edits.items() if name != "first"]


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s" if value >= 0.095 else f"{value * 1e3:.2g} ms"


def _milli(value: float) -> str:
    return f"{value * 1e3:.1f} ms"


def _mega(edit: dict[str, Any]) -> str:
    return "" if edit["peak_bytes"] is None else f"{edit['peak_bytes'] / 2**20:.0f} MiB"
