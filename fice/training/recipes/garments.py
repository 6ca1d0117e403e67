"""Trains the garment network: `python -m fice.training.recipes.garments --data DIR --out RUN --regions RUN`.

DIR holds photographs of people, as for the other recipes; beside it lies `garments/CLASS/NAME.jpg`, pictures of single
garments, or where `--garments` says. Nobody has drawn a matte: the network begins with garments whose picture's border
tells them from the ground, and those of labelled people, cut out and laid on other grounds. Half-way it becomes its own
teacher on all the pictures (a noisy student, arXiv 1911.04252).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.bundle.bundle import load_bundle
from fice.device import half
from fice.nets.garment import GarmentNet
from fice.references.border import by_border, clear
from fice.references.garments import Garments
from fice.references.reference import KINDS
from fice.training import recipe
from fice.training.data.dataset import load_street, merge_labels, to_tensor
from fice.training.data.garments import Garment, Looks, bordered, load_garments, matted, shrunk, worn_garments
from fice.training.features import FEATURES, load_features
from fice.training.parsing import RATE, SLOW
from fice.training.recipe import Average, begin, cosine, finish, lay_out, options, run_of, set_rate, take_over

HEIGHT = 512  # pixels to which photographs of people are reduced
OVERLAP, TOLD = 0.5, 0.7  # weights of the losses beside the matte's
SMOOTHED = 0.1  # of a kind's label
FIRST = 0.5  # of the time, before the network teaches itself


class GarmentTrainer:
    """A garment network and its average; steps with what `Looks.draw` gives."""

    def __init__(self, network: GarmentNet, device: str | torch.device):
        self.network, self.device = network.to(device), device
        self.average = Average(self.network)
        lay_out(self.network).train()
        pretrained = [*self.network.backbone.parameters()]
        others = [each for name, each in self.network.named_parameters() if not name.startswith("backbone.")]
        groups: list[dict] = [{"params": pretrained, "share": SLOW}, {"params": others}]
        self.optimiser = torch.optim.AdamW(groups, lr=RATE, weight_decay=0.02)
        self.modules = {"network": self.network, "average": self.average.module}
        self.optimisers = {"optimiser": self.optimiser}

    def step(self, number: int, fraction: float, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
        set_rate(self.optimiser, RATE * cosine(fraction))
        pictures, mattes, kinds = (each.to(self.device) for each in batch)
        with half(self.device):
            logits, told = self.network.seen(pictures.contiguous(memory_format=torch.channels_last))
        found = losses(logits.float(), told.float(), mattes, kinds)
        self.optimiser.zero_grad()
        torch.stack([*found.values()]).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.average.update(self.network, min(0.995, (number + 1) / (number + 10)))
        return found


def losses(logits: Tensor, told: Tensor, mattes: Tensor, kinds: Tensor) -> dict[str, Tensor]:
    """Of mattes (B, 1, h, w), below 0 where unknown, and kinds (B,), -1 where unknown."""
    known = (mattes >= 0).float()
    truth = mattes.clamp(min=0)
    each = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    matte = (each * known).sum() / known.sum().clamp(min=1)
    found = logits.sigmoid() * known
    shared, either = (found * truth).sum((1, 2, 3)), (found + truth * known - found * truth).sum((1, 2, 3))
    there = (truth.sum((1, 2, 3)) > 0).float()
    overlap = ((1 - (shared + 1) / (either + 1)) * there).sum() / there.sum().clamp(min=1)
    kind = F.cross_entropy(told, kinds, ignore_index=-1, label_smoothing=SMOOTHED, reduction="sum")
    kind = kind / (kinds >= 0).sum().clamp(min=1)
    return {"matte": matte, "overlap": OVERLAP * overlap, "kind": TOLD * kind}


def taught(garments: Sequence[Garment], teacher: Garments) -> list[Garment]:
    """With mattes of a teacher, sharpened by each picture's own colours, where these are clear."""
    found = []
    for each in garments:
        seen = teacher.see(to_tensor(each.picture))
        small = shrunk(each.picture)
        prior = F.interpolate(seen.matte, size=small.shape[:2], mode="area")[0, 0].numpy()
        found.append(matted(each, by_border(small, prior)))
    return found


@torch.no_grad()
def validate(network: Garments, garments: Sequence[Garment]) -> dict[str, float]:
    """How often the kind is right, and among the first three; IoU with mattes that the borders tell clearly."""
    first, three, overlap = [], [], []
    for each in garments:
        seen = network.see(to_tensor(each.picture))
        order = seen.kinds.argsort(descending=True).tolist()
        first.append(order[0] == each.kind)
        three.append(each.kind in order[:3])
        small = shrunk(each.picture)
        if clear(truth := by_border(small)):
            found = F.interpolate(seen.matte, size=small.shape[:2], mode="area")[0, 0].numpy() > 0.5
            overlap.append((found & (truth > 0.5)).sum() / (found | (truth > 0.5)).sum())
    means = {"kind": first, "kind among three": three, "iou": overlap}
    return {name: round(float(np.mean(values)), 4) for name, values in means.items() if values}


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--features", default=FEATURES, help="lite0 to lite2, or a bundle that has some")
    parser.add_argument("--garments", type=Path, help="pictures of garments, a folder a class; garments beside DATA")
    parser.add_argument("--regions", required=True, help="a bundle or run folder that has regions, to begin with")
    args = parser.parse_args()
    begin(args.threads, args.seed)
    everything = load_garments(args.garments or args.data.parent / "garments", 60 if args.smoke else None)
    street = load_street(args.data, HEIGHT, 30 if args.smoke else None)
    worn, beside = worn_garments(street, partial(merge_labels, classes=street.classes, regions=street.regions))
    training, unseen = ([each for each in everything if each.held_out is kept] for kept in (False, True))
    pretrained = load_features(args.features)
    arguments = {"kinds": len(KINDS), "size": pretrained.size}
    network = GarmentNet(**arguments)
    take_over(network, load_bundle(args.regions).part("regions"))
    network.backbone.load_state_dict(pretrained.state_dict(), strict=False)  # what tells ImageNet's classes apart goes
    run = run_of(args)
    first = replace(run, checkpoint=args.out / "first.safetensors", minutes=run.minutes * FIRST)
    network = trained(network, Looks(bordered(training), worn, beside, args.seed), first, args.device)
    mattes = taught(training, Garments(network.eval()))
    then = replace(run, minutes=run.minutes * (1 - FIRST))
    network = trained(network, Looks(mattes, worn, beside, args.seed + 1), then, args.device)
    figures = validate(Garments(network.eval()), unseen)
    finish(args.out, "garments", network, "garment", arguments, {"kinds": KINDS}, figures)


def trained(network: GarmentNet, looks: Looks, run: recipe.Run, device: str) -> GarmentNet:
    """The network's average after a run, on the CPU."""
    print(f"{len(looks.garments)} garments, {len(looks.clear)} with mattes, {len(looks.worn)} worn", flush=True)
    side = GarmentTrainer(network, device)
    recipe.train(side, lambda _: looks.draw(run.batch), run)
    return side.average.module.cpu().requires_grad_()


if __name__ == "__main__":
    main()
