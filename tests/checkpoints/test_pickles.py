"""The pickle machine: it builds what pickles of weights hold, and nothing that a pickle asks for gets called."""

from __future__ import annotations

import argparse
import builtins
import os
import pathlib
import pickle
import struct
import subprocess
from collections import OrderedDict

import numpy as np
import pytest
import torch
from checkpoints.crafting import PROTO, SOURCE, Call, fake_modules, name, nvidia_pickle, text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fice.checkpoints.legacy import read_nested
from fice.checkpoints.limits import COPIED, DEPTH, STEPS, Limits
from fice.checkpoints.objects import Foreign
from fice.checkpoints.pickles import ALLOWED, Machine
from fice.errors import WeightsError

EMPTY_LIST, EMPTY_DICT, EMPTY_TUPLE, MARK, STOP = b"]", b"}", b")", b"(", b"."


def read(content: bytes, **options):
    data, limits = memoryview(bytearray(content)), Limits("model.pt")
    return Machine(data, limits, nested=lambda inner: read_nested(inner, limits), **options).run()


def refused(content: bytes, words: str, **options) -> None:
    """The pickle is refused with one sentence that has these words in it."""
    with pytest.raises(WeightsError, match=words) as caught:
        read(content, **options)
    message = str(caught.value)
    assert message.startswith("model.pt ") and message.endswith(".") and message.count(". ") == 0
    assert message.isprintable() and len(message) < 400


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values(protocol):
    value = {
        "numbers": [0, 1, 255, 256, 65536, -1, -70000, 2**40, -(2**70), 1.5, float("-inf"), True, False, None],
        "text": ["", "a", "Grüße", "x" * 300, "\u20ac" * 70000],
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "bytes": [b"", b"abc"],
        7: {"deep": {"deeper": [[]]}},
        "many": list(range(3000)),
    }
    assert read(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_objects(protocol):
    value = [OrderedDict(a=1, b=OrderedDict()), torch.Size([2, 3]), torch.device("cuda:1"), torch.float16, {1, 2}]
    found = read(pickle.dumps(value, protocol))
    assert found[:4] == [{"a": 1, "b": {}}, (2, 3), "cuda:1", torch.float16] and sorted(found[4]) == [1, 2]
    options = read(pickle.dumps(argparse.Namespace(size=3), protocol))
    assert (options.name, options.state) == ("argparse.Namespace", {"size": 3})
    with fake_modules() as (_, easy_dict):
        content = pickle.dumps(easy_dict(a=easy_dict(b=1)), protocol)
    assert read(content) == {"a": {"b": 1}}


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(-9, 2**47), inner)
    ),
    max_leaves=30,
)


@settings(max_examples=200, deadline=None)
@given(plain_values, st.integers(2, 5))
def test_plain_values_of_any_kind(value, protocol):
    assert read(pickle.dumps(value, protocol)) == value


def test_ordered_dictionaries_of_python_2():
    content = name("collections", "OrderedDict") + pickle.dumps([["a", 1], ["b", 2]], 2)[2:-1] + b"\x85R."
    assert list(read(content).items()) == [("a", 1), ("b", 2)]


def test_shared_objects_stay_shared():
    inner = [1]
    found = read(pickle.dumps([inner, inner, (inner,)]))
    assert found[0] is found[1] is found[2][0]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("spelling", [b"numpy._core", b"numpy.core"])
def test_numpy(protocol, spelling):
    arrays = {
        "rows": np.arange(24, dtype="f4").reshape(2, 3, 4),
        "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "none": np.zeros((0, 4), "f2"),
        "one": np.array(7, "i8"),
        "long": np.arange(5000, dtype="u1"),
        "truth": np.array([True, False]),
    }
    content = pickle.dumps({**arrays, "twice": [arrays["rows"]] * 2, "f": np.float32(1.5), "i": np.int64(-4)}, protocol)
    if protocol < 4 or spelling == b"numpy._core":  # names have a length before them since protocol 4
        content = content.replace(b"numpy._core", spelling)
    found = read(content)
    for key, array in arrays.items():
        assert found[key].dtype == getattr(torch, str(array.dtype)) and np.array_equal(found[key].numpy(), array)
    assert found["twice"][0] is found["rows"] is found["twice"][1] and (found["f"], found["i"]) == (1.5, -4)


