"""Latents of the user's own: which files hold one, and which shape it must have."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fice.errors import FiceError, InputError
from fice.latent import check_latent, read_latent
from fice.nets.stylegan2 import Generator


@pytest.fixture(scope="module")
def generator():
    return Generator(16, 0, 16, 8, synthesis_kwargs={"channel_base": 64})  # 4 rows of 16


@pytest.fixture
def ws():
    return torch.randn(1, 4, 16, generator=torch.Generator().manual_seed(0))


def test_every_kind_of_file_is_read(tmp_path, ws, generator):
    save_file({"ws": ws}, tmp_path / "a.safetensors")
    save_file({"latent": ws, "other": torch.zeros(1)}, tmp_path / "b.safetensors")
    np.save(tmp_path / "c.npy", ws.numpy())
    np.save(tmp_path / "d.npy", ws.double().numpy())
    torch.save(ws, tmp_path / "e.pt")
    torch.save({"w_plus": ws}, tmp_path / "f.pt")
    for path in sorted(tmp_path.iterdir()):
        assert torch.equal(check_latent(read_latent(path), generator), ws), path


@pytest.mark.parametrize("shape", [(4, 16), (18, 512), (2, 4, 16), (1, 6, 16), (1, 4, 8), (16,)])
def test_another_shape_is_one_sentence(generator, shape):
    with pytest.raises(InputError, match=r"is \(1, 4, 16\)"):
        check_latent(torch.zeros(shape), generator)


def test_no_numbers_are_refused(generator, ws):
    ws[0, 2, 3] = float("nan")
    with pytest.raises(InputError, match="no numbers"):
        check_latent(ws, generator)


def test_what_holds_no_latent_is_one_sentence(tmp_path, ws):
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "whole.npy", np.zeros((1, 4, 16), np.int64))
    (tmp_path / "text.pt").write_text("hello")
    (tmp_path / "empty.npy").write_bytes(b"")
    torch.save({"a": ws, "b": ws}, tmp_path / "two.pt")
    for path in [*sorted(tmp_path.iterdir()), tmp_path / "absent.npy"]:
        with pytest.raises(FiceError):
            read_latent(path)
