"""Photos and jobs for whoever asks: the command line's results, in turn, cancelled and forgotten."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path, PurePath

import numpy as np
import pytest
from click.testing import CliRunner

from fice.cli import main
from fice.errors import InputError, UsageError
from fice.order import Order
from fice.photo.names import named_after
from fice.service.job import CANCELLED, DONE, FAILED, RUNNING, WAITING
from fice.service.limits import Full, Gone, Limits
from fice.service.sent import Sent
from fice.service.service import Service, called_by

SHORT = ("start=encoder", "cloth=0", "refine=0", "tuning=1", "views=0", "mirrored=false")
QUICK = {"preset": "generated", "steps": 30, "assignments": SHORT}


@pytest.fixture(scope="module")
def service():
    with Service(device="cpu", preset="fast") as service:
        yield service


@pytest.fixture
def opened(service, photo):
    """A photo that is open, and which no job is about."""
    for other in list(service._photos.values()):
        if other.name == "anna.jpg":
            service._jobs.clear()
            return other
    return service.open(photo, "anna.jpg")


@pytest.fixture
def held(service, monkeypatch):
    """The worker stands still in each edit, until this is set."""
    edit, released = service._editor.edit, threading.Event()

    def waiting(*about, **more):
        while not released.wait(0.01):
            service._step("loop")
        return edit(*about, **more)

    monkeypatch.setattr(service._editor, "edit", waiting)
    yield released
    released.set()


def until(job, state):
    with job._queue.changed:
        assert job._queue.changed.wait_for(lambda: job.state == state, 60)


def ended(job):
    assert job.wait(60)
    return job


def by_the_command_line(folder, photo, *arguments, name="anna.jpg", result="out.jpg"):
    """The bytes that `fice edit` writes."""
    (folder / name).write_bytes(photo)
    asked = ["edit", str(folder / name), *arguments, "-o", str(folder / result), "--preset", "fast", "--device", "cpu"]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    return (folder / result).read_bytes()


def test_a_result_is_byte_for_byte_what_the_command_line_writes(service, opened, photo, tmp_path):
    job = ended(service.submit(opened.id, "red striped dress"))
    assert job.result.content == by_the_command_line(tmp_path, photo, "red striped dress")
    assert (job.result.name, job.result.media_type) == ("anna.red-striped-dress.jpg", "image/jpeg")
    assert job.result.report["input"] == "anna.jpg" and job.result.notices == job.result.report["notices"]
    assert job.result.shown.shape == opened.shown.shape and (job.result.shown != opened.shown).any()


def test_files_that_are_sent_along_are_used_as_if_they_lay_beside_the_photo(
    service, opened, photo, swatch, tmp_path, monkeypatch
):
    order = {"garments": [{"swatch": "stripes.png"}], "background": "transparent"}
    job = ended(service.submit(opened.id, order, files={"stripes.png": swatch, "spare.png": b""}))
    (tmp_path / "stripes.png").write_bytes(swatch)
    monkeypatch.chdir(tmp_path)
    wanted = by_the_command_line(
        tmp_path, photo, "--swatch", "stripes.png", "--background", "transparent", result="out.png"
    )
    assert job.result.content == wanted and job.result.name.endswith(".png")
    assert job.result.report["order"]["garments"] == [{"swatch": "stripes.png"}]
    assert not list(service._folder.iterdir())


def test_regions_are_told_with_where_they_are(service, opened):
    assert opened.regions and set(np.unique(opened.labels)) <= set(range(len(opened.regions) + 1))
    assert opened.labels.shape == opened.shown.shape[:2] == opened.size
    job = ended(service.submit(opened.id, {"garments": [{"text": "green", "region": opened.regions[0]}]}))
    assert job.state == DONE


@pytest.mark.parametrize("name", ["/etc/passwd", "../../../../etc/passwd", "notes\0.png", "x" * 300, "~root/.profile"])
def test_an_order_reaches_no_file_of_this_machine(service, opened, name):
    with pytest.raises((InputError, UsageError)) as missing:
        service.submit(opened.id, {"garments": [{"text": "red dress", "mask": name}]})
    assert str(service._folder) not in str(missing.value)
    if "\0" not in name:
        assert str(missing.value) == f"The mask {name} does not exist; check its name and folder."


def test_a_name_of_a_file_may_be_anything(service, opened, swatch):
    names = ("../../etc/passwd", "a'b\"c\\d.png", "пальто.png")
    order = {
        "garments": [{"region": region, "swatch": name} for region, name in zip(opened.regions, names, strict=False)]
    }
    job = ended(service.submit(opened.id, order, files=dict.fromkeys(names, swatch)))
    assert job.state == DONE and job.result.report["order"] == order
    assert str(service._folder) not in str(job.result.report)


def test_a_plugin_has_its_weight_behind_the_name_that_was_sent(tmp_path):
    sent = Sent(Order.of("red dress", plugins=("../lcm.safetensors:0.8",)), {"../lcm.safetensors": b"1"}, tmp_path)
    with sent as order:
        (path,) = tmp_path.iterdir()
        assert order.plugins == (f"{path}:0.8",) and path.read_bytes() == b"1" and path.suffix == ".safetensors"
        assert sent.plain(f"{path} is odd") == "../lcm.safetensors is odd"
    assert not list(tmp_path.iterdir())


def test_what_a_collection_is_called_is_no_path_and_no_address(service, opened, tmp_path):
    for name in (str(tmp_path), "qdrant://127.0.0.1:1/shop"):
        with pytest.raises(InputError, match="no collection"):
            service.submit(opened.id, {"text": "red dress", "collection": name})


@pytest.mark.parametrize(
    ("order", "how", "sentence"),
    [
        ("glorpy frobnicated", {}, "glorpy"),
        ({"text": "red", "colour": "blue"}, {}, "no 'colour' in an order"),
        ({"text": "red dress", "seed": "x"}, {}, "no whole number"),
        ({"text": "red dress", "background": "wram grey"}, {}, "'wram grey' is no colour that fice knows"),
        ({"text": "red dress", "pose": "a.json"}, {}, "pose"),
        ({"text": "red dress", "candidates": 1000}, {}, "at most"),
        ("red dress", {"preset": "generated", "steps": 50_000}, "at most"),
        ("red dress", {"preset": "slow"}, "no preset 'slow'"),
        ("red dress", {"assignments": ("region_from=/etc",)}, "region_from"),
    ],
)
def test_what_cannot_be_is_refused_at_once(service, opened, order, how, sentence):
    with pytest.raises((InputError, UsageError), match=sentence):
        service.submit(opened.id, order, **how)
    assert not service.jobs(opened.id)


def test_what_is_found_out_later_fails_that_job_alone(service, opened):
    bad = service.submit(opened.id, {"garments": [{"text": "red", "region": "bag"}]})
    good = service.submit(opened.id, "red dress")
    assert ended(bad).state == FAILED and bad.exit_code == 3 and bad.error and bad.result is None
    assert ended(good).state == DONE


def test_two_users_of_one_photo_do_not_know_of_each_other(service, photo, opened):
    other = service.open(photo, "bela.jpg")
    jobs = [service.submit(one, text) for one, text in ((opened.id, "red dress"), (other.id, "red dress"))]
    jobs.append(service.submit(other.id, "blue dress"))
    red, red_too, blue = [ended(job).result.content for job in jobs]
    assert red == red_too != blue
    assert service.jobs(other.id) == jobs[1:] and len({job.id for job in jobs}) == 3
    service.forget(other.id)
    assert service.photo(opened.id) is opened


def test_jobs_wait_in_turn_and_know_when_it_is_theirs(service, opened, held):
    service._queue._times.clear()
    first, second, third = (service.submit(opened.id, "red dress", preset="fast") for _ in range(3))
    until(first, RUNNING)
    assert [job.state for job in (first, second, third)] == [RUNNING, WAITING, WAITING]
    assert [job.place for job in (first, second, third)] == [0, 1, 2]
    assert third.eta is None and not third.wait(0)
    second.cancel()
    assert (second.state, second.place, third.place) == (CANCELLED, None, 1)
    held.set()
    assert ended(third).state == ended(first).state == DONE and second.result is None
    fourth = service.submit(opened.id, "blue dress")
    assert fourth.eta is None or fourth.eta <= max(first.took, third.took)
    assert ended(fourth).eta is None and fourth.share == 1.0


def test_a_job_that_runs_ends_at_its_next_step_and_leaves_nothing_behind(service, opened, held):
    job = service.submit(opened.id, "red dress")
    until(job, RUNNING)
    job.cancel()
    assert ended(job).state == CANCELLED and job.error is None and job.result is None
    job.cancel()
    assert job.state == CANCELLED


def test_an_optimisation_is_watched_and_cancelled(service, opened, photo):
    before = ended(service.submit(opened.id, "red dress", **QUICK | {"steps": 1})).result.content
    seen = []
    job = service.submit(opened.id, "red dress", **QUICK)
    tell = job.tell
    job.tell = lambda stage, share: (
        seen.append((stage, share)),
        job.picture is not None and job.cancel(),
        tell(stage, share),
    )
    assert ended(job).state == CANCELLED and job.picture.dtype == np.uint8 and job.picture.shape[2] == 3
    assert (
        seen[0] == ("fit", 0.0) and "loop" in dict(seen) and [share for _, share in seen] == sorted(s for _, s in seen)
    )
    assert ended(service.submit(opened.id, "red dress", **QUICK | {"steps": 1})).result.content == before


def test_a_photo_that_is_forgotten_takes_its_jobs_along(service, photo, held):
    opened = service.open(photo)
    running, waiting = (service.submit(opened.id, "red dress") for _ in range(2))
    until(running, RUNNING)
    service.forget(opened.id)
    assert ended(running).state == ended(waiting).state == CANCELLED
    for ask in (
        service.photo,
        service.forget,
        lambda _: service.job(running.id),
        lambda _: service.submit(opened.id, ""),
    ):
        with pytest.raises(Gone):
            ask(opened.id)


def test_nothing_of_a_photo_stays_in_memory(service, photo):
    opened = service.open(photo)
    job = ended(service.submit(opened.id, "red dress"))
    kept = [weakref.ref(each) for each in (opened, opened.photo, *opened._subjects.values(), job, job.result)]
    service.forget(opened.id)
    service.open(photo)  # the worker and the clerk have something else in their hands
    del opened, job
    gc.collect()
    assert [each() for each in kept] == [None] * len(kept)


def test_the_longest_unused_photo_makes_room_and_one_in_use_stays(photo, service, monkeypatch, held):
    monkeypatch.setattr(service, "limits", Limits(photos=2))
    for each in [*service._photos]:
        service.forget(each)
    first, second = service.open(photo), service.open(photo)
    service.photo(first.id)
    third = service.open(photo)
    assert [*service._photos] == [first.id, third.id]
    with pytest.raises(Gone):
        service.photo(second.id)
    for each in (first, third):
        service.submit(each.id, "red dress")
    with pytest.raises(Full, match="in a minute"):
        service.open(photo)
    for each in (first, third):
        service.forget(each.id)


def test_pixels_queue_and_results_are_bounded(photo, service, monkeypatch, opened, held):
    monkeypatch.setattr(service, "limits", Limits(pixels=opened.pixels * 2 - 1, kept=10))
    monkeypatch.setattr(service._queue, "_most", 1)
    running = service.submit(opened.id, "red dress")
    until(running, RUNNING)
    with pytest.raises(Full):
        service.open(photo)
    waiting = service.submit(opened.id, "red dress")
    with pytest.raises(Full, match="1 orders wait already"):
        service.submit(opened.id, "red dress")
    held.set()
    ended(waiting)
    service._sweep()
    assert service.jobs(opened.id) == []
    monkeypatch.setattr(service, "limits", Limits(age=0))
    service._sweep()
    with pytest.raises(Gone):
        service.photo(opened.id)


def test_closing_ends_what_is_going_on_and_leaves_no_thread_and_no_file(photo, swatch):
    before = set(threading.enumerate())
    service = Service(device="cpu", preset="fast")
    opened = service.open(photo)
    order = {"garments": [{"swatch": "a.png"}], "candidates": 8}
    jobs = [service.submit(opened.id, order, files={"a.png": swatch}) for _ in range(2)]
    service.close()
    assert all(job.ended for job in jobs) and jobs[1].state == CANCELLED
    assert not service._folder.exists() and set(threading.enumerate()) <= before
    with pytest.raises(Full, match="has ended"):
        service.open(photo)


@pytest.mark.parametrize("name", ["", "..", "../..", "C:\\photos\\anna.jpg", "a\nb\x1b[31m.jpg", "p" * 1000])
def test_names_of_photos_are_words_and_nothing_else(name):
    called = called_by(name)
    assert called.isprintable() and 0 < len(called) <= 100 and not set("/\\") & set(called) and called.strip(".")
    assert Path(named_after(PurePath(called).stem, "red dress", ".jpg")).name.endswith("red-dress.jpg")
