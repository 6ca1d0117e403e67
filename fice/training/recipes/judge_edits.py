"""What edits of photographs did, in the eyes of a CLIP that did not guide them, beside recolouring by mask alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from fice.cloth.redress import dress_as
from fice.edit import Edit
from fice.editor import Editor
from fice.errors import InputError
from fice.evaluation.measures import colour_error
from fice.language.clip import Semantics
from fice.language.lexicon import COLOURS, GARMENTS, PATTERNS
from fice.language.words import Sentence, parse
from fice.outputs import save_png
from fice.subject.regions import REGIONS
from fice.subject.views import garment_views
from fice.training.data.captions import Look, matches
from fice.training.data.dataset import Framed

COLOURED = (
    "red dress", "blue striped shirt", "black coat", "white skirt", "green t-shirt", "yellow floral dress",
)  # fmt: skip
PATTERNED = ("blue striped shirt", "red striped dress", "yellow floral dress", "pink floral skirt",
             "red checked shirt", "green checked skirt", "white polka dot dress", "navy polka dot blouse")  # fmt: skip
FOUR = ("striped", "floral", "checked", "polka-dot")
CAPTIONS = 32


@dataclass(frozen=True)
class Pair:
    """A photograph and what its person shall wear."""

    path: Path
    text: str


def pairs(editor: Editor, folder: Path, framed: Framed, sentences: tuple[str, ...], photos: int) -> list[Pair]:
    """The first labelled validation photographs that show what each sentence changes, by their labels."""
    chosen = []
    held_out = np.flatnonzero(framed.validation & framed.labelled)
    for sentence in sentences:
        region = parse(sentence).region or "full"
        index = [editor.regions.names.index(name) for name in REGIONS[region]]
        worn = [i for i in held_out if np.isin(framed.labels[i], index).mean() > 0.03]
        chosen += [Pair(folder / "photos" / f"{framed.names[i]}.jpg", sentence) for i in worn[:photos]]
    return chosen


def wrong_captions(said: Sentence, number: int, rng: np.random.Generator) -> list[str]:
    """Sentences of the same form (the same kinds of words) that are wrong for what `said` asks for, each once."""
    look = Look(said.colour, None, said.pattern, (said.garment,) if said.garment else (), None, None)
    found: list[str] = []
    while len(found) < number:
        words = [str(rng.choice(list(kind))) for kind, own in
                 ((COLOURS, said.colour), (PATTERNS, said.pattern), (GARMENTS, said.garment)) if own]  # fmt: skip
        text = " ".join(words)
        if text not in found and matches(parse(text), look) is False:
            found.append(text)
    return found


@torch.no_grad()
def seen_by(judge: Semantics, edit: Edit, picture: np.ndarray) -> Tensor:
    """Features (1, D) of the garment on white in a picture (H, W, 3) float in [0, 1] of the photo's size."""
    frame = edit.subject.frame
    view = frame.to_canvas(torch.from_numpy(picture).permute(2, 0, 1)[None].float())
    garment = frame.to_canvas(torch.from_numpy(edit.garment)[None, None].float(), fill=0.0).clamp(0, 1)
    return judge.encode_picture(garment_views(view, garment, judge.size)[:, 0])


def judged(judge: Semantics, edit: Edit, picture: np.ndarray, before: np.ndarray, number: int) -> dict[str, float]:
    """The judge's word on one result, beside the photograph `before`; both (H, W, 3) float in [0, 1]."""
    said = parse(edit.order.sentence)[0]
    own = " ".join(said.words)
    features = seen_by(judge, edit, picture)
    others = wrong_captions(said, CAPTIONS - 1, np.random.default_rng([11, number]))

    def most_like(words: tuple[str, ...]) -> str:
        texts = [" ".join(word if own == said.pattern else own for own in said.words) for word in words]
        return words[int((features @ judge.encode_text(texts).T).argmax())]

    found = {
        "caption": float((features @ judge.encode_text([own, *others]).T).argmax() == 0),
        "similarity": float((features @ judge.encode_text([own]).T).item()),
        "similarity before": float((seen_by(judge, edit, before) @ judge.encode_text([own]).T).item()),
    }
    if said.pattern:
        found["pattern"] = float(most_like(PATTERNS) == said.pattern)
        found["pattern of four"] = float(most_like(FOUR) == said.pattern)
    return found


