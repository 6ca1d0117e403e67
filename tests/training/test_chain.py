"""From photographs to a bundle with one command: drawn people, a kill in the middle, and what is said of it all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from garments import GROUNDS, drawn

from fice.bundle.bundle import load_bundle, verify
from fice.cli import main
from fice.errors import DeviceError, FiceError, InputError, UsageError
from fice.references.reference import KINDS
from fice.training.chain.chain import NOTES, Chain, Options, find_devices, plan_all, prepare_chain, train_all
from fice.training.chain.running import Running
from fice.training.chain.stages import SHARES, Stage, plan, share_out, timetable
from fice.training.data.folder import read_folder

ROOT = Path(__file__).resolve().parents[2]
SMOKE = Options(device="cpu", threads=1, smoke=True)
TEXTS = {"name": "mine", "description": "People.", "licence": "none", "data": "drawn"}


@pytest.fixture(scope="module")
def photos(draw_folder, tmp_path_factory):
    folder = draw_folder(tmp_path_factory.mktemp("chain") / "data", 9, 3, unlabelled=2)
    for kind in KINDS:
        (folder.parent / "garments" / kind).mkdir(parents=True)
        for number, ground in enumerate(GROUNDS):
            content = drawn(kind, "plain", (120, 100), ground).content()
            (folder.parent / "garments" / kind / f"{number}.png").write_bytes(content)
    return folder


def until(ready, process):
    while not ready():
        assert process.poll() is None, "the chain has ended too early"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def chain(photos):
    """OUT of a chain that was killed in the middle, and what it told when it went on."""
    out = photos.parent / "out"
    arguments = ["train", "all", "--data", photos, "--out", out, "--smoke", "--device", "cpu", "--threads", "1"]
    command = [sys.executable, "-m", "fice", *map(str, arguments)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    until((out / "clip" / "checkpoint.safetensors").exists, process)
    with pytest.raises(UsageError, match="Another fice is training"):
        train_all(photos, out, SMOKE)
    process.kill()
    process.wait()
    told = []
    trained = train_all(photos, out, SMOKE, told.append)
    assert trained.bundle == out / "bundle"
    return out, told, trained.further


def test_the_chain_ends_in_a_verified_bundle_with_a_card(chain, photos):
    out, _, further = chain
    bundle = load_bundle(out / "bundle")
    assert set(bundle.parts) == {"regions", "pose", "garments", "clip", "generator", "encoder"} and verify(bundle) == []
    assert bundle.name == "out" and bundle.licence == "not stated" and bundle.data == "14 photographs, 12 with labels"
    assert bundle.figures.keys() >= {"regions", "pose", "clip", "frechet"}
    card = (out / "bundle" / "MODEL_CARD.md").read_text()
    assert "Of 14 photographs 12 have pixel labels, of 6 classes." in card and str(out) not in card
    assert "python -m fice.training.recipes.regions --data PHOTOS --teacher OUT/regions --out OUT/student" in card
    assert further.startswith(f"fice train adversarial --data {out / 'prepared'} --out {out / 'adversarial'}")
    assert f"--start {out / 'bundle'} --pivots 8 --fade 25000 --device cuda" in further


def test_what_was_finished_before_the_kill_is_not_done_again(chain):
    out, told, _ = chain
    begun = [line.split(" ")[0] for line in told if " on cpu, about " in line]
    assert begun == ["clip", "judge", "generator", "garments", "encoder", "assemble", "figures"]
    assert json.loads((out / NOTES).read_text()).keys() >= {"regions", "student", "prepare", "pose", *begun}
    log = (out / "logs" / "clip.log").read_text()
    assert log.count("\n$ ") + log.startswith("$ ") == 2 and "from step 0" in log
    resumed = log.rpartition("from step ")[2].split()[0]
    assert int(resumed) > 0  # from its checkpoint


def test_a_finished_chain_does_nothing(chain, photos):
    out, _, further = chain
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    told = []
    assert train_all(photos, out, SMOKE, told.append).further == further
    assert told == [] and {path: path.stat().st_mtime_ns for path in before} == before


def test_changes_behind_a_finished_stage_are_told(chain, photos):
    out, _, _ = chain
    told = []
    changed = prepare_chain(photos, out, SMOKE, told.append)
    changed.notes["clip"]["arguments"][-1] = "77"
    changed.notes["prepare"]["ended"] += 1
    changed.notes["clip"]["ended"] += 1
    kept = changed.standing()
    assert {"assemble", "figures"}.isdisjoint(kept) and {"regions", "clip", "generator", "encoder"} <= kept
    assert (
        f"clip was trained with --minutes 77, not 0.03, and is kept: remove {out / 'clip'} to train it again." in told
    )
    assert any(line.startswith("pose was trained on other results before it and is kept: remove") for line in told)
    with pytest.raises(UsageError, match="holds a run with --smoke"):
        prepare_chain(photos, out, replace(SMOKE, smoke=False), told.append)


def test_a_dry_run_touches_nothing(photos, tmp_path):
    out = tmp_path / "out"
    arguments = ["--data", photos, "--out", out, "--device", "cpu", "--minutes", "100", "--dry-run"]
    result = CliRunner().invoke(main, ["train", "all", *map(str, arguments)])
    assert result.exit_code == 0 and not out.exists()
    assert "11 of 11 stages on cpu" in result.stdout and "adversarial" not in result.stdout
    assert (
        f"python -m fice.training.recipes.pose --data {out / 'prepared'} --regions {out / 'student'}" in result.stdout
    )
    assert "adversarial --data" in plan_all(photos, out, Options(device="cpu", adversarial=True))


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ("--minutes 0", 2, "--minutes must be a number above 0"),
        ("--minutes nan", 2, "--minutes must be a number above 0"),
        ("--device warp", 2, "There is no device 'warp'"),
        ("--device cpu,cuda:77", 6, "The device cuda:77 cannot be used"),
    ],
)
def test_refusals(photos, tmp_path, arguments, code, sentence):
    command = ["train", "all", "--data", str(photos), "--out", str(tmp_path / "out"), "--dry-run", *arguments.split()]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == code and sentence in result.stderr and result.stdout == ""


def test_a_folder_without_photographs_is_refused(tmp_path):
    result = CliRunner().invoke(main, ["train", "all", "--data", str(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 3 and "photos holds no photographs" in result.stderr and not (tmp_path / "out").exists()


def failure(tmp_path, program):
    running = Running("clip", [sys.executable, "-c", program], "cpu", tmp_path / "logs" / "clip.log", 1)
    with pytest.raises(FiceError) as caught:
        while not running.ended():
            time.sleep(0.02)
    return caught.value


def test_a_failed_stage_is_one_sentence_that_names_the_log(tmp_path):
    log = tmp_path / "logs" / "clip.log"
    error = failure(tmp_path, "from fice.errors import InputError; raise InputError('Too dark: take others.')")
    assert type(error) is InputError and str(error) == f"clip: Too dark: take others. The log is {log}."
    error = failure(tmp_path, "print('step 1'); 1 / 0")
    assert type(error) is FiceError
    assert str(error).startswith(f"The stage clip failed (ZeroDivisionError: division by zero): see {log}, and start")
    error = failure(tmp_path, "class OutOfMemoryError(Exception): pass\nraise OutOfMemoryError('of CUDA')")
    assert type(error) is DeviceError and "ran out of memory on cpu" in str(error)
    error = failure(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert "was ended by SIGKILL" in str(error)
    assert "step 1" in log.read_text()


@dataclass(frozen=True)
class Fake(Stage):
    """A stage that runs a program."""

    program: str = ""

    def command(self, python, device):
        return [python, "-c", self.program]


WAITS = (
    "import pathlib, time\npathlib.Path({own!r}).mkdir()\nwhile not pathlib.Path({other!r}).exists(): time.sleep(0.01)"
)


def test_stages_that_need_not_wait_run_at_the_same_time(tmp_path):
    names = [str(tmp_path / name) for name in ("one", "two")]
    programs = [WAITS.format(own=own, other=other) for own, other in (names, names[::-1])]  # neither ends alone
    stages = [
        Fake(name, "", name, (), (), 1.0, program=code) for name, code in zip(("one", "two"), programs, strict=True)
    ]
    last = f"import pathlib; assert all(map(pathlib.Path.exists, map(pathlib.Path, {names!r})))"
    stages.append(Fake("three", "", "one", (), ("one", "two"), program=last))
    told = []
    chain = Chain(stages, tmp_path, ["cpu", "cpu"], 1, told.append)
    chain.run()
    assert (
        chain.worked and chain.notes.keys() == {"one", "two", "three"} and chain.standing() == {"one", "two", "three"}
    )


def test_a_failure_ends_the_others(tmp_path):
    ended = tmp_path / "ended"
    waits = f"import signal, sys, time, pathlib\nsignal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({str(ended)!r})"
    waits += f".mkdir(), sys.exit()))\npathlib.Path({str(tmp_path / 'one')!r}).mkdir()\ntime.sleep(600)"
    fails = f"import pathlib, time\nwhile not pathlib.Path({str(tmp_path / 'one')!r}).exists(): time.sleep(0.01)\n1 / 0"
    stages = [Fake("one", "", "one", (), (), 2.0, program=waits), Fake("two", "", "two", (), (), 1.0, program=fails)]
    chain = Chain(stages, tmp_path, ["cpu", "cpu"], 1, lambda line: None)
    with pytest.raises(FiceError, match="The stage two failed"):
        chain.run()
    assert ended.is_dir() and chain.notes == {}


@pytest.mark.skipif(not hasattr(signal, "SIGTERM") or os.name != "posix", reason="signals of POSIX")
def test_an_interrupt_ends_the_chain_with_5(photos, tmp_path):
    arguments = ["--data", photos, "--out", tmp_path / "out", "--smoke", "--device", "cpu", "--threads", "1"]
    command = [sys.executable, "-m", "fice", "train", "all", *map(str, arguments)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    until((tmp_path / "out" / "logs" / "regions.log").exists, process)
    process.terminate()
    _, error = process.communicate()
    assert process.returncode == 5 and "Interrupted" in error and not (tmp_path / "out" / NOTES).exists()


def stages_of(photos, adversarial=False):
    return plan(read_folder(photos), photos, Path("out"), TEXTS, adversarial)


def test_minutes_are_shared_out(photos):
    stages = stages_of(photos)
    assert {stage.name: stage.minutes for stage in stages if stage.minutes}.items() <= SHARES.items()
    for devices in (1, 2, 8):
        shared = share_out(stages, 60, devices)
        bare = [replace(stage, estimate=0.0) for stage in shared]
        assert max(end for _, end in timetable(bare, devices).values()) == pytest.approx(60, abs=0.1)
    one, two = share_out(stages, 60, 1), share_out(stages, 60, 2)
    assert all(b.minutes > a.minutes for a, b in zip(one, two, strict=True) if a.minutes)
    assert sum(stage.minutes for stage in one) == pytest.approx(60, abs=0.1)


def test_a_timetable_keeps_the_order_and_knows_what_is_spent(photos):
    stages = stages_of(photos, adversarial=True)
    table = timetable(stages, 3)
    assert all(table[name][1] <= table[stage.name][0] for stage in stages for name in stage.after)
    busy = [sum(begin <= at < end for begin, end in table.values()) for at, _ in table.values()]
    assert max(busy) == 3
    names = [stage.name for stage in stages]
    rest = timetable(stages, 1, names[:-1], {"figures": 20.0})
    assert rest == {"figures": (0.0, pytest.approx(stages[-1].estimate - 20.0))}


def test_the_adversarial_generator_replaces_the_other(photos):
    stages = {stage.name: stage for stage in stages_of(photos, adversarial=True)}
    assert stages["assemble"].options[4:6] == ("out/generator", "out/adversarial")  # the later one counts
    assert stages["adversarial"].after == ("generator",) and stages["encoder"].after == ("adversarial",)
    assert stages["encoder"].options[2:6] == ("--generator", "out/adversarial", "--start", "out/generator")
    assert "encoder" in stages["assemble"].after


def test_devices_of_a_list():
    assert find_devices("cpu") == ["cpu"] and find_devices("cpu, cpu") == ["cpu", "cpu"]
