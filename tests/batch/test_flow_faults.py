"""One picture that fails, in whatever way, is that picture's matter alone; short memory makes batches narrow."""

from __future__ import annotations

import errno
import math
import os
import threading
import time
from pathlib import Path

import pytest
import torch
from asking import job as asked
from batch.stub import Stub, draw
from PIL import Image

from fice.batch.flow import Flow
from fice.batch.journal import Result
from fice.errors import FullDisk, InputError
from fice.settings import Settings

METHODS = ["analyse", "fit", "plan", "begin", "step", "finish"]
CPU_MEMORY = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")


@pytest.fixture
def flow(tmp_path):
    """flow(jobs, width=4, keep=(), settings..., faults=..., ...): the results by key, each once, and the stub."""

    def flow(jobs, width=4, keep=(), settings=None, **stub):
        editor = Stub(settings=Settings(**{"steps": 2, **(settings or {})}), **stub)
        told: list[str] = []
        made: dict[str, Result] = {}
        run = Flow(editor, tmp_path / "out", ("s", "w"), batch_size=width, keep=keep, tell=told.append)
        for result in run.run(jobs):
            assert result.key not in made, f"{result.key} ended twice"
            made[result.key] = result
        editor.told = told
        return made, editor

    return flow


@pytest.fixture
def photos(tmp_path):
    """photos(count): jobs 0.png, 1.png, ..."""

    def photos(count=6, texts=("red dress",), **options):
        paths = draw(tmp_path / "photos", *(f"{i}.png" for i in range(count)))
        return [
            asked(f"{path.stem}.{i}.png" if i else path.name, path, text, options)
            for path in paths
            for i, text in enumerate(texts)
        ]

    return photos


def failed(made):
    return {key: result.error for key, result in made.items() if result.status == "failed"}


def widest(editor, method):
    return max(len(names) for names in editor.calls[method])


def test_all_is_done_and_written(flow, photos, tmp_path):
    made, editor = flow(photos(10))
    assert len(made) == 10 and not failed(made)
    for key, result in made.items():
        with Image.open(tmp_path / "out" / key) as image:
            assert [image.height, image.width] == result.made_from["output_size"] == [40, 32]
        assert result.report["output"] == str(tmp_path / "out" / key)
    assert widest(editor, "step") == 4


@pytest.mark.parametrize("error", [ValueError("odd"), InputError("No such garment; choose another."), CPU_MEMORY])
@pytest.mark.parametrize("method", METHODS)
def test_a_picture_that_raises_fails_alone(flow, photos, method, error):
    made, _ = flow(photos(6), faults={(method, "3"): error})
    assert list(failed(made)) == ["3.png"] and len(made) == 6
    said = {"odd": "ValueError: odd", "No such": "No such garment", "[enf": "memory"}
    assert next(words for start, words in said.items() if str(error).startswith(start)) in made["3.png"].error
    assert made["3.png"].exit_code == {"I": 3, "V": 1, "R": 6}[type(error).__name__[0]]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory."), CPU_MEMORY, MemoryError()])
@pytest.mark.parametrize("method", ["fit", "begin", "step"])
@pytest.mark.parametrize("room", [1, 3])
def test_short_memory_makes_batches_narrow(flow, photos, method, error, room):
    made, editor = flow(photos(9), width=8, room={method: room}, shortage=error)
    assert len(made) == 9 and not failed(made)
    wide = [len(names) for names in editor.calls[method]]
    assert max(wide) > room and wide[-1] <= room
    assert any("Memory is short" in line for line in editor.told)


def test_a_picture_that_diverges_fails_with_its_sentence(flow, photos):
    made, editor = flow(photos(5), losses={"2": lambda step: math.nan})
    assert failed(made) == {"2.png": Stub.diverged}
    assert made["2.png"].exit_code == 3


