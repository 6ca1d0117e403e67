"""Adversarial training: its losses, that it learns and resumes to the last bit; the recipe as a user runs it."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import save_part
from fice.nets.discriminator import Discriminator
from fice.nets.efficientnet import EfficientNetLite
from fice.nets.restyle import ReStyle
from fice.nets.stylegan2 import Generator
from fice.training.adversarial_losses import (
    PathLength,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    lazy_adam,
    r1_weight,
)
from fice.training.checkpoint import load_checkpoint
from fice.training.compact import load_set
from fice.training.data.dataset import Framed, save_framed
from fice.training.data.people import Ahead, People
from fice.training.recipe import Run, train
from fice.training.recipes.adversarial import GanTrainer, Recipe, fresh

TINY = Recipe(batch=4, r1_every=2, path=2.0, path_every=2, augment_horizon=20)


def networks(seed=0):
    torch.manual_seed(seed)
    channels = dict(channel_base=64, channel_max=8)
    generator = Generator(
        8, w_dim=8, img_resolution=16, square=False, mapping_kwargs=dict(num_layers=2), synthesis_kwargs=channels
    )
    return generator, Discriminator(16, square=False, **channels)


def draw(step, batch):
    """Dark pictures with a bright top, the same for the same step."""
    chance = torch.Generator().manual_seed(step)
    pictures = torch.rand(batch, 3, 16, 8, generator=chance) * 0.2
    pictures[:, :, :8] += 0.8
    return pictures


def run(path, steps, seed=0, recipe=TINY):
    side = GanTrainer(*networks(), recipe, "cpu")
    train(side, lambda step: draw(step, side.share), Run(path, steps=steps, seed=seed))
    return side.average.module


def same(left, right):
    assert left.keys() == right.keys()
    return all(torch.equal(left[key], right[key]) for key in left)


def test_losses_are_the_formulas():
    real, fake = torch.tensor([[2.0], [-1.0]]), torch.tensor([[0.5], [-3.0]])

    def sigmoid(x):
        return 1 / (1 + math.exp(-x))

    expected = -(math.log(sigmoid(2)) + math.log(sigmoid(-1))) / 2
    expected -= (math.log(1 - sigmoid(0.5)) + math.log(1 - sigmoid(-3))) / 2
    assert discriminator_loss(real, fake).item() == pytest.approx(expected, rel=1e-5)
    assert generator_loss(fake).item() == pytest.approx(-(math.log(sigmoid(0.5)) + math.log(sigmoid(-3))) / 2, rel=1e-5)


def test_gradient_penalty_of_a_known_function():
    weight = torch.randn(1, 24, requires_grad=True)
    squares = nn.Sequential(nn.Flatten())
    squares.forward = lambda x: x.flatten(1).square() @ weight.t() / 2  # gradient: weight * x
    pictures = torch.randn(5, 3, 4, 2)
    penalty = gradient_penalty(squares, pictures)
    torch.testing.assert_close(penalty, (weight * pictures.flatten(1)).square().sum(1))
    penalty.sum().backward()
    torch.testing.assert_close(weight.grad, 2 * weight.detach() * pictures.flatten(1).square().sum(0, keepdim=True))


def test_penalty_weight_and_lazy_adam():
    assert r1_weight((256, 128), 32) == pytest.approx(0.2048)
    group = lazy_adam(nn.Linear(1, 1), 0.002, 16).param_groups[0]
    assert group["lr"] == pytest.approx(0.002 * 16 / 17)
    assert group["betas"] == pytest.approx((0.0, 0.99 ** (16 / 17)))
    assert lazy_adam(nn.Linear(1, 1), 0.002, None).param_groups[0]["lr"] == 0.002


def test_path_length_teaches_the_generator():
    generator, _ = networks()
    path = PathLength(decay=0.5)
    z = torch.randn(4, 8)
    penalty = path(generator, z)
    assert penalty.shape == (4,) and path.mean > 0
    lengths = penalty.detach().sqrt()  # the mean has moved half way to their mean
    assert lengths.mean() == pytest.approx(path.mean.item(), rel=0.5)
    penalty.mean().backward()
    assert generator.mapping.fc0.weight.grad.abs().sum() > 0
    assert generator.synthesis.b16.conv0.weight.grad.abs().sum() > 0


def test_an_interrupted_run_ends_as_an_uninterrupted_one(tmp_path):
    run(tmp_path / "whole.safetensors", 4)
    run(tmp_path / "parts.safetensors", 2)
    half = load_file(tmp_path / "parts.safetensors")
    run(tmp_path / "parts.safetensors", 4)
    whole, parts = (load_file(tmp_path / f"{name}.safetensors") for name in ("whole", "parts"))
    assert same(whole, parts)
    assert not same(whole, half)
    assert 0 < whole["augment/p"] and whole["path/mean"] > 0 and whole["average/mapping.w_avg"].abs().sum() > 0
    assert whole["generator_adam//0/step"] == 6  # four steps, two path length penalties


def test_a_finished_run_returns_its_average_without_a_step(tmp_path):
    average = run(tmp_path / "run.safetensors", 2)
    again = run(tmp_path / "run.safetensors", 2)
    assert same(average.state_dict(), again.state_dict())
    assert not average.training and not any(value.requires_grad for value in average.parameters())


def test_the_seed_decides_and_global_random_numbers_stay(tmp_path):
    side = GanTrainer(*networks(), TINY, "cpu")
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(side, lambda step: draw(step, side.share), Run(tmp_path / "one.safetensors", steps=1, seed=1))
    one = side.average.module
    assert torch.equal(torch.rand(3), expected)
    assert same(one.state_dict(), run(tmp_path / "same.safetensors", 1, seed=1).state_dict())
    assert not same(one.state_dict(), run(tmp_path / "other.safetensors", 1, seed=2).state_dict())


def test_penalties_come_when_it_is_their_turn(monkeypatch):
    sides = GanTrainer(*networks(), TINY, "cpu")
    descended = []
    monkeypatch.setattr(sides, "_descend", lambda name, loss: descended.append(name.split("_")[0][0]))
    for number in range(3):
        sides.step(number, 0.0, draw(number, 4))
    assert "".join(descended) == "ggdd" + "gd" + "ggdd"


def test_the_generator_starts_slowly_and_the_discriminator_does_not():
    side = GanTrainer(*networks(), replace(TINY, rate=0.01, lead=4), "cpu")
    rates = []
    for number in range(6):
        side.step(number, 0.0, draw(number, 4))
        rates.append([side.optimisers[f"{name}_adam"].param_groups[0]["lr"] for name in ("generator", "discriminator")])
    generator, discriminator = zip(*rates, strict=True)
    share = generator[-1] / 0.01  # of a penalty now and then
    assert generator == pytest.approx([0.01 * share * part for part in (0.25, 0.5, 0.75, 1, 1, 1)])
    assert len(set(discriminator)) == 1


def test_critics_come_to_see_fine_detail():
    side = GanTrainer(*networks(), replace(TINY, fade=16), "cpu")
    rows = [side.step(number, 0.0, draw(number, 4)) and side.rows for number in range(6)]
    assert rows == [128, 160, 192, 224, 256, 256]


def test_it_learns_the_brightness_of_the_pictures(tmp_path):
    recipe = Recipe(batch=8, rate=0.01, lead=1, r1=0.1, average=50)
    generator = run(tmp_path / "run.safetensors", 30, recipe=recipe)
    torch.manual_seed(1)
    picture = generator(torch.randn(16, 8), noise="none").mean(0) * 0.5 + 0.5
    before = networks()[0].eval()(torch.randn(16, 8), noise="none").mean(0) * 0.5 + 0.5
    wanted = draw(0, 64).mean(0)
    assert (picture - wanted).abs().mean() < 0.75 * (before - wanted).abs().mean()


def test_bfloat16_runs_and_keeps_float32_weights(tmp_path):
    recipe = Recipe(batch=4, r1_every=1, augment_horizon=20, dtype=torch.bfloat16)
    generator = run(tmp_path / "run.safetensors", 2, recipe=recipe)
    assert all(
        value.dtype == torch.float32 and torch.isfinite(value).all() for value in generator.state_dict().values()
    )


@pytest.fixture(scope="module")
def framed():
    """People of three stripes, with labels: dressed in what can be re-dressed."""
    names = [f"{i:04}" for i in range(12)]
    pictures = np.full((12, 64, 32, 3), 255, np.uint8)
    fine = np.zeros((12, 64, 32), np.uint8)
    for index, (top, bottom) in enumerate([(4, 14), (14, 34), (34, 60)], 1):
        fine[:, top:bottom, 10:22] = index
        pictures[:, top:bottom, 10:22] = np.random.default_rng(index).integers(0, 200, (12, 1, 1, 3))
    classes = ["null", "hair", "dress", "skirt"] + [f"other {i}" for i in range(4)]
    return Framed(names, pictures, fine, fine, np.zeros(12, bool), classes, [[]] * 12)


def test_pictures_drawn_ahead_are_those_of_their_step(framed):
    people = People(framed, (64, 32), 0.5, 0)
    here, ahead = Ahead(people, "cpu", (3,)), Ahead(people, "cpu", (3,), workers=2)
    torch.manual_seed(7)
    expected = [here(step, 4) for step in range(5)]
    found = [ahead(step, 4) for step in range(5)] + [ahead(2, 4)]
    assert torch.equal(torch.rand(1), torch.rand(1, generator=torch.Generator().manual_seed(7)))
    assert all(torch.equal(one, other) for one, other in zip([*expected, expected[2]], found, strict=True))
    assert not torch.equal(expected[0], expected[1]) and not torch.equal(Ahead(people, "cpu", (4,))(0, 4), expected[0])


def recipe_run(data, out, *arguments, processes=1, code=None):
    """Runs the recipe as a user does; several processes find each other as those of torchrun do."""
    command = [sys.executable, *(["-c", code] if code else ["-m", "fice.training.recipes.adversarial"])]
    command += ["--smoke", "--threads", "1", "--batch", "4"]
    command += ["--data", str(data), "--out", str(out), "--path", "1", "--path-every", "2"]
    if "--features" not in arguments:
        command += ["--discriminator", "stylegan2", "--r1-every", "2"]
    environments = [os.environ | {"OMP_NUM_THREADS": "1"}]
    if processes > 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
        shared = environments[0] | meeting | {"WORLD_SIZE": str(processes)}
        environments = [shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(processes)]
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    running = [subprocess.Popen([*command, *arguments], env=environment, **pipes) for environment in environments]
    told = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * processes, told
    return told[0][0]


def test_the_recipe_resumes_and_leaves_a_bundle_and_a_sheet(framed, tmp_path):
    save_framed(tmp_path / "data", framed)
    out = tmp_path / "run"
    for steps in (2, 4):
        lines = recipe_run(tmp_path / "data", out, "--steps", str(steps), "--workers", "1").splitlines()
        assert lines[-1].startswith(f"step {steps} ") and "pictures/s" in lines[-1]
        assert " p 0." in lines[-1] and " sign " in lines[-1]
        (checkpoint,) = out.glob("checkpoint*")
        assert checkpoint.name == f"checkpoint-{steps:08}-1of1.safetensors"
    assert load_checkpoint(out / "checkpoint.safetensors", {}, {})["step"] == 4
    assert load_bundle(out).canvas == (64, 32) and load_bundle(out).part("generator").canvas == (64, 32)
    assert sorted(path.name for path in out.iterdir()) == [
        ".fice.lock",
        "bundle.json",
        checkpoint.name,
        "generator.safetensors",
        "sheet.png",
    ]
    again = ("--start", str(out), "--steps", "1", "--channel-base", "512")
    recipe_run(tmp_path / "data", tmp_path / "again", *again, "--dtype", "bfloat16", "--layout", "channels_last")
    shape = json.loads((tmp_path / "again" / "bundle.json").read_text())["parts"]["generator"]["arguments"]
    assert shape == load_bundle(out).parts["generator"].arguments


def test_a_projected_discriminator_begins_on_a_part_of_the_canvas(framed, tmp_path):
    save_framed(tmp_path / "data", framed)
    save_part(tmp_path / "lite", "features", EfficientNetLite(0), "efficientnet-lite", {"size": 0})
    shape = fresh((256, 16), 128)
    save_part(tmp_path / "start", "generator", Generator(**shape), "stylegan2", shape)
    shape = {"canvas": (128, 64), "num_ws": 12, "w_dim": 256, "passes": 2}
    save_part(tmp_path / "start", "encoder", ReStyle(**shape), "restyle", shape)
    begin = ("--features", str(tmp_path / "lite"), "--start", str(tmp_path / "start"), "--pivots", "1")
    lines = recipe_run(tmp_path / "data", tmp_path / "run", *begin, "--height", "64", "--steps", "2").splitlines()
    assert lines[-1].startswith("step 2 ") and " sign " in lines[-1] and " p " not in lines[-1]
    with Image.open(tmp_path / "run" / "sheet.png") as sheet:
        assert sheet.height == 4 * 64
    checkpoint = load_set(tmp_path / "run" / "checkpoint.safetensors")[0]
    assert "discriminator/across.0.weight" in checkpoint and not any("stem" in name for name in checkpoint)
    lines = recipe_run(tmp_path / "data", tmp_path / "run", *begin, "--steps", "3").splitlines()
    assert lines[-1].startswith("step 3 ")  # the whole canvas goes on from there
    assert " pivots " in lines[-1] and len(load_file(tmp_path / "run" / "pivots.safetensors")["latents"]) == 12
    drawn = load_bundle(tmp_path / "run").part("generator").mapping(torch.randn(2, fresh((256, 16))["z_dim"]))
    assert not torch.equal(drawn[:, 0], drawn[:, 1])  # a row of its own each
    recipe_run(tmp_path / "data", tmp_path / "run", *begin, "--steps", "3", "--blend", "0")
    written, start = (load_bundle(tmp_path / name).part("generator").synthesis for name in ("run", "start"))
    assert all(torch.equal(*pair) for pair in zip(written.parameters(), start.parameters(), strict=True))


CHECK = """
import sys, torch
from fice.training import together
from fice.training.recipes import adversarial
steps = adversarial.GanTrainer.step
def step(self, number, fraction, photographs):
    figures = steps(self, number, fraction, photographs)
    names = ("generator", "discriminator", "augment", "path", "average")
    mine = torch.cat([v.reshape(-1).float() for name in names for v in self.modules[name].state_dict().values()])
    mean = mine.clone()
    together.average([mean])
    assert torch.equal(mean, mine) and len(photographs) == 2 and mine.isfinite().all()
    own = photographs.mean()
    both = own.clone()
    together.average([both])
    assert own != both
    return figures
adversarial.GanTrainer.step = step
adversarial.main()
"""


def test_two_processes_have_the_same_weights_and_other_pictures(framed, tmp_path):
    save_framed(tmp_path / "data", framed)
    lines = recipe_run(tmp_path / "data", tmp_path / "run", "--steps", "3", processes=2, code=CHECK)
    assert lines.splitlines()[-1].startswith("step 3 ")
