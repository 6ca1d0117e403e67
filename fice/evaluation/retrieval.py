"""Whether a collection finds what captions say: `python -m fice.evaluation.retrieval COLLECTION --captions FILE`.

FILE is a table as `fice garments index` takes it, with the columns `picture` and `caption`, perhaps `category`. Each
caption is a sentence to the collection. R@k is how often a garment of that caption is among the first k; any of them,
as many red dresses are alike. By category likewise. Captions with which the collection was indexed are read in it,
too: give others to be fair to it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fice.bundle.bundle import load_bundle
from fice.collections.collection import Collection
from fice.collections.dress import Collections
from fice.collections.table import read_table
from fice.device import resolve
from fice.errors import InputError
from fice.garment import Garment
from fice.language.words import parse

FIRST = (1, 3, 5, 10)
Told = Mapping[str, Mapping[str, str]]  # of each picture, by its name as seen from the collection's folder


def recall(
    told: Told, search: Callable[[str, int], Sequence[str]], tell: Callable[[str], None] = lambda _: None
) -> dict[str, dict[int, float]]:
    """R@k by the captions, and by the categories where there are some: k -> share of the captions.

    search: a caption and how many are wanted -> names of pictures, the best first; what it raises as InputError is
    told, and finds nothing.
    """
    found: dict[str, Sequence[str]] = {}
    for caption in tqdm(sorted({row["caption"] for row in told.values() if "caption" in row}), unit="caption"):
        try:
            found[caption] = search(caption, max(FIRST))
        except InputError as error:
            tell(f"{caption}: {error}")
            found[caption] = ()
    shares = {}
    for name in ("caption", "category"):
        rows = [row for row in told.values() if "caption" in row and name in row]
        ranks = [_rank([told.get(each, {}).get(name) for each in found[row["caption"]]], row[name]) for row in rows]
        if ranks:
            shares[name] = {k: float(np.mean([rank < k for rank in ranks])) for k in FIRST}
    return shares


def _rank(seen: Sequence[str | None], wanted: str) -> float:
    return seen.index(wanted) if wanted in seen else float("inf")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", help="its name, folder or address")
    parser.add_argument("--captions", type=Path, required=True, help="a table of pictures and captions")
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    collection = Collection.open(args.collection)
    bundle = load_bundle(collection.card.bundle)
    collection.seen_by(bundle)
    asked = Collections.from_bundle(bundle, resolve(args.device)[0])
    told, failed = read_table(args.captions, collection.folder)
    for reason in failed.values():
        tqdm.write(reason)

    def search(caption: str, top: int) -> list[str]:
        hits = asked.find(collection, Garment(caption), parse(caption)[0], top).hits
        return [str(hit.picture.relative_to(collection.folder)) for hit in hits]

    print(f"{'':10}" + "".join(f"{f'R@{k}':>8}" for k in FIRST))
    for name, shares in recall(told, search, tqdm.write).items():
        print(f"{name:10}" + "".join(f"{shares[k]:8.1%}" for k in FIRST))


if __name__ == "__main__":
    main()
