"""Devices by name: what is there is taken, what is not is said."""

from __future__ import annotations

import pytest
import torch

from fice.device import resolve
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
