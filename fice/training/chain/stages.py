"""The chain of recipes as data: what each stage runs, what it needs, how long it may take."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fice.training.data.folder import Folder

# Minutes of training on two CPU cores, as the bundled weights had them; --minutes shares out another sum alike.
SHARES = {
    "regions": 32.0,
    "student": 54.0,
    "pose": 8.0,
    "garments": 56.0,
    "clip": 60.0,
    "judge": 90.0,
    "generator": 105.0,
    "adversarial": 240.0,
    "encoder": 55.0,
}
ADVERSARIAL = ("--pivots", "8", "--fade", "25000")  # so that the encoder still knows the generator
SMOKE_MINUTES = 0.03
SMOKE_BATCH = {
    "regions": 4,
    "student": 4,
    "pose": 4,
    "garments": 4,
    "clip": 6,
    "judge": 6,
    "generator": 4,
    "adversarial": 4,
    "encoder": 4,
}


@dataclass(frozen=True)
class Stage:
    """One run of one recipe.

    recipe: the module of `fice.training.recipes`. folder: where its result lies, below OUT. options: its command line,
    but for minutes and device. after: the stages whose results it reads. minutes: of training; 0: it takes what it
    takes, about `estimate` minutes, and is simply done again when something before it was.
    """

    name: str
    recipe: str
    folder: str
    options: tuple[str, ...]
    after: tuple[str, ...] = ()
    minutes: float = 0.0
    estimate: float = 0.1

    @property
    def expected(self) -> float:
        return self.minutes or self.estimate

    def arguments(self) -> tuple[str, ...]:
        """What decides its result: the command line but for the device."""
        return (*self.options, *(("--minutes", f"{self.minutes:g}") if self.minutes else ()))

    def command(self, python: str, device: str) -> list[str]:
        """The whole command line, on one device."""
        where = ("--device", device) if self.minutes else ()
        return [python, "-m", f"fice.training.recipes.{self.recipe}", *self.arguments(), *where]


def plan(
    folder: Folder, data: Path, out: Path, texts: Mapping[str, str], adversarial: bool, smoke: bool = False
) -> list[Stage]:
    """The stages from the photographs in `data` to the bundle OUT/bundle, in an order in which they can be run.

    texts: name, description, licence and data of the bundle. adversarial: whether the generator goes on against a
    discriminator. Minutes are those of `SHARES`.
    """
    prepared, bundle = str(out / "prepared"), str(out / "bundle")
    photos = len(folder.photos)
    student = folder.unlabelled > 0
    regions = str(out / ("student" if student else "regions"))

    def train(name: str, *options: str, recipe: str | None = None, after: tuple[str, ...] = ()) -> Stage:
        small = ("--smoke", "--batch", str(SMOKE_BATCH[name])) if smoke else ()
        minutes = SMOKE_MINUTES if smoke else SHARES[name]
        return Stage(name, recipe or name, name, (*options, "--out", str(out / name), *small), after, minutes)

    stages = [train("regions", "--data", str(data))]
    if student:
        teacher = ("--teacher", str(out / "regions"))
        stages.append(train("student", "--data", str(data), *teacher, recipe="regions", after=("regions",)))
    prepare = ("--data", str(data), "--out", prepared, "--regions", regions, *(("--smoke",) if smoke else ()))
    stages.append(Stage("prepare", "prepare", "prepared", prepare, (stages[-1].name,), estimate=0.1 + photos / 500))
    stages += [
        train("pose", "--data", prepared, "--regions", regions, after=("prepare",)),
        train("clip", "--data", prepared, after=("prepare",)),
        train("judge", "--data", prepared, "--judge", "--seed", "1", recipe="clip", after=("prepare",)),
        train("generator", "--data", prepared, "--regions", regions, after=("prepare",)),
    ]
    parts = ["pose", "clip", "generator"]
    pictured = (data.parent / "garments").is_dir()
    if pictured:
        seen = ("--data", str(data), "--regions", regions)
        stages.append(train("garments", *seen, after=("student" if student else "regions",)))
        parts.insert(1, "garments")
    if adversarial:
        start = ("--start", str(out / "generator"), *ADVERSARIAL)
        stages.append(train("adversarial", "--data", prepared, *start, after=("generator",)))
        parts.append("adversarial")
    fitted = ("--generator", str(out / parts[-1]), "--start", str(out / "generator"))
    stages.append(train("encoder", "--data", prepared, *fitted, after=(parts[-1],)))
    runs = [regions, *(str(out / name) for name in (*parts, "encoder"))]
    described = [part for key, text in texts.items() for part in (f"--{key}", text)]
    ended = ["pose", *(["garments"] if pictured else []), "clip", "encoder"]
    stages += [Stage("assemble", "assemble", "bundle", (*runs, "--out", bundle, *described), tuple(ended))]
    judged = ("--data", str(data), "--prepared", prepared, "--bundle", bundle, "--judge", str(out / "judge"))
    less = ("--samples", "16", "--only", "frechet") if smoke else ()
    stages.append(
        Stage("figures", "judge", "bundle", (*judged, *less), ("assemble", "judge"), estimate=1.0 if smoke else 25.0)
    )
    return stages


def share_out(stages: Sequence[Stage], minutes: float, devices: int) -> list[Stage]:
    """The same stages with budgets that end together after `minutes` of training on so many devices."""
    bare = [replace(stage, estimate=0.0) for stage in stages]
    factor = minutes / max(end for _, end in timetable(bare, devices).values())
    return [replace(stage, minutes=round(stage.minutes * factor, 2)) for stage in stages]


def ready(stages: Iterable[Stage], done: Iterable[str]) -> list[Stage]:
    """Those that can begin, the longest first."""
    ended = set(done)
    return sorted((s for s in stages if ended.issuperset(s.after)), key=lambda stage: -stage.expected)


def timetable(
    stages: Sequence[Stage], devices: int, finished: Iterable[str] = (), spent: Mapping[str, float] | None = None
) -> dict[str, tuple[float, float]]:
    """(begin, end) of every unfinished stage in minutes from now; spent: minutes of those that have begun."""
    spent, done = spent or {}, {*finished}
    waiting = [stage for stage in stages if stage.name not in done]
    free, now = devices, 0.0
    table: dict[str, tuple[float, float]] = {}
    running: dict[str, float] = {}
    while waiting or running:
        can_begin = sorted(ready(waiting, done), key=lambda stage: stage.name not in spent)
        for stage in can_begin[:free]:
            left = max(stage.expected - spent.get(stage.name, 0.0), 0.0)
            running[stage.name], table[stage.name] = now + left, (now, now + left)
            waiting.remove(stage)
            free -= 1
        name = min(running, key=lambda name: running[name])
        now = running.pop(name)
        done.add(name)
        free += 1
    return table


def describe(stages: Sequence[Stage], devices: Sequence[str], finished: Iterable[str]) -> str:
    """The plan for people: each stage, its minutes, and the command that runs it."""
    done = set(finished)
    table = timetable(stages, len(devices), done)
    lines = []
    for stage in stages:
        when = f"minute {table[stage.name][0]:.0f} to {table[stage.name][1]:.0f}" if stage.name in table else "finished"
        lines += [f"{stage.name:12}{when}", "    " + shlex.join(stage.command("python", devices[0]))]
    total = max((end for _, end in table.values()), default=0.0)
    return "\n".join(
        [*lines, f"{len(table)} of {len(stages)} stages on {', '.join(devices)}: about {total:.0f} minutes"]
    )
