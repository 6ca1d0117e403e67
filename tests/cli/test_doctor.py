"""The doctor: what is missing is named, with the command that mends it, and only what is needed is fatal."""

from __future__ import annotations

import builtins
import json
import sys

import pytest

import fice.bundle.bundle
from fice.bundle.pack import save_part
from fice.cli.doctor import Finding, examine, report, usable
from fice.extras import EXTRAS
from fice.nets.parser import Parser
from stylegan2_ops import build


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A place for bundles with a whole one in it."""
    save_part(tmp_path / "street", "regions", Parser(2), "parser", {"classes": 2})
    monkeypatch.setattr(fice.bundle.bundle, "shipped", lambda: tmp_path)
    return tmp_path


def found(name):
    return {finding.name: finding for finding in examine()}[name]


def test_a_whole_machine_is_usable(home):
    findings = examine()
    assert usable(findings) and found("bundle street").ok
    assert all((finding.remedy is None) == finding.ok for finding in findings)
    told = json.loads(json.dumps(report(findings)))
    assert told["usable"] and {"name", "ok", "text", "needed", "remedy"} == set(told["findings"][0])


def test_a_damaged_bundle_is_fatal(home):
    (home / "street" / "regions.safetensors").write_bytes(b"<html>")
    finding = found("bundle street")
    assert not finding.ok and finding.remedy and "bytes instead of" in finding.text and not usable(examine())


def test_a_damaged_bundle_beside_a_whole_one_is_not(home):
    save_part(home / "other", "regions", Parser(2), "parser", {"classes": 2})
    (home / "other" / "bundle.json").write_text("{")
    assert not found("bundle other").ok and usable(examine())


def test_no_bundle_is_fatal(home, tmp_path, monkeypatch):
    monkeypatch.setattr(fice.bundle.bundle, "shipped", lambda: tmp_path / "nothing")
    assert not found("bundle").ok and not usable(examine())


def test_without_compiler_the_machine_is_usable_still(home, monkeypatch):
    monkeypatch.setattr(build, "compiler", lambda: None)
    monkeypatch.setattr(build, "library", lambda: home / "none" / "ops.so")
    compiler, ops = found("compiler"), found("ops")
    assert not compiler.ok and "g++" in compiler.remedy and not ops.ok and "reference" in ops.text
    assert usable(examine())


def test_without_torch_the_doctor_still_speaks(home, monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest):
        if name == "torch":
            raise ImportError("No module named 'torch'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    findings = examine()
    monkeypatch.undo()
    assert [f.name for f in findings if not f.ok and f.needed] == ["torch"] and not usable(findings)


def test_each_extra_is_named_with_what_it_enables(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    finding = found("extra evaluate")
    assert not finding.ok and "fice evaluate" in finding.text and "skimage" in finding.text
    assert "'.[evaluate]'" in finding.remedy and usable(examine())
    assert {f"extra {extra}" for extra in EXTRAS} <= {finding.name for finding in examine()}


def test_a_finding_reads_well():
    assert str(Finding("nvcc", True, "13.0")) == "ok   nvcc: 13.0"
    assert str(Finding("x", False, "none", True, "mend it")) == "FAIL x: none\n     -> mend it"
    assert str(Finding("x", False, "none", False, "mend it")).startswith("note")


def test_doctor_says_what_is_there(fice_command):
    done = fice_command("doctor", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["usable"] else 4)
    findings = {finding["name"]: finding for finding in told["findings"]}
    assert (
        findings["python"]["ok"]
        and findings["torch"]["ok"]
        and {"device", "compiler", "ninja", "nvcc", "ops"} <= set(findings)
    )
    assert all(finding["ok"] or finding["remedy"] for finding in told["findings"])