def test_numpy_of_python_2():
    numbers = np.arange(2000, dtype="<f4")
    data = numbers.tobytes()

    def old_text(value: bytes) -> bytes:
        return b"T" + struct.pack("<I", len(value)) + value

    array = (
        name("numpy.core.multiarray", "_reconstruct")
        + name("numpy", "ndarray")
        + b"K\0\x85U\x01b\x87R(K\x01M\xd0\x07\x85"
        + name("numpy", "dtype")
        + b"U\x02f4K\0K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89"
        + old_text(data)
        + b"tb"
    )
    found = read(b"\x80\x02}U\x06conv_w" + array + b"s.")
    assert np.array_equal(found["conv_w"].numpy(), numbers)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_tensors_within_a_pickle(protocol):
    """torch writes each of them as a file of its own."""
    whole = torch.arange(12.0).reshape(3, 4)
    value = {"w": whole, "t": whole.t()[1:], "h": torch.ones(2).half(), "p": torch.nn.Parameter(whole), "e": whole[:0]}
    found = read(pickle.dumps(value, protocol))
    for key, tensor in value.items():
        assert found[key].dtype == tensor.dtype and torch.equal(found[key], tensor.detach())


def test_persistent_objects_bring_no_code(tmp_path):
    trap = tmp_path / "executed"
    content = nvidia_pickle({"mapping.w_avg": torch.ones(3)}, {"z_dim": 4}, source=SOURCE.format(path=str(trap)))
    generator = read(content)["G_ema"]
    assert isinstance(generator, Foreign) and generator.name == "torch_utils.persistence:Generator"
    assert generator.state["_init_kwargs"] == {"z_dim": 4} and not trap.exists()
    assert "open(" not in repr(generator)


class Popen:
    def __reduce__(self):
        return subprocess.Popen, (["touch", "executed"],)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "call, wanted",
    [
        (Call(os.system, "touch executed"), r"(posix|os|nt)\.system"),
        (Call(eval, "1"), "eval"),
        (Call(getattr, "a", "b"), "getattr"),
        (Call(builtins.__import__, "os"), "__import__"),
        (Popen(), "Popen"),
        (Call(pickle.loads, b""), r"pickle\.loads"),
        (Call(torch.load, "x"), r"torch\.serialization\.load"),
        ({"state_dict": {}, "x": [Call(os.remove, "x")]}, r"(posix|os|nt)\.remove"),
    ],
)
def test_calls_are_refused_by_name(tmp_path, monkeypatch, protocol, call, wanted):
    monkeypatch.chdir(tmp_path)
    refused(pickle.dumps(call, protocol), rf"wants to call \S*{wanted}, which no weights need")
    assert not (tmp_path / "executed").exists()


def test_names_are_refused_at_their_mention():
    for content in (name("os", "system") + STOP, PROTO + text("os") + text("system") + b"\x93" + STOP):
        refused(content, r"wants to call os\.system")
    refused(PROTO + text("os") + text("a.b\n\x1b[31m" + "x" * 400) + b"\x93.", "wants to call")
    refused(name("__torch__.clip.model", "CLIP") + STOP, r"__torch__\.clip\.model\.CLIP")
    refused(name("torch", "load") + STOP, r"torch\.load")
    refused(name("torch._utils", "_rebuild_tensor_v2.__globals__") + STOP, "__globals__")
    refused(name("torch.nn.modules.conv", "Conv2d") + STOP, "state_dict")


