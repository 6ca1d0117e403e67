"""Devices by name: what is there is taken, what is not is said."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fice.device import CHECKED, free_memory, half, resolve, wrong_in_half
from fice.errors import DeviceError, UsageError


def test_auto_gives_a_device_that_computes_and_a_reason():
    device, reason = resolve("auto")
    assert device.type == ("cuda" if torch.cuda.is_available() else "cpu") and reason
    assert torch.ones(2, device=device).sum().item() == 2


def test_the_cpu_is_always_there():
    assert resolve("cpu")[0] == torch.device("cpu")


@pytest.mark.parametrize(
    "name", ["gpu", "", "cuda:", "cuda:-1", "cuda:x", "CPU0", "cuda:1000000000000000000000", "meta"]
)
def test_other_names_are_refused(name):
    with pytest.raises(UsageError, match="There is no device"):
        resolve(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:3"])
def test_cuda_without_cuda(name):
    with pytest.raises(DeviceError, match="--device cpu"):
        resolve(name)


def test_a_device_beyond_the_last():
    with pytest.raises(DeviceError):
        resolve("cuda:999")


def test_auto_passes_by_a_gpu_that_fails_its_first_kernel(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no kernel image is available for execution on the device\nmore")

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch, "zeros", fail)
    device, reason = resolve("auto")
    assert device.type == "cpu" and reason == "no kernel image is available for execution on the device"
    with pytest.raises(DeviceError, match="no kernel image"):
        resolve("cuda")


def test_half_precision_is_off_where_the_processor_gets_it_wrong(monkeypatch):
    right = F.conv2d

    def garbage(maps, filters, *arguments):
        found = right(maps, filters, *arguments)
        return found * torch.nan if maps.dtype == torch.bfloat16 and maps.shape[2] == 4 else found

    wrong_in_half.cache_clear()
    try:
        monkeypatch.setattr("fice.device.F.conv2d", garbage)
        found = wrong_in_half()
        assert found and all(" of 4 x " in shape for shape in found) and len(found) < len(CHECKED)
        with half("cpu"):
            assert not torch.is_autocast_enabled("cpu")
    finally:
        wrong_in_half.cache_clear()


def test_what_half_precision_computes_is_what_full_precision_computes():
    """On any processor: the operations of the recipes, as the recipes run them."""
    chance = torch.Generator().manual_seed(1)
    for channels, height, width in ((192, 4, 2), (256, 8, 4), (64, 32, 16)):
        layer = nn.Conv2d(channels, 128, 3, 2, 1).to(memory_format=torch.channels_last)
        maps = torch.randn(4, channels, height, width, generator=chance).to(memory_format=torch.channels_last)
        for _ in range(10):
            with half("cpu"):
                found = layer(maps)
            assert (found.float() - layer(maps)).abs().max() < 0.05


def test_free_memory_is_told_where_the_system_tells_it_and_else_without_end(monkeypatch):
    cpu = torch.device("cpu")
    assert free_memory(cpu) > 1 << 20

    def missing(*_):
        raise FileNotFoundError

    monkeypatch.setattr("pathlib.Path.read_text", missing)
    monkeypatch.setattr("os.sysconf_names", {})
    assert free_memory(cpu) == float("inf")
