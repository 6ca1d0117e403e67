"""The page in a real browser: what a designer does on it, and what nobody can do to it."""

from __future__ import annotations

import base64
import shlex

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import ROOT
from PIL import Image

from fice.cli import main

CUT = (ROOT / "docs" / "background.jpg").read_bytes()[:2000]


def job(service, photo):
    """The last job on a photo, by the photo's id."""
    return service.jobs(photo)[-1]


def edited_by(command):
    """What a copied command line writes."""
    words = shlex.split(command)
    done = CliRunner().invoke(main, [*words[1:], "-o", "theirs.jpg", "--force"])
    assert words[0] == "fice" and done.exit_code == 0, done.output
    return open("theirs.jpg", "rb").read()


def test_a_garment_is_clicked_dressed_compared_and_downloaded(page, service, photo, monkeypatch):
    opened = service.photo(page.open_photo(photo))
    number = opened.regions.index("coat") + 1
    where = np.argwhere(opened.labels == number)
    y, x = where[np.abs(where - np.median(where, 0)).sum(1).argmin()] / opened.labels.shape
    page.point(".fice-photo .stage", float(x), float(y))
    page.until("document.activeElement.className === 'text'")
    assert page.run("return document.querySelector('.fice-orders .region').value") == "coat"
    page.press(*"green jacket", "enter")
    page.state("done")
    page.until("document.querySelector('.after').complete && document.querySelector('.after').naturalWidth === 384")
    clip = "getComputedStyle(document.querySelector('.pair .before')).clipPath"
    half = page.run(f"return {clip}")
    page.point(".pair", 0.8, 0.5)
    assert page.run(f"return {clip}") != half
    page.run("document.querySelector('.slide input').focus()")
    page.press("home")
    assert page.run(f"return {clip}").startswith("inset(0px 100%")
    facts = page.text(".facts")
    assert "green jacket" in facts and "seed 0" in facts and "similarity" in facts and "fast" in facts
    monkeypatch.chdir(photo.parent)
    command, python = page.copied()
    assert command == "fice edit astronaut.jpg 'green jacket' --region coat --preset fast"
    assert page.downloaded() == edited_by(command)
    exec(python, {})
    written = photo.with_name("astronaut.green-jacket.jpg")
    assert page.run("return document.querySelector('.download').download") == written.name
    assert written.read_bytes() == page.downloaded()


def test_a_swatch_a_mask_and_a_background_are_in_the_order_and_undone(page, service, photo, tmp_path):
    Image.fromarray(np.tile(np.uint8([[[200, 30, 30]], [[250, 240, 220]]]), (40, 80, 1))).save(tmp_path / "rows.png")
    opened = page.open_photo(photo)
    page.choose(".fice-orders .file.swatch", tmp_path / "rows.png")
    page.until("document.querySelector('.slot .held img')?.naturalWidth")
    page.run("document.querySelector('.brush').click()")
    page.point(".fice-photo .stage", 0.3, 0.6, to=(0.5, 0.8))
    page.run("document.querySelector('.use').click()")
    page.until("document.querySelectorAll('.slot .held').length === 2")
    page.run("document.querySelector('.more').open = true; document.querySelector('.background').focus()")
    page.press(*"warm grey", "tab")
    page.run("document.querySelector('.run').click()")
    page.state("done")
    asked = job(service, opened).order.as_json()
    assert asked["garments"] == [{"mask": "mask.png", "swatch": "rows.png"}] and asked["background"] == "warm grey"
    assert page.copied()[0].startswith("fice edit astronaut.jpg --mask mask.png --swatch rows.png")
    for _ in range(3):
        page.run("document.querySelector('.undo').click()")
    assert page.run("return document.querySelectorAll('.slot .held').length") == 0
    page.run("document.querySelector('.redo').click()")
    assert page.run("return document.querySelectorAll('.slot .held').length") == 1


def test_variants_stand_side_by_side_and_a_page_that_is_loaded_again_has_them(page, service, photo):
    opened = page.open_photo(photo)
    for text in ("blue jacket", "red jacket"):
        page.ask(text)
        page.state("done")
    page.visit()
    page.until("document.querySelectorAll('.strip button').length === 2")
    assert page.run("return document.querySelector('.fice-orders .text').value") == "red jacket"
    page.run("document.querySelector('.strip button').click()")
    assert "blue jacket" in page.text(".facts")
    page.run("document.querySelector('.reopen').click()")
    page.until("document.querySelector('.fice-orders .text').value === 'blue jacket'")
    page.run("document.querySelector('.history').open = true")
    assert "red jacket" in page.text(".history") and len(service.jobs(opened)) == 2


def test_a_run_that_goes_on_is_seen_again_with_its_pictures_and_is_cancelled(page, service, photo):
    opened = page.open_photo(photo)
    page.unfold()
    page.until("document.querySelector('input[type=radio]')")
    page.run("document.querySelector('input[type=radio][value=paper]').click()")
    page.ask("green jacket")
    page.state("running")
    page.visit()
    page.state("running")
    page.until(
        "document.querySelector('.now').src.includes('drawn.png') && document.querySelector('.now').naturalWidth"
    )
    assert page.run("return document.querySelector('progress').value") > 0 and page.text(".running .state")
    page.run("document.querySelector('.cancel').click()")
    page.state("cancelled")
    assert job(service, opened).state == "cancelled"


