"""Puts the parts of several runs into one bundle: `python -m fice.training.recipes.assemble --out DIR RUN [RUN
...]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from fice.bundle.bundle import load_bundle, verify
from fice.bundle.pack import save_figures, save_part, save_text

DESCRIPTION = "People in the street, full length, on white."
LICENCE = "Apache-2.0"
DATA = (
    "Clothing Co-Parsing (Yang, Luo, Lin, CVPR 2014), Apache-2.0; clothing-dataset-small (Grigorev and others), free"
    " for any purpose; see MODEL_CARD.md"
)
RETIRED = ("guess",)  # parts of older bundles that nothing reads any more
LARGEST_FILE, LARGEST_BUNDLE = 16 * 2**20, 56 * 2**20  # bytes that fit into a repository


def assemble(runs: list[Path], out: Path, **texts: str) -> list[str]:
    """Copies every part found in `runs` into the bundle `out`, later runs over earlier ones; returns problems."""
    for run in runs:
        bundle = load_bundle(run)
        for name, part in bundle.parts.items():
            if name in RETIRED:
                continue
            files = {file: bundle.file(name, file) for file in part.files}
            save_part(out, name, bundle.part(name), part.network, part.arguments, part.extra, files)
        save_figures(out, bundle.figures)
    save_text(out, **texts)
    bundle = load_bundle(out)
    sizes = {name: part.bytes for name, part in bundle.parts.items()}
    problems = [f"{name} has {size} bytes" for name, size in sizes.items() if size > LARGEST_FILE]
    if sum(sizes.values()) > LARGEST_BUNDLE:
        problems.append(f"the bundle has {sum(sizes.values())} bytes")
    return problems + verify(bundle)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="run folders, each with a bundle.json")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default="street")
    parser.add_argument("--description", default=DESCRIPTION)
    parser.add_argument("--licence", default=LICENCE)
    parser.add_argument("--data", default=DATA)
    args = parser.parse_args()
    texts = {"name": args.name, "description": args.description, "licence": args.licence, "data": args.data}
    problems = assemble([Path(run) for run in args.runs], args.out, **texts)
    if problems:
        raise SystemExit("\n".join(problems))
    print(f"{args.out}: {len(load_bundle(args.out).parts)} parts")


if __name__ == "__main__":
    main()