def test_a_picture_that_diverged_once_is_done(flow, photos):
    made, _ = flow(photos(5), losses={"2": lambda step: math.nan if step == 1 else 1.0})
    assert not failed(made)


def test_a_picture_that_converged_leaves_its_place(flow, photos):
    """One that converges early in each pair: as many evaluations as pictures need, and every place always taken."""
    losses = {str(i): (lambda step: 1.0) if i % 2 else (lambda step: 100.0 - step) for i in range(8)}
    made, editor = flow(photos(8), width=2, settings={"steps": 60, "tolerance": 0.001}, losses=losses)
    assert not failed(made)
    steps = {key: result.report["steps"] for key, result in made.items()}
    assert all(steps[f"{i}.png"] == (24 if i % 2 else 60) for i in range(8))
    taken = [len(names) for names in editor.calls["step"]]
    assert sum(taken) == sum(steps.values())
    assert all(count == 2 for count in taken[: -60 + 24])


def test_several_texts_analyse_a_photo_once(flow, photos):
    made, editor = flow(photos(5, ["red dress", "blue dress", "green coat"]), width=4)
    assert len(made) == 15 and not failed(made)
    for method in ("analyse", "fit"):
        seen = [name for names in editor.calls[method] for name in names]
        assert sorted(seen) == ["0", "1", "2", "3", "4"]


