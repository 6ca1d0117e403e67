"""From foreign files to a bundle that edits: what is found, borrowed, refused, and what is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import torch
from conftest import ROOT

from fice.bundle.bundle import list_bundles, load_bundle, verify
from fice.checkpoints.importing import import_files
from fice.editor import Editor
from fice.errors import UsageError, WeightsError
from fice.files import LOCK, downloads, own_bundles
from fice.inversion.sample import save_sheet
from fice.language.bpe import FILE, find_vocabulary
from fice.nets.stylegan2 import Generator
from fice.settings import Settings

SMALL = {"z_dim": 32, "w_dim": 32, "img_resolution": 32, "synthesis_kwargs": {"channel_base": 512, "channel_max": 32}}
PARTS = {"generator", "regions", "garments", "pose", "clip"}  # of a bundle whose generator alone is somebody else's


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FICE_HOME", str(tmp_path / "home"))


@pytest.fixture
def small(tmp_path):
    """generator.pt as FICE's authors write it."""
    torch.manual_seed(0)
    torch.save({"G_kwargs": {**SMALL, "to_01": True}, "G": Generator(**SMALL).state_dict()}, tmp_path / "generator.pt")
    return tmp_path / "generator.pt"


def left_over():
    return [path.name for path in own_bundles().rglob("*")] if own_bundles().exists() else []


def test_a_generator_becomes_a_bundle(small):
    said = []
    bundle = import_files([small], "mine", tell=said.append)
    assert list_bundles() == ["street", "street-judge", "mine"] and verify(bundle) == []
    assert bundle.canvas == (32, 32) and set(bundle.parts) == PARTS
    assert bundle.extra("generator")["framing"] == "photo"
    assert any("32 x 32" in line for line in said)
    assert sum("bundle street is taken" in line for line in said) == len(PARTS) - 1
    assert "sha256" in bundle.data and "generator.pt" in bundle.data
    state = torch.load(small, weights_only=True)["G"]
    for name, value in load_bundle("mine").part("generator").state_dict().items():
        assert torch.equal(value, state[name]), name  # not halved


def test_alone_takes_nothing_from_others_and_says_what_is_missing(small):
    said = []
    bundle = import_files([small], "mine", lender=None, framing="person", tell=said.append)
    assert set(bundle.parts) == {"generator"} and bundle.extra("generator")["framing"] == "person"
    assert "no regions and no pose and no clip" in said[-1]


def test_parts_are_added_and_replaced_only_with_force(small):
    import_files([small], "mine", lender=None)
    with pytest.raises(UsageError, match="has a generator already"):
        import_files([small], "mine")
    assert set(load_bundle("mine").parts) == {"generator"}
    assert set(import_files([small], "mine", force=True).parts) == PARTS
    assert left_over().count("bundle.json") == 1


