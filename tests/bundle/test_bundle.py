"""Bundles: what is saved comes back, and every kind of damage is one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from conftest import ROOT
from torch import nn

from fice.bundle.bundle import list_bundles, load_bundle, verify
from fice.bundle.pack import save_figures, save_part, save_state, save_text
from fice.errors import WeightsError
from fice.files import LOCK
from fice.nets import NETWORKS


class Toy(nn.Module):
    """Stands for a network: floats, small floats, an integer buffer and a tuple among its arguments."""

    def __init__(self, sizes, canvas=(8, 4)):
        super().__init__()
        self.sizes, self.canvas = sizes, canvas
        self.layer = nn.Linear(*sizes)
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.register_buffer("tiny", torch.full((5,), 3e-9))


@pytest.fixture(autouse=True)
def toy_network(monkeypatch):
    monkeypatch.setitem(sys.modules, "toy_networks", SimpleNamespace(Toy=Toy))
    monkeypatch.setitem(NETWORKS, "toy", "toy_networks:Toy")


@pytest.fixture
def toy():
    torch.manual_seed(0)
    toy = Toy((30, 20))
    toy.count += 7
    return toy


@pytest.fixture
def folder(tmp_path, toy):
    folder = tmp_path / "my"
    save_part(folder, "toy", toy, "toy", {"sizes": (30, 20)}, {"words": ["röd", "red"]})
    return folder


def change(folder, **fields):
    card = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps(card | fields))


def change_part(folder, **fields):
    card = json.loads((folder / "bundle.json").read_text())
    card["parts"]["toy"].update(fields)
    (folder / "bundle.json").write_text(json.dumps(card))


def test_what_is_saved_comes_back(folder, toy):
    bundle = load_bundle(folder)
    back = bundle.part("toy")
    assert back.sizes == (30, 20) and back.count == 7
    torch.testing.assert_close(back.layer.weight, toy.layer.weight.detach(), rtol=1e-3, atol=1e-6)
    assert torch.equal(back.tiny, toy.tiny)  # below the range of halves, so kept in full
    assert bundle.extra("toy") == {"words": ["röd", "red"]}
    assert not back.training and not any(p.requires_grad for p in back.parameters())
    assert back.layer.weight.dtype == torch.float32
    assert bundle.part("toy", dtype=torch.float64).layer.weight.dtype == torch.float64


def test_weights_are_stored_in_halves(folder):
    from safetensors.torch import load_file

    assert load_file(folder / "toy.safetensors")["layer.weight"].dtype == torch.float16


def test_values_too_large_for_halves_are_kept(tmp_path, toy):
    with torch.no_grad():
        toy.layer.bias[0] = 1e6
    save_part(tmp_path, "toy", toy, "toy", {"sizes": (30, 20)})
    assert load_bundle(tmp_path).part("toy").layer.bias[0] == 1e6


def test_a_part_is_replaced_and_the_rest_stays(folder, toy):
    save_figures(folder, {"iou": 0.9})
    save_text(folder, description="street people", licence="CC0-1.0")
    save_part(folder, "other", toy, "toy", {"sizes": (30, 20)})
    save_part(folder, "toy", toy, "toy", {"sizes": (30, 20)}, {"new": True})
    save_figures(folder, {"psnr": 20.0})
    bundle = load_bundle(folder)
    assert set(bundle.parts) == {"toy", "other"} and bundle.extra("toy") == {"new": True}
    assert bundle.figures == {"iou": 0.9, "psnr": 20.0}
    assert (bundle.name, bundle.description, bundle.licence) == ("my", "street people", "CC0-1.0")
    assert verify(bundle) == []
    files = {"bundle.json", "toy.safetensors", "other.safetensors"}
    assert {path.name for path in folder.iterdir()} == files | {LOCK}


def test_the_canvas_is_that_of_the_generator(folder, toy):
    assert load_bundle(folder).canvas == (0, 0)
    save_part(folder, "generator", toy, "stylegan2", {"sizes": (30, 20)})
    assert load_bundle(folder).canvas == (8, 4)


def test_recipes_may_save_at_once(tmp_path, toy):
    def save(i):
        save_part(tmp_path, f"part{i}", toy, "toy", {"sizes": (30, 20)})

    threads = [threading.Thread(target=save, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(load_bundle(tmp_path).parts) == 12


def test_nothing_is_written_when_arguments_are_not_json(tmp_path, toy):
    with pytest.raises(TypeError):
        save_part(tmp_path / "new", "toy", toy, "toy", {"sizes": object()})
    assert not list((tmp_path / "new").glob("*"))


def test_an_unknown_text_is_refused(folder):
    with pytest.raises(TypeError):
        save_text(folder, author="me")


@pytest.mark.parametrize("name", ["nowhere", "./nowhere", "/no/where", "two words", "street/../nowhere"])
def test_no_such_bundle(name):
    with pytest.raises(WeightsError, match="There is no bundle"):
        load_bundle(name)


def test_a_folder_without_description(tmp_path):
    with pytest.raises(WeightsError, match="is not a bundle"):
        load_bundle(tmp_path)


def test_a_folder_is_found_by_its_bare_name_too(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert load_bundle("my").name == load_bundle("./my").name == "my"


def test_a_missing_file(folder):
    (folder / "toy.safetensors").unlink()
    bundle = load_bundle(folder)  # its other parts stay usable
    with pytest.raises(WeightsError, match="are missing: .* again"):
        bundle.part("toy")
    assert len(verify(bundle)) == 1


def test_a_truncated_file(folder):
    path = folder / "toy.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(WeightsError, match="bytes instead of"):
        load_bundle(folder).part("toy")


def test_a_changed_file(folder):
    path = folder / "toy.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="sha256"):
        load_bundle(folder).part("toy")
    assert "sha256" in verify(load_bundle(folder))[0]


def test_a_part_that_is_not_there(folder):
    with pytest.raises(WeightsError, match="has no encoder"):
        load_bundle(folder).part("encoder")
    with pytest.raises(WeightsError, match="has no encoder"):
        load_bundle(folder).extra("encoder")


def test_a_network_that_is_not_known(folder):
    change_part(folder, network="os.system")
    with pytest.raises(WeightsError, match="update fice"):
        load_bundle(folder).part("toy")


@pytest.mark.parametrize("arguments", [{"sizes": [30, 21]}, {"sizes": [30]}, {"width": 3}, {"sizes": None}])
def test_arguments_that_do_not_fit_the_weights(folder, arguments):
    change_part(folder, arguments=arguments)
    with pytest.raises(WeightsError, match="does not fit"):
        load_bundle(folder).part("toy")


def test_a_newer_format(folder):
    change(folder, format=2)
    with pytest.raises(WeightsError, match="newer"):
        load_bundle(folder)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b"{}", b"\xff\xfe", b'{"format": 1}', b'{"format": "1"}', b"null"]
)
def test_a_damaged_description(folder, content):
    (folder / "bundle.json").write_bytes(content)
    with pytest.raises(WeightsError, match="again"):
        load_bundle(folder)


@pytest.mark.parametrize(
    "fields",
    [
        {"file": "../elsewhere.safetensors"},
        {"file": "/etc/passwd"},
        {"file": "toy.pkl"},
        {"bytes": "many"},
        {"sha256": 1},
        {"arguments": []},
        {"surprise": 1},
    ],
)
def test_a_description_of_a_part_that_cannot_be(folder, fields):
    change_part(folder, **fields)
    with pytest.raises(WeightsError, match="damaged"):
        load_bundle(folder)


@pytest.mark.parametrize("canvas", [None, 3, [8], ["a", "b"]])
def test_a_canvas_that_cannot_be(folder, canvas):
    change(folder, canvas=canvas)
    with pytest.raises(WeightsError, match="damaged"):
        load_bundle(folder)


def test_the_bundles_that_come_with_fice_are_whole():
    for name in list_bundles():
        bundle = load_bundle(name)
        assert verify(bundle) == []
        assert all(part.bytes <= 16e6 for part in bundle.parts.values()) and bundle.bytes <= 60e6
        for part in bundle.parts:
            bundle.part(part)


def test_weights_may_be_read_by_whom_the_umask_lets(folder):
    assert (folder / "toy.safetensors").stat().st_mode == (folder / "bundle.json").stat().st_mode


def test_files_travel_with_a_part(folder, toy):
    save_state(folder, "other", toy.state_dict(), "toy", {"sizes": (30, 20)}, files={"words.txt": b"red blue"})
    bundle = load_bundle(folder)
    assert bundle.file("other", "words.txt") == b"red blue"
    with pytest.raises(WeightsError, match="has no numbers.txt"):
        bundle.file("other", "numbers.txt")
    (folder / "other.words.txt").write_bytes(b"red bluf")
    for damaged in (lambda: bundle.file("other", "words.txt"), lambda: bundle.part("other")):
        with pytest.raises(WeightsError, match="damaged"):
            damaged()
    assert len(verify(bundle)) == 1


def test_a_file_outside_the_folder_is_refused(folder):
    change_part(folder, files={"../secret": {"sha256": "0", "bytes": 1}})
    with pytest.raises(WeightsError, match="damaged"):
        load_bundle(folder)


def test_bundles_of_the_users_own_have_names_too(tmp_path, toy, monkeypatch):
    monkeypatch.setenv("FICE_HOME", str(tmp_path))
    save_part(tmp_path / "bundles" / "mine", "toy", toy, "toy", {"sizes": (30, 20)})
    save_part(tmp_path / "bundles" / "street", "toy", toy, "toy", {"sizes": (30, 20)})
    assert list_bundles() == ["street", "street-judge", "mine"]
    assert load_bundle("mine").part("toy").count == 7
    assert "generator" in load_bundle("street").parts  # what came with fice comes first


def test_weights_of_the_wanted_dtype_are_mapped(tmp_path):
    program = """
