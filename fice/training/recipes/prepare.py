"""Frames every person onto a white canvas: `python -m fice.training.recipes.prepare --data DIR --out DIR --regions
RUN`.

Labelled photographs are cut out by their labels, the others by the region network. Photographs in which nobody is
found are left out, with a line that says so.
"""

from __future__ import annotations

import numpy as np
import torch
from tqdm import tqdm

from fice.bundle.bundle import load_bundle
from fice.errors import InputError
from fice.mask import decide
from fice.subject.frame import Frame
from fice.subject.person import find_person
from fice.subject.regions import Regions
from fice.training.data.dataset import (
    Framed,
    Street,
    frame_labels,
    load_street,
    merge_labels,
    person_box,
    save_framed,
    to_tensor,
)
from fice.training.recipe import options

CANVAS = (256, 128)
SMALLEST = 0.05  # share of the canvas that a person covers at least


def frame_labelled(picture: np.ndarray, fine: np.ndarray, street: Street):
    labels = merge_labels(fine, street.classes, street.regions)
    frame = Frame(person_box(labels), labels.shape, CANVAS)
    body = frame.to_canvas(torch.from_numpy(labels > 0)[None, None].float(), fill=0.0)
    return frame.to_canvas(to_tensor(picture)), body, frame_labels(frame, labels), frame_labels(frame, fine)


def frame_unlabelled(picture: np.ndarray, regions: Regions):
    photo = to_tensor(picture)
    height, width = photo.shape[-2:]
    frame = Frame(find_person(regions, photo).box, (height, width), CANVAS)
    canvas = frame.to_canvas(photo)
    probabilities = regions.analyse(canvas)
    body = decide(regions.body(probabilities))
    if body.mean() < SMALLEST:
        raise InputError("The person that was found is lost on the canvas.")
    return canvas, body, probabilities.argmax(1)[0].numpy(), np.zeros(CANVAS, np.uint8)


@torch.no_grad()
def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--regions", required=True, help="a bundle or run folder that has regions")
    args = parser.parse_args()
    torch.set_num_threads(args.threads or torch.get_num_threads())
    regions = Regions(load_bundle(args.regions).part("regions"))
    street = load_street(args.data, limit=12 if args.smoke else None)
    kept, rows = [], []
    for index in tqdm(range(len(street.names)), unit="photo"):
        picture, fine = street.pictures[index], street.fine[index]
        try:
            canvas, body, labels, fine_labels = (
                frame_unlabelled(picture, regions) if fine is None else frame_labelled(picture, fine, street)
            )
        except InputError as error:
            tqdm.write(f"{street.names[index]}: {error}")
            continue
        white = (canvas * body + 1 - body).clamp(0, 1)[0].permute(1, 2, 0)
        rows.append(((white * 255).round().byte().numpy(), labels.astype(np.uint8), fine_labels, fine is not None))
        kept.append(index)
    if not rows:
        raise InputError(f"Nobody was found in the photographs of {args.data}: label some, or give better --regions.")
    pictures, labels, fine_labels, labelled = (np.stack(column) for column in zip(*rows, strict=True))
    names, tags = [street.names[i] for i in kept], [street.tags[i] for i in kept]
    save_framed(args.out, Framed(names, pictures, labels, fine_labels, labelled, street.classes, tags))


if __name__ == "__main__":
    main()
