"""The page of a run: what is written, and what a browser makes of it."""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from browser import Browser, needs_browser
from PIL import Image

from fice.batch import page
from fice.batch.page import write_page
from fice.batch.sheet import contact_sheet
from fice.errors import FiceError
from fice.pages import thumbnails

HOSTILE = '</script><img src=x onerror="window.hit = 1">&amp; <!-- \N{DRESS} %41 \u2028 \'"'


def picture(path: Path, colour=(180, 40, 60), size=(60, 120), **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, **options)
    return path


def result(key, photo, text="red dress", after=0.3, **more):
    """A line of the journal."""
    report = {
        "input": str(photo),
        "text": text,
        "region": "dress",
        "seconds": 4.25,
        "similarity": {"before": 0.2, "after": after},
        "losses": {"semantic": 0.7, "image": float("nan")},
        "steps": 120,
        "unknown_words": [],
        "notices": [],
    }
    return {"key": key, "status": "done", "report": report, "error": None, "exit_code": 0, **more}


def failed(key, photo, text="red dress", error="{} shows no person; use another photo."):
    report = {"input": str(photo), "text": text}
    error = error.format(photo)
    return {"key": key, "status": "failed", "report": report, "error": error, "exit_code": 3}


class Elements(HTMLParser):
    """Tags with their attributes; refuses ends that do not fit."""

    EMPTY = {"meta", "input", "img", "link", "br"}

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def rows_of(path: Path) -> list[dict]:
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', path.read_text("utf-8"), re.S)
    assert "<" not in block
    return json.loads(block)


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
def three(out, tmp_path):
    """Two edits and a failure."""
    photo = picture(tmp_path / "photos" / "one.jpg")
    picture(out / "a.png", (20, 60, 160))
    picture(out / "b.png", (20, 160, 60))
    return [
        result("a.png", photo, after=0.25),
        result("b.png", photo, "blue coat", after=0.35),
        failed("c.png", tmp_path / "photos" / "none.jpg"),
    ]


def test_sound_html(out, three):
    path = write_page(out, three, title=HOSTILE, summary={"per_hour": 612.4, "seconds": 3725.0, "reasons": {}})
    text = path.read_text("utf-8")
    found = Elements(text).found
    assert path == out / "index.html"
    assert ("html", {"lang": "en"}) in found
    assert not [tag for tag, _ in found if tag in ("img", "link", "iframe")]
    assert not re.findall(r'(?:src|href)="(?!#)', text)  # nothing is loaded by the html itself
    names = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(names) == len(set(names))
    labelled = {attributes["for"] for tag, attributes in found if tag == "label" and "for" in attributes}
    fields = {a["id"] for tag, a in found if tag in ("select", "textarea") or a.get("type") == "search"}
    assert fields == labelled
    for shown in ("612", "1 h 2 min", "+0.100", "… shows no person; use another photo."):
        assert shown in text


def test_rows(out, three):
    rows = rows_of(write_page(out, [three[2], *three], title="", summary={}))
    assert [row["key"] for row in rows] == ["c.png", "a.png", "b.png"]  # one key, one row
    lost, first, _ = rows
    assert (first["before"], first["after"], first["gain"]) == (0.2, 0.25, 0.05)
    assert first["losses"] == {"semantic": 0.7}  # json has no nan
    assert first["ratio"] == 0.5
    assert first["input"] == "../photos/one.jpg"
    assert (lost["status"], lost["thumbnails"], lost["output"], lost["code"]) == ("failed", [None, None], None, 3)


def test_edits_with_faults_are_marked(out, three):
    fault = "12% of skin and hair were painted over."
    three[0]["report"] |= {"complaints": [fault], "notices": ["Left out.", fault]}
    path = write_page(out, three, title="", summary={"flagged": 7})
    first, second, lost = rows_of(path)
    assert (first["faults"], first["notices"]) == ([fault], ["Left out."])
    assert second["faults"] == lost["faults"] == []
    shown = re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", path.read_text("utf-8"))
    assert shown[:3] == [("Done", "2"), ("Flagged", "1"), ("Failed", "1")]  # of what is shown, not of the last run
    assert "Flagged" in [name for name, _ in shown[4:]]  # and what it means


