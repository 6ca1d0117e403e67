"""Every kind of checkpoint is told by its content, mapped instead of read, and refused in one sentence otherwise."""

from __future__ import annotations

import argparse
import os
import pickle
import struct
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints.crafting import Call, fake_modules, name, persistent_module
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from fice.checkpoints.files import flatten, read_checkpoint
from fice.checkpoints.objects import Foreign
from fice.errors import WeightsError


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()), nn.Conv2d(4, 2, 1, bias=False)
    )


def tree() -> dict:
    torch.manual_seed(0)
    shared = torch.randn(4, 6)
    return {
        "state_dict": network().state_dict(),
        "half": torch.randn(5).half(),
        "brain": torch.randn(5).bfloat16(),
        "truth": torch.tensor([True, False, True]),
        "view": shared.t()[1:],
        "shared": shared,
        "empty": torch.zeros(0, 3),
        "one": torch.tensor(7),
        "parameter": nn.Parameter(torch.ones(2)),
        "options": argparse.Namespace(size=256, name="x"),
        "step": 30000,
    }


def same(found, expected) -> None:
    assert list(found) == list(expected)
    for key, value in expected.items():
        if isinstance(value, dict):
            same(found[key], value)
        elif isinstance(value, torch.Tensor):
            assert found[key].dtype == value.dtype and torch.equal(found[key], value.detach())
        elif isinstance(value, argparse.Namespace):
            assert isinstance(found[key], Foreign) and found[key].state == vars(value)
        else:
            assert found[key] == value


