"""Which wishes a bundle with a diffusion model can fulfil, and the sentence where it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fice.bundle.bundle import Bundle
from fice.diffusion.adapter import has_adapter
from fice.diffusion.families import FAMILIES, Family, family_in
from fice.engine import refused
from fice.errors import UsageError
from fice.order import Order
from fice.settings import Settings

BASE = frozenset({"text", "style", "region", "mask", "background", "seed", "candidates", "plugins"})
SHOWN = frozenset({"pictures", "swatch", "swatch_width"})  # of an adapter
REFERRED = frozenset({"pictures"})  # of a family that is shown one picture
POSED = frozenset({"pose"})  # of a ControlNet


def taken(bundle: Bundle, settings: Settings) -> frozenset[str]:
    """The wishes that a bundle's model can fulfil. WeightsError as of `family_in`."""
    family = family_in(bundle)
    shown = SHOWN if family.adapted and has_adapter(bundle) else REFERRED if family.referred else ()
    posed = family.posed and settings.control > 0 and "controlnet" in bundle.folders
    return BASE.union(shown, POSED if posed else ())


def check_taken(order: Order, bundle: Bundle, settings: Settings) -> None:
    """UsageError for an order with wishes that a bundle's model cannot fulfil; WeightsError as of `family_in`."""
    if wishes := refused(order, taken(bundle, settings)):
        raise UsageError(refusal(bundle, wishes))


def refusal(bundle: Bundle, wishes: Sequence[str]) -> str:
    """The sentence where a bundle cannot take wishes: what it lacks, and which can."""
    family = family_in(bundle)
    bring, other = f"fice models import FOLDER --as {bundle.name}", "choose another --bundle"
    remedy = other
    if not SHOWN.isdisjoint(wishes):
        able = _named(lambda each: each.adapted or each.referred and REFERRED.issuperset(wishes))
        remedy = f"import an IP-Adapter ({bring}), or {other}" if family.adapted else f"{other}, of {able}"
    elif "pose" in wishes and "controlnet" in bundle.folders:
        remedy = "leave out control=0"
    elif "pose" in wishes:
        able = _named(lambda each: each.posed is not None)
        remedy = f"import a ControlNet for poses ({bring}), or {other}" if family.posed else f"{other}, of {able}"
    return f"Bundle {bundle.name}, {family.name}, cannot take {', '.join(wishes)}: {remedy}."


def _named(able: Callable[[Family], bool]) -> str:
    return " or ".join(family.name for family in FAMILIES if able(family))