import sys, torch
from pathlib import Path
from fice.files import LOCK
from fice.nets import NETWORKS
from fice.bundle.pack import save_state
from fice.bundle.bundle import load_bundle
NETWORKS["linear"] = "torch.nn:Linear"
save_state(sys.argv[1], "big", {"weight": torch.zeros(5000, 10000), "bias": torch.zeros(5000)}, "linear",
           {"in_features": 10000, "out_features": 5000})
def own():  # anonymous memory
    return next(int(line.split()[1]) for line in Path("/proc/self/smaps_rollup").open() if "Anonymous:" in line)
before = own()
module = load_bundle(sys.argv[1]).part("big")
assert module.weight.sum() == 0
print(own() - before)
"""
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("the system does not tell mapped from own memory")
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "b")],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < 50_000  # kB; the weights are 200,000


def test_weights_that_share_memory_or_lie_in_pieces_are_written(tmp_path):
    row = torch.arange(600.0)
    state = {"layer.weight": row.view(30, 20).t(), "layer.bias": row[10:30], "count": torch.tensor(3), "tiny": row[:5]}
    save_state(tmp_path / "b", "toy", state, "toy", {"sizes": (30, 20)})
    found = load_bundle(tmp_path / "b").part("toy").state_dict()
    assert all(torch.equal(found[key], value) for key, value in state.items())


def test_weights_that_repeat_each_other_without_end_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("fice.bundle.pack.COPIED", 100)
    state = {str(number): torch.zeros(9)[:9] for number in range(3)}
    save_state(tmp_path / "b", "toy", state, "toy", {})
    with pytest.raises(WeightsError, match="repeat each other"):
        save_state(tmp_path / "b", "toy", dict.fromkeys("abcd", state["0"]), "toy", {})


def test_a_description_of_more_than_any_network_has_is_refused(folder, monkeypatch):
    class Tower(nn.Module):
        def __init__(self, layers):
            super().__init__()
            self.layers = nn.Sequential(*(nn.Linear(1, 1) for _ in range(layers)))

    monkeypatch.setattr(sys.modules["toy_networks"], "Toy", Tower)
    card = json.loads((folder / "bundle.json").read_text())
    card["parts"]["toy"]["arguments"] = {"layers": 6_000}
    (folder / "bundle.json").write_text(json.dumps(card))
    with pytest.raises(WeightsError, match="more than 5000 modules"):
        load_bundle(folder).part("toy")


def test_a_description_that_nests_without_end_is_damaged(folder):
    (folder / "bundle.json").write_text("[" * 200_000)
    with pytest.raises(WeightsError, match="cannot be read"):
        load_bundle(folder)


def test_a_description_with_an_odd_letter_is_one_sentence(folder):
    card = (folder / "bundle.json").read_text()
    (folder / "bundle.json").write_text(card.replace('"arguments"', '"argum\x7fnts"'))
    with pytest.raises(WeightsError, match="is damaged") as caught:
        load_bundle(folder)
    assert str(caught.value).isprintable()
