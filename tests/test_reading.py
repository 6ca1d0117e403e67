"""What is no ordinary file is refused wherever a file is read, as it might never end."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from fice.batch.tables import PHOTOS, read_rows
from fice.bundle.bundle import load_bundle, read_card
from fice.checkpoints.files import read_checkpoint, read_safetensors
from fice.checkpoints.huggingface import read_folder
from fice.checkpoints.importing import import_files
from fice.errors import FiceError
from fice.evaluation.triples import read_run
from fice.files import read_file, sha256_of
from fice.inversion.latent import read_latent
from fice.language.bpe import keep_vocabulary
from fice.training.data.folder import read_folder as read_photographs


def pipe(path):
    os.mkfifo(path)


def zeros(path):
    path.symlink_to("/dev/zero")


def listening(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


READERS = {
    "model.pt": read_checkpoint,
    "model.safetensors": read_safetensors,
    "checkpoint.pkl": lambda path: import_files([path], path.parent / "bundle"),
    "bpe_simple_vocab_16e6.txt.gz": keep_vocabulary,
    "bundle.json": lambda path: read_card(path.parent),
    "config.json": lambda path: read_folder(path.parent),
    "ws.npy": read_latent,
    "ws.pt": read_latent,
    "ws.safetensors": read_latent,
    "photos.txt": lambda path: read_rows(path, PHOTOS),
    "photos.csv": lambda path: read_rows(path, PHOTOS),
    "photos.jsonl": lambda path: read_rows(path, PHOTOS),
    "edits.csv": read_run,
    "results.jsonl": lambda path: read_run(path.parent),
}


@pytest.mark.parametrize("make", [pipe, zeros, listening])
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_refused(tmp_path, monkeypatch, name, make):
    monkeypatch.chdir(tmp_path)
    make(Path(name))  # the path of a socket has to be short
    with pytest.raises(FiceError):
        READERS[name](tmp_path / name)


@pytest.mark.parametrize("make", [pipe, zeros])
def test_tags_that_are_no_file_are_refused(tmp_path, make):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "anna.jpg").touch()
    make(tmp_path / "tags.json")
    with pytest.raises(FiceError, match="tags.json cannot be read"):
        read_photographs(tmp_path)


@pytest.mark.parametrize("make", [pipe, zeros])
def test_weights_that_are_no_file_are_refused(tmp_path, make):
    street = load_bundle("street")
    (tmp_path / "bundle.json").write_bytes((street.folder / "bundle.json").read_bytes())
    make(tmp_path / street.parts["clip"].file)
    with pytest.raises(FiceError, match="missing"):
        load_bundle(tmp_path).part("clip")


def test_a_hash_of_what_is_no_file_is_an_error_of_the_system(tmp_path):
    pipe(tmp_path / "pipe")
    with pytest.raises(OSError, match="a pipe or a device"):
        sha256_of(tmp_path / "pipe")


def test_a_file_is_read_whole_up_to_a_size(tmp_path):
    path = tmp_path / "some"
    path.write_bytes(b"12345")
    assert read_file(path, 5) == b"12345"
    with pytest.raises(OSError, match="larger than 0 MiB"):
        read_file(path, 4)
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path, 5)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "absent", 5)
