"""Whether the diffusion models of a bundle belong together, as far as their settings say."""

from __future__ import annotations

from fice.bundle.bundle import Bundle
from fice.checkpoints.adapters import ENCODER, FILE, adapter_widths, encoder_settings
from fice.checkpoints.folder import read_json
from fice.diffusion.families import Family, family_of
from fice.errors import WeightsError


def check_models(bundle: Bundle) -> list[str]:
    """What is still missing, in words. Raises WeightsError for models that are not made for each other."""
    kinds = {name: folder.kind for name, folder in bundle.folders.items()}
    family = family_of(kinds["pipeline"]) if "pipeline" in kinds else None
    if family and "controlnet" in kinds:
        _check_control(bundle, family, kinds["controlnet"])
    return _check_adapter(bundle, family) if "adapter" in kinds else []


def _check_control(bundle: Bundle, family: Family, kind: str) -> None:
    wanted = family.control if family.posed else None
    if kind != wanted:
        takes = f"takes a {wanted}" if wanted else "takes no ControlNet"
        raise WeightsError(f"{family.name} {takes}, and this is a {kind}: get one that was made for it.")
    width = read_json(bundle.folder / "controlnet", "config.json").get("cross_attention_dim")
    _check_width(bundle, "controlnet", width)


def _check_adapter(bundle: Bundle, family: Family | None) -> list[str]:
    folder = bundle.folder / "adapter"
    if family and not family.adapted:
        raise WeightsError(f"{family.name} takes no IP-Adapter: import it into a bundle of another family.")
    if not (folder / FILE).is_file():
        return ["The bundle has an image encoder and no IP-Adapter for it: import the adapter's file, too."]
    words, (setting, width) = adapter_widths(folder)
    if family:
        _check_width(bundle, "adapter", words)
    if not (folder / ENCODER).is_dir():
        return [f"The adapter has no image encoder: import the folder {ENCODER} that belongs to it, too."]
    if (have := encoder_settings(folder).get(setting, 512)) != width:
        raise WeightsError(
            f"The adapter is for an image encoder whose {setting} is {width}, and that of this one is {have}: get the"
            " one that belongs to it."
        )
    return []


def _check_width(bundle: Bundle, name: str, width: object) -> None:
    have = read_json(bundle.folder / "pipeline" / "unet", "config.json") if width else {}
    if width and have.get("cross_attention_dim", width) != width:
        raise WeightsError(
            f"The {name} is for models whose words have {width} features, and those of the pipeline have"
            f" {have['cross_attention_dim']}: get one that was made for it."
        )