def script(path: Path, way: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is on its way out, its files are not
        module = network().eval()
        made = torch.jit.script(module) if way == "script" else torch.jit.trace(module, torch.ones(1, 3, 8, 8))
        made.save(path)


@pytest.fixture
def saved(tmp_path):
    """saved(way, value): a file called model.pt."""

    def saved(way, value=None):
        path = tmp_path / "model.pt"
        value = tree() if value is None else value
        if way in ("zip", "legacy"):
            torch.save(value, path, _use_new_zipfile_serialization=way == "zip")
        elif way == "pickle":
            path.write_bytes(pickle.dumps(value))
        elif way in ("script", "trace"):
            script(path, way)
        else:
            save_file(value, path)
        return path

    return saved


def refused(path: Path, words: str) -> str:
    with pytest.raises(WeightsError, match=words) as caught:
        read_checkpoint(path)
    message = str(caught.value)
    assert path.name in message and message.endswith(".") and message.count(". ") == 0 and message.isprintable()
    return message


@pytest.mark.parametrize("way", ["zip", "legacy", "pickle"])
def test_torch_and_plain_files(saved, way):
    found = read_checkpoint(saved(way))
    same(found, tree())


@pytest.mark.parametrize("way", ["zip", "legacy"])
def test_views_share_their_storage(saved, way):
    found = read_checkpoint(saved(way))
    found["shared"][0, 1] = 99
    assert found["view"][0, 0] == 99


@pytest.mark.parametrize("way", ["zip", "legacy", "pickle"])
def test_writing_to_a_tensor_leaves_the_file_alone(saved, way):
    path = saved(way)
    before = path.read_bytes()
    read_checkpoint(path)["shared"].zero_()
    assert path.read_bytes() == before


@pytest.mark.parametrize("way", ["zip", "legacy", "pickle"])
def test_the_file_may_vanish_while_its_tensors_live(saved, way):
    path = saved(way)
    weights = read_checkpoint(path)["shared"]
    path.unlink()
    assert torch.equal(weights, weights.clone())


@pytest.mark.parametrize("way", ["script", "trace"])
def test_torchscript(saved, way):
    module = read_checkpoint(saved(way))
    assert isinstance(module, Foreign) and module.name.startswith("__torch__.torch.nn.modules.container.")
    found = flatten(module)
    expected = network().state_dict()
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert torch.equal(found[key], value)


class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        self.sizes, self.scale, self.names = [1, 2], [0.5], {"a": torch.ones(2)}
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return x * self.scale[0] + self.sizes[0] + self.names["a"]


def test_torchscript_lists(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(Listed()).save(tmp_path / "model.pt")
    module = read_checkpoint(tmp_path / "model.pt")
    assert (module.state["sizes"], module.state["scale"]) == ([1, 2], [0.5])
    assert torch.equal(module.state["names"]["a"], torch.ones(2)) and list(flatten(module)) == ["weight"]


def test_safetensors(saved):
    value = {"a": torch.randn(3, 4), "b": torch.ones(2, dtype=torch.int64)}
    same(dict(sorted(read_checkpoint(saved("safetensors", value)).items())), value)


def test_flatten_of_a_persistent_tree(tmp_path):
    state = {
        "mapping.fc0.weight": torch.randn(2, 3),
        "mapping.w_avg": torch.ones(2),
        "synthesis.b4.const": torch.ones(1),
    }
    with fake_modules() as (reconstruct, _):
        module = persistent_module(reconstruct, state, "Generator", "")
        module.register_buffer("passing", torch.ones(1), persistent=False)
        module.register_parameter("nothing", None)
        (tmp_path / "g.pkl").write_bytes(pickle.dumps(module))
    found = flatten(read_checkpoint(tmp_path / "g.pkl"))
    same(dict(sorted(found.items())), dict(sorted(state.items())))


@pytest.mark.parametrize(
    "state", [None, 3, [], {}, {"_parameters": 3, "_buffers": {"a": 1}, "_non_persistent_buffers_set": 7}, {"a": "b"}]
)
def test_flatten_of_odd_objects(state):
    assert flatten(Foreign("odd", state)) == {}


def test_the_kind_is_told_by_content(saved, tmp_path):
    path = saved("zip")
    renamed = path.rename(tmp_path / "weights.png")
    assert read_checkpoint(renamed)["step"] == 30000


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "is empty: download it again"),
        (b"\n <!DOCTYPE html><html>Quota exceeded", "is a web page, .* download the file again with a browser"),
        (b"<html><body>Sign in", "web page"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG picture"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "JPEG picture"),
        (b"Dear reader,\nthis is not a checkpoint.\n", "is a text"),
        ("Grüße\n".encode(), "is a text"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull"),
        (b'{"metadata": {}, "weight_map": {"a": "b"}}', "in pieces"),
        (b"\x1f\x8b\x08" + bytes(50), "gzip"),
        (bytes(257) + b"ustar" + bytes(300), "tar archive"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "HDF5"),
        (b"\x93NUMPY" + bytes(50), "numpy array"),
        (bytes(1000), "no kind that is known"),
        (bytes(range(256)), "no kind that is known"),
        (b"PK\3\4" + bytes(100), "damaged"),
        (struct.pack("<Q", 10) + b"{" + bytes(20), "damaged"),
        (b"cos\nsystem\n(S'x'\ntR.", r"wants to call os\.system"),
        (b"\x80", "damaged"),
    ],
)
def test_what_is_no_checkpoint(tmp_path, content, words):
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    refused(path, words)


def test_files_that_are_not_there(tmp_path):
    refused(tmp_path / "none.pt", "There is no file")
    refused(tmp_path, "cannot be read")
    piece = tmp_path / "model-00001-of-00002.safetensors"
    save_file({"a": torch.ones(1)}, piece)
    refused(piece, "one piece of 2")
    whole = piece.rename(tmp_path / "model-00001-of-00001.safetensors")
    assert read_checkpoint(whole)["a"] == 1


def test_calls_in_every_kind_of_file(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for way in ("zip", "legacy", "pickle"):
        path = saved(way, {"state_dict": {"w": torch.ones(2)}, "extra": Call(os.system, "touch executed")})
        refused(path, "wants to call .*system")
    assert not (tmp_path / "executed").exists()


def test_big_endian_files(saved, tmp_path):
    path = saved("zip")
    swapped = tmp_path / "swapped.pt"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(swapped, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, b"big" if entry.endswith("byteorder") else old.read(entry))
    refused(swapped, "big-endian")
    content = saved("legacy").read_bytes()
    place = content.index(b"little_endianq") + len(b"little_endianq") + 1
    assert content[place : place + 1] == b"\x88"
    path.write_bytes(content[:place] + b"\x89" + content[place + 1 :])
    refused(path, "big-endian")


def repacked(path: Path, target: Path, compression=zipfile.ZIP_STORED, skip=(), more=()) -> Path:
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", compression) as new:
        for entry in old.namelist():
            if not entry.endswith(skip or "\0"):
                new.writestr(entry, old.read(entry))
        for entry, content in more:
            new.writestr(entry, content)
    return target


def test_zip_archives_of_another_hand(saved, tmp_path):
    path = saved("zip")
    same(read_checkpoint(repacked(path, tmp_path / "stored.pt")), tree())
    refused(repacked(path, tmp_path / "packed.pt", zipfile.ZIP_DEFLATED), "compressed")
    refused(repacked(path, tmp_path / "less.pt", skip=("data/0",)), "storage 0 is missing")
    refused(repacked(path, tmp_path / "none.pt", skip=("data.pkl",)), "without weights of torch")
    refused(repacked(path, tmp_path / "two.pt", more=[("other/data.pkl", b"N.")]), "without weights of torch")


def test_a_zip_bomb(tmp_path):
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"N" * 50_000_000 + b".")
    assert path.stat().st_size < 100_000
    refused(path, "compressed")


def entry(data: bytes, size=None, header=0, entry_name=b"archive/data.pkl", extra=b"") -> bytes:
    """A line of a zip archive's list of files."""
    size = len(data) if size is None else size
    lengths = (size, size, len(entry_name), len(extra), 0, 0, 0, 0, header)
    return struct.pack("<4s6H3I5HII", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, *lengths) + entry_name + extra


def archive(lines: list[bytes], body: bytes, count=None) -> bytes:
    listed = b"".join(lines)
    count = len(lines) if count is None else count
    return body + listed + struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, count, count, len(listed), len(body), 0)


