"""The terms against the authors' numbers."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from fice.inversion import losses
from fice.stitch.stitch import stitch_head

WEIGHTS = {"image": 30, "shape": 10, "head": 1, "w_delta": 1, "clip": 1}


@pytest.fixture(scope="module")
def numbers(golden):
    return load_file(golden / "losses.safetensors")


def values(n):
    return {
        "image": losses.image(n["generated"], n["picture"], n["image_mask"]),
        "shape": losses.pose(n["body"], n["body_target"]),
        "head": losses.head(n["head"], n["head_target"]),
        "w_delta": losses.latent(n["w"]),
        "clip": losses.semantic(n["image_features"], n["text_features"].expand_as(n["image_features"])),
    }


@pytest.mark.parametrize("name", WEIGHTS)
def test_each_term_has_the_authors_value_for_each_picture(numbers, name):
    found = values(numbers)[name]
    torch.testing.assert_close(found, numbers[f"per_image_{name}"], rtol=1e-6, atol=1e-7)


def test_total_and_its_gradients(numbers):
    n = {name: value.clone() for name, value in numbers.items()}
    leaves = ("generated", "body", "head", "w", "image_features")
    for name in leaves:
        n[name].requires_grad_(True)
    total = sum(WEIGHTS[name] * value.sum() for name, value in values(n).items())
    torch.testing.assert_close(total.detach(), numbers["value_total"][0], rtol=1e-6, atol=0)
    for name, gradient in zip(leaves, torch.autograd.grad(total, [n[name] for name in leaves]), strict=True):
        torch.testing.assert_close(gradient, numbers[f"grad_total_{name}"], rtol=1e-5, atol=1e-7)


def test_stitch_of_the_paper(numbers):
    stitched = stitch_head(numbers["generated"], numbers["picture"], numbers["head_target"])
    torch.testing.assert_close(stitched, numbers["stitched"], rtol=1e-6, atol=1e-7)
