"""Foreign files into a bundle: recognised by what they hold, converted, checked, written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fice.bundle.bundle import Bundle, check_encoder, load_bundle
from fice.bundle.card import CARD
from fice.bundle.pack import save_state, save_text
from fice.checkpoints import clip, deeplab, densepose, e4e, efficientnet, huggingface, stylegan
from fice.checkpoints.adapters import SEES, as_adapter, find_adapter, read_encoder
from fice.checkpoints.archive import is_archive, unpack
from fice.checkpoints.files import Unknown, read_checkpoint, read_safetensors
from fice.checkpoints.folder import read_json
from fice.checkpoints.found import Found
from fice.checkpoints.limits import plain
from fice.checkpoints.matching import check_models
from fice.checkpoints.pipelines import CONTROLS, INDEX, read_control, read_pipeline
from fice.checkpoints.tree import Tree
from fice.diffusion.families import family_of
from fice.errors import UsageError, WeightsError
from fice.extras import install, missing
from fice.files import LOCK, check_ordinary, downloads, own_bundles, sha256_of
from fice.language import bpe
from fice.models.sources import load_sources

CONVERTERS = (stylegan.convert, clip.convert, e4e.convert, deeplab.convert, densepose.convert, efficientnet.convert)
BORROWED = ("regions", "pose", "clip", "garments")  # what works for any generator of people
LOOKING = ("regions", "pose", "clip")  # without which there is no edit
LICENCE = "that of the imported checkpoints, see their publishers"
OTHERS = "other networks: see their publishers"
EMBEDDINGS = {"emb_params", "string_to_param", "clip_g"}  # entries of files of textual inversion
SHOWN = 4  # entries named where nothing was recognised


def import_files(
    files: Sequence[str | Path],
    name: str | Path,
    *,
    framing: str | None = None,
    lender: str | None = "street",
    force: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Bundle:
    """Convert checkpoints into the parts of one bundle; nothing in them is executed.

    Args:
        files: checkpoints, tar archives of them, or folders as Hugging Face and diffusers lay them out.
        name: a plain name, kept with the other bundles of the user, or a folder. One that exists gets the new parts.
        framing: "photo" if the generator draws photographs as they are taken, "person" if it draws somebody from head
            to foot on white; by default a square canvas is the former and a tall one the latter.
        lender: the bundle whose networks stand in for what no file brings and works for all; None for none.
        force: replace parts that are there.
        tell: gets a line about everything found.

    Raises WeightsError for files that cannot be used, UsageError for a name that is taken. Nothing is left half
    written.
    """
    folder = _folder(name)
    with _workshop(folder) as place:
        before = load_bundle(place) if (place / CARD).is_file() else None
        have = {*before.parts, *before.folders} if before else set()
        sources = []
        for path in sorted(map(Path, files), key=lambda path: path.name != bpe.FILE):  # CLIP is read with it
            new = []
            for found in _read(path, place, tell):
                if isinstance(found, Tree):
                    _published(path, found)
                    tell(f"{found.what}: {'; '.join(found.notes)}")
                    new.append(found.save(place, force))
                    have.add(found.name)
                else:
                    new.append(_save(place, found, framing, have, force, tell))
                    have.add(found.part)
            if new:
                checksum = f"; sha256 {sha256_of(path)}" if path.is_file() else ""
                sources.append(f"{path.resolve().name} ({', '.join(new)}{checksum})")
        owner = load_bundle(lender) if lender and have != {"features"} else None
        for part in BORROWED:
            if owner and part not in have and part in owner.parts:
                _lend(owner, part, place)
                tell(f"No file brings {part}; that of the bundle {lender} is taken.")
                have.add(part)
        _close(place, have, f"Imported from {'; '.join(sources)}.", tell)
    return load_bundle(folder)


def _close(place: Path, have: set[str], data: str, tell: Callable[[str], None]) -> None:
    """Check that the parts belong together, say what lacks, and describe the bundle."""
    bundle = load_bundle(place)
    if {"generator", "encoder"} <= have:
        check_encoder(bundle)
    lines = check_models(bundle)
    absent = [part for part in ("pipeline" if bundle.folders else "generator", *LOOKING) if part not in have]
    if absent and have != {"features"}:
        lines.append(f"The bundle cannot edit yet, it has no {' and no '.join(absent)}: import more into {place.name}.")
    if bundle.folders and (lacking := missing("diffusion")):
        lines.append(f"To edit with it, {' and '.join(lacking)} must be installed: {install('diffusion')}.")
    for line in lines:
        tell(line)
    description, licence = f"imported: {', '.join(sorted(have))}", LICENCE
    if bundle.folders:
        licence = "; ".join([*(f"{name}: {folder.licence}" for name, folder in bundle.folders.items()), OTHERS])
    if painter := bundle.folders.get("pipeline"):
        others = " and ".join(name for name in bundle.folders if name != "pipeline")
        description = family_of(painter.kind).name + (f" with its {others}" if others else "")
    save_text(place, name=place.name, description=description, data=data, licence=licence)


def _published(path: Path, tree: Tree) -> None:
    """What was fetched has the licence of its source."""
    source = load_sources().sources.get(path.name)
    if source and path.absolute().parent == downloads():
        tree.licence, tree.origin = source.licence.rstrip("."), source.page or source.name


def _folder(name: str | Path) -> Path:
    if isinstance(name, str) and Path(name).name == name:
        return own_bundles() / name
    return Path(name)


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """A copy of the bundle to work in, which takes the bundle's place when all went well."""
    if folder.exists() and not (folder / CARD).is_file():
        raise UsageError(f"{folder} is there and is no bundle: choose another name.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        work = place / folder.name
        if folder.exists():
            shutil.copytree(folder, work, ignore=shutil.ignore_patterns(LOCK), copy_function=_link)
        yield work
        if folder.exists():
            folder.rename(place / "before")
        work.rename(folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _link(path: str, copy: str) -> None:
    """The same file under another name, as files are replaced and never changed; a copy where the disk has no links."""
    try:
        os.link(path, copy)
    except OSError:
        shutil.copy2(path, copy)


def _read(path: Path, place: Path, tell: Callable[[str], None]) -> Iterator[Found | Tree]:
    """The networks of one file, folder or archive."""
    if not path.exists():
        raise WeightsError(f"There is no file {path}: check its path.")
    if path.name == bpe.FILE:
        bpe.keep_vocabulary(path)
        return
    if path.is_dir():
        try:
            yield from _read_folder(path)
        except OSError as error:
            raise WeightsError(f"{path} cannot be read ({error.strerror}): name a folder that can.") from error
        return
    try:
        check_ordinary(path)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): name a file that can.") from error
    if not is_archive(path):
        yield _convert(path)
        return
    with tempfile.TemporaryDirectory(dir=place.parent) as unpacked:
        for member in unpack(path, Path(unpacked)):
            try:
                found = _convert(member)
            except Unknown as error:
                tell(f"{error} It is left out.")
            else:
                yield found
            member.unlink()


def _read_folder(path: Path) -> Iterator[Found | Tree]:
    if (path / INDEX).is_file():
        yield read_pipeline(path)
        return
    if not (path / "config.json").is_file() and (adapter := find_adapter(path)):
        yield from adapter
        return
    config = read_json(path, "config.json")
    kind, architectures = config.get("_class_name"), config.get("architectures")
    if isinstance(kind, str) and CONTROLS.fullmatch(kind):
        yield read_control(path, kind)
    elif config.get("model_type") == "clip_vision_model" or architectures == [SEES]:
        yield read_encoder(path)
    elif isinstance(kind, str):
        raise WeightsError(f"{path} holds a {plain(kind)}, a part of a model: name the folder that has {INDEX}.")
    else:
        yield huggingface.read_folder(path)


def _convert(path: Path) -> Found | Tree:
    tree = read_checkpoint(path)
    if adapter := as_adapter(path, tree):
        return adapter
    _check_single(path, tree)
    for convert in CONVERTERS:
        if found := convert(tree):
            return found
    shown = f" ({', '.join(map(str, list(tree)[:SHOWN]))}, ...)" if isinstance(tree, dict) else ""
    raise Unknown(
        f"{path.name} holds no generator, encoder, region, pose or CLIP network that fice knows{shown}:"
        " docs/weights.md lists those that it reads."
    )


def _check_single(path: Path, tree: Any) -> None:
    """Raises Unknown for files of diffusion models that are known and not imported."""
    entries = tree.get("state_dict", tree) if isinstance(tree, dict) else {}
    names = [key for key in entries if isinstance(key, str)] if isinstance(entries, dict) else []
    if any(key.startswith("model.diffusion_model.") for key in names):
        raise Unknown(
            f"{path.name} is a diffusion model in one file: get the folder of the model with its model_index.json, or"
            " make one with the from_single_file and save_pretrained of diffusers."
        )
    if any(".lora_" in key or key.startswith("lora_") or key in EMBEDDINGS for key in names):
        raise Unknown(
            f"{path.name} is a plug-in (a LoRA or an embedding), which is not imported: name it at each edit, as"
            f" --plugin {path.name}."
        )


def _save(
    place: Path, found: Found, framing: str | None, have: set[str], force: bool, tell: Callable[[str], None]
) -> str:
    """Write what was found, and say so."""
    if found.part in have and not force:
        raise UsageError(f"The bundle {place.name} has a {found.part} already: add --force to replace it.")
    for note in found.notes:
        tell(f"{found.part}: {note}")
    if found.unexpected:
        tell(f"{found.part}: left out {', '.join(found.unexpected)}")
    module: Any = found.empty()
    state = {key: found.state[key] for key in module.state_dict()}
    canvas, extra = None, dict(found.extra)
    if found.part == "generator":
        canvas = module.canvas
        extra["framing"] = framing or ("photo" if canvas[0] == canvas[1] else "person")
    save_state(place, found.part, state, found.network, found.arguments, extra, found.files, canvas)
    return found.part


def _lend(lender: Bundle, part: str, place: Path) -> None:
    """Copy a part of another bundle."""
    entry = lender.parts[part]
    lender.check(part)
    files = {name: lender.file(part, name) for name in entry.files}
    state = read_safetensors(lender.folder / entry.file)
    save_state(place, part, state, entry.network, entry.arguments, entry.extra, files)
