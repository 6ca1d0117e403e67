"""The plan of the house: which module may import which, without circles, and how long one may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest
from conftest import ROOT

LARGEST = 300  # lines
COMMANDS = ("fice.cli", "fice.__main__")


def modules() -> dict[str, Path]:
    """All modules of fice and stylegan2_ops by name."""
    found = {}
    for path in (path for top in ("fice", "stylegan2_ops") for path in (ROOT / top).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def executed(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported; what only type checkers see does not."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from executed(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for name in ("body", "orelse", "handlers", "finalbody"):
                yield from executed(getattr(node, name, []))


def imports(module: str) -> set[str]:
    """What a module imports when it is imported itself: names of modules."""
    path, found = MODULES[module], set()
    for node in executed(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = module if path.name == "__init__.py" else module.rpartition(".")[0]
            base = resolve_name("." * node.level + (node.module or ""), package)
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else base for name in names}
    return found


GRAPH = {module: imports(module) for module in MODULES}


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def imported(by, of):
    """'a imports b' for each module and import that `by` and `of` say yes to."""
    return {f"{one} imports {other}" for one, others in GRAPH.items() if by(one) for other in others if of(other)}


def test_no_module_imports_itself_through_others():
    try:
        TopologicalSorter({one: others & set(MODULES) for one, others in GRAPH.items()}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_room_is_too_large():
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: number for name, number in lines.items() if number > LARGEST} == {}


def test_only_commands_know_the_command_line():
    assert not imported(lambda one: not within(one, *COMMANDS), lambda other: within(other, "click", *COMMANDS))


def test_networks_know_nothing_of_those_who_use_them():
    below = ("fice.nets", "fice.errors", "fice.extras")
    assert not imported(
        lambda one: within(one, "fice.nets"), lambda other: within(other, "fice") and not within(other, *below)
    )


def test_operators_know_nothing_of_fice():
    assert not imported(lambda one: within(one, "stylegan2_ops"), lambda other: within(other, "fice"))


def test_a_service_knows_no_web_framework():
    frameworks = ("fastapi", "starlette", "uvicorn", "gradio", "pydantic")
    servers = ("fice.service.http", "fice.service.serving", "fice.web")
    assert not imported(lambda one: not within(one, *servers), lambda other: within(other, *frameworks))
    assert not imported(lambda one: within(one, "fice.service"), lambda other: within(other, "fice.web"))


def test_what_is_imported_is_seen():
    assert "fice.errors" in GRAPH["fice.files"] and "fice.checkpoints.clip" in GRAPH["fice.checkpoints.importing"]
    assert "fice.evaluation.run" not in GRAPH["fice"]  # type checkers alone see it
    assert "fice.cli.progress" not in GRAPH["fice.cli.edit"]  # imported when the command runs
    assert "stylegan2_ops.errors" in GRAPH["stylegan2_ops"]