@pytest.mark.parametrize(
    "content, words",
    [
        (b"(ios\nsystem\n.", "INST"),
        (b"(S'os'\n.", "STRING"),
        (b"\x82\x01.", "EXT1"),
        (b"\x83\x01\x01.", "EXT2"),
        (b"Pos.system\n.", "PERSID"),
        (PROTO + b"\x97.", "NEXT_BUFFER"),
        (name("collections", "OrderedDict") + b")}\x92.", "NEWOBJ_EX"),
        (b"(c" + b"collections\nOrderedDict\no.", "OBJ"),
        (b"I1\n.", "INT"),
        (text("outside") + b"Q.", "damaged"),
        (MARK + text("module") + b"NNNNtQ.", "outside"),
        (MARK + text("storage") + name("torch", "FloatStorage") + text("0") + text("cpu") + b"K\x01tQ.", "outside"),
        (text("o" * 600) + text("s") + b"\x93.", "name beyond"),
        (b"}" + text("k" * 600) + b"Ns.", "odd keys"),
        (name("torch", "device") + text("c" * 600) + b"\x85R.", "long text"),
        (b"\xff", "255 is no instruction"),
        (b"\x80\x09.", "unknown version"),
        (b"", "no sense"),
        (b"N", "no sense"),
        (b"NN.", "damaged"),
        (b".", "damaged"),
        (b"h\x05.", "no sense"),
        (b"t.", "no sense"),
        (b"\x87.", "no sense"),
        (b"NR.", "damaged"),
        (text("f") + b")R.", "cannot be called"),
        (b"N}b.", "attributes"),
        (b"}NNs]Ns.", "damaged"),
        (b"}]Ns.", "odd keys"),
        (b"}G" + struct.pack(">d", 0.5) + b"Ns.", "odd keys"),
        (b"}(NNNu.", "damaged"),
        (name("builtins", "set") + text("abc") + b"\x85R.", "set or list"),
        (name("torch", "Size") + b"]J\xff\xff\xff\xffa\x85R.", "size"),
        (name("torch", "FloatStorage") + b")R.", r"a call of torch\.FloatStorage"),
        (name("numpy", "ndarray") + b")\x81.", r"an object of numpy\.ndarray"),
    ],
)
def test_odd_instructions_are_refused(content, words):
    refused(content, words)


@pytest.mark.parametrize(
    "content",
    [
        PROTO + b"\x8e" + struct.pack("<Q", 2**40) + b"abc.",  # BINBYTES8
        PROTO + b"\x96" + struct.pack("<Q", 2**63) + b"abc.",  # BYTEARRAY8
        PROTO + b"\x8d" + struct.pack("<Q", 2**64 - 1) + b"abc.",  # BINUNICODE8
        PROTO + b"\x95" + struct.pack("<Q", 2**50) + b"N.",  # FRAME
        b"B" + struct.pack("<I", 2**32 - 1) + b".",
        b"X" + struct.pack("<I", 2**31) + b".",
        b"T" + struct.pack("<I", 2**32 - 1) + b".",
        b"\x8b" + struct.pack("<I", 2**31 - 1) + b".",  # LONG4
        b"\x8b" + struct.pack("<I", 2000) + bytes(2000) + b".",
    ],
)
def test_claimed_lengths_take_no_memory(content):
    refused(content, "bytes|within a frame")


def test_a_high_place_in_the_memory_costs_nothing():
    assert read(b"N" + b"r\xff\xff\xff\xff" + b"0" + b"j\xff\xff\xff\xff" + b".") is None


@pytest.mark.parametrize(
    "content",
    [
        EMPTY_LIST * 100_000 + b"a" * 99_999 + STOP,
        EMPTY_TUPLE + b"\x85" * 100_000 + STOP,
        (b"}N") * 100_000 + b"}" + b"s" * 100_000 + STOP,
        b"N" + (b"(" * 100_000) + b"t" * 100_000 + STOP,
        b"(" * 100_000 + b"l" * 100_000 + STOP,
        (name("argparse", "Namespace") + b")\x81") * 20_000 + b"b" * 19_999 + STOP,
    ],
)
def test_deep_nests_are_refused(content):
    refused(content, f"nests its content more than {DEPTH}|damaged")


def test_depth_is_counted_across_shared_parts():
    content, part = b"]q\0", b"h\0"
    for k in range(1, 256):
        content += b"0]" + part + b"aq" + bytes([k])
        part = b"h" + bytes([k])
    refused(content + STOP, "nests its content")


@pytest.mark.parametrize(
    "content",
    [
        b"]q\0h\0a.",
        b"]q\0]h\0aa.",
        b"}q\0Nh\0s.",
        b"}q\0N]h\0as.",
        b"]q\0h\0\x85a.",
        name("argparse", "Namespace") + b")\x81q\0}Nh\0sb.",
        name("argparse", "Namespace") + b")\x81q\0h\0b.",
        b"]q\0(h\0h\0e.",
    ],
)
def test_nothing_contains_itself(content):
    refused(content, "filled after its end, or with itself|has none")


def test_python_s_own_cycles_are_refused():
    loop: list = []
    loop.append({"again": loop})
    refused(pickle.dumps(loop), "itself")