def test_half_of_the_threads_read_photos_and_half_write_results(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr("fice.batch.flow.free_memory", lambda _: float("inf"))
    busy, meet = {"analyse": threading.Barrier(4), "finish": threading.Barrier(4)}, 10.0  # seconds

    class Meeting(Stub):
        def analyse(self, photo):
            busy["analyse"].wait(meet)
            return super().analyse(photo)

        def finish(self, run):
            busy["finish"].wait(meet)
            return super().finish(run)

    flow = Flow(Meeting(settings=Settings(steps=1)), tmp_path / "out", ("s", "w"), batch_size=1)
    assert all(result.status == "done" for result in flow.run(photos(16)))


def test_where_memory_is_short_one_photo_is_read_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    monkeypatch.setattr("fice.batch.flow.free_memory", lambda _: 1.5 * 2**30)
    assert Flow(Stub(), tmp_path / "out", ("s", "w")).beside == 1


@pytest.mark.parametrize("width", [1, 4])
def test_every_text_of_a_photo_that_fails_gets_its_line(flow, photos, width):
    jobs = photos(3, ["red dress", "blue dress", "green coat"])
    made, _ = flow(jobs, width=width, faults={("fit", "1"): ValueError("odd")})
    assert len(made) == 9
    assert sorted(failed(made)) == ["1.1.png", "1.2.png", "1.png"]


def test_the_best_candidate_is_written(flow, photos):
    made, editor = flow(photos(3, candidates=3, seed=5), width=2)
    assert not failed(made) and all(result.report["seed"] == 7 for result in made.values())


@pytest.mark.parametrize("method", ["begin", "step"])
def test_a_job_with_several_candidates_ends_once(flow, photos, method):
    made, _ = flow(photos(3, candidates=3), width=2, faults={(method, "1"): ValueError("odd")})
    assert list(failed(made)) == ["1.png"] and len(made) == 3


def test_a_candidate_that_ended_counts_when_a_later_one_raises(flow, photos):
    def late(step):
        if step >= 2:
            raise ValueError("odd")
        return 1.0

    made, _ = flow(photos(2, candidates=2), width=1, losses={"1": late})
    assert len(made) == 2 and not failed(made)
    assert made["1.png"].report["seed"] == 0


def test_two_photos_of_the_same_content_keep_their_names(flow, photos, tmp_path):
    first = photos(1)[0]
    second = asked("copy.png", tmp_path / "copy.png", first.text)
    second.photo.write_bytes(first.photo.read_bytes())
    made, _ = flow([first, second])
    assert [result.report["input"] for result in made.values()] == [str(first.photo), str(second.photo)]


def test_what_is_kept_beside_two_results_does_not_meet(flow, tmp_path):
    jobs = [asked(path.name, path, "red dress") for path in draw(tmp_path / "photos", "a.jpg", "a.png")]
    made, _ = flow(jobs, keep=["mask", "latent", "compare"])
    assert not failed(made)
    assert len(list((tmp_path / "out").glob("a.*"))) == 8


@pytest.mark.parametrize("count", [1, 7])
def test_the_width_is_found(flow, photos, count):
    made, editor = flow(photos(count), width=None)
    assert len(made) == count and not failed(made)
    assert any("are edited" in line for line in editor.told)


def test_short_memory_while_the_width_is_measured(flow, photos):
    made, editor = flow(photos(7), width=None, room={"step": 1}, pause=0.002)
    assert len(made) == 7 and not failed(made)
    assert widest(editor, "begin") <= 2


def test_a_picture_that_raises_while_the_width_is_measured(flow, photos):
    made, _ = flow(photos(4), width=None, faults={("step", "0"): ValueError("odd")})
    assert list(failed(made)) == ["0.png"] and len(made) == 4


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_ends_the_run_with_a_sentence(flow, photos, tmp_path, monkeypatch, code):
    from fice import files as output

    kept, fsync = [], output.os.fsync

    def full(handle):
        kept.append(handle)
        if len(kept) > 3:
            raise OSError(code, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(output.os, "fsync", full)
    editor, made = Stub(settings=Settings(steps=2)), []
    with pytest.raises(FullDisk, match="disk is full, so .*png was not written; free some space"):
        made.extend(iter(Flow(editor, tmp_path / "out", ("s", "w"), batch_size=2).run(photos(8))))
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["0.png"]  # three writes: it and two thumbnails
    monkeypatch.undo()
    assert len(flow(photos(8))[0]) == 8


def test_jobs_that_cannot_be_tried_get_their_lines(flow, photos, tmp_path):
    jobs = photos(3)
    (tmp_path / "text.jpg").write_text("no picture")
    jobs[1:1] = [
        asked("gone.png", tmp_path / "gone.png", "red dress"),
        asked("line-3", Path("list.csv"), "", error="Line 3 of list.csv is empty; remove it."),
        asked("text.jpg", tmp_path / "text.jpg", "red dress"),
        asked("mask.png", jobs[0].photo, "red dress", {"mask": str(tmp_path / "gone.png")}),
        asked("latent.png", jobs[0].photo, "red dress", {"latent": str(tmp_path / "gone.safetensors")}),
        asked("word.png", jobs[0].photo, "  "),
    ]
    made, _ = flow(jobs)
    assert sorted(failed(made)) == ["gone.png", "latent.png", "line-3", "mask.png", "text.jpg", "word.png"]
    assert len(made) == 9
    assert all(error.endswith(".") and "bug" not in error for error in failed(made).values())


def test_jobs_are_taken_as_room_comes_free(photos, tmp_path, monkeypatch):
    """Being read, twice the width; begun and in work, twice; being written, twice: the memory of a run is bounded."""
    taken, sync = [], os.fsync
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(os, "fsync", lambda handle: (time.sleep(0.01), sync(handle)))

    def jobs():
        for job in photos(40):
            taken.append(job)
            yield job

    made, ahead = 0, []
    flow = Flow(Stub(settings=Settings(steps=2)), tmp_path / "out", ("s", "w"), batch_size=2)
    for _ in flow.run(jobs()):
        made += 1
        ahead.append(len(taken) - made)
    assert made == 40 and max(ahead) <= 16


def test_a_run_that_is_left_ends_its_threads(photos, tmp_path):
    before = threading.active_count()
    results = Flow(Stub(settings=Settings(steps=2)), tmp_path / "out", ("s", "w"), batch_size=2).run(photos(20))
    next(results)
    results.close()
    assert threading.active_count() == before
