"""What was asked of an edit as a plan: its garments, and where the photo had to stay."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fice.batch.found import found_in
from fice.diffusion.area import areas_of
from fice.diffusion.crop import crop_of
from fice.diffusion.skeleton import with_joints
from fice.evaluation.reports import settings_of
from fice.evaluation.triples import Triple
from fice.garment import Garment
from fice.language.matching import matched
from fice.language.placed import divided
from fice.language.words import Sentence, parse
from fice.mask import grow, union
from fice.plan import Plan, make_plan
from fice.references.wardrobe import Wardrobe
from fice.settings import Settings
from fice.subject.analysis import Analysis
from fice.subject.subject import Subject

OUTLINE_FREE = Settings.preset("default", start="mean")  # of a plan that lets sleeves and hems change
COARSEST = 512  # pixels of a square as large as what models are shown, at least, where no setting says it
BORDER = 1.5  # pixels of what a model is shown by which what was painted may reach beyond its area


def plan_of(triple: Triple, subject: Subject, analysis: Analysis, wardrobe: Wardrobe) -> Plan:
    """The plan of an edit, whatever drew it; masks are left out. InputError where no garment is in the picture."""
    regions = analysis.regions
    asked = matched(divided(triple.order), lambda garment, _: parse(garment.text))
    asked, references = wardrobe.dressed([_with_found(*each, found_in(triple.report)) for each in asked])
    wanted = [(replace(garment, mask=None), sentence) for garment, sentence in asked]
    settings = settings_of(triple.report)
    if settings.garment != "diffused":
        return make_plan(subject, triple.order, wanted, regions, OUTLINE_FREE, references=references)
    plan = make_plan(subject, triple.order, wanted, regions, settings, references=references)
    if not plan.pieces:
        return plan
    if triple.order.pose is not None:
        plan = with_joints(plan, analysis)
    area = union(areas_of(plan, regions, settings.grow)[0])
    crop = crop_of(area, subject.frame, settings.side or COARSEST, 1)
    border = math.ceil(BORDER * subject.frame.scale / crop.scale) + 1
    return replace(plan, keep=1 - grow(area, border))  # a new garment may take more room than the old one


def _with_found(garment: Garment, sentence: Sentence, found: Mapping[str, Sequence[str]]) -> tuple[Garment, Sentence]:
    """A garment with the pictures that were found for its words, as far as they are still there."""
    there = tuple(name for name in found.get(sentence.wanted, ()) if Path(name).is_file())
    return (garment if garment.pictures else replace(garment, pictures=there)), sentence
