"""A batch on Ray: every job is done once, whoever dies; and Ray is left as it was found."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from asking import batch
from asking import job as asked
from PIL import Image

from fice.batch import cluster
from fice.batch.cluster import AHEAD, LEAST, shares
from fice.batch.journal import NAME, Journal
from fice.batch.run import run_batch
from fice.bundle.bundle import load_bundle
from fice.errors import DeviceError, FullDisk, InputError, WeightsError
from fice.inversion.sample import people

# the two Rays of these tests know each other by it; read when Ray is loaded
os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
pytest.importorskip("ray", reason="Ray is not installed")
from batch.ray_stub import edit, jobs

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
HEAD = """
import os, sys, ray
ray.init(address="local", num_cpus=2, include_dashboard=False, object_store_memory=100 << 20, _temp_dir=sys.argv[1])
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""


@contextmanager
def started(folder):
    """A Ray that another process has started in a folder: its address, and what stops it."""
    with tempfile.TemporaryDirectory(prefix="t-", ignore_cleanup_errors=True) as short:  # for names of sockets
        process = subprocess.Popen(
            [sys.executable, "-c", HEAD, short],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"RAY_USAGE_STATS_ENABLED": "0"},
        )
        try:
            yield process.stdout.readline().strip(), process.stdin.close
        finally:
            process.stdin.close()
            process.wait(60)


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    with started(tmp_path_factory.mktemp("elsewhere")) as (address, _):
        yield address


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Workers must not find the project in the current folder."""
    monkeypatch.chdir(tmp_path)


def written(out, results):
    with Journal(out) as journal:
        for result in results:
            journal.append(result)
    return lines(out)


def lines(out):
    return [json.loads(line) for line in (out / NAME).read_text().splitlines()]


def edits(out):
    return Counter((out / "edits.txt").read_text().split())


def process(pid):
    """State and session of a process, None when there is none."""
    try:
        state, _, _, session = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:4]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return state, int(session)


def alive(pid):
    found = process(pid)
    return found is not None and found[0] not in "ZX"  # ended, if not yet taken note of


def gone(pids, seconds=20.0):
    """Whether processes end soon."""
    end = time.monotonic() + seconds
    while any(map(alive, pids)):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_a_dead_workers_jobs_go_to_others_and_what_was_reported_is_not_done_again(head, tmp_path):
    found = written(tmp_path, edit(jobs(60, "die once", at=30), tmp_path, address=head, workers=2))
    assert Counter(line["key"] for line in found) == {f"{i}.jpg": 1 for i in range(60)}
    assert {line["status"] for line in found} == {"done"}
    assert len({line["report"]["pid"] for line in found}) == 3
    twice = {key for key, count in edits(tmp_path).items() if count > 1}
    assert "30.jpg" in twice and len(twice) <= max(LEAST, AHEAD)  # no more than one worker holds


def test_a_job_that_kills_its_workers_fails_alone(head, tmp_path):
    found = written(tmp_path, edit(jobs(30, "die"), tmp_path, address=head, workers=2))
    failed = [line for line in found if line["status"] == "failed"]
    assert len(found) == len({line["key"] for line in found}) == 30
    assert [line["key"] for line in failed] == ["5.jpg"] and edits(tmp_path)["5.jpg"] == 3
    assert failed[0]["error"] == "Its worker died 3 times, mostly for want of memory; edit it alone to see why."
    assert failed[0]["report"]["input"] == "photos/5.jpg" and failed[0]["exit_code"] == 6


@pytest.mark.parametrize(
    ("device", "text", "error", "sentence"),
    [
        ("cpu", "full", FullDisk, "The disk is full; free some space and try again."),
        ("damaged", "", WeightsError, "The weights are damaged; fetch them again."),
        (
            "hopeless",
            "",
            DeviceError,
            "Workers die before they can begin, mostly for want of memory: use fewer --workers.",
        ),
    ],
)
def test_what_concerns_all_ends_the_run_with_its_sentence(head, tmp_path, device, text, error, sentence):
    with pytest.raises(error) as caught:
        list(edit(jobs(9, text), tmp_path, device=device, address=head, workers=2))
    assert str(caught.value) == sentence


@linux
def test_a_cluster_is_left_as_it_was_found(head, tmp_path, capfd):
    import ray

    run = edit(jobs(20), tmp_path, address=head, workers=2)
    pids = {next(run).report["pid"] for _ in range(10)}
    run.close()  # as an interruption does
    assert gone(pids) and not ray.is_initialized()
    again = list(edit(jobs(2), tmp_path, address=head, workers=1))
    assert [result.report["threads"] for result in again] == ["2", "2"]  # one worker has both cores
    assert capfd.readouterr() == ("", "")


def test_what_this_process_has_joined_is_used_and_not_left(head, tmp_path):
    import ray

    ray.init(address=head, log_to_driver=False, logging_level="ERROR")
    try:
        assert len(list(edit(jobs(3), tmp_path, workers=1))) == 3 and ray.is_initialized()
    finally:
        ray.shutdown()


def test_the_address_may_be_in_the_environment(head, tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", head)
    told = []
    assert len(list(edit(jobs(3), tmp_path, workers=1, tell=told.append))) == 3
    assert told[:2] == [f"Joining Ray at {head}.", "1 worker on Ray."]


def test_results_come_while_the_next_job_is_awaited(head, tmp_path):
    seen = threading.Event()

    def arriving():
        first, second = jobs(2)
        yield first
        assert seen.wait(300)  # a busy machine takes its time
        yield second

    for _ in edit(arriving(), tmp_path, address=head, workers=2):
        seen.set()
    assert sum(edits(tmp_path).values()) == 2


def test_an_error_of_the_jobs_ends_the_run(head, tmp_path):
    def broken():
        yield from jobs(2)
        raise InputError("The folder is gone; mount it again.")

    with pytest.raises(InputError, match="The folder is gone"):
        list(edit(broken(), tmp_path, address=head, workers=1))


def test_jobs_are_taken_as_there_is_room(head, tmp_path):
    taken = reported = most = 0

    def count():
        nonlocal taken
        for job in jobs(1000):
            taken += 1
            yield job

    for _ in edit(count(), tmp_path, address=head, workers=2):
        reported += 1
        most = max(most, taken - reported)
    assert (taken, reported) == (1000, 1000)
    assert most <= 2 * max(LEAST, AHEAD)


def test_a_cluster_that_ends_ends_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "CHECK", 0.5)
    monkeypatch.setattr(cluster, "GRACE", 0.5)
    with started(tmp_path) as (address, stop):
        run = edit((asked(f"{i}.jpg", f"{i}.jpg", "slow") for i in itertools.count()), tmp_path, address=address)
        next(run)
        stop()
        with pytest.raises(DeviceError, match="^The Ray cluster has ended: start it again"):
            list(run)


def test_without_jobs_nothing_is_started(tmp_path):
    assert list(edit([], tmp_path, address="nowhere:1")) == []


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:10001", "127.0.0.1:port"])
def test_no_cluster_is_there(tmp_path, address):
    with pytest.raises(DeviceError, match=f"^Ray cannot be joined at {address} .*: start it there, and set"):
        list(edit(jobs(1), tmp_path, address=address))


def test_ray_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DeviceError, match="^Ray is not installed: `pip install"):
        list(edit(jobs(1), tmp_path))


@pytest.fixture
def temporary():
    with tempfile.TemporaryDirectory(prefix="t-", ignore_cleanup_errors=True) as short:
        yield Path(short)


def own_run(out, text, temporary):
    """A run in a process of its own, on a Ray that it starts itself, in a session as of a terminal."""
    stub, root = Path(__file__).with_name("ray_stub.py"), Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        [sys.executable, stub, out, "20", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=out,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(root), "TMPDIR": str(temporary)},
    )


def members(run):
    """Its processes, Ray's among them but for two agents, which notice that they are alone within a minute."""
    numbers = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    mine = [pid for pid in numbers if (process(pid) or ("", 0))[1] == run.pid and alive(pid)]
    return [pid for pid in mine if b"Agent" not in Path(f"/proc/{pid}/cmdline").read_bytes()]