def test_swatches_are_shown_beside_their_edits(out, tmp_path):
    cloth = picture(tmp_path / "my cloth.png", (10, 60, 160))
    order = {"garments": [{"swatch": str(cloth), "mask": "m.png"}, {"text": "red", "swatch": "gone.png"}]}
    lines = [result(f"{i}.png", cloth) for i in range(2)]
    for line, asked in zip(lines, (order, {"garments": 3}), strict=True):
        line["report"]["order"] = asked
    shown, without = (row["given"] for row in rows_of(write_page(out, lines, title="t", summary={})))
    (name, link, small), (other, _, nothing) = shown
    assert (name, other, nothing, without) == ("swatch: my cloth.png", "swatch: gone.png", None, [])
    assert link.endswith("my%20cloth.png") and (out / small).exists()


def test_pictures_of_garments_given_and_found_are_shown_beside_their_edits(out, tmp_path):
    shirt, jeans = (str(picture(tmp_path / name, (10, 60, 160))) for name in ("shirt.png", "jeans.png"))
    line = result("0.png", tmp_path / "shirt.png")
    line["report"]["order"] = {"garments": [{"pictures": [shirt, jeans]}, {"text": "blue jeans"}]}
    line["report"]["found"] = [{"wanted": "blue jeans", "garments": [{"picture": jeans}, {"picture": 3}, "odd"]}, 5]
    (row,) = rows_of(write_page(out, [line], title="t", summary={}))
    assert [name for name, *_ in row["given"]] == ["garment: shirt.png", "garment: jeans.png", "found: jeans.png"]


def test_links_are_quoted(out, tmp_path):
    key = "a #1?/100%\n'\"<b>:\N{DRESS}.png"
    picture(out / key)
    (row,) = rows_of(write_page(out, [result(key, picture(tmp_path / "c:d é.jpg"), HOSTILE)], title="", summary={}))
    assert row["output"] == "a%20%231%3F/100%25%0A%27%22%3Cb%3E%3A%F0%9F%91%97.png"
    assert row["input"] == "../c%3Ad%20%C3%A9.jpg"
    assert row["text"] == HOSTILE and row["key"] == key


