"""scripts/gpu_check.sh, on this machine's processor: its parts, and what becomes of those that fail."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import partial

import pytest
import torch
from conftest import ROOT

from fice.bench.check import loop
from fice.bench.ops import differences, told_differences

pytestmark = pytest.mark.skipif(not shutil.which("bash") or not shutil.which("timeout"), reason="no bash and timeout")
SCRIPT = ROOT / "scripts" / "gpu_check.sh"
CPU = torch.device("cpu")


def checked(out, *options, python=sys.executable):
    """What the script says of each part, and how it ended."""
    done = subprocess.run(
        ["bash", SCRIPT, "--out", out, *options],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHON": str(python)},
    )
    said = dict(line.split(maxsplit=1) for line in (out / "parts.txt").read_text().splitlines())
    return said, done


def test_a_part_that_fails_takes_no_other_with_it(tmp_path):
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\ncase "$*" in *"check loop-bf16"*) echo "Error: too large." >&2; exit 6;; *) echo fine;; esac\n'
    )
    python.chmod(0o755)
    said, done = checked(tmp_path / "out", "--device", "cuda", python=python)
    assert said.pop("loop-bf16") == "failed: Error: too large." and done.returncode == 1
    skipped = {part for part, what in said.items() if what.startswith("skipped")}
    assert skipped == {"training", "official"}
    assert all(what.startswith("ok") for part, what in said.items() if part not in skipped)
    assert "## loop-graphs\n\nfine" in (tmp_path / "out" / "table.txt").read_text()


def test_the_ops_are_checked_on_a_processor(tmp_path):
    said, done = checked(tmp_path / "out", "--device", "cpu", "--tiny", "--only", "ops")
    assert done.returncode == 0, done.stderr
    assert said["ops"].startswith("ok") and said["build"].startswith("skipped")
    told = json.loads((tmp_path / "out" / "ops.json").read_text())
    assert told["wrong"] == 0 and told["machine"]["device"] == "cpu"
    assert {row["dtype"] for row in told["ops"]} == {"float32", "bfloat16", "float16"}
    assert "right" in (tmp_path / "out" / "table.txt").read_text()


def test_all_parts_end_within_eight_minutes():
    limits = re.findall(r"^\s*(?:part|check) [\w-]+ (\d+)", SCRIPT.read_text(), re.M)
    assert len(limits) > 10 and sum(map(int, limits)) <= 480


def test_an_op_that_is_wrong_is_found(monkeypatch):
    def odd(x, impl="ref"):
        return 2 * x if x.dtype == torch.float16 else 1 * x

    monkeypatch.setattr("fice.bench.ops.cases", lambda batch, device: [("odd 2", torch.randn(3, 4), partial(odd))])
    rows = differences(CPU)
    assert {row["dtype"] for row in rows if not row["right"]} == {"float16"}
    assert "WRONG" in told_differences(rows)


def test_a_step_of_the_loop_is_timed_in_bfloat16(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("fice.batch.batch_size.REPEATS", 1)
    told, _ = loop(CPU, True, "bf16", tmp_path)
    assert [row["width"] for row in told["steps"]] == [1, 2] and "2 at once" in capsys.readouterr().out
