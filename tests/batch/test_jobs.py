"""What a batch finds to do, and what its results are called."""

from __future__ import annotations

import json
import os
import random
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from asking import batch
from asking import job as asked
from hypothesis import given, settings
from hypothesis import strategies as st

from fice.batch import tables
from fice.batch.jobs import find_jobs, watch
from fice.batch.journal import NAME
from fice.batch.names import Place, fold, keys
from fice.errors import InputError, UsageError
from fice.files import LOCK
from fice.order import Garment, Order

RED = ["a red dress"]


@pytest.fixture
def find(tmp_path, monkeypatch):
    """find(source, texts=RED, prompts=None, ...) with tmp_path as the current folder and `out` for the results."""
    monkeypatch.chdir(tmp_path)

    def find(source="photos", texts=RED, prompts=None, out="out", **options):
        return find_jobs(batch(source, texts, out, prompts=prompts, **options))

    return find


def make(*names, folder="photos"):
    for name in names:
        path = os.path.join(os.fsencode(folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(b"x")


def names(jobs):
    return [job.key for job in jobs]


# backgrounds


def test_a_background_alone_is_something_to_do(find):
    make("a.jpg", "b.png")
    jobs = find(texts=[], background="white")
    assert names(jobs) == ["a.jpg", "b.png"] and [job.order for job in jobs] == [Order(background="white")] * 2
    assert jobs[0].text == "white background"


def test_results_that_are_transparent_are_called_so(find):
    make("a.jpg", "b.webp")
    assert names(find(texts=[], background="transparent")) == ["a.png", "b.webp"]
    with pytest.raises(UsageError, match="cannot be transparent"):
        find(texts=[], background="transparent", ext="jpg")


def test_a_row_may_say_a_background_and_no_text(find, tmp_path):
    make("a.jpg", "b.jpg")
    (tmp_path / "list.csv").write_text("photo,background,text\nphotos/a.jpg,white,\nphotos/b.jpg,,\n")
    first, second = find("list.csv", texts=[])
    assert first.order == Order(background="white") and first.error is None
    assert "has no text" in second.error


# folders


def test_a_folder_is_mirrored_in_order(find):
    make("b.jpg", "a/z.PNG", "a/b/c.webp", "a.jpg", "a/b.tif", "note.txt", "film.mp4", ".hidden.jpg", ".git/x.jpg")
    jobs = find()
    assert names(jobs) == ["a/b/c.webp", "a/b.tif", "a/z.PNG", "a.jpg", "b.jpg"]
    assert jobs[0] == asked("a/b/c.webp", "photos/a/b/c.webp", "a red dress")
    assert all(job.photo.is_file() for job in jobs)


def test_every_extension_that_is_read_counts(find):
    make("a.jpeg", "b.bmp", "c.gif", "d.jp2", "e.ppm", "f.heic")
    assert names(find()) == ["a.jpeg", "b.png", "c.png", "d.png", "e.png", "f.png"]


def test_results_are_not_photos(find):
    make(
        "a.jpg",
        "out/a.jpg",
        "out/deep/a.jpg",
        "older/a.jpg",
        f"older/{NAME}",
        f"older/{LOCK}",
        f"mine/{NAME}",
        "mine/b.jpg",
    )
    assert names(find(out="photos/out")) == ["a.jpg", "mine/b.jpg"]
    assert names(find("photos/older")) == ["a.jpg"]  # named on purpose
    with pytest.raises(UsageError, match="folder of their own"):
        find(out="photos")
    with pytest.raises(UsageError, match="folder of their own"):
        find("photos/*.jpg", out="photos")


def test_links_are_entered_once_and_loops_end(find):
    make("real/a.jpg")
    make("b.jpg", folder="elsewhere")
    os.symlink("..", "photos/real/up")
    os.symlink("real", "photos/again")
    os.symlink("../elsewhere", "photos/far")
    os.symlink("../elsewhere", "photos/far2")
    os.symlink("../elsewhere/b.jpg", "photos/one.jpg")
    os.symlink("nowhere.jpg", "photos/lost.jpg")
    os.symlink("self", "photos/self")
    jobs = {job.key: job for job in find()}
    assert set(jobs) == {"real/a.jpg", "far/b.jpg", "one.jpg", "lost.jpg"}
    assert [key for key, job in jobs.items() if job.error] == ["lost.jpg"]
    assert sorted(names(find("photos/**/*.jpg"))) == sorted(jobs)


def test_an_unreadable_folder_is_named_and_the_rest_goes_on(find, monkeypatch):
    make("a.jpg", "sub/b.jpg", "sub.jpg")
    scan = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    jobs = find(texts=["a red dress", "a blue dress"])
    assert [(job.key, job.photo) for job in jobs if job.error] == [("sub", Path("photos/sub"))]
    assert [job.error for job in jobs if job.error] == [
        "The folder photos/sub cannot be read (Permission denied); change its rights (chmod +rx)."
    ]
    assert len(jobs) == 5
    with pytest.raises(InputError, match="cannot be read"):
        find("photos/sub")


def test_strange_names_survive(find):
    strange = [
        "new\nline.jpg",
        "🙂.png",
        "-o.jpg",
        "--help.jpg",
        "a'\"$(b);.jpg",
        " .jpg",
        "ü" * 125 + ".jpeg",
        "x" * 251 + ".jpg",
        "x" * 250 + "y.jpg",
        "a[1].jpg",
        os.fsdecode(b"\xff\xfe.jpg"),
        os.fsdecode(b"\xff\xfd.jpg"),
        os.fsdecode(b"d\xff/a.jpg"),
    ]
    make(*strange)
    jobs = find()
    assert len(jobs) == len(strange) and len({fold(job.key) for job in jobs}) == len(strange)
    assert not any(job.error for job in jobs)
    for job in jobs:
        assert job.photo.read_bytes() == b"x"
        assert json.loads(json.dumps(job.key, ensure_ascii=False).encode()) == job.key
        make(job.key, folder="out")
    assert {"new\nline.jpg", "🙂.png", "-o.jpg", "a[1].jpg"} <= set(names(jobs))
    assert [job.key for job in find("photos/a[1].jpg")] == ["a[1].jpg"]


def test_a_folder_is_listed_without_a_stat_of_each_file(find, monkeypatch):
    make(*(f"{number}.jpg" for number in range(300)))
    looked = []
    stat = os.stat
    monkeypatch.setattr(os, "stat", lambda path, **more: looked.append(path) or stat(path, **more))
    assert len(find()) == 300
    assert len(looked) < 20


def test_a_photo_that_is_no_jpeg_though_it_is_called_so_becomes_a_png(find):
    make("a.jpg", "b.jpg", "c.webp")
    Path("photos/a.jpg").write_bytes(b"\x89PNG\r\n\x1a\n")
    os.mkfifo("photos/d.jpg")
    assert names(find()) == ["a.png", "b.jpg", "c.webp", "d.jpg"]
    assert names(find(ext="jpg"))[0] == "a.jpg"


def test_nothing_to_do_is_said(find, tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(InputError, match="no photos in photos"):
        find()
    with pytest.raises(InputError, match="does not exist"):
        find("nowhere")
    with pytest.raises(InputError, match="no photos"):
        find("photos/*.jpg")
    with pytest.raises(InputError, match="nowhere cannot be read"):
        find("nowhere/*.jpg")
    make("a.jpg")
    for texts, message in (([], "what to wear"), ([" "], "empty")):
        with pytest.raises(UsageError, match=message):
            find(texts=texts)
    with pytest.raises(UsageError, match="which photos"):
        find(None)


# patterns, one photo


def test_patterns(find):
    make("a.jpg", "b.png", "x/a.jpg", "x/y/a.jpg", "x/y/b.png", ".h/a.jpg", "x/noext")
    assert names(find("photos/*.jpg")) == ["a.jpg"]
    assert names(find("photos/*/*")) == ["x/a.jpg", "x/noext.png"]
    assert names(find("photos/**/a.*")) == ["a.jpg", "x/a.jpg", "x/y/a.jpg"]
    assert names(find("photos/**")) == ["a.jpg", "b.png", "x/a.jpg", "x/noext.png", "x/y/a.jpg", "x/y/b.png"]
    assert names(find("photos/**/y/*")) == ["x/y/a.jpg", "x/y/b.png"]
    assert names(find("*/[ab].jpg")) == ["photos/a.jpg"]
    assert names(find(os.path.abspath("photos") + "/?.png")) == ["b.png"]


def test_one_photo(find):
    make("a.jpg")
    assert names(find("photos/a.jpg")) == ["a.jpg"]
    assert names(find("photos/a.jpg", out="photos", suffix="-red")) == ["a-red.jpg"]
    assert "would replace a photo" in find("photos/a.jpg", out="photos")[0].error


# names


def test_texts_are_part_of_the_name_when_there_are_several(find):
    make("a/b.jpg")
    assert names(find(texts=["a red dress", "a blue dress", "a red dress "])) == [
        "a/b.a-red-dress.jpg",
        "a/b.a-blue-dress.jpg",
    ]
    assert names(find(suffix="-fice", ext="PNG")) == ["a/b-fice.png"]
    assert names(find(texts=["red", "blue"], suffix="-fice")) == ["a/b.red-fice.jpg", "a/b.blue-fice.jpg"]


@pytest.mark.parametrize(
    "options", [{"suffix": "a/b"}, {"suffix": "x" * 61}, {"suffix": "\udcff"}, {"ext": "gif"}, {"ext": ""}]
)
def test_names_that_cannot_be(find, options):
    make("a.jpg")
    with pytest.raises(UsageError):
        find(**options)


def test_names_that_meet_get_the_extension_of_the_photo(find):
    make("b.webp", "b.png", "b.heic", "c.png", "B.tif")
    keyed = {job.photo.name: job.key for job in find(ext=".png")}
    assert keyed["b.webp"] == "b.webp.png" and keyed["b.heic"] == "b.heic.png" and keyed["B.tif"] == "B.tif.png"
    assert keyed["c.png"] == "c.png" and keyed["b.png"] == "b.png"


def test_a_result_is_never_a_folder_of_another(find):
    make("a.webp", "a.png/b.jpg")
    assert names(find(ext="png")) == ["a.png/b.png", "a.webp.png"]


def test_shuffled_and_cut(find):
    make(*(f"{number}.jpg" for number in range(30)))
    once = find(shuffle_seed=3)
    assert once == find(shuffle_seed=3) != find(shuffle_seed=4)
    assert sorted(names(once)) == names(find())
    assert find(shuffle_seed=3, limit=5) == once[:5]


STEMS = [
    "a",
    "A",
    "é",
    "e\u0301",
    "É",
    "ß",
    "SS",
    "ss",
    "a.png",
    "a.webp",
    "-x",
    "🙂",
    "x" * 251,
    "x" * 250 + "y",
    "\udcff",
    "\udcfe",
    "a\nb",
    "K",
    "K",
    "ſ",
]
PARTS = st.sampled_from(STEMS) | st.text(st.characters(exclude_characters="/\0\u0345"), min_size=1, max_size=4).filter(
    lambda name: (
        name not in (".", "..")
        and all(not 0xD800 <= ord(letter) < 0xDC80 for letter in name)
        and not any(0xDCFF < ord(letter) <= 0xDFFF for letter in name)
    )
)
PLACES = st.builds(
    Place,
    folders=st.lists(PARTS, max_size=2).map(tuple),
    name=st.builds(str.__add__, PARTS, st.sampled_from([".jpg", ".JPG", ".png", ".webp", ".gif", ""])).filter(
        lambda name: name not in (".", "..")
    ),
    text=st.sampled_from(["red", "blue", "Red", "красный", ""]),
    options=st.sampled_from(["{}", '{"seed": 1}']),
    shown=st.booleans(),
    extension=st.sampled_from([".jpg", ".JPG", ".png", ".webp"]),
)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(PLACES, unique_by=lambda place: replace(place, extension=""), max_size=12),
    st.sampled_from(["", "-fice"]),
    st.sampled_from(["auto", ".png"]),
    st.randoms(),
)
def test_keys_are_unique_inside_and_stable(places, suffix, ext, chance):
    made = keys(places, suffix, ext)
    for same in (
        lambda key: unicodedata.normalize("NFC", key.casefold()),
        lambda key: unicodedata.normalize("NFC", key).casefold(),
        lambda key: unicodedata.normalize("NFC", unicodedata.normalize("NFC", key).casefold()),
        lambda key: unicodedata.normalize("NFD", key).lower(),
        lambda key: key.upper(),
    ):
        assert len({same(key) for key in made}) == len(made)
    for key in made:
        assert os.path.normpath(os.path.join("/out", key)) == "/out/" + key
        assert all(0 < len(part.encode()) <= 255 for part in key.split("/"))
        assert json.loads(json.dumps(key, ensure_ascii=False).encode()) == key
        assert not any(fold(other).startswith(fold(key) + "/") for other in made)

    order = list(range(len(places)))
    chance.shuffle(order)
    assert keys([places[index] for index in order], suffix, ext) == [made[index] for index in order]

    others = [Place(("elsewhere", *place.folders), place.name, place.text) for place in places]
    assert keys([*others, *places], suffix, ext)[len(others) :] == made


# lists


def write(name, content, encoding="utf-8"):
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return name


def test_a_list_is_relative_to_its_own_folder(find):
    make("b.jpg", "a.jpg", "c/d.weird")
    assert names(find(write("photos/list.txt", "b.jpg\nc/d.weird\r\na.jpg\n./a.jpg\nc/../b.jpg\n\n\n"))) == [
        "b.jpg",
        "c/d.png",
        "a.jpg",
    ]


def test_what_a_list_cannot_name_becomes_an_error(find):
    make("a.jpg", "sub/b.jpg")
    jobs = find(write("photos/list.txt", b"a.jpg\n\nnone.jpg\nsub\n" + b"x" * 5000 + b".jpg\n\xff.jpg\na\0.jpg\n"))
    assert jobs[0].error is None
    errors = [job.error for job in jobs[1:]]
    assert "Line 2 of photos/list.txt is empty" in errors[0] and jobs[1].key == "list.txt.line-2"
    assert "does not exist" in errors[1] and jobs[2].photo == Path("photos/none.jpg")
    assert "is a folder" in errors[2]
    assert "cannot be read" in errors[3]
    assert "does not exist" in errors[4]
    assert "no name of a file" in errors[5]
    assert all(len(job.error) < 400 for job in jobs[1:])


def test_a_list_may_name_photos_anywhere_and_no_key_leaves(find, tmp_path):
    make("x/a.jpg", "y/a.jpg", "y/z/b.jpg")
    make(folder="lists")
    os.makedirs("lists/deep")
    listed = f"../../photos/x/a.jpg\n{tmp_path}/photos/y/a.jpg\n../../photos/y/z/../z/b.jpg\n"
    assert names(find(write("lists/deep/list.txt", listed))) == ["x/a.jpg", "y/a.jpg", "y/z/b.jpg"]
    far = find(write("lists/far.txt", "/etc/../etc/hostname\n../../../../../../../../../../x.jpg\n../photos/x/a.jpg\n"))
    assert all(not job.key.startswith("/") and ".." not in job.key.split("/") for job in far)


def test_a_table(find):
    make("a.jpg", "b.jpg", "m.png")
    table = (
        "Photo;Text;region;seed;mask;candidates;latent\r\n"
        'a.jpg;"a red\r\ndress; long";upper;3;m.png;2;\r\n'
        "b.jpg;;;;;;\r\n"
        "b.jpg\r\n"
    )
    jobs = find(write("photos/t.csv", "\ufeff" + table))
    assert jobs[0] == asked(
        "a.jpg",
        "photos/a.jpg",
        "a red\r\ndress; long",
        {"region": "upper", "seed": 3, "mask": Path("photos/m.png").absolute(), "candidates": 2},
    )
    assert jobs[1:] == [asked("b.jpg", "photos/b.jpg", "a red dress")]
    assert names(find(write("photos/u.csv", "\ufeff" + table, "utf-16-le"))) == names(jobs)
    assert names(find(write("photos/t.tsv", "photo\ttext\na.jpg\tx, y, z\n"))) == ["a.jpg"]
    assert names(find(write("photos/t.tsv.csv", "photo\ttext\na.jpg\tx, y\n"))) == ["a.jpg"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.jpg,x,upper,one", "no whole number from 0 in 'seed'"),
        ("a.jpg,x,upper,-1", "'seed'"),
        ("a.jpg,x," + "legs" * 60 + ",1", "no words"),
        ("a.jpg,x,upper,1,2,3", "6 cells for 4 columns"),
        (",x,upper,1", "names no photo"),
        (",,,", "is empty"),
        ("", "is empty"),
        ('"a.jpg"b,x,,', "malformed"),
        ("a.jpg,,,", "has no text"),
        ("a.jpg," + "x" * 200_000 + ",,", "malformed"),
        (b"a.jpg,caf\xe9,,", "no text in UTF-8"),
    ],
)
def test_a_row_that_makes_no_sense_is_an_error_and_the_rest_goes_on(find, row, reason):
    make("a.jpg", "b.jpg")
    row = row if isinstance(row, bytes) else row.encode()
    jobs = find(write("photos/t.csv", b"photo,text,region,seed\n" + row + b"\nb.jpg,a red dress,,\n"), texts=[])
    assert reason in jobs[0].error and "Line 2 of photos/t.csv" in jobs[0].error
    assert [job.key for job in jobs[1:]] == ["b.jpg"] and jobs[1].error is None


def test_names_do_not_depend_on_the_current_folder(find, monkeypatch):
    make("a.jpg", "m.png", "n.png")
    write("photos/t.csv", "photo,mask\na.jpg,m.png\na.jpg,n.png\n")
    here = names(find("photos/t.csv"))
    monkeypatch.chdir("photos")
    assert names(find("t.csv", out="../out")) == here


def test_a_missing_mask_is_an_error(find):
    make("a.jpg")
    (job,) = find(write("photos/t.csv", "photo,mask\na.jpg,m.png\n"))
    assert job.error == "The mask photos/m.png does not exist; check its name and folder."


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", "photo,txt\na.jpg,x\n", "'txt'.*known are photo, text, region"),
        ("t.csv", "text\nx\n", "no column 'photo'"),
        ("t.csv", "photo,photo\na,b\n", "same name"),
        ("t.csv", "", "no column"),
        ("t.jsonl", '{"photo": "a", "prompt": "b"}\n', "'prompt'"),
    ],
)
def test_tables_that_make_no_sense_as_a_whole(find, name, content, said):
    make("a.jpg")
    with pytest.raises(UsageError, match=said):
        find(write(f"photos/{name}", content))