def test_two_people_wait_for_each_other_and_see_their_own(windows, service, photo, tmp_path):
    one, other = windows
    theirs = tmp_path / "somebody.png"
    with Image.open(photo) as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(theirs)
    for window in windows:
        window.fresh()
    first, second = one.open_photo(photo), other.open_photo(theirs)
    one.unfold()
    one.until("document.querySelector('input[type=radio]')")
    one.run("document.querySelector('input[type=radio][value=paper]').click()")
    one.ask("green jacket")
    one.state("running")
    other.ask("yellow jacket")
    other.state("waiting")
    other.until("document.querySelector('.running .state').innerText.startsWith('1 edit is before it')")
    one.run("document.querySelector('.cancel').click()")
    one.state("cancelled")
    other.state("done")
    assert [len(service.jobs(photo)) for photo in (first, second)] == [1, 1]
    assert "yellow" in other.text(".strip") and "yellow" not in one.text(".strip")
    assert other.run("return document.querySelector('.download').download") == "somebody.yellow-jacket.png"
    assert one.errors() == other.errors() == []


def test_refusals_are_those_of_the_command_line(page, photo, monkeypatch):
    page.run("document.querySelector('.run').click()")
    assert (
        page.until("document.querySelector('.refusal p')?.innerText") == "There is no photo yet; drop one on the page."
    )
    page.open_photo(photo)
    page.write("xyzzy")
    page.press("enter")
    page.until("!document.querySelector('.refusal p')?.innerText.includes('no photo')")
    said = page.until("document.querySelector('.refusal p[role=alert]')?.innerText")
    monkeypatch.chdir(photo.parent)
    refused = CliRunner().invoke(main, ["edit", photo.name, "xyzzy"])
    assert refused.exit_code == 3 and said in refused.stderr


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("<img src=x onerror=document.title='in'>.png", CUT, "damaged or cut short"),
        ("page.html", b"<script>document.title='in'</script>", "not a picture of a known kind"),
        ("empty.jpg", b"", "is empty"),
    ],
    ids=["markup", "page", "empty"],
)
def test_what_is_no_photo_is_refused_and_shown_as_text(page, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    page.choose(".fice-photo input[type=file]", tmp_path / name)
    page.until(f"document.querySelector('.fice-photo .said').innerText.includes({said!r})")
    assert page.run("return document.title") == "fice" and not page.run("return document.querySelector('.said img')")


def test_names_are_never_paths(page, service, photo, tmp_path):
    opened = page.open_photo(photo)
    data = base64.b64encode(photo.read_bytes()).decode()
    script = f"""
      const bytes = Uint8Array.from(atob({data!r}), (each) => each.charCodeAt(0));
      return fetch('/api/photos/{opened}/files?wish=swatch&name=' + encodeURIComponent('../../etc/%00pass"wd@x.png'),
        {{ method: 'POST', body: bytes }}).then((answer) => answer.json())"""
    assert page.run(script) == {"name": '%00pass"wdx.png'}
    assert (
        page.run(f"return fetch('/api/photos/{opened}/file.webp?name=/etc/passwd').then((each) => each.status)") == 404
    )
    assert "404" in page.errors()[0]


def test_a_key_is_enough(page, photo):
    page.open_photo(photo)
    page.run("document.querySelector('.regions button').focus()")
    assert page.run("return document.querySelector('.regions .lit').innerText") == "top"
    page.press("enter")
    page.until("document.activeElement.className === 'text'")
    named = "each.innerText || each.ariaLabel || each.title || each.labels?.length"
    fields = "[...document.querySelectorAll('[class^=fice-] :is(button, input, a[href])')]"
    unnamed = f"return {fields}.filter((each) => each.offsetParent && !({named})).map((each) => each.outerHTML)"
    assert page.run(unnamed) == []


def test_the_page_asks_nobody_else_for_anything(page, photo, address):
    page.visit()
    page.open_photo(photo)
    page.ask("blue jacket")
    page.state("done")
    own = (f"{address}/", "data:", "blob:", "chrome:")
    assert [url for url in page.requests() if not url.startswith(own)] == []


def test_it_fits_a_phone_and_is_dark_where_the_system_is(page, photo):
    page.open_photo(photo)
    try:
        page.resize(390, 844)
        assert page.run("return document.documentElement.scrollWidth") <= 390
        page.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        page.visit()
        assert page.run("return getComputedStyle(document.body).backgroundColor") == "rgb(22, 22, 21)"
    finally:
        page.command("Emulation.setEmulatedMedia", features=[])
        page.command("Emulation.clearDeviceMetricsOverride")


def test_the_word_that_is_begun_is_completed(page):
    page.write("red flo")
    offered = "[...document.querySelectorAll('#fice-words option')].map((each) => each.value)"
    assert "red floral" in page.run(f"return {offered}")