LOCAL = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 2, 2, 16, 0) + b"archive/data.pkl"
GOOD = LOCAL + b"N."


@pytest.mark.parametrize(
    "content, words",
    [
        (archive([entry(b"N.", size=2**31)], GOOD), "outside"),
        (archive([entry(b"N.", header=2**31)], GOOD), "outside"),
        (archive([entry(b"N.", header=3)], GOOD), "outside"),
        (archive([entry(b"N."), entry(b"N.", entry_name=b"archive/other.pkl")], GOOD), "in each other"),
        (archive([entry(b"N."), entry(b"N.")], GOOD), "there twice"),
        (archive([entry(b"N.", size=60)], GOOD), "in each other"),
        (archive([entry(b"N.")], GOOD, count=9), "too short"),
        (archive([entry(b"N.")], GOOD, count=65535), "too short"),
        (archive([b"\0" * 60], GOOD), "no sense"),
        (archive([entry(b"N.", size=2**32 - 1, extra=struct.pack("<HHQQ", 1, 16, 2**62, 2**62))], GOOD), "outside"),
        (archive([entry(b"N.", size=2**32 - 1, extra=struct.pack("<HH", 1, 4) + b"abcd")], GOOD), "size is missing"),
        (
            GOOD
            + b"PK\6\6"
            + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 2**40, 2**40, 46, 0)
            + struct.pack("<4sIQI", b"PK\6\7", 0, len(GOOD), 1)
            + struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0),
            "1099511627776 files",
        ),
    ],
)
def test_zip_archives_that_lie(tmp_path, content, words):
    path = tmp_path / "lie.pt"
    path.write_bytes(content)
    refused(path, words)


def test_a_zip_archive_that_does_not_lie(tmp_path):
    path = tmp_path / "good.pt"
    path.write_bytes(archive([entry(b"N.")], GOOD))
    assert read_checkpoint(path) is None


def test_a_zip_archive_with_wide_fields(tmp_path):
    """As they are from 4 GiB on: sizes and offsets stand in 64-bit fields."""
    many = 2**32 - 1
    listed = entry(b"N.", size=many, header=many, extra=struct.pack("<HHQQQ", 1, 24, 2, 2, 0))
    end = len(GOOD) + len(listed)
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(listed), len(GOOD))
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    path = tmp_path / "wide.pt"
    path.write_bytes(
        GOOD + listed + wide + locator + struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, 65535, 65535, many, many, 0)
    )
    assert read_checkpoint(path) is None