def colour_distance(edit: Edit, picture: np.ndarray) -> float:
    """CIELAB distance of the garment's median to the colour that the text names; (H, W, 3) float in [0, 1]."""
    return colour_error(picture, edit.garment, COLOURS[str(parse(edit.order.sentence)[0].colour)])


def silhouette(editor: Editor, edit: Edit) -> float:
    """IoU of the body before and after outside what was edited: it should have stayed."""
    frame, bodies = edit.subject.frame, []
    with torch.no_grad():
        for picture in (edit.subject.photo.seen(), edit.picture):
            view = frame.to_canvas(torch.from_numpy(picture).permute(2, 0, 1)[None].float())
            bodies.append(editor.regions.body(editor.regions.probabilities(view)) > 0.5)
        outside = frame.to_canvas(torch.from_numpy(edit.mask)[None, None].float(), fill=0.0) < 0.5
    first, second = (body & outside for body in bodies)
    return float((first & second).sum() / (first | second).sum().clamp(min=1))


def recoloured(edit: Edit) -> np.ndarray:
    """The baseline: the photograph re-dressed by mask alone at its own size, (H, W, 3) float in [0, 1]."""
    photo = np.round(edit.subject.photo.seen() * 255).astype(np.uint8)
    cloth = dress_as(photo, edit.garment, parse(edit.order.sentence)[0], int(edit.facts["seed"]))
    return cloth.astype(np.float32) / 255


def edits(editor: Editor, judge: Semantics, chosen: list[Pair], keep: Path | None) -> dict[str, float]:
    """What edits of pairs did; sheets photograph | mask alone | edit go to `keep`/NAME.png for the eye."""
    rows: list[dict[str, float]] = []
    for number, pair in enumerate(tqdm(chosen, desc="edits", leave=False)):
        try:
            edit = editor.edit(editor.prepare(pair.path), pair.text)
        except InputError as error:
            tqdm.write(f"{pair.path.name}, {pair.text}: {error}")
            rows.append(failed(pair.text))
            continue
        before, by_mask = edit.subject.photo.seen(), recoloured(edit)
        row = judged(judge, edit, edit.picture, before, number)
        row |= {f"mask {name}": value for name, value in judged(judge, edit, by_mask, before, number).items()}
        first, after, masked = (colour_distance(edit, picture) for picture in (before, edit.picture, by_mask))
        row |= {"halved": float(after <= first / 2), "mask halved": float(masked <= first / 2), "distance": after,
                "mask distance": masked, "silhouette": silhouette(editor, edit)}  # fmt: skip
        similarity = edit.facts["similarity"]
        row |= {"risen": float(similarity["after"] > similarity["before"]),
                "judge risen": float(row["similarity"] > row["similarity before"])}  # fmt: skip
        rows.append(row)
        figures = "".join(f"  {name} {value:.2f}" for name, value in row.items())
        tqdm.write(f"{pair.path.stem}  {pair.text:22}{figures}")
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            shown = np.concatenate([before, by_mask, edit.picture], 1)
            name = f"{pair.text.replace(' ', '-')}-{pair.path.stem}.png"
            save_png(np.round(shown.clip(0, 1) * 255).astype(np.uint8), keep / name)
    return summary(rows)


def failed(text: str) -> dict[str, float]:
    """What a pair that could not be edited counts."""
    shares = ["caption", "halved", "risen", "judge risen"]
    return dict.fromkeys(shares + ["pattern", "pattern of four"] * (parse(text).pattern is not None), 0.0)


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    """Means over the pairs; each figure over those that have it."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    means = {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}
    return {"pairs": len(rows)} | {name: round(value, 3) for name, value in means.items()}