def test_what_is_too_large_is_refused(find, monkeypatch):
    make("a.jpg")
    for name in ("l.txt", "t.csv", "t.jsonl"):
        with pytest.raises(UsageError, match="a million letters"):
            find(write(f"photos/{name}", "x" * 1_000_001))
    with open("photos/l.txt", "wb") as stream:
        stream.truncate(tables.MOST_BYTES + 1)
    with pytest.raises(UsageError, match="larger than a gigabyte"):
        find("photos/l.txt")


def test_json_lines(find):
    make("a.jpg", "b.jpg")
    lines = [
        {"photo": "a.jpg", "text": ["red", "blue"], "seed": 1},
        {"photo": "b.jpg", "text": None},
        [1],
        {"photo": 3},
        {"photo": "b.jpg", "text": ["x", 1]},
        {"photo": "b.jpg", "seed": True},
        {"photo": "\ud800.jpg"},
    ]
    jobs = find(write("photos/t.jsonl", "\n".join(map(json.dumps, lines)) + "\n" + "[" * 50_000 + "\n"))
    assert jobs[:3] == [
        asked("a.red.jpg", "photos/a.jpg", "red", {"seed": 1}),
        asked("a.blue.jpg", "photos/a.jpg", "blue", {"seed": 1}),
        asked("b.jpg", "photos/b.jpg", "a red dress"),
    ]
    assert len(jobs) == 9 and all(job.error for job in jobs[3:])


