"""Hostile and damaged files for everything that reads weights: each is read or refused in one sentence, and no more.

    python tests/fuzz/checkpoints.py                        # 1,000 of each format
    python tests/fuzz/checkpoints.py pickle tar --count 100000 --keep found

The same seed makes the same files. Those that are neither read nor refused are counted, named, and kept with --keep;
then it ends with 1.
"""

from __future__ import annotations

import argparse
import codecs
import gzip
import io
import json
import lzma
import os
import pickle
import random
import shutil
import struct
import sys
import tarfile
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from checkpoints.crafting import PROTO, Call, legacy_file, name, nvidia_pickle, rosinality_state, text  # noqa: E402
from fuzz.guard import Guard, outcome  # noqa: E402
from fuzz.mutations import mutated  # noqa: E402
from safetensors.torch import save as as_safetensors  # noqa: E402

from fice.bundle.bundle import load_bundle  # noqa: E402
from fice.checkpoints import components  # noqa: E402
from fice.checkpoints.archive import is_archive, unpack  # noqa: E402
from fice.checkpoints.components import NAMES  # noqa: E402
from fice.checkpoints.files import Unknown, read_checkpoint  # noqa: E402
from fice.checkpoints.huggingface import read_folder  # noqa: E402
from fice.checkpoints.importing import CONVERTERS  # noqa: E402
from fice.checkpoints.pipelines import read_pipeline  # noqa: E402
from fice.diffusion.plugins import read_plugin  # noqa: E402
from fice.errors import FiceError, WeightsError  # noqa: E402
from fice.inversion.latent import read_latent  # noqa: E402
from fice.nets import NETWORKS, network, outline  # noqa: E402
from fice.nets.stylegan2 import Generator  # noqa: E402

SOUND = ("read", "refused")
CONFIG = {
    "model_type": "segformer",
    "id2label": {"0": "Background", "1": "Dress"},
    "hidden_sizes": [8, 8, 8, 8],
    "depths": [1, 1, 1, 1],
    "num_attention_heads": [1, 1, 1, 1],
    "sr_ratios": [1, 1, 1, 1],
    "patch_sizes": [3, 3, 3, 3],
    "strides": [4, 2, 2, 2],
    "mlp_ratios": [1, 1, 1, 1],
    "decoder_hidden_size": 8,
}
INDEX = {
    "_class_name": "StableDiffusionInpaintPipeline",
    "_diffusers_version": "0.6.0",
    "_name_or_path": "somebody/else",
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "requires_safety_checker": True,
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
SMALL = {
    "z_dim": 4,
    "c_dim": 0,
    "w_dim": 4,
    "img_resolution": 4,
    "img_channels": 3,
    "mapping_kwargs": {"num_layers": 1},
    "synthesis_kwargs": {"channel_base": 32, "channel_max": 4},
}


@cache
def generator() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return Generator(**{key: value for key, value in SMALL.items() if key != "img_channels"}).state_dict()


def trees() -> list:
    """Contents of small checkpoints, such as each importer takes for its own."""
    state = generator()
    clip = {
        "token_embedding.weight": 64,
        "visual.conv1.weight": (64, 3, 2, 2),
        "visual.class_embedding": 64,
        "positional_embedding": (7, 64),
        "text_projection": (64, 8),
        "visual.positional_embedding": (5, 64),
        "visual.transformer.resblocks.0.ln_1.bias": 64,
        "transformer.resblocks.0.ln_1.bias": 64,
    }
    mean = torch.zeros(4)
    return [
        {"G_kwargs": SMALL, "G": state},
        {"g_ema": rosinality_state(state), "latent_avg": mean},
        {
            "state_dict": {"input_layer.0.weight": mean, "body.0.res_layer.1.weight": mean, "styles.0.weight": mean},
            "latent_avg": mean,
            "opts": argparse.Namespace(encoder_type="Encoder4Editing"),
        },
        {"model": {"roi_heads.densepose_head.body_conv_fcn1.weight": mean, "backbone.bottom_up.stem.norm.bias": mean}},
        {
            "state": {
                "backbone.layer1.0.conv1.weight": mean,
                "classifier.0.project.0.weight": mean,
                "classifier.4.weight": torch.zeros(3, 2),
            }
        },
        {"model": {key: torch.zeros(shape) for key, shape in clip.items()}},
        {"w_plus": torch.zeros(1, 2, 4), "shared": [mean, mean[1:], mean.half(), mean.bool()]},
    ]


@cache
def pickles() -> list[bytes]:
    arrays = {
        "model": {
            "roi_heads.densepose_head.a": np.zeros((2, 3), np.float32),
            "roi_heads.densepose_b": np.asfortranarray(np.ones((2, 3))),
            "n": np.float64(3),
        }
    }
    calls = [PROTO + name("os", "system") + text("true") + b"\x85R.", pickle.dumps({"a": Call(eval, "1 + 1")})]
    made = [nvidia_pickle(generator(), SMALL, source="raise SystemExit", protocol=protocol) for protocol in (2, 4, 5)]
    return [*made, *(pickle.dumps(arrays, protocol) for protocol in range(2, 6)), *calls]


@cache
def legacy_files() -> list[bytes]:
    return [legacy_file(tree) for tree in trees()]


@cache
def archives() -> list[bytes]:
    made = []
    for tree in trees():
        stream = io.BytesIO()
        torch.save(tree, stream)
        made.append(stream.getvalue())
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is on its way out, its files are not
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 3)), stream)
    return [*made, stream.getvalue()]


