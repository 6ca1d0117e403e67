"""A whole run: killed, filled up, interrupted, repeated, and over folders as people have them."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from asking import batch
from batch.stub import Stub, draw
from click.testing import CliRunner
from PIL import Image

import fice.editor
from fice.batch.batch import Batch
from fice.batch.journal import NAME, Journal
from fice.batch.run import TEMPORARY, run_batch
from fice.cli import main, progress
from fice.errors import InputError, UsageError
from fice.files import LOCK, shipped, whole_file
from fice.settings import Settings

CRASH = [sys.executable, str(Path(__file__).with_name("crash.py"))]
QUICK = ["--batch", "2", "--preset", "generated", "--steps", "2", "--device", "cpu"]
GENERATED = {"preset": "generated", "steps": 2}
PATIENCE = 60  # seconds that another process may take where the machine is busy


@pytest.fixture
def editors(monkeypatch):
    """The editors that were made, all of them stubs; editors.options are for those to come."""

    class Editors(list):
        options: dict = {}

        def make(self, *arguments):
            self.append(Stub(*arguments, **self.options))
            return self[-1]

        def settled(self):
            """The names of the photos that were analysed."""
            return [name for editor in self for names in editor.calls["fit"] for name in names]

    editors = Editors()
    monkeypatch.setattr(fice.editor, "Editor", editors.make)
    return editors


@pytest.fixture
def photos(tmp_path):
    return draw(tmp_path / "photos", *(f"{i}.png" for i in range(6)))[0].parent


@pytest.fixture
def run(editors, photos, tmp_path):
    """run(text, ...): the summary of a run over `photos` into `out`."""

    def run(*texts, source=photos, **options):
        options = {"output": tmp_path / "out", "batch_size": 2, "device": "cpu", **GENERATED} | options
        told = {name: options.pop(name) for name in ("tell", "warn", "progress") if name in options}
        return run_batch(batch(source, texts or ["red dress"], **options), **told).as_dict()

    return run


@pytest.fixture
def command(editors, tmp_path):
    """command(source, ...): `fice batch` in this process, with the stub."""

    def command(source, *arguments, text="red dress"):
        return CliRunner().invoke(main, ["batch", str(source), text, "-o", str(tmp_path / "out"), *QUICK, *arguments])

    return command


def lines(out):
    return [json.loads(line) for line in (out / NAME).read_text().splitlines()]


def latest(out):
    return {line["key"]: line for line in lines(out)}


def check_results(out, keys, size=(40, 32)):
    """Each key is done, whole and of the right size, and nothing else lies there."""
    assert {key for key, line in latest(out).items() if line["status"] == "done"} == set(keys)
    for key in keys:
        with Image.open(out / key) as image:
            image.load()
            assert (image.height, image.width) == size
    others = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} - set(keys)
    others = {name for name in others if not name.startswith("thumbnails/")}
    assert others == {NAME, LOCK, "index.html", "contact-sheet.png"}
    assert not list(out.rglob("*.tmp"))


# killed


def test_twenty_kills_lose_nothing(tmp_path):
    source, out = tmp_path / "photos", tmp_path / "out"
    names = [f"{i:02}.png" for i in range(30)]
    draw(source, *names)
    arguments = ["batch", source, "red dress", "-o", out, *QUICK]
    killed = subprocess.run([*CRASH, "kills", "20", *arguments], capture_output=True, text=True, check=True)
    reached = [int(line) for line in killed.stdout.splitlines() if line.isdigit()]
    assert len(reached) == 20 and reached == sorted(reached) and len({*reached}) > 3
    with Journal(out) as journal:
        assert not journal.latest() or not journal.notices
        for key in journal.latest():
            Image.open(out / key).load()
    last = subprocess.run([*CRASH, "command", "0", *arguments], capture_output=True, text=True)
    assert last.returncode == 0, last.stderr
    check_results(out, names)
    done = [line["key"] for line in lines(out)]
    assert sorted(done) == names  # what was written down was not made again


def test_what_a_kill_left_half_written_is_removed(run, tmp_path):
    out, strangers = tmp_path / "out", tmp_path / "out" / "other"
    (out / "thumbnails").mkdir(parents=True)
    (out / "deep").mkdir()
    strangers.mkdir()
    (strangers / LOCK).touch()
    half = [folder / f".fice-{i:012x}.tmp" for i, folder in enumerate([out, out / "deep", out / "thumbnails"])]
    kept = [out / ".fice-mine.tmp", out / "fice-000000000000.tmp", strangers / ".fice-000000000000.tmp"]
    for path in half + kept:
        path.touch()
    run()
    assert not any(path.exists() for path in half) and all(path.exists() for path in kept)
    with pytest.raises(ZeroDivisionError), whole_file(out / "x.png"):
        assert all(TEMPORARY.fullmatch(path.name) for path in out.glob(".fice-*.tmp") if path not in kept)
        assert len(list(out.glob(".fice-*.tmp"))) == 2
        raise ZeroDivisionError


# a full disk


def can_mount():
    probe = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"]
    return shutil.which("unshare") and subprocess.run(probe, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="a file system cannot be mounted here")
def test_a_full_disk_stops_the_run_and_space_lets_it_go_on(tmp_path):
    draw(tmp_path / "photos", *(f"{i}.png" for i in range(12)))
    arguments = ["full", tmp_path / "photos", tmp_path / "out"]
    ran = subprocess.run(["unshare", "-m", *CRASH, *arguments], capture_output=True, text=True, check=True)
    facts = re.findall(r"^(ended|journal|temporary) (\d+)$", ran.stdout, re.MULTILINE)
    (_, code), (_, done), (_, left), *again = [(name, int(number)) for name, number in facts]
    assert code == 1 and 0 < done < 12 and left == 0
    sentence = r"Error: The disk is full, so .* was not written; free some space and try again\.\n"
    assert re.fullmatch(sentence, ran.stderr)
    assert again == [("ended", 0), ("journal", 12), ("temporary", 0)]


# folders as people have them


def nasty(folder):
    """A folder of all that goes wrong; the names of the photos in it that can be edited."""
    good = [
        "plain.png",
        "with space.png",
        "new\nline.png",
        "dress \N{DRESS}.png",
        "a" * 251 + ".png",
        "Case.png",
        "case.png",
        "sub/deep.jpg",
    ]
    draw(folder, *good)
    (folder / "text.jpg").write_text("This is no picture.")
    whole = (folder / "plain.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").touch()
    (folder / "tiny.png").write_bytes(b"")
    os.symlink("..", folder / "sub" / "up")
    os.symlink("round.png", folder / "round.png")
    (folder / "closed").mkdir()
    return good


def test_a_nasty_folder_is_done_as_far_as_it_goes(command, editors, tmp_path, monkeypatch):
    good = nasty(tmp_path / "photos")
    scan = os.scandir

    def refuse(path="."):
        if os.fspath(path).endswith("photos/closed"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    ran = command(tmp_path / "photos")
    assert ran.exit_code == 1, ran.output
    found = latest(tmp_path / "out")
    bad = {key: line for key, line in found.items() if line["status"] == "failed"}
    assert sorted(bad) == ["closed", "cut.png", "empty.jpg", "round.png", "text.jpg", "tiny.png"]
    assert {line["report"]["input"] for line in found.values() if line["status"] == "done"} == {
        str(tmp_path / "photos" / name) for name in good
    }
    for line in bad.values():
        assert line["error"].endswith(".") and "\n" not in line["error"] and "bug" not in line["error"]
        assert line["exit_code"] == 3
    assert len({key.casefold() for key in found}) == len(found) == len(good) + len(bad)
    assert f"{len(good)}  done" in ran.output and f"{len(bad)}  failed" in ran.output
    again = command(tmp_path / "photos")
    assert again.exit_code == 1 and f"{len(good)}  skipped" in again.output


def test_a_nasty_list_is_done_as_far_as_it_goes(command, tmp_path):
    draw(tmp_path, "a.png", "b.png", "m.png")
    rows = [
        "photo,text,mask,latent",
        "a.png,red dress,,",
        "",
        "b.png,blue dress,gone.png,",
        "b.png,red dress,,gone.st",
        "gone.png,,,",
        "a.png,too,many,cells,here",
        "b.png,,,",
    ]
    (tmp_path / "list.csv").write_text("\n".join(rows))
    ran = command(tmp_path / "list.csv")
    assert ran.exit_code == 1, ran.output
    found = latest(tmp_path / "out")
    assert {line["report"]["input"] for line in found.values() if line["status"] == "done"} == {
        str(tmp_path / "a.png"),
        str(tmp_path / "b.png"),
    }
    errors = sorted(line["error"] for line in found.values() if line["status"] == "failed")
    assert [error.split()[0] + " " + error.split()[1] for error in errors] == [
        "Line 3",
        "Line 7",
        "The latent",
        "The mask",
        "The photo",
    ]


def test_the_real_command_line_over_a_nasty_folder(tmp_path):
    """The bundled weights: nobody is in pictures of noise, which is a reason like any other."""
    from fice.bundle.bundle import load_bundle
    from fice.inversion.sample import people

    good = nasty(tmp_path / "photos")[:2]
    person = people(load_bundle("street").part("generator"), 1, seed=20)[0]
    for name in good:
        Image.fromarray(person).resize((128, 256)).save(tmp_path / "photos" / name)
    arguments = ["batch", tmp_path / "photos", "red dress", "-o", tmp_path / "out", "--batch", "2", "--json"]
    ran = subprocess.run(
        [sys.executable, "-m", "fice", *arguments], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert ran.returncode == 1, ran.stderr
    assert json.loads(ran.stdout)["done"] == 2
    found = latest(tmp_path / "out")
    assert {key for key, line in found.items() if line["status"] == "done"} == set(good)
    with Image.open(tmp_path / "out" / good[0]) as image:
        assert image.size == (128, 256)
    assert all("bug" not in (line["error"] or "") for line in found.values())


def test_a_photo_called_like_the_contact_sheet(run, tmp_path):
    draw(tmp_path / "photos", "contact-sheet.png", "Contact-Sheet.PNG")
    assert run()["done"] == 8
    assert run()["skipped"] == 8


def test_a_damaged_line_of_the_journal_is_passed_over(run, tmp_path):
    run()
    with open(tmp_path / "out" / NAME, "a") as journal:
        journal.write('null\n{"key": 3}\n{"status": "done"}\n')
    told = []
    assert run(tell=told.append)["skipped"] == 6
    assert any("is damaged in line 7 and 2 more" in line for line in told)


# repeated


def test_a_second_run_does_nothing(run, editors, tmp_path):
    first, second = run(), run()
    assert (first["done"], second["done"], second["skipped"]) == (6, 0, 6)
    assert len(editors) == 1
    check_results(tmp_path / "out", [f"{i}.png" for i in range(6)])


def test_force_makes_all_again(run):
    run()
    assert run(force=True)["done"] == 6


@pytest.mark.parametrize("change", [{"steps": 3}, {"assignments": ["refine=1"]}, {"seed": 4}, {"keep": ["mask"]}])
def test_other_settings_make_all_again(run, change):
    run()
    assert run(**change)["done"] == 6
    assert run(**change)["skipped"] == 6


def test_another_text_makes_all_again(run):
    run()
    assert run("blue dress")["done"] == 6


def test_other_weights_make_all_again(run, tmp_path):
    shutil.copytree(shipped() / "street", tmp_path / "street")
    run(bundle=tmp_path / "street")
    assert run(bundle=tmp_path / "street")["skipped"] == 6
    assert run()["skipped"] == 6  # the same weights elsewhere
    card = tmp_path / "street" / "bundle.json"
    card.write_text(re.sub(r'("sha256": ")[0-9a-f]{4}', r"\g<1>0000", card.read_text(), count=1))
    assert run(bundle=tmp_path / "street")["done"] == 6


def test_only_what_changed_is_made_again(run, editors, photos, tmp_path):
    run()
    content = (photos / "1.png").read_bytes()
    draw(photos, "2.png", seed=9)
    os.utime(photos / "3.png")
    (photos / "1.png").write_bytes(content)
    (tmp_path / "out" / "4.png").unlink()
    (tmp_path / "out" / "5.png").write_bytes(b"broken")
    del editors[:]
    facts = run()
    assert (facts["done"], facts["skipped"]) == (3, 3)
    assert sorted(editors.settled()) == ["2", "4", "5"]
    check_results(tmp_path / "out", [f"{i}.png" for i in range(6)])


def test_what_failed_is_tried_again(run, editors):
    editors.options = {"faults": {("fit", "3"): ValueError("odd")}}
    facts = run()
    assert (facts["done"], facts["failed"]) == (5, 1)
    assert list(facts["reasons"]) == ["fice has a bug (ValueError: odd): please report it with what --debug shows."]
    editors.options = {}
    assert (run()["done"], run()["skipped"]) == (1, 6)


def test_several_texts_analyse_a_photo_once(run, editors, tmp_path):
    assert run("red dress", "blue dress", "green coat")["done"] == 18
    assert sorted(editors.settled()) == [str(i) for i in range(6)]
    assert (tmp_path / "out" / "0.red-dress.png").is_file()


def test_a_limit_counts_the_photos_that_are_taken(run):
    assert run(limit=2)["done"] == 2
    assert (facts := run(limit=4))["done"] == 2 and facts["skipped"] == 2


# interrupted, and side by side


def started(*arguments, ready, pause="0.05"):
    """The command line in a process of its own, in work as soon as `ready` is there."""
    process = subprocess.Popen(
        [*CRASH, "command", pause, "batch", *map(str, arguments), *QUICK],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + PATIENCE
    while not ready() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return process


def count(out):
    return len(lines(out)) if (out / NAME).exists() else 0


def test_an_interrupted_run_keeps_what_is_done_and_no_other_may_join(command, photos, tmp_path):
    draw(photos, *(f"{i}.png" for i in range(30)))
    out = tmp_path / "out"
    process = started(photos, "red dress", "-o", out, ready=lambda: count(out) >= 3)
    other = command(photos)
    assert other.exit_code == 2
    assert other.stderr.splitlines()[-1] == (
        f"Error: Another fice is writing to {out}; wait until it is done or choose another folder."
    )
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 5 and said == "Error: Interrupted; nothing is left half written.\n"
    done = count(out)
    assert 3 <= done < 30 and (out / "index.html").is_file()
    assert not list(out.rglob("*.tmp"))
    again = command(photos)
    assert again.exit_code == 0 and f"{done}  skipped" in again.output
    check_results(out, [f"{i}.png" for i in range(30)])


def test_a_photo_that_arrives_is_edited(photos, tmp_path):
    out = tmp_path / "out"
    process = started(photos, "red dress", "-o", out, "--watch", ready=lambda: count(out) >= 6)
    try:
        assert count(out) == 6
        draw(photos, "late.png")
        deadline = time.monotonic() + PATIENCE
        while count(out) < 7 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "late.png" in latest(out)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 5
    assert "late.png" in (out / "index.html").read_text()


def test_an_empty_folder_can_be_watched(run, photos, monkeypatch, tmp_path):
    import fice.batch.run as room

    (tmp_path / "empty").mkdir()
    looks = iter(range(3))

    def arrive(_):
        if next(looks, None) is None:
            raise KeyboardInterrupt
        draw(tmp_path / "empty", "a.png")

    monkeypatch.setattr(room, "watch", partial(room.watch, sleep=arrive))
    with pytest.raises(KeyboardInterrupt):
        run(source=tmp_path / "empty", follow=True, batch_size=1)
    with pytest.raises(InputError, match="no photos"):
        run(source=photos.parent / "empty" / "*.jpg")


def test_a_list_cannot_be_watched_and_nothing_begins(run, photos, tmp_path):
    (tmp_path / "list.txt").write_text(str(photos / "0.png"))
    with pytest.raises(UsageError, match="cannot be watched"):
        run(source=tmp_path / "list.txt", follow=True)
    assert not (tmp_path / "out").exists()


# a look ahead


def files(folder):
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("after_a_run", [False, True])
def test_a_dry_run_writes_nothing(command, photos, tmp_path, after_a_run):
    if after_a_run:
        command(photos, "--limit", "2")
    (photos / "text.jpg").write_text("no picture")
    before = files(tmp_path)
    ran = command(photos, "--dry-run")
    assert ran.exit_code == 0 and files(tmp_path) == before
    done = 2 if after_a_run else 0
    assert f"{7 - done} to do, {done} done already, 0 that cannot be tried." in ran.output
    assert "One takes" in ran.output


def test_a_dry_run_times_what_would_be_done(command, editors, photos):
    assert command(photos, "--dry-run", "--candidates", "3", "--seed", "5").exit_code == 0
    assert [len(names) for names in editors[0].calls["begin"]] == [3]


def test_a_dry_run_of_what_cannot_be_edited(command, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "text.jpg").write_text("no picture")
    ran = command(tmp_path / "photos", "--dry-run")
    assert ran.exit_code == 0 and "there is no telling how long it takes" in ran.output


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_what_of_a_sentence_is_left_out_is_said_once(command, photos, tmp_path, options):
    ran = command(photos, *options, text="stripped red dress")
    assert ran.stderr.count('did you mean "striped"') == 1


def test_the_paper_with_our_weights_is_said_once_to_be_a_demonstration(command, photos):
    ran = command(photos, "--preset", "paper")
    assert ran.exit_code == 0 and ran.stderr.count("show how the method of the paper works") == 1


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_sentence_that_cannot_be_obeyed_ends_a_run_before_it_begins(command, photos, tmp_path, options):
    before = files(tmp_path)
    ran = command(photos, *options, text="burgandy trousers")
    assert ran.exit_code == 3 and 'did you mean "burgundy"' in ran.stderr and files(tmp_path) == before


def test_rows_whose_sentence_cannot_be_obeyed_fail_before_their_photo_is_read(run, editors, photos, tmp_path):
    first, second, third, *_ = sorted(path for path in photos.rglob("*") if path.is_file())
    (tmp_path / "list.csv").write_text(f"photo,text\n{first},green logo\n{second},red phone\n{third},red dress\n")
    told = []
    summary = run(source=tmp_path / "list.csv", warn=told.append)
    assert (summary["done"], summary["failed"]) == (1, 2)
    assert editors.settled() == [third.stem]
    assert ["logo" in told[0], "phone" in told[1], len(told)] == [True, True, 2]
    assert {line["exit_code"] for line in latest(tmp_path / "out").values() if line["status"] == "failed"} == {3}


# said


def test_edits_with_faults_are_counted_and_marked(command, editors, photos, tmp_path):
    editors.options = {"complaints": {"3": ["A rim is left around the garment (7.0 ΔE)."]}}
    ran = command(photos)
    assert [line.strip() for line in ran.stdout.splitlines()[:2]] == ["6  done", "1    flagged, their notices say why"]
    assert {line["key"] for line in lines(tmp_path / "out") if line["report"]["complaints"]} == {"3.png"}
    assert "<dt>Flagged</dt><dd>1</dd>" in (tmp_path / "out" / "index.html").read_text("utf-8")
    assert json.loads(command(photos, "--force", "--json").stdout)["flagged"] == 1


def test_settings_that_are_idle_are_refused_before_anything_is_written(run, tmp_path):
    before = files(tmp_path)
    with pytest.raises(UsageError, match="add --preset generated"):
        run_batch(Batch(tmp_path / "photos", tmp_path / "out", settings=Settings.preset("default", rate=0.5)))
    assert files(tmp_path) == before


def test_exit_codes(command, photos, tmp_path):
    assert command(photos).exit_code == 0
    (photos / "text.jpg").write_text("no picture")
    assert command(photos).exit_code == 1
    assert command(photos, "--set", "nonsense=1").exit_code == 2
    assert command(photos, "--device", "abacus").exit_code == 2
    assert command(tmp_path / "nowhere").exit_code == 3
    assert command(photos, "--bundle", "nowhere").exit_code == 4


def test_without_a_terminal_a_line_is_said_each_minute(command, photos, monkeypatch):
    clock = iter(range(0, 10**6, 25))  # seconds, from look to look
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    said = [line for line in command(photos).stderr.splitlines() if " failed, " in line]
    assert [line.split(",")[0] for line in said] == ["2/6", "5/6"]
    assert all(re.fullmatch(r"\d/6, 0 failed, \d+ an hour, \d+ s left", line) for line in said)


def test_json_is_one_object(command, photos):
    ran = command(photos, "--json")
    facts = json.loads(ran.stdout)
    assert (facts["done"], facts["skipped"], facts["failed"]) == (6, 0, 0)


# ten thousand


def test_memory_does_not_grow_with_the_number_of_photos(tmp_path):
    photos = draw(tmp_path / "photos", *(f"{i}.jpg" for i in range(50)))
    rows = [json.dumps({"photo": str(photo), "seed": seed}) for seed in range(24) for photo in photos]
    random.Random(0).shuffle(rows)
    (tmp_path / "list.jsonl").write_text("\n".join(rows))
    ran = {}
    for which in ("first", "again"):
        process = subprocess.run(
            [*CRASH, "many", tmp_path / "list.jsonl", tmp_path / "out"], capture_output=True, text=True, check=True
        )
        ran[which] = process.stdout
    held = {int(ended): int(size) for ended, size in re.findall(r"^held (\d+) (\d+)$", ran["first"], re.MULTILINE)}
    assert held[1200] - held[400] < 10  # MB
    first, again = (
        float(re.search(rf"^{name} ([\d.]+)$", ran[which], re.MULTILINE)[1])
        for name, which in (("first", "first"), ("took", "again"))
    )
    print(f"start-up {first:.2f} s, resume of {len(rows)} {again:.2f} s, memory {held}")
    assert "'skipped': 1200" in ran["again"] and "first" not in ran["again"]
    assert first < 30 and again < 60


def test_results_of_an_older_fice_are_never_replaced_unasked(run, editors, tmp_path):
    """Where nothing changed they count; where they would be made again, that is for the user to say."""
    run()
    journal = tmp_path / "out" / NAME
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        del line["report"]["order"]
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run()["skipped"] == 6
    before = journal.read_bytes()
    with pytest.raises(UsageError, match=r"6 results of an older fice.*--force"):
        run(steps=3)
    assert journal.read_bytes() == before
    assert run(steps=3, force=True)["done"] == 6