def test_the_same_photo_twice(find):
    make("a.jpg")
    rows = ["a.jpg,red,1", "a.jpg,blue,1", "a.jpg,red,1", "a.jpg,red,2"]
    jobs = find(write("photos/t.csv", "photo,text,seed\n" + "\n".join(rows) + "\n"))
    keyed = {(job.text, job.order.seed): job.key for job in jobs}
    assert len(jobs) == 3 and keyed["blue", 1] == "a.blue.jpg"
    assert all(key.startswith("a.red.") for (text, _), key in keyed.items() if text == "red")
    random.Random(1).shuffle(rows)
    again = find(write("photos/t.csv", "photo,text,seed\n" + "\n".join(rows) + "\n"))
    assert {(job.text, job.order.seed): job.key for job in again} == keyed


# files of texts


def test_every_photo_with_every_text(find):
    make("a.jpg", "b.jpg")
    assert names(find(texts=[], prompts=write("p.txt", "red\nblue\nred\n"))) == [
        "a.red.jpg",
        "a.blue.jpg",
        "b.red.jpg",
        "b.blue.jpg",
    ]
    jobs = find(texts=["green"], prompts=write("p.csv", "text,region,seed\nred,upper,\nred,lower,2\n"))
    assert [(job.text, job.order.shape()[1]) for job in jobs[:3]] == [
        ("green", {}),
        ("red", {"region": "upper"}),
        ("red", {"region": "lower", "seed": 2}),
    ]
    assert len({job.key for job in jobs}) == 6
    assert len(find(texts=[], prompts=write("p.jsonl", '{"text": ["red", "blue"], "seed": 1}\n'))) == 4