@cache
def safetensors() -> list[bytes]:
    states = [tree.get("G") or tree.get("model") or tree.get("state") for tree in trees()]
    return [as_safetensors({key: value.clone() for key, value in state.items()}) for state in states if state]


@cache
def plugins() -> list[bytes]:
    layer = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k"
    lora = {f"{layer}.lora_down.weight": torch.ones(2, 768), f"{layer}.lora_up.weight": torch.ones(8, 2)}
    words = {"emb_params": torch.ones(2, 8)}, {"clip_l": torch.ones(2, 8), "clip_g": torch.ones(2, 8)}
    return [as_safetensors(lora, {"ss_base_model_version": "sdxl"}), *map(as_safetensors, words)]


@cache
def tars() -> list[bytes]:
    made = []
    for kind in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        for headers in ({}, {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"}):
            stream = io.BytesIO()
            with tarfile.open(fileobj=stream, mode="w", format=kind) as archive:
                for number, content in enumerate((legacy_files()[0], b"1\n0\n9\n".ljust(512, b"\0"))):
                    info = tarfile.TarInfo("a/" * 60 * number + "x.pt")
                    info.size, info.pax_headers = len(content), headers
                    archive.addfile(info, io.BytesIO(content))
            made.append(stream.getvalue()[: -8 * 1024])
    return made


@cache
def arrays() -> list[bytes]:
    made = []
    for array in (np.zeros((1, 2, 4), np.float32), np.ones((3, 2), ">f8"), np.zeros(2, "<U2"), np.array([{}])):
        for version in ((1, 0), (2, 0)):
            stream = io.BytesIO()
            np.lib.format.write_array(stream, array, version)
            made.append(stream.getvalue())
    return made


@cache
def cards() -> list[bytes]:
    return [(load_bundle(name).folder / "bundle.json").read_bytes() for name in ("street", "street-judge")]


@cache
def shipped() -> list[tuple]:
    """What the parts of our own bundles are built from."""
    parts = [part for name in ("street", "street-judge") for part in load_bundle(name).parts.values()]
    return [(part.network, part.arguments) for part in parts]


@cache
def configs() -> list[bytes]:
    return [json.dumps(CONFIG).encode()]


@cache
def indexes() -> list[bytes]:
    return [json.dumps(INDEX).encode()]


@cache
def segformer() -> bytes:
    sizes = {
        "widths": [8] * 4,
        "depths": [1] * 4,
        "heads": [1] * 4,
        "reductions": [1] * 4,
        "patches": [3] * 4,
        "strides": [4, 2, 2, 2],
        "ratios": [1] * 4,
    }
    usual = {"size": [512, 512], "mean": [0.5] * 3, "std": [0.5] * 3, "decoder_width": 8, "classes": 2}
    state = network("segformer")(**sizes, **usual).state_dict()
    return as_safetensors({key: value.contiguous() for key, value in state.items()})


def make_pickle(chance: random.Random) -> bytes:
    return mutated(chance, pickles())


def make_legacy(chance: random.Random) -> bytes:
    return mutated(chance, legacy_files())


def make_torchzip(chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        return mutated(chance, archives())
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(chance.choice(archives()))) as old, zipfile.ZipFile(stream, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry, mutated(chance, [content]) if entry.filename.endswith("data.pkl") else content)
    return stream.getvalue()


def make_safetensors(chance: random.Random, sound: Callable[[], list[bytes]] = safetensors) -> bytes:
    content = chance.choice(sound())
    if chance.random() < 0.3:
        return mutated(chance, [content])
    (length,) = struct.unpack_from("<Q", content)
    header = mutated(chance, [content[8 : 8 + length]])
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


def make_tar(chance: random.Random) -> bytes:
    content = bytearray(mutated(chance, tars()))
    for start in range(0, len(content) - 511, 512):  # headers that were changed keep a sum that is right
        header = content[start : start + 512]
        if header[257:262] == b"ustar":
            header[148:156] = b" " * 8
            content[start + 148 : start + 156] = b"%06o\0 " % sum(header)
    packed = chance.choice((bytes, bytes, partial(gzip.compress, mtime=0), lzma.compress))(bytes(content))
    return mutated(chance, [packed]) if chance.random() < 0.2 else packed


def make_array(chance: random.Random) -> bytes:
    return mutated(chance, arrays())


def make_bundle(chance: random.Random) -> bytes:
    return mutated(chance, cards())


def make_config(chance: random.Random) -> bytes:
    return mutated(chance, configs())


def make_index(chance: random.Random) -> bytes:
    return mutated(chance, indexes())


def read_weights(path: Path) -> None:
    """As `fice models import` does, without writing a bundle."""
    if is_archive(path):
        for member in unpack(path, path.parent):
            with suppress(Unknown):  # left out, and said
                convert(member)
            member.unlink()
    else:
        convert(path)


def convert(path: Path) -> None:
    tree = read_checkpoint(path)
    for converter in CONVERTERS:
        if found := converter(tree):
            found.empty()


def read_bundle(path: Path) -> None:
    for part in load_bundle(path.parent).parts.values():
        known = (part.network, part.arguments) in shipped()
        if part.network in NETWORKS and not part.network.endswith("-package") and not known:
            try:
                outline(part.network, part.arguments)
            except (TypeError, ValueError, RuntimeError, ArithmeticError, LookupError) as error:
                raise WeightsError("A sentence of Bundle.part.") from error


def read_config(path: Path) -> None:
    path.with_name("preprocessor_config.json").write_text("{}")
    path.with_name("model.safetensors").write_bytes(segformer())
    read_folder(path.parent)


def read_index(path: Path) -> None:
    """A pipeline whose parts are right; their networks are not built, for the libraries import what they build."""
    for part in ("unet", "vae", "text_encoder", "tokenizer", "scheduler"):
        (path.parent / part).mkdir()
        for settings in ("config.json", "tokenizer.json", "scheduler_config.json"):
            (path.parent / part / settings).write_text("{}")
        for weights in NAMES.values():
            (path.parent / part / f"{weights}.safetensors").write_bytes(safetensors()[0])
    read_pipeline(path.parent)


FORMATS: dict[str, tuple[str, Callable[[random.Random], bytes], Callable[[Path], object]]] = {
    "pickle": ("x.pkl", make_pickle, read_weights),
    "legacy": ("x.pt", make_legacy, read_weights),
    "torchzip": ("x.pt", make_torchzip, read_weights),
    "safetensors": ("x.safetensors", make_safetensors, read_weights),
    "plugin": ("x.safetensors", partial(make_safetensors, sound=plugins), lambda path: read_plugin(str(path))),
    "tar": ("x.tar", make_tar, read_weights),
    "npy": ("x.npy", make_array, read_latent),
    "latent": ("x.pt", make_torchzip, read_latent),
    "bundle": ("bundle.json", make_bundle, read_bundle),
    "huggingface": ("config.json", make_config, read_config),
    "pipeline": ("model_index.json", make_index, read_index),
}


def warm_up(folder: Path) -> None:
    """Import what is imported when it is first wanted, as that executes modules."""
    for kind in NETWORKS:
        network(kind)
    for codec in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        codecs.lookup(codec)  # json guesses among them
    for file, make, read in FORMATS.values():
        for number in range(20):
            (folder / file).write_bytes(make(random.Random(number)))
            with suppress(FiceError):
                read(folder / file)
            empty(folder)


def fuzz(kind: str, count: int, seed: int, guard: Guard, folder: Path, keep: Path | None) -> Counter[str]:
    """How many of `count` files of a format were "read" and "refused", and how often each fault was met."""
    file, make, read = FORMATS[kind]
    found: Counter[str] = Counter()
    for number in range(count):
        content = make(random.Random(f"{kind} {seed} {number}"))
        path = folder / file
        path.write_bytes(content)
        what = outcome(guard, partial(read, path), FiceError)
        if keep and not found[what] and what not in SOUND:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{kind}-{seed}-{number}").write_bytes(content)
        found[what] += 1
        empty(folder)
    return found


def empty(folder: Path) -> None:
    for left in folder.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("formats", nargs="*", choices=[*FORMATS, []], help="default: all of them")
    parser.add_argument("--count", type=int, default=1000, help="files of each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for a file of each fault")
    options = parser.parse_args()
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FICE_HOME"] = folder  # no weights of the user's own
        components.missing = lambda _: ["diffusers"]
        warm_up(Path(folder))
        guard = Guard(Path(folder))
        for kind in options.formats or FORMATS:
            began = time.perf_counter()
            found = fuzz(kind, options.count, options.seed, guard, Path(folder), options.keep)
            read, refused = (found.pop(what, 0) for what in SOUND)
            faults += found.total()
            seconds = time.perf_counter() - began
            print(f"{kind:11} {read:6} read, {refused:6} refused, {found.total()} faults, {seconds:.0f} s", flush=True)
            for fault, times in found.most_common(10):
                print(f"    {times} x {fault}")
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
