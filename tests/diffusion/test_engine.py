"""The engine over a tiny model: passes, batches, seeds, memory, progress, and what it says before it begins."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conftest import person_on_a_wall
from diffusion import tiny, tiny_flow
from diffusion.asked import bare, model, request

import fice.diffusion.load
import fice.diffusion.size
from fice import Editor, Order, Settings
from fice.cli import main
from fice.course import Course
from fice.diffusion.crop import onto, shown_in
from fice.diffusion.families import family_of
from fice.diffusion.load import check_settings, load_pipeline, place_of, put
from fice.diffusion.model import Model
from fice.diffusion.request import Request
from fice.diffusion.size import numbers_of, outlook
from fice.diffusion.words import KEPT, Words
from fice.errors import DeviceError, InputError, UsageError, WeightsError
from fice.photo.photo import read_photo
from fice.subject.frame import Frame

CPU, SETTINGS = torch.device("cpu"), Settings.preset("diffusion", steps=2, side=64)
TOGETHER = {"atol": 1e-4, "rtol": 1e-4}  # by which a picture may differ for those that it is painted with
BOTH = "red coat and blue trousers"


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def sd(rooms):
    return tiny.bundle(rooms / "sd-bundle", pipeline=tiny.stable_diffusion(rooms / "sd"))


@pytest.fixture(scope="module")
def editor(sd):
    return Editor(sd, CPU, SETTINGS)


@pytest.fixture(scope="module")
def flowing(rooms, editor):
    """An editor with a transformer, which looks as the other does."""
    return Editor(tiny.bundle(rooms / "flux-bundle", pipeline=tiny_flow.flux(rooms / "flux")), CPU, SETTINGS)


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    """Somebody in a coat and trousers."""
    return person_on_a_wall(tmp_path_factory.mktemp("photos"), seed=6)


@pytest.fixture(scope="module")
def subject(editor, person):
    return editor.prepare(person)


@pytest.fixture
def engine(editor, monkeypatch):
    """The engine, which paints several at once as on a GPU."""
    monkeypatch.setattr(editor.engine, "most", 4)
    return editor.engine


@pytest.fixture
def plan(editor, subject):
    return editor.plan(subject, BOTH)


def begun(engine, plan, *seeds):
    """Runs of one plan, whose places are found once."""
    run = engine.begin([plan], [0])[0]
    return [replace(run, seed=seed, left=[*run.left]) for seed in seeds]


def drawn(engine, runs):
    going = runs
    while going:
        ended = engine.step(going)
        going = [run for run in going if run not in ended]
    return [run.picture for run in runs]


@pytest.mark.parametrize("way", ["editor", "flowing"])
def test_a_picture_is_the_same_again_and_nearly_the_same_among_others(way, request, plan, monkeypatch):
    engine = request.getfixturevalue(way).engine
    monkeypatch.setattr(engine, "most", 4)
    alone = drawn(engine, begun(engine, plan, 1))[0]
    assert torch.equal(drawn(engine, engine.begin([plan], [1]))[0], alone)
    among = drawn(engine, begun(engine, plan, 0, 1, 2))
    torch.testing.assert_close(among[1], alone, **TOGETHER)
    assert not torch.equal(among[0], among[1])


def test_a_garment_is_a_pass_inside_its_own_area_and_all_are_one_where_that_is_asked(editor, engine, plan):
    run = engine.begin([plan], [0])[0]
    before = run.picture
    assert engine.step([run]) == [] and run.steps == 2
    changed = (run.picture != before).any(1, keepdim=True)
    assert changed.any() and not (changed & (run.areas[1] == 0)).any()  # trousers first
    assert engine.step([run]) == [run] and run.steps == 4
    engine.settings = replace(SETTINGS, apart=False)
    try:
        assert engine.begin([plan], [0])[0].left == [(1, 0)]
    finally:
        engine.settings = SETTINGS


def test_a_family_that_is_shown_one_picture_at_once_paints_pictured_garments_apart(engine, plan, monkeypatch):
    pictured = replace(plan, pieces=[replace(piece, references=("a picture",)) for piece in plan.pieces])
    monkeypatch.setattr(engine, "settings", replace(SETTINGS, apart=False))
    assert engine._passes(pictured) == [(1, 0)]
    monkeypatch.setattr(engine.model, "family", replace(engine.model.family, referred=True))
    assert engine._passes(pictured) == [(1,), (0,)] and engine._passes(plan) == [(1, 0)]


def test_no_two_passes_of_any_seeds_share_their_random_numbers(engine, plan):
    seeds = []
    for run in begun(engine, plan, *range(4)):
        for done in range(2):
            run.done = done
            seeds.append(engine._request(run).generator.initial_seed())
    assert len(set(seeds)) == len(seeds)


def test_what_memory_does_not_hold_at_once_is_painted_in_halves_from_then_on(engine, plan, monkeypatch):
    wanted, paint, asked = drawn(engine, begun(engine, plan, 0, 1, 2)), engine.model.paint, []

    def short(requests):
        asked.append(len(requests))
        if len(requests) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return paint(requests)

    monkeypatch.setattr(engine.model, "paint", short)
    runs = begun(engine, plan, 0, 1, 2)
    for found, picture in zip(drawn(engine, runs), wanted, strict=True):
        torch.testing.assert_close(found, picture, **TOGETHER)
    assert asked == [3, 1, 1, 1, 1, 1, 1] and {run.steps for run in runs} == {4}


def test_memory_that_holds_no_picture_is_told_with_the_remedy(engine, plan, monkeypatch):
    def short(requests):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(engine.model, "paint", short)
    with pytest.raises(DeviceError, match="Memory holds no picture of 64 x 64 pixels of this model: add --set side=32"):
        engine.step(begun(engine, plan, 0, 1))


def test_a_step_that_fails_halfway_goes_on_where_it_was(editor, engine, plan, monkeypatch):
    plain = editor.plan(plan.subject, Order.of(BOTH, style="at dusk"))
    first, second = begun(engine, plan, 0, 1)
    second.plan = plain
    wanted = drawn(engine, [replace(first, left=[*first.left]), replace(second, left=[*second.left])])
    monkeypatch.setattr(Request, "alike", property(lambda one: one.prompt))  # each in a call of its own
    paint, calls = engine.model.paint, []

    def failing(requests):
        calls.append(len(requests))
        if len(calls) == 2:
            raise DeviceError("The driver is gone.")
        return paint(requests)

    monkeypatch.setattr(engine.model, "paint", failing)
    runs = [first, second]
    with pytest.raises(DeviceError, match="driver"):
        engine.step(runs)
    assert sorted(run.done for run in runs) == [0, 1]
    for found, picture in zip(drawn(engine, runs), wanted, strict=True):
        torch.testing.assert_close(found, picture, **TOGETHER)


def test_numbers_that_ran_over_are_a_failure_with_a_remedy_and_other_candidates_live(editor, engine, plan, monkeypatch):
    paint = engine.model.paint

    def broken(requests):
        whole = [one.generator.initial_seed() not in lost for one in requests]
        return [picture / here for picture, here in zip(paint(requests), whole, strict=True)]

    runs = begun(engine, plan, 0, 1)
    lost = {engine._request(runs[0]).generator.initial_seed()}
    monkeypatch.setattr(engine.model, "paint", broken)
    drawn(engine, runs)
    assert [run.failed for run in runs] == [True, False]
    with pytest.raises(InputError, match="too coarse for this picture: add --set precision=bfloat16, or float32"):
        editor.edit(plan.subject, BOTH)


@pytest.mark.parametrize("candidates, noise", [(1, 1.0), (2, 0.5)])
def test_noise_going_down_is_seen_and_ends_with_the_last_step(editor, engine, subject, monkeypatch, candidates, noise):
    settings, told = replace(SETTINGS, steps=12, noise=noise), []
    course = Course(settings, candidates, lambda stage, share: told.append((stage, round(share, 6))))
    for one in (editor, engine):
        monkeypatch.setattr(one, "progress", course)
        monkeypatch.setattr(one, "settings", settings)
    monkeypatch.setattr(engine.model, "settings", settings)
    for stage in ("load", "look"):
        course(stage)
    editor.edit(subject, BOTH, candidates=candidates)
    shares = [share for stage, share in told]
    assert shares == sorted(shares) and shares[-1] == 1
    assert 6 <= len({share for stage, share in told if stage == "loop"}) <= 13


def test_an_interrupt_between_steps_ends_all_and_leaves_nothing(
    editor, engine, subject, monkeypatch, tmp_path, person, sd
):
    wanted = editor.edit(subject, "red coat").pixels

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Model, "_stepped", interrupt)
        given = ("edit", subject.photo.path, "red coat", "--bundle", sd, "--steps", "2", "--set", "side=64")
        done = CliRunner().invoke(main, [*map(str, given), "-o", str(tmp_path / "out.png")])
        assert done.exit_code == 5 and not [*tmp_path.iterdir()]
        with pytest.raises(KeyboardInterrupt):
            editor.edit(subject, "red coat")
    assert (editor.edit(subject, "red coat").pixels == wanted).all()


def test_a_sentence_is_heard_once_and_not_kept_for_ever(monkeypatch):
    painter = model("xl")
    words, heard = Words(painter.pipeline, painter.family, CPU, painter.plugins), []
    encode = words._encode
    monkeypatch.setattr(words, "_encode", lambda sentence: heard.append(sentence) or encode(sentence))
    asked = [request(0), request(1), request(0)]
    first, again = words.given(asked, True), words.given(asked, True)
    assert heard == ["a red dress", "a red dress a red dress", "text"]
    assert all(torch.equal(first[name], again[name]) for name in first)
    for number in range(2 * KEPT):
        words.given([request(0, prompt=str(number))], False)
    assert len(words.heard) == KEPT


def test_of_a_large_photo_no_copy_in_floats_is_made(person):
    small = read_photo(person)
    pixels = np.ascontiguousarray(np.tile(small.pixels, (14, 14, 1))[:6000, :4000])
    photo = replace(small, pixels=pixels, coded=None)
    frame = Frame((1000.0, 500.0, 5000.0, 3500.0), photo.size, (512, 384), fill=1.0)
    whole = frame.to_canvas(torch.from_numpy(photo.srgb()).permute(2, 0, 1)[None])
    tracemalloc.start()
    shown = shown_in(photo, frame)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < pixels.nbytes  # of all floats there were four times as many
    assert (shown - whole).abs().mean() < 0.01


def test_maps_go_from_canvas_to_canvas_as_they_go_over_the_photo():
    source = Frame((100.0, 50.0, 900.0, 450.0), (1000, 600), (128, 64))
    target = Frame((300.0, 150.0, 700.0, 450.0), (1000, 600), (64, 48), fill=1.0)
    spot = torch.zeros(1, 1, 128, 64)
    spot[..., 40:80, 20:44] = 1
    over = target.to_canvas(source.to_photo(spot, kernel="linear"), fill=0.0)
    straight = onto(source, target).to_canvas(spot, fill=0.0)
    assert (straight - over).abs().mean() < 0.02 and ((straight > 0.5) == (over > 0.5)).float().mean() > 0.98


@pytest.mark.parametrize(
    "changes, error, said",
    [
        ({"steps": 1, "noise": 0.5}, UsageError, "noise=0.5 leaves none of 1 steps: raise noise or --steps"),
        ({"offload": "model"}, UsageError, "offload=model is for GPUs: leave it out"),
        ({"precision": "float16"}, UsageError, "precision=float16 is for GPUs: leave it out"),
        ({"precision": "bfloat16"}, DeviceError, "This processor errs in bfloat16 .3x3.: leave out precision=bfloat16"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, error, said, monkeypatch):
    monkeypatch.setattr(fice.diffusion.load, "wrong_in_half", lambda: ("3x3",))
    with pytest.raises(error, match=said):
        check_settings(replace(SETTINGS, **changes), family_of("StableDiffusionPipeline"), CPU)


def test_weights_that_memory_does_not_hold_are_refused_before_they_are_read(monkeypatch):
    monkeypatch.setattr(fice.diffusion.load, "free_memory", lambda device: 1000)
    said = (
        r"The model of bundle sd takes 0.0 GB of memory in float32, and 0.0 GB are free: add --set precision=bfloat16"
    )
    with pytest.raises(DeviceError, match=said):
        load_pipeline(bare("sd"), family_of("StableDiffusionPipeline"), CPU, SETTINGS, posed=False)


def test_the_size_of_a_model_is_that_of_its_networks():
    parts = model("sd").pipeline.components
    for name, count in numbers_of(bare("sd"), "pipeline").items():
        assert count == pytest.approx(sum(weights.numel() for weights in parts[name].parameters()), rel=0.01)


def test_a_damaged_file_of_weights_is_told_by_its_name(tmp_path):
    tiny.stable_diffusion(tmp_path / "pipeline")
    broken = tmp_path / "pipeline" / "unet" / "diffusion_pytorch_model.safetensors"
    broken.write_bytes(b"\xff" * broken.stat().st_size)
    with pytest.raises(WeightsError, match="The weights .*unet.* are damaged .*: get them again"):
        numbers_of(replace(bare("sd"), folder=tmp_path), "pipeline")


def test_who_has_no_gpu_hears_how_long_it_takes_before_it_begins(monkeypatch):
    assert outlook(bare("sd"), SETTINGS, CPU) is None  # tiny
    monkeypatch.setattr(fice.diffusion.size, "numbers_of", lambda *_: {"unet": 859_000_000})
    monkeypatch.setattr(fice.diffusion.size, "_rate", lambda: 25e9)
    said = outlook(bare("sd"), Settings.preset("diffusion"), CPU)
    assert said is not None and "takes about 28 min for a garment: --preset default re-dresses" in said
    assert outlook(bare("sd"), Settings.preset("diffusion"), torch.device("cuda")) is None
    assert outlook(bare("sd"), Settings(), CPU) is None


def test_a_model_whose_parts_take_turns_paints_the_same():
    painter = Model(bare("sd"), CPU, Settings.preset("diffusion", steps=2), lambda: None)
    put(painter.pipeline, "model", CPU)
    torch.testing.assert_close(painter.paint([request()])[0], model("sd").paint([request()])[0], **TOGETHER)


def test_a_model_is_on_a_gpu_as_far_as_it_fits(monkeypatch):
    monkeypatch.setattr(fice.diffusion.load, "free_memory", lambda device: 10_000)
    places = [place_of(parts, torch.device("cuda")) for parts in ([4000, 3000], [6000, 4000], [9000, 100])]
    assert places == ["none", "model", "layer"] and place_of([1 << 40], CPU) == "none"


def test_a_processor_takes_pictures_one_by_one(editor, plan, monkeypatch):
    paint, asked = editor.engine.model.paint, []
    monkeypatch.setattr(editor.engine.model, "paint", lambda requests: asked.append(len(requests)) or paint(requests))
    editor.engine.step(begun(editor.engine, plan, 0, 1))
    assert asked == [1, 1] and editor.engine.together == 1