def test_a_folder_that_is_no_bundle_is_left_alone(small, tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(UsageError, match="no bundle"):
        import_files([small], tmp_path / "photos")
    assert list((tmp_path / "photos").iterdir()) == []


def test_an_archive_is_unpacked_and_what_is_no_network_left_out(small, tmp_path):
    (tmp_path / "notes.txt").write_text("trained for a week")
    torch.save({"epoch": 3}, tmp_path / "run.pt")
    with tarfile.open(tmp_path / "checkpoints.tar.xz", "w:xz") as archive:
        for name in ("notes.txt", "run.pt", "generator.pt"):
            archive.add(tmp_path / name, f"checkpoints/{name}")
    said = []
    bundle = import_files([tmp_path / "checkpoints.tar.xz"], "viton", tell=said.append)
    assert bundle.canvas == (32, 32)
    assert sum("left out" in line for line in said) == 2
    assert {name for name in left_over() if name.startswith(".")} == {LOCK}


EVIL = b"\x80\x04cos\nsystem\n(S'touch x'\ntR."


@pytest.mark.parametrize("content", [b"", b"<html>quota</html>", EVIL, b"hello" * 99])
def test_a_file_that_cannot_be_used_leaves_nothing(small, tmp_path, content):
    (tmp_path / "bad.pt").write_bytes(content)
    with pytest.raises(WeightsError):
        import_files([small, tmp_path / "bad.pt"], "mine")
    assert left_over() == []


def test_what_is_no_network_of_ours_is_named(tmp_path):
    torch.save({"epoch": 3, "loss": 0.1}, tmp_path / "run.pt")
    with pytest.raises(WeightsError, match=r"run.pt holds no generator.*epoch, loss"):
        import_files([tmp_path / "run.pt", tmp_path / "absent.pt"], "mine")
    with pytest.raises(WeightsError, match="no file"):
        import_files([tmp_path / "absent.pt"], "mine")


def test_missing_entries_and_wrong_shapes_are_named(small, tmp_path):
    tree = torch.load(small, weights_only=True)
    lacking = {key: value for key, value in tree["G"].items() if key != "mapping.fc3.weight"}
    torch.save({**tree, "G": lacking}, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match=r"lacks 1 of the .*mapping\.fc3\.weight"):
        import_files([tmp_path / "a.pt"], "mine")
    torch.save({**tree, "G": {**tree["G"], "synthesis.b8.conv0.bias": torch.zeros(5)}}, tmp_path / "b.pt")
    with pytest.raises(WeightsError, match=r"synthesis\.b8\.conv0\.bias is \(5,\) instead of \(32,\)"):
        import_files([tmp_path / "b.pt"], "mine")
    assert left_over() == []


def test_an_encoder_for_another_canvas_is_refused(small, tmp_path):
    from fice.bundle.pack import save_part

    street = load_bundle("street")
    part = street.parts["encoder"]
    import_files([small], tmp_path / "mine", lender=None)
    save_part(tmp_path / "mine", "encoder", street.part("encoder"), part.network, part.arguments)
    with pytest.raises(WeightsError, match="pictures of 256 x 128 pixels, its generator draws 32 x 32"):
        import_files([small], tmp_path / "mine", force=True)
    with pytest.raises(WeightsError, match="import the encoder that belongs to it"):
        Editor(tmp_path / "mine", "cpu")


def test_a_bundle_without_a_generator_says_so(tmp_path):
    from fice.bundle.pack import save_part

    street = load_bundle("street")
    part = street.parts["encoder"]
    save_part(tmp_path / "mine", "encoder", street.part("encoder"), part.network, part.arguments)
    with pytest.raises(WeightsError, match="has no generator .*fice models import"):
        Editor(tmp_path / "mine", "cpu")


def test_a_vocabulary_given_along_is_kept(small, tmp_path):
    vocabulary = find_vocabulary()
    if vocabulary is None:
        pytest.skip("no copy of CLIP's vocabulary on this machine")
    (tmp_path / FILE).write_bytes(vocabulary)
    import_files([small, tmp_path / FILE], "mine")
    assert (downloads() / "clip-vocabulary" / FILE).read_bytes() == vocabulary
    (tmp_path / FILE).write_bytes(vocabulary[:-1])
    with pytest.raises(WeightsError, match="fetch clip-vocabulary"):
        import_files([small, tmp_path / FILE], "other")


def test_an_imported_generator_edits_without_an_encoder(tmp_path):
    street = load_bundle("street")
    torch.save(
        {"G_kwargs": street.parts["generator"].arguments, "G": street.part("generator").state_dict()},
        tmp_path / "generator.pt",
    )
    import_files([tmp_path / "generator.pt"], "mine")
    photo = tmp_path / "person.png"
    save_sheet(photo, 1, seed=18, bundle="mine")
    editor = Editor("mine", "cpu", Settings.preset("generated", steps=10, tuning=20))
    assert not editor.engine.whole
    subject = editor.prepare(photo)
    assert any("no encoder" in notice for notice in subject.notices)
    report = editor.edit(subject, "red coat").report()
    assert report["bundle"] == "mine" and report["similarity"]["after"] > report["similarity"]["before"]


def test_importing_takes_little_memory(tmp_path):
    """At most 2.5 times the file, and 300 MB."""
    program = """
import sys, torch
from pathlib import Path
from fice.files import LOCK
from fice.nets.stylegan2 import Generator
from fice.checkpoints.importing import import_files
import_files([sys.argv[1]], "big", lender=None)
peak = next(line for line in Path("/proc/self/status").open() if line.startswith("VmHWM"))
print(int(peak.split()[1]) * 1024)
"""
    if not Path("/proc/self/status").exists():
        pytest.skip("the system does not tell a process's peak")
    arguments = {"img_resolution": 256, "synthesis_kwargs": {"channel_base": 65536, "channel_max": 1024}}
    torch.save({"G_kwargs": arguments, "G": Generator(**arguments).state_dict()}, tmp_path / "generator.pt")
    size = (tmp_path / "generator.pt").stat().st_size
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "generator.pt")],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "FICE_HOME": str(tmp_path / "h")},
    )
    assert ran.returncode == 0, ran.stderr
    assert size > 300e6 and int(ran.stdout) < 2.5 * size + 300e6, (size, ran.stdout)