@linux
def test_a_ray_of_its_own_is_silent_and_stopped(tmp_path, temporary):
    run = own_run(tmp_path, "die once", temporary)
    assert run.communicate(timeout=60) == ("", "") and run.returncode == 0
    assert {line["status"] for line in lines(tmp_path)} == {"done"} and len(lines(tmp_path)) == 20
    assert gone(members(run)) and not list(temporary.iterdir())


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_ray_of_its_own_ends_with_the_run(tmp_path, temporary, number):
    run = own_run(tmp_path, "slow", temporary)
    while not (tmp_path / "edits.txt").exists():
        assert run.poll() is None
        time.sleep(0.05)
    everyone = members(run)
    os.kill(run.pid, number) if number == signal.SIGKILL else os.killpg(run.pid, number)  # Ctrl-C reaches all
    run.communicate(timeout=60)
    assert len(everyone) > 3 and gone(everyone)
    assert number == signal.SIGKILL or not list(temporary.iterdir())


@pytest.mark.parametrize(
    ("nodes", "device", "workers", "wanted"),
    [
        ([{"CPU": 2}], "auto", None, (1, {"num_cpus": 2}, 2)),
        ([{"CPU": 2}], "auto", 2, (2, {"num_cpus": 1}, 1)),
        ([{"CPU": 2}], "auto", 3, (3, {"num_cpus": 0.6666}, 1)),
        ([{"CPU": 4}, {"CPU": 4}], "auto", 3, (3, {"num_cpus": 2}, 2)),
        ([{"CPU": 16}, {"CPU": 4}], "auto", None, (10, {"num_cpus": 2}, 2)),
        ([{"CPU": 5}], "auto", 2, (2, {"num_cpus": 2}, 2)),
        ([{"CPU": 8, "GPU": 4}, {"CPU": 8}], "auto", None, (4, {"num_gpus": 1, "num_cpus": 0}, 2)),
        ([{"CPU": 8, "GPU": 2}], "cuda", 1, (1, {"num_gpus": 1, "num_cpus": 0}, 8)),
        ([{"CPU": 8, "GPU": 2}], "auto", 3, (3, {"num_gpus": 0.5, "num_cpus": 0}, 2)),
        ([{"CPU": 8, "GPU": 2}], "cpu", 2, (2, {"num_cpus": 4}, 4)),
    ],
)
def test_shares(nodes, device, workers, wanted):
    assert shares([{"Alive": True, "Resources": node} for node in nodes], device, workers) == wanted


