"""The loop: Adam's own steps, pictures that mind their own business, and divergence."""

from __future__ import annotations

import pytest
import torch

from fice.inversion.loop import evaluate, invert, rate_at
from fice.inversion.losses import Term

TARGETS = torch.tensor([[[0.5, -1.0]], [[2.0, 0.3]], [[-0.7, 0.9]]])  # (3 pictures, 1 row, 2)


def draw(ws, index=None):
    return torch.tanh(ws)[:, :, None, None].expand(-1, -1, 3, 2, -1)[:, 0]  # (b, 3, 2, 2)


def towards(targets):
    wanted = draw(targets)
    return Term("image", 1.0, lambda drawn, ws, index: (drawn - wanted[index]).square().mean((1, 2, 3)))


def run(ws, targets, **options):
    options = {"steps": 40, "rate": 0.05, "schedule": "constant"} | options
    return invert(draw, ws, [towards(targets)], **options)


def test_steps_are_adams():
    ws = torch.zeros(3, 1, 2)
    leaf = ws.clone().requires_grad_(True)
    adam = torch.optim.Adam([leaf], lr=0.05)
    everyone = torch.arange(3)
    for _ in range(39):  # the fortieth loss is not followed by an update
        adam.zero_grad()
        towards(TARGETS).value(draw(leaf), leaf, everyone).sum().backward()
        adam.step()
    found = run(ws, TARGETS)
    torch.testing.assert_close(found.ws, leaf.detach(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found.picture, draw(found.ws))
    assert found.steps == [40, 40, 40]


def test_a_picture_does_not_depend_on_its_neighbours():
    ws = torch.randn(3, 1, 2, generator=torch.Generator().manual_seed(1))
    together = run(ws, TARGETS, tolerance=0.01, schedule="ramp")
    for i in range(3):
        alone = run(ws[i : i + 1], TARGETS[i : i + 1], tolerance=0.01, schedule="ramp")
        torch.testing.assert_close(alone.ws[0], together.ws[i], rtol=1e-6, atol=1e-7)
        assert alone.steps[0] == together.steps[i]


def test_networks_look_in_half_precision_where_that_is_asked_for_and_the_picture_is_drawn_in_full():
    torch.manual_seed(0)
    network, ws = torch.nn.Conv2d(3, 8, 3, padding=1).requires_grad_(False), torch.randn(2, 1, 2)
    seen = []

    def value(drawn, ws, index):
        seen.append(network(drawn))
        return seen[-1].float().square().mean((1, 2, 3))

    terms, everyone = [Term("looked at", 1.0, value)], torch.arange(2)
    full = evaluate(draw, terms, ws, everyone)
    half = evaluate(draw, terms, ws, everyone, precision="bfloat16")
    assert [found.dtype for found in seen] == [torch.float32, torch.bfloat16]
    assert torch.equal(full[0], half[0]) and half[3].dtype == torch.float32
    torch.testing.assert_close(half[3], full[3], rtol=0.05, atol=1e-3)


def test_converged_pictures_drop_out_early():
    ws = TARGETS.clone()
    ws[0] += 1.0
    found = run(ws, TARGETS, steps=200, tolerance=0.02)
    assert found.steps[1] < 60 and found.steps[2] < 60
    assert found.steps[1] < found.steps[0]


def test_the_start_is_left_alone_and_the_loss_falls():
    ws = torch.zeros(3, 1, 2)
    seen = []
    found = run(ws, TARGETS, callback=lambda state: seen.append(state.losses["image"]))
    assert (ws == 0).all()
    assert len(seen) == 40 and seen[-1] < 0.05 * seen[0]
    assert found.losses["image"].shape == (3,)


def test_divergence_is_retried_at_half_the_rate_and_told():
    limit = 0.6

    def explode(drawn, ws, index):
        far = ws.flatten(1).abs().amax(1) > torch.tensor([limit, 100.0, -1.0])[index]
        return torch.where(far, torch.nan, towards(TARGETS).value(drawn, ws, index))

    found = invert(draw, torch.zeros(3, 1, 2), [Term("image", 1.0, explode)], steps=10, rate=0.1, schedule="constant")
    assert found.retries == [1, 0, 3]
    assert found.failed.tolist() == [False, False, True]
    assert found.steps[0] == 10 and found.ws[0].abs().max() < limit
    assert (found.ws[2] == 0).all() and found.ws.isfinite().all() and found.picture.isfinite().all()


@pytest.mark.parametrize("schedule", ["constant", "ramp"])
def test_rates_stay_between_zero_and_one(schedule):
    rates = [rate_at(step, 50, schedule) for step in range(50)]
    assert all(0 <= rate <= 1 for rate in rates) and max(rates) > 0.99
    assert (rates[-1] < 0.1) == (schedule == "ramp")
