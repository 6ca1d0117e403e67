"""Latents of the user's own: which files hold one, and which shape it must have."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fice.errors import FiceError, InputError
from fice.inversion.latent import check_latent, read_latent
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


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_file_with_entries_that_are_no_numbers_is_refused(tmp_path, ws, value):
    ws[0, 2, 3] = value
    np.save(tmp_path / "a.npy", ws.numpy())
    save_file({"ws": ws}, tmp_path / "b.safetensors")
    torch.save(ws, tmp_path / "c.pt")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(InputError, match="no numbers"):
            read_latent(path)


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    header = b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1000, 1000000)}"
    with open(tmp_path / "a.npy", "wb") as file:
        file.write(header.ljust(127) + b"\n")
        file.truncate(128 + 4_000_000_000)  # sparse
    save_file({"ws": torch.zeros(1, 3000, 512)}, tmp_path / "b.safetensors")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(InputError, match="holds no latent"):
            read_latent(path)


@pytest.mark.parametrize("kind", ["<U3", "V4", "c8", "O", "M8[s]", np.longdouble, [("a", "f4")]])
def test_an_array_of_other_things_is_no_latent(tmp_path, kind):
    np.save(tmp_path / "a.npy", np.zeros((1, 4, 16), kind), allow_pickle=True)
    with pytest.raises(InputError):
        read_latent(tmp_path / "a.npy")


def test_big_endian_numbers_and_no_numbers(tmp_path, ws):
    np.save(tmp_path / "a.npy", ws.numpy().astype(">f4"))
    assert torch.equal(read_latent(tmp_path / "a.npy"), ws)
    np.save(tmp_path / "b.npy", np.zeros((1, 0, 16), np.float32))
    with pytest.raises(InputError, match="holds no latent"):
        read_latent(tmp_path / "b.npy")


def test_a_header_with_odd_keys_is_one_sentence(tmp_path):
    header = b"{b'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }"
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + header.ljust(117) + b"\n" + bytes(8))
    with pytest.raises(InputError, match="cannot be read"):
        read_latent(tmp_path / "a.npy")