def test_a_cluster_without_places():
    nodes = [{"Alive": False, "Resources": {"CPU": 8}}, {"Alive": True, "Resources": {}}]
    with pytest.raises(DeviceError, match="neither a GPU nor a core"):
        shares(nodes, "auto", None)


def test_the_same_pictures_as_without_ray(head, tmp_path):
    generator = load_bundle("street").part("generator")
    (tmp_path / "photos").mkdir()
    for name, pixels in zip("ab", people(generator, 2, seed=3), strict=True):
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{name}.png")
    common = {"device": "cpu", "batch_size": 1}
    run_batch(batch("photos", ["a red dress"], "here", **common))
    run_batch(batch("photos", ["a red dress"], "there", on="ray", address=head, workers=2, **common))
    here, there = (sorted(lines(tmp_path / out), key=lambda line: line["key"]) for out in ("here", "there"))
    assert [line["key"] for line in there] == [line["key"] for line in here] == ["a.png", "b.png"]
    for mine, yours in zip(here, there, strict=True):
        assert mine["status"] == yours["status"] == "done"
        assert yours["report"]["input"] == mine["report"]["input"]
        assert yours["report"]["output"] == mine["report"]["output"].replace("here", "there")
        assert yours["made_from"]["fingerprint"] == mine["made_from"]["fingerprint"]
        pictures = (np.asarray(Image.open(line["report"]["output"]), float) for line in (mine, yours))
        assert np.abs(np.subtract(*pictures)).max() == 0
    again = run_batch(batch("photos", ["a red dress"], "there", **common))
    assert (again.skipped, again.done) == (2, 0)
