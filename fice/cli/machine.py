"""This machine: `fice doctor`, `fice ops` and `fice bench`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fice.cli.options import FILE, bundle_option, device_option, json_option, preset_option, said, steps_option
from fice.cli.terminal import Verb, Verbs
from fice.errors import UsageError


@click.command(cls=Verb)
@click.option("--forget", is_flag=True, help="First delete what is remembered of photographs.")
@json_option
@click.pass_context
def doctor(context: click.Context, forget: bool, as_json: bool) -> None:
    """Say what fice finds on this machine, and mend-it-yourself commands for what is missing.

    \b
    Examples:
      fice doctor
      fice doctor --forget
    """
    from fice import memory
    from fice.cli.doctor import examine, report, usable

    if forget:
        memory.forget()
    findings = examine()
    if as_json:
        click.echo(json.dumps(report(findings), ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(str(finding))
    context.exit(0 if usable(findings) else 4)


@click.group(cls=Verbs)
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


@click.command(cls=Verb)
@click.argument("photo", type=FILE, required=False)
@click.argument("text", required=False)
@bundle_option
@device_option
@preset_option
@steps_option
@click.option("--compare", "old", type=FILE, help="Show all beside what fice bench --json has written into this file.")
@json_option
def bench(as_json: bool, old: Path | None, **options: Any) -> None:
    """Time edits of PHOTO (a generated person, if none is given) by part, and each network alone.

    Edits run as processes of their own: the first of the photo, one again, and one of the photo enlarged to 12
    megapixels. The floor of a part is what its FLOPs take at the rate of matrix products, or its pixels at that of
    copies.

    \b
    Examples:
      fice bench
      fice bench photo.jpg "red dress" --preset generated
      fice bench photo.jpg "red dress" --json > before.json
      fice bench photo.jpg "red dress" --compare before.json
      fice bench photo.jpg "red dress" --bundle viton --preset paper --steps 5
    """
    from fice.bench.measure import measure
    from fice.bench.table import compared, read_measured, table

    if as_json and old:
        raise UsageError("--json tells what is measured now, and compares nothing: leave out one of --json, --compare.")
    before = read_measured(old) if old else None
    told = measure(**said(options))
    shown = table(told) if before is None else f"{table(told)}\n\n{compared(before, told)}"
    click.echo(json.dumps(told) if as_json else shown)
