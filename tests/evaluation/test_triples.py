"""What is evaluated, read from journals and from tables."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fice.batch.journal import Journal, Result
from fice.errors import InputError, UsageError
from fice.evaluation.triples import Triple, read_run
from fice.files import LOCK
from fice.order import Order


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(b"a picture, for all that is asked here")
    return path


def journal(out: Path, *results: Result, made: bool = True) -> Path:
    """A run with these results, and with their pictures."""
    with Journal(out) as opened:
        for result in results:
            opened.append(result)
            if made and result.status == "done":
                (out / result.key).parent.mkdir(parents=True, exist_ok=True)
                (out / result.key).write_bytes(b"an edit")
    return out


def test_an_edit_of_the_background_alone_is_not_scored(tmp_path, photo):
    report = {"input": str(photo), "text": "white background", "order": Order(background="white").as_json()}
    (triple,) = read_run(journal(tmp_path / "out", Result("photo.png", "done", report)))
    assert "the background alone" in triple.error


def table(folder: Path, content: str) -> Path:
    path = folder / "run.csv"
    path.write_text(content, "utf-8")
    return path


def test_a_run_of_ours(tmp_path, photo):
    report = {
        "input": str(photo),
        "text": "red dress",
        "region": "dress",
        "seed": 3,
        "seconds": 1.5,
        "curve": [[0, 2.0], [5, 1.0]],
    }
    out = journal(tmp_path / "out", Result("a/b.png", "done", report))
    assert read_run(out) == [Triple(photo, out / "a/b.png", Order.of("red dress", seed=3, region="dress"), report)]
    assert read_run(str(out)) == read_run(out)


def test_of_an_edit_that_was_made_twice_the_last_line_counts_and_order_stays(tmp_path, photo):
    def said(text):
        return {"input": str(photo), "text": text}

    out = journal(
        tmp_path / "out",
        Result("z.png", "done", said("red")),
        Result("a.png", "done", said("blue")),
        Result("z.png", "done", said("green")),
    )
    found = [(triple.edit.name, triple.order.sentence) for triple in read_run(out)]
    assert found == [("z.png", "green"), ("a.png", "blue")]


def test_failed_edits_and_missing_pictures_say_so(tmp_path, photo):
    report = {"input": str(photo), "text": "red"}
    out = journal(
        tmp_path / "out",
        Result("a.png", "failed", report, "No person was found.", 3),
        Result("b.png", "done", report),
        Result("c.png", "done", {"text": "red"}),
        Result("d.png", "failed", {}),
        Result("e.png", "done", report | {"input": "gone.png"}),
        Result("f.png", "done", {"input": str(photo)}),
        Result("g.png", "done", report),
    )
    (out / "b.png").unlink()
    errors = [triple.error for triple in read_run(out)]
    assert errors[0] == "No person was found."
    assert errors[1] == f"The edit {out / 'b.png'} is not there; put it back or name another."
    assert "which photo" in errors[2]
    assert "no reason" in errors[3]
    assert "The source gone.png is not there" in errors[4]
    assert "text" in errors[5]
    assert errors[6] is None
    assert read_run(out)[0].source == photo  # so that a failed edit can be shown beside its photograph


def test_a_journal_is_read_while_a_run_goes_on_and_is_not_touched(tmp_path, photo):
    out = tmp_path / "out"
    with Journal(out) as opened:
        opened.append(Result("a.png", "failed", {"input": str(photo), "text": "red"}, "no"))
        assert len(read_run(out)) == 1
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "results.jsonl").write_bytes((out / "results.jsonl").read_bytes() + b'{"key": "half')
    assert len(read_run(copy)) == 1
    assert (copy / "results.jsonl").read_bytes().endswith(b"half") and not (copy / LOCK).exists()


@pytest.mark.parametrize(
    "report",
    [
        {"input": 3, "text": 4, "region": ["x"], "seed": "seven"},
        {"input": None},
        {"input": "a\0b", "text": "red"},
        {"input": "x" * 5000, "text": "red"},
        {"input": "", "text": "red", "seed": True, "region": " "},
    ],
)
def test_a_journal_may_hold_anything(tmp_path, report):
    line = {"key": "a\0.png", "status": "done", "report": report}
    (tmp_path / "results.jsonl").write_text(json.dumps(line) + "\n")
    (triple,) = read_run(tmp_path)
    assert triple.error and triple.error.endswith(".")
    assert (triple.order.seed, triple.order.garments[0].region) == (0, "auto")
    assert isinstance(triple.order.sentence, str) and "\0" not in f"{triple.source}{triple.edit}"


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(InputError, match=r"no results\.jsonl; name"):
        read_run(tmp_path)
    (tmp_path / "results.jsonl").write_bytes(b"nonsense\n\n")
    with pytest.raises(InputError, match="holds no edits; name"):
        read_run(tmp_path)


def test_a_table_of_another_tool(tmp_path, photo):
    folder = tmp_path / "deep"
    folder.mkdir()
    for name in ("a.png", "m.png"):
        (folder / name).write_bytes(b"x")
    path = table(
        folder,
        "Seed;text;edit;source;mask;region\n5;a red dress;a.png;../photo.png;m.png;Dress\n"
        f";blue;{photo};../photo.png;;\n",
    )
    first, second = read_run(path)
    order = Order.of("a red dress", seed=5, region="dress", mask=folder / "m.png")
    assert first == Triple(folder / "../photo.png", folder / "a.png", order)
    assert second == Triple(folder / "../photo.png", photo, Order.of("blue"))


def test_rows_that_cannot_be_used_say_why(tmp_path, photo):
    path = table(
        tmp_path,
        "source,edit,text,seed,mask\n"
        "photo.png,photo.png,red,-1,\n"
        "photo.png,,red,0,\n"
        "photo.png,photo.png,,0,\n"
        "photo.png,photo.png,red,0,none.png\n"
        "photo.png,none.png,red,0,\n"
        ",,,,\n"
        "photo.png,photo.png,red,0,,more\n"
        "photo.png,photo.png,red,0,\n",
    )
    triples = read_run(path)
    reasons = [
        "Line 2 of .*whole number",
        "Line 3 of .* has no edit; add it",
        "Line 4 of .* has no text; add it",
        r"mask .*none\.png is not there",
        r"edit .*none\.png is not there",
        "Line 7 of .*empty",
        "Line 8 of .*6 cells",
    ]
    assert len(triples) == 8 and triples[-1].error is None
    for triple, reason in zip(triples[:-1], reasons, strict=True):
        assert triple.error and re.search(reason, triple.error), triple.error


def test_rows_without_names_are_told_apart(tmp_path, photo):
    path = table(tmp_path, "source,edit,text\n,,red\n,,red\nphoto.png,photo.png,red\n")
    first, second, _ = read_run(path)
    assert first.error and second.error and first.source != second.source


def test_tables_that_are_none(tmp_path, photo):
    with pytest.raises(UsageError, match="'colour'.*known are source, edit, text"):
        read_run(table(tmp_path, "source,edit,text,colour\n"))
    with pytest.raises(UsageError, match="'source'.*add it"):
        read_run(table(tmp_path, "edit,text\n"))
    with pytest.raises(InputError, match="holds no edits; name"):
        read_run(table(tmp_path, "source,edit,text\n"))
    with pytest.raises(InputError, match="does not exist; name"):
        read_run(tmp_path / "none.csv")
    with pytest.raises(UsageError, match=r"\.csv; name one"):
        read_run(photo)


def test_pictures_of_a_garment_need_no_text_and_must_be_there(tmp_path, photo):
    table = tmp_path / "theirs.csv"
    (tmp_path / "shirt.png").write_bytes(photo.read_bytes())
    table.write_text(f"source,edit,garment\n{photo},{photo},shirt.png\n{photo},{photo},gone.png\n")
    there, gone = read_run(table)
    assert there.error is None and there.order.garments[0].pictures == (str(tmp_path / "shirt.png"),)
    assert gone.error == f"The picture {tmp_path / 'gone.png'} is not there; put it back or name another."
