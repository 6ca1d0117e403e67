"""The journal of a batch: nothing that was promised is lost, whatever ends the run; and what need not be made again."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from asking import job as asked
from PIL import Image

from fice.batch.journal import NAME, Journal, Result, Summary
from fice.batch.resume import made_from, state_of, unchanged
from fice.errors import FiceError, UsageError
from fice.files import sha256_of


def result(key="a.jpg", status="done", **more):
    return Result(key, status, {"input": f"photos/{key}", "text": "a red dress", "losses": {"image": 1.0}}, **more)


def written(folder, *results):
    with Journal(folder) as journal:
        for each in results:
            journal.append(each)
    return (folder / NAME).read_bytes()


def read(folder):
    with Journal(folder) as journal:
        return journal.latest()


def test_what_is_written_is_read_again(tmp_path):
    written(tmp_path / "new" / "out", result("a.jpg"), result("b.jpg", "failed", error="No.", exit_code=3))
    latest = read(tmp_path / "new" / "out")
    assert latest["b.jpg"] == Result(
        "b.jpg", "failed", {"input": "photos/b.jpg", "text": "a red dress"}, error="No.", exit_code=3
    )
    assert latest["a.jpg"].status == "done" and "losses" not in latest["a.jpg"].report


def test_the_last_line_of_a_key_counts(tmp_path):
    written(tmp_path, result(status="failed", error="No."), result("b.jpg"), result(made_from={"weights": "w"}))
    assert list(read(tmp_path)) == ["a.jpg", "b.jpg"]
    assert read(tmp_path)["a.jpg"].made_from == {"weights": "w"}


def test_every_line_is_strict_json(tmp_path):
    report = {"loss": float("nan"), "most": float("-inf"), "similarity": np.float32(0.5), "size": np.array([4, 2])}
    line = written(tmp_path, Result("ä 🙂\n.jpg", "done", report | {"path": Path("a/b"), "seconds": 1.5}))
    assert "ä 🙂".encode() in line and line.count(b"\n") == 1

    def refuse(name):
        raise AssertionError(name)

    entry = json.loads(line, parse_constant=refuse)
    assert entry["report"] == {
        "loss": None,
        "most": None,
        "similarity": 0.5,
        "size": [4, 2],
        "path": "a/b",
        "seconds": 1.5,
    }


def test_names_that_are_not_unicode_survive(tmp_path):
    strange = os.fsdecode(b"photos/\xff\xfe.jpg")
    line = written(tmp_path, Result("a.jpg", "done", {"input": strange}))
    line.decode("utf-8")
    assert read(tmp_path)["a.jpg"].report["input"] == strange


@pytest.mark.parametrize("torn", [b"{", b'{"key": "c.jpg", "status": "do', b"\0" * 70_000, b"\xff", b"[1, 2]"])
def test_a_torn_last_line_is_cut_off(tmp_path, torn):
    whole = written(tmp_path, result())
    (tmp_path / NAME).write_bytes(whole + torn)
    assert list(read(tmp_path)) == ["a.jpg"]
    assert (tmp_path / NAME).read_bytes() == whole


def test_a_journal_of_one_torn_line_is_empty(tmp_path):
    (tmp_path / NAME).write_bytes(b'{"key"' * 20_000)
    assert read(tmp_path) == {} and (tmp_path / NAME).read_bytes() == b""


def test_a_last_line_that_only_lacks_its_end_is_kept(tmp_path):
    whole = written(tmp_path, result())
    (tmp_path / NAME).write_bytes(whole[:-1])
    assert list(read(tmp_path)) == ["a.jpg"] and (tmp_path / NAME).read_bytes() == whole


@pytest.mark.parametrize(
    "damage",
    [
        b"\n",
        b"nonsense\n",
        b"null\n",
        b'{"key": 3, "status": "done", "report": {}}\n',
        b'{"key": "a", "status": "?", "report": {}}\n',
        b'{"key": "a", "status": "done", "report": 7}\n',
        b"[" * 100_000 + b"\n",
        b"\xff\0\n",
    ],
)
def test_a_damaged_line_in_the_middle_is_passed_over(tmp_path, damage):
    whole = written(tmp_path, result("a.jpg"))
    (tmp_path / NAME).write_bytes(whole + damage + damage)
    content = written(tmp_path, result("b.jpg"))
    assert content.startswith(whole + damage)
    with Journal(tmp_path) as journal:
        assert list(journal.latest()) == ["a.jpg", "b.jpg"]
        assert len(journal.notices) == 1 and "line 2 and 1 more" in journal.notices[0]


def test_only_one_writes(tmp_path):
    with Journal(tmp_path):
        with pytest.raises(UsageError, match="Another fice"):
            Journal(tmp_path).__enter__()
        code = "import sys; from fice.batch.journal import Journal; Journal(sys.argv[1]).__enter__()"
        other = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, cwd=os.getcwd())
        assert "UsageError: Another fice is writing" in other.stderr
    with Journal(tmp_path):
        pass


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="folder"):
        Journal(tmp_path / "file").__enter__()
    with pytest.raises(FiceError, match="file"):
        Journal(tmp_path / "file" / "out").__enter__()


def test_a_folder_in_the_way_of_the_file_frees_the_lock(tmp_path):
    (tmp_path / NAME).mkdir()
    for _ in range(2):
        with pytest.raises(FiceError, match=NAME):
            Journal(tmp_path).__enter__()


@pytest.mark.parametrize("room", [0, 1, 100])
def test_a_full_disk_leaves_nothing_half_written(tmp_path, room):
    """A limit on the size of files lets a part of the line through, as a disk does that becomes full."""
    whole = written(tmp_path, result("a.jpg"))
    code = f"""