def test_a_bad_line_of_texts_is_one_error(find):
    make("a.jpg", "b.jpg")
    jobs = find(texts=[], prompts=write("p.csv", "text,seed\nred,1\n,2\nblue,x\n"))
    assert [job.key for job in jobs if not job.error] == ["a.jpg", "b.jpg"]
    assert [job.key for job in jobs if job.error] == ["p.csv.line-3", "p.csv.line-4"]
    for name, message in (("p.doc", "should end in"), ("none.txt", "cannot be read")):
        with pytest.raises((UsageError, InputError), match=message):
            find(texts=[], prompts=name if name == "none.txt" else write(name, "red"))


def test_texts_may_name_the_photos_themselves(find):
    make("a.jpg")
    assert names(find(None, texts=[], prompts=write("photos/p.csv", "photo,text\na.jpg,red\n"))) == ["a.jpg"]


# what comes later


def test_a_photo_is_taken_when_it_has_come_to_rest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make("old.jpg", "sub/a.jpg")
    script = iter(
        [
            lambda: None,
            lambda: make("new.jpg"),
            lambda: Path("photos/new.jpg").write_bytes(b"growing"),
            lambda: None,
            lambda: make("broken.txt"),
            lambda: Path("photos/old.jpg").write_bytes(b"another"),
            lambda: Path("photos/sub/a.jpg").unlink(),
        ]
    )
    taken = []

    def sleep(_):
        taken.append("|")
        next(script, lambda: (_ for _ in ()).throw(KeyboardInterrupt))()

    known = [job for job in find_jobs(batch("photos", RED)) if job.key == "old.jpg"]
    with pytest.raises(KeyboardInterrupt):
        for job in watch(batch("photos", RED), known, sleep=sleep):
            taken.append(job.key)
    assert "".join(f"{each} " for each in taken) == "| sub/a.jpg | | | new.jpg | | | old.jpg | "


