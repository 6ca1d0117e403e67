"""Measures where an edit had best start: `python -m fice.training.recipes.starts --data STREET --prepared DIR
--bundle DIR`.

The same photo x sentence pairs are edited from each start in 1, 10, 30 and 60 steps. Prints one json object and writes
it into the bundle: means of the similarity to the text, of the distance (CIELAB) to the named colour and of the
processor seconds of an edit without its preparation, and after how many steps a start is as good as the encoder's.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import save_figures
from fice.device import keep_freed_memory
from fice.edit import Edit
from fice.editor import Editor
from fice.errors import InputError
from fice.inversion.task import Task
from fice.language.clip import Semantics
from fice.plan import Plan
from fice.settings import Settings
from fice.subject.subject import Subject
from fice.training.data.dataset import load_framed
from fice.training.recipes.judge_edits import COLOURED, Pair, colour_distance, pairs, seen_by

STARTS = ("encoder", "guess", "redressed")


def prepared(editor: Editor, chosen: Sequence[Pair]) -> list[tuple[Subject, Plan, int]]:
    """Subjects, plans and seeds of the pairs that can be edited; subjects and plans are alike whatever the start."""
    wishes = []
    for pair in chosen:
        try:
            subject = editor.prepare(pair.path)
            wishes.append((subject, editor.plan(subject, pair.text), 0))
        except InputError as error:
            tqdm.write(f"{pair.path.name}, {pair.text}: {error}")
    return wishes


def edited(editor: Editor, wishes: Sequence[tuple[Subject, Plan, int]], steps: Sequence[int]) -> Iterator[tuple]:
    """(number of steps, edits, processor seconds of an edit) for each number of steps."""
    began = time.process_time()
    tasks = editor.begin(wishes)
    beginning = time.process_time() - began
    settings = editor.settings
    for number in steps:
        began = time.process_time()
        editor.settings = settings.replace(steps=number)
        descent = editor.descent()
        slots = [descent.add(again(task), task.ws) for task in tasks]
        while descent.slots:
            descent.step()
        edits = [editor.finish(slot) for slot in slots if not slot.failed]
        yield number, edits, (beginning + time.process_time() - began) / len(tasks)


def again(task: Task) -> Task:
    """The task with its views from the first on."""
    return replace(task, targets=replace(task.targets, generators=[torch.Generator().manual_seed(task.seed)]))


def figures_of(edit: Edit, judge: Semantics | None) -> dict[str, float]:
    """What one edit is worth; judge: a CLIP that did not guide it."""
    found = {"similarity": edit.facts["similarity"]["after"], "colour distance": colour_distance(edit, edit.picture)}
    if judge:
        found["judge's similarity"] = float(seen_by(judge, edit, edit.picture) @ judge.encode_text([edit.text])[0])
    return found


def reached(course: dict[int, float], goal: float) -> float | None:
    """After how many steps a similarity is reached, between measurements linearly; None if it never is."""
    steps, values = zip(*sorted(course.items()), strict=True)
    values = np.maximum.accumulate(values)
    if values[-1] < goal:
        return None
    return round(float(np.interp(goal, values, steps)), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with photos/")
    parser.add_argument("--prepared", type=Path, required=True, help="what fice.training.recipes.prepare wrote")
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--judge", help="a bundle or run folder whose clip guides no edit")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--starts", nargs="+", default=STARTS, choices=STARTS)
    parser.add_argument("--steps", nargs="+", type=int, default=[1, 10, 30, 60])
    parser.add_argument("--photos", type=int, default=2, help="photographs for each sentence")
    parser.add_argument("--batch", type=int, default=4, help="edits that share the optimisation")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: all")
    args = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(args.threads or torch.get_num_threads())
    framed, bundle = load_framed(args.prepared), load_bundle(args.bundle)
    settings = Settings.preset(args.preset)
    editors = {start: Editor(bundle, args.device, settings.replace(start=start)) for start in args.starts}
    first = editors[args.starts[0]]
    judge = Semantics.from_bundle(load_bundle(args.judge), args.device) if args.judge else None
    chosen = pairs(first, args.data, framed, COLOURED, args.photos)
    rows: dict[str, dict[int, list[dict[str, float]]]] = {start: {n: [] for n in args.steps} for start in args.starts}
    for at in tqdm(range(0, len(chosen), args.batch), desc="pairs"):
        if not (wishes := prepared(first, chosen[at : at + args.batch])):
            continue
        for start, editor in editors.items():
            for number, edits, seconds in edited(editor, wishes, args.steps):
                for edit in edits:
                    rows[start][number].append(figures_of(edit, judge) | {"seconds": seconds})
                    told = "".join(f"  {name} {value:.2f}" for name, value in rows[start][number][-1].items())
                    tqdm.write(f"{edit.subject.photo.path.stem}  {edit.text:20}  {start:9} {number:3} steps{told}")
    figures = {
        start: {number: {name: round(float(np.mean([row[name] for row in found])), 3) for name in found[0]}
                for number, found in numbers.items() if found}
        for start, numbers in rows.items()
    }  # fmt: skip
    whole: dict = {"pairs": len(rows[args.starts[0]][args.steps[0]]), "preset": args.preset, **figures}
    if "encoder" in figures:
        goal = figures["encoder"][max(args.steps)]["similarity"]
        whole["steps to the encoder's best"] = {
            start: reached({number: row["similarity"] for number, row in found.items()}, goal)
            for start, found in figures.items()
        }
    print(json.dumps(whole))
    save_figures(bundle.folder, {"starts": whole})


if __name__ == "__main__":
    main()
