"""From a photo file to a result file: what is read, refused and written around an edit (which is a stand-in here)."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import imageio.v3 as imageio
import numpy as np
import pytest
from PIL import Image

import fice.cli.edit
import fice.once
import fice.photo.pipe
from fice.cli.edit import edit_file as real
from fice.errors import InputError, UsageError
from fice.files import shipped
from fice.order import Order
from fice.outputs import Outputs
from fice.photo.names import default_output
from fice.settings import Settings


class Edit:
    """An edit that makes the photo red."""

    def __init__(self, subject, order):
        self.subject, self.order, self.notices = subject, order, ["a word is not known"]
        self.picture = subject.photo.srgb() * [1, 0, 0]

    def encode(self, target):
        return imageio.imwrite("<bytes>", (self.picture * 255).astype(np.uint8), extension=target.suffix)

    def save(self, path):
        path.write_bytes(self.encode(path))

    def save_mask(self, path):
        imageio.imwrite(path, np.zeros(self.subject.photo.size, np.uint8))

    def save_latent(self, path):
        path.write_bytes(b"latent")

    def report(self):
        return {"text": self.order.sentence, "seed": self.order.seed}


@pytest.fixture
def editor(monkeypatch):
    """Stands in for the editor and keeps what it was asked."""
    asked = {}

    class Editor:
        def __init__(self, bundle, device, settings, progress, remember):
            self.progress = progress
            asked.update(bundle=bundle, device=str(device), settings=settings)

        def analyse(self, photo):
            return SimpleNamespace(photo=photo, notices=["two people"])

        def edit(self, subject, order, *, callback):
            asked.update(order=order)
            for step in range(1, 4):
                self.progress("loop")
                picture = np.full((8, 4, 3), step, np.uint8)
                callback(SimpleNamespace(step=step, steps=3, losses={"image": 1.0}, picture=lambda made=picture: made))
            return Edit(subject, order)

    monkeypatch.setattr(fice.once, "Editor", Editor)
    return asked


class Progress(list):
    """Stages, and the steps of the loop."""

    def __call__(self, stage, share):
        self.append(stage)

    def loss(self, state):
        self.append(state.step)


def edit_file(photo, text, *, output=None, force=False, preset="default", progress=None, beside=None, **more):
    """As `fice edit` calls it."""
    asked = {name: more.pop(name) for name in ("steps", "strength", "assignments") if name in more}
    settings = Settings.asked_for(preset, asked.pop("assignments", ()), **asked)
    where = {name: more.pop(name) for name in ("bundle", "device") if name in more}
    order = Order.of(text, **more)
    result = Path(output or (photo if str(photo) == "-" else default_output(photo, order.sentence)))
    outputs = Outputs(result, beside or {})
    told = Progress() if progress is None else progress
    return real(Path(photo), order, outputs, settings, told, force=force, **where)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((64, 48, 3), 200, np.uint8)).save(path)
    return path


def test_the_result_lies_beside_the_photo_by_default(editor, photo, monkeypatch):
    monkeypatch.chdir(photo.parent)
    report = edit_file("photo.png", "red dress")
    assert report == {
        "text": "red dress",
        "seed": 0,
        "output": "photo.red-dress.png",
        "notices": ["two people", "a word is not known"],
    }
    assert sorted(path.name for path in photo.parent.iterdir()) == ["photo.png", "photo.red-dress.png"]
    with pytest.raises(UsageError, match="--force"):
        edit_file("photo.png", "red dress")
    edit_file("photo.png", "red dress", force=True)


def test_every_file_that_was_asked_for_is_written(editor, photo, tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    told, lines = Progress(), []
    monkeypatch.setattr(fice.cli.edit, "say", lines.append)
    beside = {"mask": out / "m.png", "latent": out / "l.safetensors", "compare": out / "c.png", "trace": out / "t.gif"}
    edit_file(photo, "red dress", output=out / "o.png", beside=beside, device="cpu", progress=told, preset="generated")
    assert {path.name for path in out.iterdir()} == {"o.png", "m.png", "l.safetensors", "c.png", "t.gif"}
    pair = imageio.imread(out / "c.png")
    assert (
        pair.shape == (64, 48 + 8 + 48, 3) and pair[0, 0].tolist() == [200] * 3 and pair[0, -1].tolist() == [200, 0, 0]
    )
    assert imageio.imread(out / "t.gif", index=None).shape == (3, 8, 4, 3)
    assert lines == ["Computing on cpu (asked for)."]
    assert [step for step in told if step in (1, 2, 3)] == [1, 2, 3]
    assert told[0] == "load" and "loop" in told


def test_settings_come_from_preset_options_and_assignments(editor, photo):
    edit_file(
        photo,
        "red dress",
        preset="generated",
        strength=2.0,
        assignments=["rate=0.03", "clamp=false"],
        seed=4,
        region="upper",
        bundle=str(shipped() / "street"),
        device="cpu",
    )
    settings = editor["settings"]
    assert (settings.steps, settings.strength, settings.rate, settings.clamp) == (10, 2.0, 0.03, False)
    assert editor["order"] == Order.of("red dress", seed=4, region="upper") and editor["bundle"].name == "street"


def test_a_mask_is_looked_at_before_the_work_begins(editor, photo, tmp_path):
    painted = np.zeros((64, 48), np.uint8)
    painted[:32] = 255
    Image.fromarray(painted).save(tmp_path / "mask.png")
    edit_file(photo, "red dress", mask=tmp_path / "mask.png")
    assert editor["order"].garments[0].mask == str(tmp_path / "mask.png")
    Image.fromarray(painted[:40]).save(tmp_path / "small.png")
    with pytest.raises(InputError, match="same size"):
        edit_file(photo, "red dress", output=tmp_path / "o.png", mask=tmp_path / "small.png")


@pytest.mark.parametrize("text", ["", " \t\n"])
def test_a_text_without_words_is_refused(editor, photo, text):
    with pytest.raises(InputError):
        edit_file(photo, text)
    assert list(photo.parent.iterdir()) == [photo] and not editor


def test_a_latent_is_read_before_the_work_begins(editor, photo, tmp_path):
    ws = np.random.default_rng(0).normal(size=(1, 12, 256)).astype(np.float32)
    np.save(tmp_path / "ws.npy", ws)
    edit_file(photo, "red dress", latent=tmp_path / "ws.npy", output=tmp_path / "o.png", preset="generated")
    assert editor["order"].latent == str(tmp_path / "ws.npy")
    (tmp_path / "bad.npy").write_bytes((tmp_path / "ws.npy").read_bytes()[:-100])
    editor.clear()
    with pytest.raises(InputError, match="cannot be read"):
        edit_file(photo, "red dress", latent=tmp_path / "bad.npy", output=tmp_path / "p.png", preset="generated")
    assert not editor


@pytest.fixture
def piped(photo, monkeypatch):
    """Standard input with a photo in it, and standard output."""
    streams = SimpleNamespace(
        stdin=SimpleNamespace(buffer=io.BytesIO(photo.read_bytes()), isatty=lambda: False),
        stdout=SimpleNamespace(buffer=io.BytesIO(), isatty=lambda: False),
    )
    monkeypatch.setattr(fice.photo.pipe, "sys", streams)
    return streams


def test_a_photo_from_standard_input_goes_to_standard_output(editor, piped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    report = edit_file("-", "red dress")
    with Image.open(io.BytesIO(piped.stdout.buffer.getvalue())) as result:
        assert (result.format, result.size, result.getpixel((0, 0))) == ("PNG", (48, 64), (200, 0, 0))
    assert report["output"] == "-" and set(tmp_path.iterdir()) == before


def test_a_pipe_at_one_end_alone(editor, piped, photo, tmp_path):
    edit_file("-", "red dress", output=tmp_path / "a.png")
    assert (tmp_path / "a.png").exists() and not piped.stdout.buffer.getvalue()
    edit_file(photo, "red dress", output="-")
    assert piped.stdout.buffer.getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("stream", "content", "error", "said"),
    [
        ("stdin", None, UsageError, "< photo.jpg"),
        ("stdout", None, UsageError, "> result.jpg"),
        ("stdin", b"", InputError, "Nothing came in"),
        ("stdin", b"no picture", InputError, "<stdin> is not a picture"),
        ("stdin", bytes(101), InputError, "MiB came in"),
    ],
)
def test_pipes_that_cannot_be_used_are_a_sentence(editor, piped, stream, content, error, said, monkeypatch):
    monkeypatch.setattr(fice.photo.pipe, "SMALL", 20_000 if content is None else 100)
    if content is None:
        monkeypatch.setattr(getattr(piped, stream), "isatty", lambda: True)
    else:
        piped.stdin.buffer = io.BytesIO(content)
    with pytest.raises(error, match=said):
        edit_file("-", "red dress")
    assert not editor