def test_names_that_are_no_text(out, tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    picture(out / name)
    (row,) = rows_of(write_page(out, [result(name, tmp_path / name, name)], title=name, summary={"x": name}))
    assert row["output"] == "caf%E9.png" and row["thumbnails"][1]


def test_what_is_missing_or_broken_is_grey(out, tmp_path):
    (out / "text.png").write_text("no picture")
    cut = picture(out / "cut.png", size=(400, 400)).read_bytes()[:200]
    (out / "cut.png").write_bytes(cut)
    (out / "folder.png").mkdir()
    keys = ["text.png", "cut.png", "folder.png", "gone.png", "null\0.png"]
    bare = [{"key": key, "status": "done", "report": {}} for key in keys] + [{"key": "x", "status": "failed"}]
    rows = rows_of(write_page(out, bare, title="", summary={}))
    assert [row["thumbnails"] for row in rows] == [[None, None]] * 6
    assert not list(out.rglob("*.tmp"))


def test_thumbnails_are_small_and_kept(out, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (1500, 2500, 3), np.uint8)
    photo = tmp_path / "noise.jpg"
    Image.fromarray(noise).save(photo)
    narrow = picture(tmp_path / "narrow.png", size=(40, 4000))
    wide, tall = thumbnails.thumbnails(out, [photo, narrow])
    for small in (wide, tall):
        with Image.open(small.path) as image:
            assert image.format == "WEBP" and image.width <= 640 and image.height <= 320
        assert small.path.stat().st_size < 150_000
    kept = wide.path.stat().st_ino
    (again,) = thumbnails.thumbnails(out, [photo])
    assert again == wide and wide.path.stat().st_ino == kept
    picture(photo)
    os.utime(photo, ns=(1, 1))  # older than its thumbnail, and yet another picture
    (other,) = thumbnails.thumbnails(out, [photo])
    assert other.path == wide.path and other.ratio == 0.5


def test_thumbnails_are_whole_or_absent(out, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fice.photo.names.os.fsync", full)
    with pytest.raises(FiceError, match="disk is full"):
        list(thumbnails.thumbnails(out, [picture(tmp_path / "a.png")]))
    assert not [path for path in out.rglob("*") if path.is_file()]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_thumbnails_are_upright(tmp_path, orientation):
    upright = np.zeros((640, 1280, 3), np.uint8)
    upright[:320, :640] = 250  # white at the top left
    stored = thumbnails.decode.as_stored(upright, orientation)
    tags = Image.Exif()
    tags[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / "a.jpg", exif=tags, quality=95)
    small = np.asarray(thumbnails.shrunk(tmp_path / "a.jpg"))
    assert small.shape == (320, 640, 3)
    assert np.abs(small.astype(int) - upright[::2, ::2]).mean() < 5


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_thumbnails_of_every_kind(tmp_path, mode):
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    if mode == "I;16":
        Image.fromarray(np.full((50, 40), 40_000, np.uint16)).save(path)
    else:
        Image.new("RGB", (40, 50), (200, 200, 200)).convert(mode).save(path)
    small = thumbnails.shrunk(path)
    assert (small.mode, small.size) == ("RGB", (40, 50))
    assert np.asarray(small).mean() > 140


def test_transparency_is_shown_on_white(tmp_path):
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert np.asarray(thumbnails.shrunk(tmp_path / "a.png")).min() == 255


def test_long_runs_keep_thumbnails_outside(out, three, monkeypatch):
    inside = rows_of(write_page(out, three, title="", summary={}))[0]["thumbnails"]
    assert all(source.startswith("data:image/webp;base64,") for source in inside)
    monkeypatch.setattr(page, "EMBEDDED", 2)
    outside = rows_of(write_page(out, three, title="", summary={}))[0]["thumbnails"]
    assert all((out / source).is_file() for source in outside)


def test_an_empty_run(out):
    assert rows_of(write_page(out, [], title="Nothing", summary={})) == []
    assert contact_sheet(out, [], out / "sheet.png").is_file()


def test_contact_sheet(out, three, tmp_path):
    lost = result("gone.png", tmp_path / "gone.jpg", "word" * 100)
    path = contact_sheet(out, [*three, lost, *three[:2] * 5], out / "sheet.png", columns=2, limit=4)
    with Image.open(path) as sheet:
        assert sheet.format == "PNG" and sheet.height > sheet.width / 2
        colours = {colour for _, colour in sheet.convert("RGB").getcolors(1 << 20)}
    assert {(20, 60, 160), (20, 160, 60), (180, 40, 60)} & colours


def test_names_are_told_with_their_folders(out, tmp_path):
    photos = [picture(tmp_path / folder / "one.jpg") for folder in ("berlin", "paris/night")]
    edits = [result("berlin/one.jpg", photos[0]), result("paris/night/one.red-dress.jpg", photos[1])]
    page_path = write_page(out, edits, title="", summary={})
    assert [row["name"] for row in rows_of(page_path)] == ["berlin/one.jpg", "paris/night/one.jpg"]
    with Image.open(contact_sheet(out, edits[1:], out / "long.png")) as long:
        with Image.open(contact_sheet(out, [edits[1] | {"key": "one.jpg"}], out / "short.png")) as short:
            assert long.size == short.size and long.tobytes() != short.tobytes()


def test_the_figures_that_are_shown_are_explained(out, three):
    explained = re.findall("<dt>(.*?)</dt>", write_page(out, three, title="", summary={}).read_text("utf-8"))
    assert explained[-4:] == ["Similarity", "Gain", "Loss, all", "Loss, semantic"]
    assert "What the figures mean" not in write_page(out, [], title="", summary={}).read_text("utf-8")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def opened(browser, out, three):
    """The browser with the page of three pictures in it."""
    return show(browser, write_page(out, three, title="Three", summary={"per_hour": 100}))


def show(browser, path):
    browser.open(Path("/dev/null"))
    browser.requests(), browser.log("browser")
    browser.open(path)
    browser.until("document.getElementById('count').textContent")
    return browser


def texts(browser):
    return browser.run("return [...document.querySelectorAll('.card h2')].map(e => e.textContent)")


def choose(browser, name, value):
    browser.run(
        f"const e = document.getElementById({name!r}); e.value = {value!r}; "
        "e.dispatchEvent(new Event(e.tagName === 'SELECT' ? 'change' : 'input'))"
    )


def count(browser):
    return browser.run("return document.getElementById('count').textContent")


@needs_browser
def test_opens_without_a_server(opened):
    opened.until("[...document.images].length === 4 && [...document.images].every(i => i.naturalWidth === 60)")
    assert opened.log("browser") == []
    assert {address.split(":")[0] for address in opened.requests()} <= {"file", "data"}
    assert opened.run("return [...document.images].every(i => i.alt)")
    for width in (360, 1280):
        opened.resize(width, 800)
        assert opened.run("return document.documentElement.scrollWidth <= innerWidth")


@needs_browser
def test_filters_and_sorting(opened):
    assert (texts(opened), count(opened)) == (["red dress", "blue coat", "red dress"], "3 of 3")
    choose(opened, "sort", "gain")
    assert texts(opened) == ["blue coat", "red dress", "red dress"]  # what has no gain comes last
    assert opened.run("return document.querySelector('.card:last-child').matches('.failed')")
    choose(opened, "sort", "gain-least")
    assert opened.run("return document.querySelector('.card:last-child').matches('.failed')")
    choose(opened, "status", "failed")
    assert count(opened) == "1 of 3"
    choose(opened, "status", "")
    options = opened.run("return [...document.getElementById('text').options].map(o => o.text)")
    assert options == ["All texts", "red dress (2)", "blue coat (1)"]
    choose(opened, "text", "1")
    assert texts(opened) == ["blue coat"]
    choose(opened, "text", "")
    opened.run("document.getElementById('search').focus()")
    opened.press("COAT", " ", "one.j")
    assert (texts(opened), count(opened)) == (["blue coat"], "1 of 3")
    opened.run("document.querySelector('[data-reason]').click()")
    error = "return document.querySelector('.card .error').textContent"
    assert (count(opened), opened.run(error)[-35:]) == ("1 of 3", "shows no person; use another photo.")
    choose(opened, "search", "nothing like it")
    assert opened.until("document.getElementById('nothing').checkVisibility()")


@needs_browser
def test_what_is_flagged_is_found(browser, out, three):
    three[1]["report"]["complaints"] = ["A rim is left around the garment (7.0 ΔE)."]
    show(browser, write_page(out, three, title="Three", summary={}))
    choose(browser, "status", "flagged")
    assert (texts(browser), count(browser)) == (["blue coat"], "1 of 3")
    assert browser.run("return document.querySelector('.card.flagged .error').textContent").startswith("A rim")


@needs_browser
def test_favourites_are_a_list_to_copy_and_are_remembered(browser, out, three):
    path = write_page(out, three, title="Three", summary={})
    show(browser, path)
    hidden = "return document.getElementById('favourites').hidden"
    assert browser.run(hidden)
    browser.run("document.querySelectorAll('.star')[1].click()")
    browser.run("document.querySelector('.open').click(); document.getElementById('star').click()")
    browser.press("Escape")
    show(browser, path)
    listed = "return document.getElementById('list').value"
    assert browser.run(listed) == "a.png\nb.png\n"
    choose(browser, "status", "favourite")
    assert count(browser) == "2 of 3"
    browser.run("document.getElementById('favourites').open = true; document.getElementById('copy').click()")
    assert browser.run("return getSelection().toString() || document.activeElement.value") == "a.png\nb.png\n"
    browser.run("for (const star of document.querySelectorAll('.star')) star.click()")
    assert browser.run(hidden) and browser.log("browser") == []


@needs_browser
def test_slider_by_keyboard(opened):
    clip = "getComputedStyle(document.querySelector('.after')).clipPath"
    start = opened.run(f"return {clip}")
    opened.run("document.querySelector('.slide').focus()")
    opened.press("Right", "Right")
    assert "54%" in opened.run(f"return {clip}") != start
    assert opened.run("return document.activeElement.ariaValueText") == "54 % before, 46 % after"
    opened.run("document.querySelector('[name=side][value=\"0\"]').focus()")
    opened.press("Space")
    assert "0%" in opened.run(f"return {clip}") or "0px" in opened.run(f"return {clip}")


@needs_browser
def test_slider_by_pointer(opened):
    box = opened.run("const b = document.querySelector('.stack').getBoundingClientRect(); return [b.x, b.y, b.width]")
    for share in (0.1, 0.5, 0.9):
        where = {"x": box[0] + share * box[2], "y": box[1] + 100, "button": "left", "clickCount": 1}
        opened.command("Input.dispatchMouseEvent", type="mousePressed", **where)
        opened.command("Input.dispatchMouseEvent", type="mouseReleased", **where)
        at = opened.run("return parseFloat(document.querySelector('.stack').style.getPropertyValue('--at'))")
        assert abs(at - 100 * share) <= 2  # the pictures meet under the pointer


@needs_browser
def test_large_view_by_keyboard(opened):
    opened.run("document.querySelector('.slide').focus()")
    opened.press("Enter")
    assert opened.run("return document.getElementById('large').open")
    large = "document.querySelector('#large-stack .after')"
    opened.until(f"{large}.naturalWidth === 60 && {large}.src.endsWith('/a.png')")
    opened.press("Right")
    opened.until(f"{large}.src.endsWith('/b.png')")
    opened.press("Right")
    assert "no person" in opened.run("return document.getElementById('about').textContent")
    opened.press("Right", "Left")
    opened.until(f"{large}.src.endsWith('/b.png')")
    opened.press("Escape")
    assert not opened.run("return document.getElementById('large').open")
    opened.until("document.activeElement.getAttribute('aria-label') === 'Open one.jpg large'")
    opened.press("Space")
    assert opened.run("return document.getElementById('large').open")
    opened.press("Escape")


@needs_browser
def test_every_control_is_reached_by_tab(opened):
    seen = []
    for _ in range(40):
        opened.press("Tab")
        here = "const e = document.activeElement; return e.id || e.name || e.className"
        seen.append(opened.run(here))
        if seen[-1] == "open" and seen.count("open") == 3:
            break
    places = [seen.index(name) for name in ("skip", "search", "text", "status", "sort", "side", "slide", "open")]
    assert places == sorted(places)


@needs_browser
def test_hostile_names_and_texts_do_nothing(browser, out, tmp_path):
    key = "a <img src=x onerror='window.hit=1'>#?%.png"
    photo = picture(tmp_path / key)
    picture(out / key)
    edits = [result(key, photo, HOSTILE), failed(HOSTILE, "/" + HOSTILE, HOSTILE, HOSTILE)]
    edits[0]["report"] |= {
        "region": HOSTILE,
        "notices": [HOSTILE],
        "losses": {HOSTILE: 1.0},
        "unknown_words": [HOSTILE],
    }
    show(browser, write_page(out, edits, title=HOSTILE, summary={HOSTILE: HOSTILE}))
    browser.until("[...document.images].length === 2 && [...document.images].every(i => i.naturalWidth === 60)")
    assert texts(browser) == [HOSTILE, HOSTILE]
    browser.run("document.querySelector('.open').click()")
    browser.until("document.querySelector('#large-stack .after').naturalWidth === 60")
    assert browser.run("return document.querySelector('#large-stack .after').src").endswith(".png")
    browser.press("Right")
    browser.press("Escape")
    assert browser.run("return [window.hit, document.querySelectorAll('img[src=x]').length]") == [None, 0]
    assert browser.log("browser") == []


@needs_browser
def test_thousands_open_and_scroll(browser, out, three):
    edit = three[0]
    many = [edit | {"key": f"{i}.png", "report": edit["report"] | {"text": f"text {i % 500}"}} for i in range(2000)]
    show(browser, write_page(out, many, title="Many", summary={}))
    assert count(browser) == "2,000 of 2,000"
    first = len(texts(browser))
    assert first < 500  # cards are built as they are needed
    browser.run("scrollTo(0, document.body.scrollHeight)")
    browser.until(f"document.querySelectorAll('.card').length > {first}")
    choose(browser, "search", "text 499")
    assert (len(texts(browser)), count(browser)) == (4, "4 of 2,000")
    assert browser.run("return document.getElementById('text').options.length") < 300