def test_bombs_of_repetition_are_refused():
    doubled = b"]q\0"
    for k in range(1, 60):
        doubled += b"0](h%ch%ce" % (k - 1, k - 1) + b"q" + bytes([k])
    refused(doubled + STOP, "repeats its content")


def test_too_many_objects_are_refused():
    refused(b"]0" * STEPS + STOP, "more objects")
    refused(b"]" + b"N" * STEPS + STOP, "more objects")
    refused(name("collections", "OrderedDict") * STEPS + STOP, "more objects")
    many = b"](" + b"N" * 4000 + b"eq\0" + name("builtins", "set") + b"q\x01"
    refused(many + b"h\x01h\0\x85R" * 4000 + STOP, "more objects")


def test_copies_are_counted():
    once = text("x" * 4_000_000) + b"q\0" + name("_codecs", "encode") + b"q\x01" + text("latin1") + b"q\x02"
    refused(once + b"h\x01h\0h\x02\x86R0" * (COPIED // 4_000_000) + STOP, "more text")


def test_numbers_that_hash_alike_are_no_keys():
    content = b"}(" + b"".join(b"\x8a\x09" + (k * (2**61 - 1)).to_bytes(9, "little") + b"N" for k in range(1, 9))
    refused(content + b"u.", "odd keys")


def numpy_array(shape: bytes, dtype: bytes = b"f4", data: bytes = b"\0" * 8, order: bytes = b"<") -> bytes:
    kind = name("numpy", "dtype") + b"U" + bytes([len(dtype)]) + dtype + b"\x89\x88\x87R(K\x03U\x01" + order
    kind += b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
    blank = name("numpy.core.multiarray", "_reconstruct") + name("numpy", "ndarray") + b"K\0\x85U\x01b\x87R"
    return b"\x80\x02" + blank + MARK + b"K\x01" + shape + kind + b"\x89U" + bytes([len(data)]) + data + b"tb."


@pytest.mark.parametrize(
    "content, words",
    [
        (numpy_array(b"J\0\0\0\x7f\x85"), "on 8 bytes"),
        (numpy_array(b"K\x03\x85"), "on 8 bytes"),
        (numpy_array(b"J\xff\xff\xff\xff\x85"), "size"),
        (numpy_array(b"K\0" + 2 * b"\x8a\x05\0\0\0\0\x7f" + b"\x87", data=b""), "bounds"),
        (numpy_array(MARK + b"K\x01" * 40 + b"t"), "sizes"),
        (numpy_array(b"K\x02\x85", dtype=b"O8"), "O8"),
        (numpy_array(b"K\x02\x85", dtype=b"V4"), "V4"),
        (numpy_array(b"K\x02\x85", order=b">"), "big-endian"),
        (b"\x80\x02]" + numpy_array(b"K\x02\x85")[2:].partition(b"(K\x01")[0] + b"a.", "without content"),
    ],
)
def test_arrays_that_claim_too_much(content, words):
    refused(content, words)


def test_arrays_that_do_not():
    assert read(numpy_array(b"K\x02\x85")).tolist() == [0, 0]


def nested(pickled: bytes) -> bytes:
    """A pickle with a torch file in it whose content is `pickled`."""
    whole = torch_file(pickled)
    return PROTO + name("torch.storage", "_load_from_bytes") + b"B" + struct.pack("<I", len(whole)) + whole + b"\x85R."


def torch_file(pickled: bytes, data: bytes = b"", keys=()) -> bytes:
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    return b"".join(pickle.dumps(part, 2) for part in head) + pickled + pickle.dumps(list(keys), 2) + data


def torch_tensor(offset=0, size=(2,), stride=(1,), count=2, part=None) -> bytes:
    """A torch file of one tensor on 8 bytes, with whatever it claims."""
    storage = MARK + text("storage") + name("torch", "FloatStorage") + text("0") + text("cpu")
    storage += (
        pickle.dumps(count, 2)[2:-1] + pickle.dumps(part, 2)[2:-1].replace(b"q\0", b"").replace(b"q\1", b"") + b"tQ"
    )
    rest = b"".join(pickle.dumps(part, 2)[2:-1].replace(b"q\0", b"") for part in (offset, size, stride))
    pickled = name("torch._utils", "_rebuild_tensor_v2") + MARK + storage + rest + b"\x89NtR."
    return torch_file(pickled, struct.pack("<qff", 2, 3, 4), ["0"])


def test_torch_files_within_are_read_by_the_same_rules():
    assert read(nested(b"K\x05.")) == 5
    refused(nested(pickle.dumps(Call(os.system, "x"), 2)), "system")
    refused(nested(nested(b"N.")), "torch file where there should be none")


def within(content: bytes) -> bytes:
    call = name("torch.storage", "_load_from_bytes")
    return PROTO + call + b"B" + struct.pack("<I", len(content)) + content + b"\x85R."


def test_tensors_stay_within_their_storage():
    assert read(within(torch_tensor())).tolist() == [3, 4]
    assert read(within(torch_tensor(offset=1, size=(1, 1), stride=(5, 9)))).tolist() == [[4]]
    assert read(within(torch_tensor(offset=2, size=(0, 3), stride=(3, 1)))).shape == (0, 3)
    assert read(within(torch_tensor(size=(1,), part=("1", 1, 1)))).tolist() == [4]


@pytest.mark.parametrize(
    "claims",
    [
        dict(size=(2**30,), stride=(1,)),
        dict(size=(2**30,), stride=(0,)),
        dict(size=(2,), stride=(2**40,)),
        dict(size=(2,), stride=(2**70,)),
        dict(offset=2**60),
        dict(offset=1),
        dict(offset=-1),
        dict(size=(-1,)),
        dict(size=(2, 1)),
        dict(size=(0, 2**60), stride=(1, 1)),
        dict(size=(1,) * 40, stride=(1,) * 40),
        dict(count=2**40),
        dict(count=-1),
        dict(count=1),
        dict(count="2"),
        dict(part=("1", 1, 2)),
        dict(part=("1", 1, 1)),
        dict(part=("1", -1, 2)),
        dict(size=("2",)),
        dict(size=(True,)),
    ],
)
def test_tensors_that_claim_too_much(claims):
    refused(within(torch_tensor(**claims)), "damaged")


def test_script_classes_in_script_archives():
    content = name("__torch__.clip", "CLIP") + b")\x81}" + text("width") + b"K\x07sb."
    found = read(content, script=True)
    assert (found.name, found.state) == ("__torch__.clip.CLIP", {"width": 7})
    refused(name("os", "system") + STOP, r"os\.system", script=True)


def samples() -> list[bytes]:
    tree = {
        "a": [torch.arange(4.0), (1, "x")],
        "n": np.arange(5.0),
        "o": OrderedDict(z={1}),
        "s": argparse.Namespace(q=1),
    }
    made = [pickle.dumps(tree, protocol) for protocol in (2, 3, 4, 5)]
    return [*made, nvidia_pickle({"mapping.fc0.bias": torch.ones(3)}, {"z_dim": 4}), within(torch_tensor())]


SAMPLES = samples()


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
    st.floats(0, 1),
)
def test_damage_is_always_one_sentence(sample, changes, length):
    content = bytearray(sample)
    for place, byte in changes:
        content[int(place * len(content))] = byte
    if length < 0.5:
        del content[int(2 * length * len(content)) :]
    try:
        read(bytes(content))
    except WeightsError as error:
        assert str(error).startswith("model.pt ") and str(error).endswith(".") and str(error).isprintable()


INSTRUCTIONS = [bytes([code]) for code in range(256)] + [b"K\x01", b"q\0", b"h\0", b")R", b"\x85R", b"\x86R", text("a")]
INSTRUCTIONS += [name(*allowed.rsplit(".", 1)) for allowed in sorted(ALLOWED)]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(INSTRUCTIONS)))
def test_any_program_ends_in_one_sentence(parts):
    try:
        read(b"".join(parts) + STOP)
    except WeightsError as error:
        assert str(error).startswith("model.pt ") and str(error).endswith(".")


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_truncation_is_one_sentence(sample):
    for length in range(0, len(sample), max(1, len(sample) // 300)):
        with pytest.raises(WeightsError):
            read(sample[:length])


def test_paths_among_the_options_are_harmless():
    tree = read(pickle.dumps({"opts": pathlib.Path("a/b"), "n": 1}))
    assert tree["n"] == 1 and tree["opts"].name == f"pathlib.{type(pathlib.Path()).__name__}"
