"""The page of a study: what is written, and what a browser makes of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from batch.test_page import Elements, picture
from browser import Browser, needs_browser
from evaluation.test_table import HOSTILE, empty, holes, many

from fice.evaluation.page import write_study_page
from fice.evaluation.plots import write_plots
from fice.evaluation.study import Row
from fice.evaluation.table import write_tables
from fice.order import Order

COLOURS = {"default": (20, 60, 160), "no pose": (20, 160, 60), "no head": (160, 60, 20)}


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out #1?").mkdir()
    return tmp_path / "out #1?"


@pytest.fixture
def study(tmp_path):
    """Three runs, two photos, two texts; one edit's picture is gone and one edit was never made."""
    study = many(tmp_path, runs=3, photos=2)
    for row in study.rows:
        picture(row.source)
        picture(row.edit, COLOURS[row.run])
    study.rows[-1].edit.unlink()
    return replace(study, rows=study.rows[:4] + study.rows[5:])


def parsed(path):
    text = path.read_text("utf-8")
    return text, Elements(text).found


def test_sound_html(out, study):
    plots = write_plots(replace(study, rows=()), out)
    write_tables(study, out)
    text, found = parsed(write_study_page(study, out, plots))
    assert ("html", {"lang": "en"}) in found
    links = [a.get("href") or a.get("src") for tag, a in found if tag in ("a", "img") and (a.keys() & {"href", "src"})]
    assert len(links) > 30 and not [link for link in links if ":" in link or link.startswith("/")]
    assert all((out / unquote(link)).is_file() for link in links if not link.startswith("#"))
    assert {"table.csv", "edits.csv", "bars.png", "differences.png", "tradeoff.png"} <= set(links)
    assert all("alt" in a for tag, a in found if tag == "img")
    assert all(a.get("loading") == "lazy" for tag, a in found if tag == "img" and "src" in a)
    names = [a["id"] for _, a in found if "id" in a]
    assert len(names) == len(set(names))
    for run, about in study.runs.items():
        assert text.count(f">{run}</th>") == 4 and about in text
    assert "The judge also guided the edits." in text and "CIE76 distance to the colour of the text." in text


def test_pictures_that_are_not_there(out, study):
    text, found = parsed(write_study_page(study, out, []))
    assert text.count('class="gone"') == 2
    assert "This run has no such edit." in text and "The picture is missing or broken." in text
    assert len([a for tag, a in found if tag == "img" and a.get("src", "").startswith("thumbnails/")]) == 4 + 10
    assert 'id="plots"' not in text and "table.csv" not in text


def test_reason_of_an_edit_without_numbers(out, study):
    lost = replace(study.rows[-1], values={}, reasons={"gain": "The edit has another size than the photo."})
    text, _ = parsed(write_study_page(replace(study, rows=(*study.rows[:-1], lost)), out, []))
    assert "The edit has another size than the photo.</div>" in text


def test_figures_under_pictures(out, study):
    row = study.rows[0]
    shown = [f"{row.values['similarity']:.3f}", f"\N{GREEK CAPITAL LETTER DELTA}E {row.values['colour error']:.2f}"]
    text, _ = parsed(write_study_page(study, out, []))
    assert re.search(r'title="similarity">\s*{}<.*?title="colour error">{}<'.format(*shown), text)
    minus = replace(row, values=row.values | {"similarity": -0.25})
    assert "\N{MINUS SIGN}0.250<" in parsed(write_study_page(replace(study, rows=(minus,)), out, []))[0]


def test_seeds_are_told_apart(out, study):
    assert ", seed" not in parsed(write_study_page(study, out, []))[0]
    other = replace(study, rows=(*study.rows, replace(study.rows[0], order=replace(study.rows[0].order, seed=8))))
    assert parsed(write_study_page(other, out, []))[0].count(", seed 8") == 1


