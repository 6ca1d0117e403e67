"""The wheel and the editable install work in an environment of their own, from another folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

import fice
from fice.files import LOCK

OURS = {"cli.py", "fice", "stylegan2_ops", "weights"}
LEFT_OUT = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "tests", "notebooks")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of the project, so that building leaves no traces in it."""
    return shutil.copytree(ROOT, tmp_path_factory.mktemp("source") / "fice", ignore=LEFT_OUT)


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, source)
    (path,) = folder.glob("fice-*.whl")
    return path


def run(*command, cwd=None, **environment):
    """Standard output of a command that must succeed; it does not see the project through the environment."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean | environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(folder, *what):
    """An environment with `what` installed, which finds the dependencies where the tests find them."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    dependencies = folder / "dependencies"
    dependencies.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if path.name.split("-")[0] not in OURS and not path.name.startswith("__editable__"):
            (dependencies / path.name).symlink_to(path)
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(site) / "dependencies.pth").write_text(f"{dependencies}\n")
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", *what)
    return folder / "bin"


def works(binaries, folder, home):
    """fice runs from `folder` and its modules come from `user_folder`."""
    assert run(binaries / "fice", "--version", cwd=folder) == f"fice, version {fice.__version__}\n"
    models = map(json.loads, run(binaries / "fice", "models", "list", "--json", cwd=folder).splitlines())
    assert [model["name"] for model in models if model["state"] == "installed"] == ["street", "street-judge"]
    told = json.loads(run(binaries / "fice", "doctor", "--json", cwd=folder))
    assert told["usable"]
    modules = "fice, fice.cli, fice.nets, stylegan2_ops"
    code = f"import {modules}; print(*(m.__file__ for m in ({modules})), sep='\\n')"
    files = run(binaries / "python", "-c", code, cwd=folder).splitlines()
    assert all(Path(file).resolve().is_relative_to(home.resolve()) for file in files), files


def test_the_wheel_has_all_that_is_needed_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    code = {path for top in ("fice", "stylegan2_ops") for path in (ROOT / top).rglob("*")}
    wanted = {str(path.relative_to(ROOT)) for path in code if path.is_file() and path.suffix not in (".pyc", ".md")}
    weights = {path for path in (ROOT / "weights").rglob("*") if path.is_file() and path.name != LOCK}
    wanted |= {f"fice/{path.relative_to(ROOT)}" for path in weights}
    assert wanted <= names, wanted - names
    tops = {name.split("/")[0] for name in names}
    assert tops == {"fice", "stylegan2_ops", f"fice-{fice.__version__}.dist-info"}
    assert "fice/py.typed" in wanted
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_wheel_works_in_an_environment_of_its_own(wheel, tmp_path):
    binaries = install(tmp_path / "env", wheel)
    (tmp_path / "elsewhere").mkdir()
    works(binaries, tmp_path / "elsewhere", tmp_path / "env")


def test_the_editable_install_works(source, tmp_path):
    binaries = install(tmp_path / "env", "--editable", source)
    (tmp_path / "elsewhere").mkdir()
    works(binaries, tmp_path / "elsewhere", source)


def test_the_source_distribution_can_run_its_tests(tmp_path):
    ignored = shutil.ignore_patterns(
        ".git", ".venv", ".*_cache", "build", "dist", "*.egg-info", "__pycache__", "*.safetensors"
    )  # the weights themselves would only take time
    source = shutil.copytree(ROOT, tmp_path / "source", ignore=ignored)
    code = "from setuptools import build_meta; print(build_meta.build_sdist('dist'))"
    (name,) = run(sys.executable, "-c", code, cwd=source).splitlines()[-1:]
    with tarfile.open(source / "dist" / name) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / name.removesuffix(".tar.gz")
    assert (folder / "setup.py").is_file()  # without it no wheel has weights
    for top in ("docs", "examples", "fice", "notebooks", "stylegan2_ops", "tests", "weights"):
        wanted = {path.relative_to(source) for path in (source / top).rglob("*") if path.name != LOCK}
        left_out = {path for path in wanted if not (folder / path).exists()}
        assert wanted and not left_out, left_out
    told = run(sys.executable, "-m", "pytest", "-q", "tests/language/test_words.py", "tests/test_extras.py", cwd=folder)
    assert " passed" in told


def test_the_citation_has_the_version():
    lines = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    assert f"version: {fice.__version__}" in lines
    assert f"## {fice.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_what_was_tested_is_pinned():
    """Every dependency has its pin, so that a fresh machine gets what the tests saw."""
    from configparser import ConfigParser

    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    asked = setup["options"]["install_requires"].split("\n") + setup["options.extras_require"]["test"].split("\n")
    pins = {line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    names = {name.split(";")[0].split(">")[0].lower() for name in asked if name}
    assert names <= pins, names - pins
