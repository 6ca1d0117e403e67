"""README, docs and docstrings: links lead somewhere, command lines parse, examples run."""

from __future__ import annotations

import doctest
import inspect
import re
import shlex

import pytest
from conftest import ROOT, person_on_a_wall

import fice
from fice.cli import main
from fice.settings import PRESETS

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.M | re.S)
SHORT = {"steps": 2, "refine": 1, "tuning": 1, "views": 1}  # for examples of garments that are generated
BREAK = ("|", "<", ">", "||", "&&", "&")


def text_of(page):
    return page.read_text(encoding="utf-8")


def anchors(page):
    """Headings as they are linked to."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.M)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text_of(page))):
        if link.startswith(("https:", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_linked_from_the_readme():
    linked = re.findall(r"\]\(docs/([^)#]+\.md)\)", text_of(ROOT / "README.md"))
    assert set(linked) == {page.name for page in PAGES if page.parent != ROOT}


def commands(page):
    """The command lines of fice in a page's blocks, as lists of words."""
    for block in FENCE.findall(text_of(page)):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True) if line.startswith("fice ") else []
            ends = [i for i, word in enumerate(words) if word in BREAK]
            if words:
                yield words[1 : min(ends, default=len(words))]


def parse(words):
    """What a command line says, without running it."""
    command = main
    while hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
    return command.make_context(name, words).params


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_parses(page):
    for words in commands(page):
        parse(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_is_there(page):
    named = re.findall(r"`fice ([a-z]+)", FENCE.sub("", text_of(page)))
    assert set(named) <= set(main.commands)


def test_command_lines_are_seen():
    assert parse(next(commands(PAGES[0])))["text"] == "red floral dress"
    with pytest.raises(Exception, match="--no-such"):
        parse(["edit", "photo.jpg", "red dress", "--no-such"])


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with what examples name, and settings that take seconds."""
    folder = tmp_path_factory.mktemp("examples")
    from PIL import Image

    with Image.open(person_on_a_wall(folder, seed=11)) as person:
        (folder / "photos").mkdir()
        for name in ("photo.jpg", "photos/anna.jpg"):
            person.save(folder / name, quality=95)
        person.convert("L").save(folder / "theirs.png")
    (folder / "theirs.csv").write_text("source,edit,text\nphoto.jpg,theirs.png,grey dress\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "generated", PRESETS["generated"] | SHORT)
        patch.chdir(folder)
        yield folder


@pytest.mark.parametrize("name", fice.__all__)
def test_every_public_name_has_an_example_that_runs(workplace, name):
    documented = inspect.getdoc(getattr(fice, name))
    example = doctest.DocTestParser().get_doctest(documented, {}, name, None, None)
    assert example.examples
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert runner.run(example).failed == 0
