"""Presets, and settings from the command line."""

from __future__ import annotations

import pytest

from fice.errors import UsageError
from fice.setting import as_set
from fice.settings import PRESETS, Settings


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid_and_named(name):
    assert Settings.preset(name).name == name


def test_paper_is_the_authors_loop():
    paper = Settings.preset("paper")
    weights = (paper.semantic, paper.image, paper.pose, paper.head, paper.latent)
    assert weights == (1, 30, 10, 1, 1)
    assert (paper.steps, paper.rate, paper.schedule, paper.start) == (501, 0.05, "constant", "encoder")
    assert (paper.clamp, paper.views, paper.crop, paper.keep, paper.stitch) == (False, 0, "picture", "body", "head")
    assert (paper.refine, paper.tuning, paper.tolerance, paper.detail) == (0, 0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "value"),
    [("steps=12", 12), ("rate=0.1", 0.1), ("clamp=false", False), ("crop=picture", "picture"), ("pose=0", 0.0)],
)
def test_assignments_have_the_type_of_their_setting(text, value):
    name, found = Settings.parse(text)
    assert found == value and type(found) is type(value)
    assert getattr(Settings.preset("default", **{name: found}), name) == value


@pytest.mark.parametrize(
    "text",
    [
        "steps",
        "nothing=1",
        "steps=many",
        "steps=0",
        "steps=1.5",
        "rate=nan",
        "rate=inf",
        "strength=-1",
        "clamp=yes",
        "look=sky",
        "detail=2",
        "views=-1",
        "start=guess",
        "=3",
        "",
    ],
)
def test_bad_assignments_are_refused_with_a_sentence(text):
    with pytest.raises(UsageError, match=r"\w+ .*\w"):
        Settings.parse(text)


def test_unknown_preset_names_the_known_ones():
    with pytest.raises(UsageError, match="default, fast, generated, inversion, diffusion, diffusion-fast, paper"):
        Settings.preset("fastest")


@pytest.mark.parametrize("preset", ["default", "fast"])
def test_settings_of_generated_garments_are_refused_without_them(preset):
    for changes in ({"steps": 5}, {"cloth": 0.0}, {"stitch": "none"}):
        with pytest.raises(UsageError, match=f"{next(iter(changes))} concerns generated garments only"):
            Settings.preset(preset, **changes).check()
        Settings.preset("generated", **changes).check()
        Settings.preset("paper", **changes).check()
    Settings.preset(preset, mirrored=False, clip_from="package", region_from="mine").check()


@pytest.mark.parametrize(("old", "new"), [("look", "crop"), ("semantics", "clip_from"), ("posing", "pose_from")])
def test_a_setting_that_was_renamed_is_answered_with_its_name(old, new):
    for ask in (lambda: Settings.parse(f"{old}=picture"), lambda: Settings.preset("fast", **{old: "picture"})):
        with pytest.raises(UsageError, match=f"is called {new} now"):
            ask()


def test_a_folder_is_written_as_it_is_read():
    folder = "./My Segmenter"
    assert as_set(folder) == folder and Settings.parse(f"region_from={as_set(folder)}") == ("region_from", folder)


def test_networks_that_look_at_what_is_generated_take_a_precision():
    assert Settings.asked_for("paper", ["precision=bfloat16"]).precision == "bfloat16"
    with pytest.raises(UsageError, match="precision concerns generated garments only"):
        Settings.asked_for("default", ["precision=bfloat16"])