def test_script_classes_belong_into_script_archives(saved, tmp_path):
    path = saved("zip")
    bad = repacked(
        path,
        tmp_path / "bad.pt",
        skip=("data.pkl",),
        more=[(f"{path.stem}/data.pkl", name("__torch__.model", "Net") + b")\x81.")],
    )
    refused(bad, r"__torch__\.model\.Net")


def test_old_files_that_are_cut_short(saved):
    path = saved("legacy")
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    refused(path, "1 bytes are missing at its end")
    path.write_bytes(content.replace(struct.pack("<q", 24), struct.pack("<q", 2**40), 1))
    refused(path, "damaged")


def samples(folder: Path) -> list[bytes]:
    made = []
    value = {"a": torch.arange(6.0).view(2, 3), "b": {"c": torch.ones(3).half(), "n": 5}, "o": argparse.Namespace(x=1)}
    path = folder / "sample"
    for zipped in (True, False):
        torch.save(value, path, _use_new_zipfile_serialization=zipped)
        made.append(path.read_bytes())
    path.write_bytes(pickle.dumps(value | {"d": np.arange(4)}))
    made.append(path.read_bytes())
    script(path, "script")
    made.append(path.read_bytes())
    save_file({"a": torch.ones(3)}, path)
    return [*made, path.read_bytes()]


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("intact")
    return samples(folder), folder / "model.pt"


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 4),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=5),
    st.floats(0, 1),
)
def test_damage_is_always_one_sentence(intact, number, changes, length):
    files, path = intact
    content = bytearray(files[number])
    for place, byte in changes:
        content[int(place * len(content))] = byte
    if length < 0.3:
        del content[int(length / 0.3 * len(content)) :]
    path.unlink(missing_ok=True)  # a mapped file must not change
    path.write_bytes(content)
    try:
        read_checkpoint(path)
    except WeightsError as error:
        assert "model.pt" in str(error) and str(error).endswith(".") and str(error).isprintable()


MEASURE = """
import sys
from pathlib import Path
import torch
from fice.checkpoints.files import read_checkpoint

def anonymous():
    text = Path("/proc/self/smaps_rollup").read_text()
    return int(text.split("Anonymous:")[1].split()[0]) // 1024

torch.ones(1000).sum()
before = anonymous()
tree = read_checkpoint(Path(sys.argv[1]))
total = sum(float(value[::1000].sum()) for value in tree["state_dict"].values())
print(anonymous() - before, total)
"""


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux")
@pytest.mark.parametrize("way", ["zip", "legacy", "pickle"])
def test_a_large_file_is_mapped_and_not_read(saved, way):
    state = {f"layer{k}": torch.zeros(5, 5_000_000) for k in range(2)}  # 200 MB
    path = saved(way, {"state_dict": state})
    assert path.stat().st_size > 190 << 20
    command = [sys.executable, "-c", MEASURE, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    grown, total = done.stdout.split()
    assert int(grown) < 20 and float(total) == 0


@pytest.mark.parametrize("length", [128, 640, 1152, 1280])
def test_a_header_whose_length_looks_like_a_pickle(tmp_path, length):
    from safetensors.torch import save

    padding = length - struct.unpack_from("<Q", save({"a": torch.ones(3)}, {"x": ""}))[0]
    content = save({"a": torch.ones(3)}, {"x": "y" * padding})
    assert struct.unpack_from("<Q", content)[0] == length
    (tmp_path / "a.safetensors").write_bytes(content)
    assert read_checkpoint(tmp_path / "a.safetensors")["a"].tolist() == [1, 1, 1]


def test_a_safetensors_file_that_describes_too_much_is_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"x" * 600: torch.zeros(1)}, path)
    refused(path, "longer names")
    save_file({str(number): torch.zeros(0) for number in range(100_001)}, path)
    refused(path, "more tensors")
    save_file({"a": torch.zeros(1)}, path, {"note": " " * (1 << 24)})
    refused(path, "describes more tensors")
