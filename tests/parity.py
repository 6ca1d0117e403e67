"""How far each network is from the official code with the same made-up weights, as a table.

    python tests/parity.py GOLDEN

GOLDEN is the folder of the official code's numbers. float32 on the CPU, gradients of ReLU networks in float64.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from fice.inversion import losses
from fice.language.bpe import BytePairs, find_vocabulary
from fice.nets.clip import CLIP
from fice.nets.deeplab import DeepLab
from fice.nets.densepose import DensePose
from fice.nets.e4e import E4e
from fice.nets.stylegan2 import Generator

Row = tuple[str, float, float, str]  # what, largest absolute difference, relative L2 difference, tolerance


def rows(golden: Path) -> Iterator[Row]:
    """Each comparison."""
    spec = importlib.util.spec_from_file_location("fill", golden / "fill.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def made(network: nn.Module) -> nn.Module:
        network.load_state_dict({key: module.fill(key, value.shape) for key, value in network.state_dict().items()})
        return network.eval().requires_grad_(False)

    def numbers(name: str) -> tuple[dict[str, Tensor], dict]:
        return load_file(golden / f"{name}.safetensors"), json.loads((golden / f"{name}.json").read_text())

    inputs = load_file(golden / "inputs.safetensors")
    pictures = torch.stack([inputs["picture_a"], inputs["picture_b"]])

    for name, title in (("stylegan2", "StyleGAN2"), ("stylegan2_rect", "StyleGAN2 2:1")):
        tensors, told = numbers(name)
        key, settings = ("map2.", told["configs"]["map2"]) if "configs" in told else ("", told)
        network = made(Generator(**settings["init_kwargs"]))
        yield compare(f"{title}, picture", network.synthesis(tensors["ws"]), tensors[f"{key}image_const"], "1e-5 abs")
        slope = gradient(lambda ws, net=network: net.synthesis(ws).square().mean(), tensors["ws"])
        yield compare(f"{title}, gradient of W+", slope, tensors[f"{key}grad_ws"], "1e-5 rel")

    tensors, told = numbers("clip_tiny")
    for name, title in (("rn", "CLIP ModifiedResNet"), ("vit", "CLIP ViT"), ("vit_odd", "CLIP ViT, odd sizes")):
        network = made(CLIP(**told["models"][name]["init"]))
        seen, ids = tensors[f"{name}.image"], tensors["tokens"].long()
        yield compare(f"{title}, picture", network.encode_image(seen), tensors[f"{name}.image_features"], "2e-5 abs")
        yield compare(f"{title}, text", network.encode_text(ids), tensors[f"{name}.text_features"], "2e-5 abs")
    network = made(CLIP(**told["models"]["rn"]["init"])).double()
    texts = tensors["rn.text_features"][:2].double()
    slope = gradient(
        lambda x: (1 - F.cosine_similarity(network.encode_image(x), texts)).sum(), tensors["rn.image"].double()
    )
    yield compare("CLIP ModifiedResNet, gradient", slope, tensors["rn.grad_image_f64"], "1e-4 rel")

    for name, network, read, key, judged in (
        ("deeplab", made(DeepLab()), lambda logits: logits.softmax(1), "probabilities", 2),
        ("densepose", made(DensePose()), lambda maps: maps, "body", slice(None)),
    ):
        tensors, _ = numbers(name)
        title = type(network).__name__
        with torch.no_grad():
            yield compare(f"{title}, {key}", read(network(pictures.float() / 255)), tensors[key], "1e-4 abs")
        network.double()
        square = lambda x, net=network, read=read, judged=judged: read(net(x))[:, judged].square().mean()  # noqa: E731
        slope = gradient(square, pictures.double() / 255)
        yield compare(f"{title}, gradient", slope[..., ::4, ::4], tensors["grad_image_f64_stride4"], "1e-4 rel")

    tensors, _ = numbers("e4e")
    network = made(E4e())
    with torch.no_grad():
        yield compare("e4e, W+", network(pictures.float() / 255), tensors["w_plus"], "5e-5 abs")
        other = network(tensors["picture_320"][None].float() / 255)
    yield compare("e4e, W+ of 320 x 320", other, tensors["w_plus_from_320"], "5e-5 abs")

    n, _ = numbers("losses")
    text = n["text_features"].expand_as(n["image_features"])
    terms = (
        30 * losses.image(n["generated"], n["picture"], n["image_mask"])
        + losses.latent(n["w"])
        + 10 * losses.pose(n["body"], n["body_target"])
        + losses.head(n["head"], n["head_target"])
        + losses.semantic(n["image_features"], text)
    )
    yield compare("losses, total", terms.sum()[None], n["value_total"], "1e-6 rel")

    tensors, told = numbers("clip_tokens")
    vocabulary = find_vocabulary()
    if vocabulary is not None:
        found = BytePairs(vocabulary).encode(told["texts"])
        yield compare("CLIP tokens of 30 texts", found, next(iter(tensors.values())), "equal")


def gradient(value: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Of value(x) with respect to x."""
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(value(x), x)[0]


def compare(what: str, found: Tensor, wanted: Tensor, tolerance: str) -> Row:
    """One row; found and wanted of one shape."""
    if found.shape != wanted.shape:
        raise ValueError(f"{what}: {tuple(found.shape)} instead of {tuple(wanted.shape)}")
    found, wanted = found.detach().double(), wanted.double()
    return what, (found - wanted).abs().max().item(), ((found - wanted).norm() / wanted.norm()).item(), tolerance


if __name__ == "__main__":
    print("| Network | largest difference | relative L2 | tolerance |\n|---|---|---|---|")
    for what, largest, relative, tolerance in rows(Path(sys.argv[1])):
        print(f"| {what} | {largest:.1e} | {relative:.1e} | {tolerance} |", flush=True)