def test_odd_studies(out, tmp_path):
    assert "Nothing" in parsed(write_study_page(empty(), out, []))[0]
    text, found = parsed(write_study_page(holes(tmp_path), out, []))
    assert "<b>" not in text and "a &lt;b&gt; | &amp; &#34;quoted&#34;" in text
    assert not [tag for tag, _ in found if tag == "b"] and "No edit could be read." in text
    bare = replace(many(tmp_path, runs=1), rows=(Row("default", tmp_path / "null\0.png", tmp_path, Order.of("x")),))
    assert parsed(write_study_page(bare, out, []))[0].count('class="gone"') == 2


def test_the_same_twice(out, study):
    path = write_study_page(study, out, [])
    before = path.read_bytes()
    assert write_study_page(study, out, []).read_bytes() == before


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@needs_browser
def test_in_a_browser(browser, out, study):
    plots = write_plots(replace(study, rows=()), out)
    browser.open(Path("/dev/null"))
    browser.requests(), browser.log("browser")
    browser.open(write_study_page(study, out, plots))
    browser.run("document.getElementById('pictures').scrollIntoView()")
    browser.until("[...document.querySelectorAll('#pictures img')].every(i => i.naturalWidth === 60)")
    for width in (360, 1280):
        browser.resize(width, 800)
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        heads = "[...document.querySelectorAll('thead th')]"
        assert browser.run(f"return {heads}.every(e => e.scrollWidth <= e.clientWidth)")  # none lies on the next
    browser.resize(420, 500)
    place = "document.querySelector('.grid tbody tr:last-child th').getBoundingClientRect()"
    head = "document.querySelector('.grid thead th:last-child').getBoundingClientRect()"
    browser.run("document.getElementById('pictures').scrollIntoView()")
    before = browser.run(f"return [{place}.x, {head}.y]")
    moved = "const g = document.querySelector('.grid'); g.scrollTo(9999, 9999); return g.scrollLeft && g.scrollTop"
    assert browser.run(moved) > 0
    assert browser.run(f"return [{place}.x, {head}.y]") == before  # first column and row stay
    browser.resize(1280, 800)
    # a picture opens large, and the arrow keys go through the runs and the photos
    browser.run("document.querySelector('.grid td a').click()")
    large = "document.querySelector('#large img')"
    browser.until(f"{large}.naturalWidth === 60 && {large}.src.endsWith('/default/0.png')")
    assert browser.run("return document.querySelector('#large p').textContent").startswith(
        "default: a red dress (0.png), "
    )
    browser.press("Right")
    browser.until(f"{large}.src.endsWith('/no%20head/0.png')")  # the edit between was never made
    browser.press("Down")
    browser.until(f"{large}.src.endsWith('/no%20head/1.png')")
    browser.press("Left", "Left", "Left", "Left")
    browser.until(f"{large}.src.endsWith('/photos/0.png')")
    browser.press("Escape")
    assert not browser.run("return document.getElementById('large').open")
    browser.until("document.activeElement.dataset.column === 'photo'")
    assert browser.log("browser") == []
    assert {address.split(":")[0] for address in browser.requests()} <= {"file", "data"}


@needs_browser
def test_hostile_names_do_nothing(browser, out, study):
    name = HOSTILE + '<img src=x onerror="window.hit = 1">'
    rows = tuple(replace(row, run=name, order=Order.of(name)) for row in study.rows if row.run == "default")
    table = {name: study.table["default"]}
    odd = replace(study, title=name, runs={name: name}, rows=rows, table=table, differences={}, notes=(name,))
    browser.log("browser")
    browser.open(write_study_page(odd, out, []))
    assert browser.run("return document.querySelector('h1').textContent") == name
    browser.run("document.querySelector('.grid td a').click()")
    browser.until("document.querySelector('#large img').naturalWidth === 60")
    assert browser.run("return document.querySelector('#large p').textContent").startswith(name)
    assert browser.run("return [window.hit ?? null, document.querySelectorAll('img[src=x]').length]") == [None, 0]
    assert browser.log("browser") == []
