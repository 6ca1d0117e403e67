"""The user's files: ordinary ones are read, one process at a time writes, and all lie where the user says."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import ROOT

import fice.files
from fice.batch.tables import PHOTOS, read_rows
from fice.bundle.bundle import load_bundle
from fice.bundle.card import read_card
from fice.checkpoints.files import read_checkpoint, read_safetensors
from fice.checkpoints.huggingface import read_folder
from fice.checkpoints.importing import import_files
from fice.errors import FiceError
from fice.evaluation.triples import read_run
from fice.files import downloads, locked, own_bundles, read_file, sha256_of, shipped, user_folder
from fice.inversion.latent import read_latent
from fice.language.bpe import keep_vocabulary
from fice.training.data.folder import read_folder as read_photographs

# what is no ordinary file is refused, as it might never end


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


# locks hold against threads and processes, and are freed by a kill

HOLD = """
import sys
from pathlib import Path
from fice.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


@pytest.fixture
def holder(path):
    """Another process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


class Busy(Exception):
    pass


def busy():
    raise Busy


def test_what_is_held_can_be_refused(path, holder):
    with pytest.raises(Busy) as caught, locked(path, busy):
        pass
    assert caught.value.__context__ is None


def test_what_is_held_is_said_and_waited_for(path, holder):
    said = []

    def tell():
        said.append(1)
        holder.stdin.close()  # it ends

    with locked(path, tell):
        assert said == [1]


def test_a_dead_process_holds_nothing(path, holder):
    holder.kill()
    holder.wait()
    with locked(path, busy):
        pass


def test_a_thread_waits_for_another(path):
    order = []

    def second():
        with locked(path, lambda: order.append("waits")):
            order.append("second")

    with locked(path):
        thread = threading.Thread(target=second)
        thread.start()
        while not order:
            pass
        order.append("first")
    thread.join()
    assert order == ["waits", "first", "second"]


def test_an_error_frees_the_lock(path):
    with pytest.raises(Busy), locked(path):
        busy()
    with locked(path, busy):
        pass


# where files lie; asking creates nothing


def test_the_chosen_home_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("FICE_HOME", str(tmp_path / "big disk"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert user_folder() == tmp_path / "big disk"
    assert downloads() == user_folder() / "downloads" and own_bundles() == user_folder() / "bundles"
    assert list(tmp_path.iterdir()) == []


def test_a_chosen_home_may_be_short(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FICE_HOME", "~/weights")
    assert user_folder() == tmp_path / "weights"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FICE_HOME", "here")
    assert user_folder() == tmp_path / "here"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have other cache folders")
def test_without_a_choice_it_is_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("FICE_HOME", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_folder() == tmp_path / "fice"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_folder() == tmp_path / ".cache" / "fice"


@pytest.mark.parametrize("chosen", ["", "~/weights", "here"])
@pytest.mark.parametrize("system", ["Unix", "MacOS"])
def test_the_compiled_ops_follow_the_same_rule(monkeypatch, tmp_path, chosen, system):
    from importlib import import_module

    import platformdirs

    from stylegan2_ops.build import cache_folder

    folders = getattr(import_module(f"platformdirs.{system.lower()}"), system)
    monkeypatch.setattr(platformdirs, "PlatformDirs", folders)
    monkeypatch.setenv("FICE_HOME", chosen)
    monkeypatch.chdir(tmp_path)
    assert cache_folder() == user_folder() / "ops"


@pytest.mark.parametrize("installed", [True, False])
def test_what_came_with_fice_lies_in_it_or_beside_it(monkeypatch, tmp_path, installed):
    folder = tmp_path / "fice" / "weights" if installed else tmp_path / "weights"
    folder.mkdir(parents=True)
    monkeypatch.setattr(fice.files, "__file__", str(tmp_path / "fice" / "files.py"))
    assert shipped() == folder


def test_asking_loads_nothing_heavy():
    heavy = "{'numpy', 'torch', 'requests', 'pooch'}"
    code = f"import sys, fice.files as p; p.user_folder(); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "set()", done.stderr
