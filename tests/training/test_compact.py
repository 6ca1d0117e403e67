"""Small checkpoints: how little they lose, and that a whole set is always there."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fice.errors import WeightsError
from fice.training import compact
from fice.training.checkpoint import load_checkpoint, save_checkpoint
from fice.training.compact import from_bytes, load_set, save_set, to_bytes


def network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 128), nn.Tanh(), nn.Linear(128, 64))


def trained(steps, betas=(0.0, 0.99), layout=torch.contiguous_format):
    module = network(0).to(memory_format=layout)
    adam = torch.optim.Adam(module.parameters(), lr=0.01, betas=betas)
    for step in range(steps):
        descend(module, adam, step)
    return module, adam


def descend(module, adam, step):
    x = torch.randn(16, 64, generator=torch.Generator().manual_seed(step))
    adam.zero_grad()
    (module(x) - x.roll(1, 1)).square().mean().backward()
    adam.step()


def flat(module):
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


@pytest.mark.parametrize("spread", [0.0, 3.0, 30.0])
def test_squares_survive_as_bytes(spread):
    squares = (torch.randn(5000) * spread - 20).exp2()
    squares[:7] = 0
    found = from_bytes(*to_bytes(squares))
    assert (found[:7] == 0).all()
    seen = squares > squares.max() * 2.0**-47
    octaves = (found[seen] / squares[seen]).log2().abs().max()
    assert octaves <= 48 / 254 / 2 + 1e-3
    assert (found[7:] > 0).all()


def test_nothing_but_zeros():
    codes, ends = to_bytes(torch.zeros(10))
    assert (from_bytes(codes, ends) == 0).all() and ends.isfinite().all()


def test_weights_that_lose_too_much_stay():
    weight = torch.randn(5000)
    packed = compact.pack({"net/a": weight, "net/b": weight * 100, "net/c": weight * 1e6, "net/d": weight[:10]})
    assert [value.dtype for value in packed.values()] == [torch.float16] + [torch.float32] * 3
    assert (packed["net/a"].float() - weight).square().mean().sqrt() < 3e-4


@pytest.mark.parametrize("betas", [(0.0, 0.99), (0.9, 0.99)])
def test_a_resumed_run_goes_on_as_an_uninterrupted_one(tmp_path, betas):
    module, adam = trained(40, betas)
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, {"net": module}, {"adam": adam}, {"step": 40, "seconds": 1.0}, compact=True)
    other = network(1)
    adam_of_other = torch.optim.Adam(other.parameters(), lr=0.01, betas=betas)
    assert load_checkpoint(path, {"net": other}, {"adam": adam_of_other}) == {"step": 40, "seconds": 1.0}
    begun = flat(module)
    assert ((flat(other) - begun).abs() <= begun.abs() / 2000 + 1e-7).all()
    descend(module, adam, 40), descend(other, adam_of_other, 40)
    moved = (flat(module) - begun).norm()
    assert (flat(other) - flat(module)).norm() < 0.05 * moved
    for step in range(41, 60):
        descend(module, adam, step), descend(other, adam_of_other, step)
    assert (flat(other) - flat(module)).norm() < 0.05 * (flat(module) - begun).norm()


def test_sets_are_split_and_replaced_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(compact, "LARGEST", 30_000)
    path = tmp_path / "checkpoint.safetensors"
    tensors = {f"net/{i}": torch.full((10, 1000), float(i)) for i in range(5)}
    path.write_bytes(b"of the other kind")
    save_set(path, tensors, {"step": 1, "seconds": 0.0})
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [f"checkpoint-00000001-{i}of5.safetensors" for i in range(1, 6)]
    assert all(file.stat().st_size <= 30_000 for file in files)

    written = []

    def killed(*arguments):
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(arguments)
        return save_file(*arguments)

    save_file = compact.save_file
    newer = {name: value + 1 for name, value in tensors.items()}
    with monkeypatch.context() as patch:
        patch.setattr(compact, "save_file", killed)
        with pytest.raises(KeyboardInterrupt):
            save_set(path, newer, {"step": 2, "seconds": 0.0})
    assert len(list(tmp_path.iterdir())) == 8
    found, progress = load_set(path)
    assert progress["step"] == 1 and all(torch.equal(found[name], value) for name, value in tensors.items())

    save_set(path, newer, {"step": 2, "seconds": 0.0})
    found, progress = load_set(path)
    assert progress["step"] == 2 and all(torch.equal(found[name], value) for name, value in newer.items())
    assert len(list(tmp_path.iterdir())) == 5


def test_nothing_to_resume_from(tmp_path):
    assert load_checkpoint(tmp_path / "checkpoint.safetensors", {}, {}) is None


def test_memory_layout_is_that_of_the_parameters(tmp_path):
    conv = nn.Conv2d(8, 64, 3).to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(conv.parameters(), betas=(0.0, 0.9))
    conv(torch.randn(1, 8, 5, 5)).sum().backward()
    adam.step()
    before = adam.state[conv.weight]["exp_avg_sq"].clone()
    for small in (False, True):
        path = tmp_path / str(small) / "checkpoint.safetensors"
        save_checkpoint(path, {}, {"adam": adam}, {"step": 1, "seconds": 0.0}, compact=small)
        load_checkpoint(path, {}, {"adam": adam})
        found = adam.state[conv.weight]["exp_avg_sq"]
        assert found.stride() == conv.weight.stride()
        torch.testing.assert_close(found, before, rtol=0.07, atol=0)


def test_a_checkpoint_of_another_shape_is_answered_with_a_sentence(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, {"net": nn.Linear(3, 2)}, {}, {"step": 1, "seconds": 1.0})
    with pytest.raises(WeightsError, match="other options"):
        load_checkpoint(path, {"net": nn.Linear(4, 2)}, {})