import resource, signal, sys
from fice.batch.journal import Journal, Result
from fice.errors import FiceError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Journal(sys.argv[1]) as journal:
    resource.setrlimit(resource.RLIMIT_FSIZE, ({len(whole) + room}, resource.RLIM_INFINITY))
    try:
        journal.append(Result("b.jpg", "done", {{"text": "x" * 1000}}))
    except FiceError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.append(Result("c.jpg", "done", {{}}))
"""
    run = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert "was not written" in run.stdout
    assert list(read(tmp_path)) == ["a.jpg", "c.jpg"] and (tmp_path / NAME).read_bytes().startswith(whole)


def test_a_full_disk_is_said_in_a_sentence(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with Journal(tmp_path) as journal:
        journal.append(result("a.jpg"))
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(FiceError, match="disk is full.*free some space"):
                journal.append(result("b.jpg"))
    assert list(read(tmp_path)) == ["a.jpg"]


@pytest.mark.parametrize("stays, share", [(False, 0.0), (False, 0.5), (True, 1.0)])
def test_an_interrupted_line_stays_whole_or_goes(tmp_path, monkeypatch, stays, share):
    write = os.write

    def interrupted(handle, line):
        write(handle, line[: round(share * len(line))])
        raise KeyboardInterrupt

    with Journal(tmp_path) as journal:
        journal.append(result("a.jpg"))
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", interrupted)
            with pytest.raises(KeyboardInterrupt):
                journal.append(result("b.jpg"))
        journal.append(result("c.jpg"))
    assert (tmp_path / NAME).read_bytes().endswith(b"}\n")
    assert list(read(tmp_path)) == ["a.jpg", *["b.jpg"] * stays, "c.jpg"]


def test_a_line_interrupted_on_its_way_to_the_disk_stays(tmp_path, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    with Journal(tmp_path) as journal:
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", interrupted)
            with pytest.raises(KeyboardInterrupt):
                journal.append(result("a.jpg"))
        journal.append(result("b.jpg"))
    assert list(read(tmp_path)) == ["a.jpg", "b.jpg"]


WRITER = """
import sys
from fice.batch.journal import Journal, Result
with Journal(sys.argv[1]) as journal:
    start = len(journal.latest())
    print("ready", flush=True)
    for number in range(start, start + 1_000_000):
        journal.append(Result(f"{number}.jpg", "done", {"input": "x" * (number * 37 % 5000)}))
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
"""


def test_a_kill_at_any_moment_loses_nothing_that_was_promised(tmp_path):
    moments = random.Random(0)
    promised = 0
    for _ in range(20):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True)
        assert writer.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0, 0.05))
        writer.send_signal(signal.SIGKILL)
        numbers = [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        writer.wait()
        promised = max([promised, *(number + 1 for number in numbers)])
        with Journal(tmp_path) as journal:
            kept = len(journal.latest())
            assert not journal.notices
        assert promised <= kept <= promised + 1
        promised = kept
    assert promised > 20
    assert list(read(tmp_path)) == [f"{number}.jpg" for number in range(promised)]


@pytest.fixture
def finished(tmp_path):
    """A job that was done, and how to ask whether it still counts."""

    class Finished:
        out = tmp_path / "out"
        photo, mask, output = tmp_path / "a.jpg", tmp_path / "m.png", out / "a.jpg"
        job = asked("a.jpg", photo, "a red dress", {"mask": str(mask)})

        def still(self, job=None, settings="s", weights="w", **changes):
            previous = Result(self.job.key, "done", {}, made_from=self.made | changes)
            return unchanged(job or self.job, settings, weights, previous, out=self.out)

    done = Finished()
    done.out.mkdir()
    Image.new("RGB", (64, 48)).save(done.photo)
    Image.new("L", (64, 48)).save(done.mask)
    Image.new("RGB", (64, 48), "red").save(done.output)
    done.made = made_from(done.job, done.output, "s", "w", before=state_of(done.job), sha256=sha256_of(done.photo))
    return done


def test_a_finished_picture_is_not_made_again(finished):
    assert finished.still()
    assert finished.made["output_size"] == [48, 64]
    assert finished.made["input_bytes"] == finished.photo.stat().st_size
    assert json.loads(json.dumps(finished.made)) == finished.made


@pytest.mark.parametrize("which", ["photo", "mask"])
def test_a_file_that_is_only_touched_is_compared_by_content(finished, which):
    path = getattr(finished, which)
    os.utime(path, ns=(1, 1))
    assert finished.still()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))
    assert not finished.still()
    path.unlink()
    assert not finished.still()


def test_a_mask_counts_by_content_not_by_name(finished, tmp_path):
    moved = finished.mask.rename(tmp_path / "moved.png")
    assert finished.still(asked("a.jpg", finished.photo, "a red dress", {"mask": str(moved)}))
    assert not finished.still(asked("a.jpg", finished.photo, "a red dress"))
    assert not finished.still(asked("a.jpg", finished.photo, "a red dress", {"latent": str(moved)}))


def test_a_photo_that_changed_while_it_was_edited_is_edited_again(finished):
    before, sha256 = state_of(finished.job), sha256_of(finished.photo)
    content = bytearray(finished.photo.read_bytes())
    content[-1] ^= 1
    finished.photo.write_bytes(content)
    os.utime(finished.photo, ns=(5, 5))
    made = made_from(finished.job, finished.output, "s", "w", before=before, sha256=sha256)
    assert not finished.still(**made)


@pytest.mark.parametrize(
    "change", [{"settings": "other"}, {"weights": "other"}, {"text": "a blue dress"}, {"wishes": {"seed": 1}}]
)
def test_what_is_asked_counts(finished, change):
    wishes = change.pop("wishes", {"mask": str(finished.mask)})
    job = asked("a.jpg", finished.photo, change.pop("text", "a red dress"), wishes)
    assert not finished.still(job, **change)


def test_the_result_must_be_there_and_whole(finished):
    whole = finished.output.read_bytes()
    finished.output.write_bytes(whole[:-1])
    assert not finished.still()
    finished.output.write_bytes(b"\0" * len(whole))
    assert not finished.still()
    finished.output.write_bytes(whole)
    assert finished.still() and not finished.still(output_size=[64, 48])
    finished.output.unlink()
    assert not finished.still()


@pytest.mark.parametrize("made", [{}, {"fingerprint": 3}, {"output_bytes": "x", "output_size": None}])
def test_a_strange_record_counts_as_none(finished, made):
    previous = Result("a.jpg", "done", {}, made_from=made)
    assert not unchanged(finished.job, "s", "w", previous, out=finished.out)


def test_a_failed_picture_is_tried_again(finished):
    previous = Result("a.jpg", "failed", {}, made_from=finished.made)
    assert not unchanged(finished.job, "s", "w", previous, out=finished.out)


def test_the_summary_counts_reasons_without_names():
    summary = Summary(skipped=4, began=time.monotonic() - 3600)
    for name in ("a.jpg", "b.jpg"):
        summary.add(result(name))
        summary.add(result(name, "failed", error=f"photos/{name} is empty; copy or download it again."))
    summary.add(result("c.jpg", "failed", error="Nobody is in photos/c.jpg; choose another."))
    facts = summary.as_dict()
    assert (facts["done"], facts["flagged"], facts["skipped"], facts["failed"]) == (2, 0, 4, 3)
    assert list(facts["reasons"].items()) == [
        ("PHOTO is empty; copy or download it again. (The first PHOTO is photos/a.jpg.)", 2),
        ("Nobody is in photos/c.jpg; choose another.", 1),
    ]
    assert facts["per_hour"] == pytest.approx(2, abs=0.1)
    assert str(summary).splitlines() == [
        "2  done",
        "4  skipped",
        "3  failed",
        "2    PHOTO is empty; copy or download it again. (The first PHOTO is photos/a.jpg.)",
        "1    Nobody is in photos/c.jpg; choose another.",
        "2  pictures an hour",
    ]
    assert Summary().as_dict()["per_hour"] == 0


def test_a_result_whose_path_ends_like_the_photo_is_not_taken_for_it():
    summary = Summary()
    for name in ("a.jpg", "b.jpg"):
        said = f"outphotos/{name} cannot keep the transparency of photos/{name}; write a .png."
        summary.add(result(name, "failed", error=said))
    assert [*summary.as_dict()["reasons"]] == [
        f"outphotos/{name} cannot keep the transparency of photos/{name}; write a .png." for name in ("a.jpg", "b.jpg")
    ]


def test_nothing_here_needs_torch():
    code = "import sys, fice.batch.jobs, fice.batch.journal, fice.batch.resume; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