def test_a_result_that_gets_another_name_is_made_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make("b.webp")
    asked = batch("photos", RED, ext=".png")
    known = find_jobs(asked)
    make("b.png")
    coming = watch(asked, known, sleep=lambda _: None)
    assert names(known) == ["b.png"] and [next(coming).key, next(coming).key] == ["b.png", "b.webp.png"]


def test_a_list_is_not_watched(tmp_path):
    with pytest.raises(UsageError, match="cannot be watched"):
        next(watch(batch(write(tmp_path / "l.txt", "old.jpg"), RED)))


def test_a_row_may_name_several_garments(find):
    make("a.jpg", "m.png")
    garments = [{"text": "white shirt", "mask": "m.png"}, {"text": "blue jeans", "region": "lower"}]
    rows = [{"photo": "a.jpg", "garments": garments, "seed": 2}, {"photo": "a.jpg", "garments": [{"mask": "n.png"}]}]
    both, missing = find(write("photos/t.jsonl", "\n".join(map(json.dumps, rows))))
    shirt, jeans = both.order.garments
    assert both.order.seed == 2 and both.text == "white shirt and blue jeans" and both.error is None
    assert shirt == Garment("white shirt", mask=str(Path("photos/m.png").absolute()))
    assert jeans == Garment("blue jeans", "lower")
    assert "n.png does not exist" in missing.error
