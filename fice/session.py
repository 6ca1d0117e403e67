"""One photo file, one sentence, one result file: what `fice edit` does, for callers that have paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fice.errors import UsageError
from fice.photo.names import check_output, default_output
from fice.photo.photo import read_mask, read_photo
from fice.photo.pipe import is_pipe, name_at_stdout, photo_from_stdin, write_to_stdout
from fice.settings import Settings

OTHER_FILES = {"save_mask": ".png", "compare": ".png", "trace": ".gif", "save_latent": ".safetensors"}


def edit_file(
    photo: str | Path,
    text: str,
    *,
    output: str | Path | None = None,
    bundle: str | Path = "street",
    preset: str = "default",
    steps: int | None = None,
    strength: float | None = None,
    assignments: Sequence[str] = (),
    device: str = "auto",
    mask: str | Path | None = None,
    latent: str | Path | None = None,
    force: bool = False,
    tell: Callable[[str], None] = lambda _: None,
    progress: Callable[[str, float], None] = lambda *_: None,
    callback: Callable[[Any], None] = lambda _: None,
    **options: Any,
) -> dict[str, Any]:
    """Edit a photo into a file of its own and return the report of the edit, with output and notices.

    "-" is standard input for photo, standard output for output, where the result of standard input goes by default.
    latent is a file with the W+ to begin with. steps, strength and assignments ("name=value") change settings of the
    preset; options are region, seed and candidates of `Editor.edit`, and the files save_mask, save_latent, compare and
    trace. tell gets a line about the device, progress the stage and the share of the work that is done, callback the
    state after every step of the loop. Whatever can be refused is refused before the work begins; raises the errors of
    `fice.errors`.
    """
    settings = Settings.asked_for(preset, assignments, steps=steps, strength=strength)
    files = {name: Path(options.pop(name)) for name in OTHER_FILES if options.get(name)}
    source = photo_from_stdin() if is_pipe(photo) else read_photo(photo)
    output = Path(output or (photo if is_pipe(photo) else default_output(photo, text)))
    target = name_at_stdout(source) if is_pipe(output) else check_output(output, source, force)
    _check_others(files, target, source, force)
    allowed = read_mask(mask, source) if mask else None

    from fice.bundle.bundle import load_bundle
    from fice.course import Course
    from fice.device import resolve  # torch, from here on
    from fice.editor import Editor
    from fice.inversion.latent import read_latent
    from fice.language.answers import understand
    from fice.report import Trace, compare, trace

    weights = load_bundle(bundle)
    understand(text, weights, settings)
    start = read_latent(latent) if latent else None
    chosen, reason = resolve(device)
    tell(f"Computing on {chosen} ({reason}).")
    course = Course(settings, options.get("candidates", 1), progress)
    editor = Editor(bundle=weights, device=chosen, settings=settings, progress=course)
    course("load")
    subject = editor.prepare(source, start)
    frames = Trace()

    def watch(state: Any) -> None:
        callback(state)
        if "trace" in files:
            frames(state)

    edit = editor.edit(subject, text, mask=allowed, callback=watch, **options)
    if is_pipe(output):
        write_to_stdout(edit.encode(target))
    else:
        edit.save(target)
    if "save_mask" in files:
        edit.save_mask(files["save_mask"])
    if "save_latent" in files:
        edit.save_latent(files["save_latent"])
    if "compare" in files:
        compare(edit, files["compare"])
    if "trace" in files:
        trace(frames.frames, files["trace"])
    return edit.report() | {"output": str(output), "notices": [*subject.notices, *edit.notices]}


def _check_others(files: dict[str, Path], target: Path, source: Any, force: bool) -> None:
    """Refuse what cannot be written beside the result, or has the name of another."""
    seen = {target}
    for name, path in files.items():
        real = check_output(path, source.path, force, OTHER_FILES[name])
        if real in seen:
            raise UsageError(f"{path} is named for two results; give each a name of its own.")
        seen.add(real)
