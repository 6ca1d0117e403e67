"""The page: Gradio's frame, fields and events around the parts that it has none of."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr

from fice.collections.collection import names as collections
from fice.errors import FiceError, UsageError
from fice.language.colours import COLOURS
from fice.language.designs import DESIGNS, MATERIALS
from fice.language.lexicon import GARMENTS, LENGTHS, SLEEVES
from fice.order import GARMENTS as SEVERAL
from fice.order import Order
from fice.service.service import Service
from fice.settings import PRESETS, Settings
from fice.web.copied import command, python
from fice.web.files import Files
from fice.web.shelf import Shelf

ASSETS = Path(__file__).parent / "assets"
FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"]
PRESET = "fast and default dye and drape the photographed garment; the others draw it anew, which takes minutes."
THEME = gr.themes.Base(primary_hue="blue", neutral_hue="stone", radius_size="sm", font=FONT, font_mono=["monospace"])
STYLE = (ASSETS / "page.css").read_text("utf-8")
HERE: dict[str, Any] = {
    "show_progress": "hidden",
    "api_visibility": "private",
    "concurrency_limit": None,
    "queue": False,
}


def part(name: str, value: Any = None, **props: Any) -> gr.HTML:
    """A part of the page of our own: `assets/NAME.html` with the script beside it, which draws its value."""
    return gr.HTML(
        value,
        html_template=(ASSETS / f"{name}.html").read_text("utf-8"),
        js_on_load=(ASSETS / f"{name}.js").read_text("utf-8"),
        apply_default_css=False,
        elem_classes=[f"part-{name}"],
        **props,
    )


def build(service: Service, files: Files, shelf: Shelf) -> gr.Blocks:
    """The page over a service."""

    def dress(photo: Any, order: Any, preset: str, seed: float, candidates: float) -> tuple[Any, str]:
        try:
            opened = service.photo(_id(photo))
            job = service.submit(opened.id, _order(order, seed, candidates), preset, files=files.of(opened))
        except FiceError as error:
            return gr.skip(), _alert(str(error))
        return {"job": job.id}, ""

    def copied(photo: Any, order: Any, preset: str, seed: float, candidates: float) -> tuple[str, str]:
        name = str(photo.get("name", "photo.jpg")) if isinstance(photo, dict) else "photo.jpg"
        try:
            asked = Order().with_wishes(_order(order, seed, candidates))
        except FiceError as error:
            return str(error), ""
        how = preset, service.bundle.name
        return command(name, asked, *how), python(name, asked, *how)

    def reopened(told: Any) -> tuple[Any, Any, Any]:
        return told["preset"], told["seed"], told["candidates"]

    def search(collection: str | None, text: str | None) -> dict[str, Any]:
        if not collection:
            return {"said": "Choose a collection first."}
        try:
            return {"hits": shelf.search(collection, text or "")}
        except FiceError as error:
            return {"said": str(error)}

    have = collections()
    with gr.Blocks(title="fice", analytics_enabled=False, fill_width=True) as page:
        with gr.Row(elem_classes=["desk"], equal_height=False):
            with gr.Column(scale=5, min_width=320):
                photo = part("photo")
            with gr.Column(scale=4, min_width=320):
                orders = part("orders", {SEVERAL: [{}]}, words=_words(), captions=shelf.captions(have))
                with gr.Accordion("How it is made", open=False):
                    preset = gr.Radio(_presets(service), value=service.preset, label="Preset", info=PRESET)
                    with gr.Row():
                        seed = gr.Number(0, label="Seed", precision=0, minimum=0, min_width=120)
                        candidates = gr.Slider(1, service.limits.candidates, 1, step=1, label="Candidates")
                run = gr.Button("Dress", variant="primary", elem_classes=["run"])
                said = gr.HTML("", elem_classes=["refusal"])
            with gr.Column(scale=5, min_width=320):
                results = part("results")
                with gr.Accordion("The same without this page", open=False, elem_classes=["copied"]):
                    line = gr.Textbox(label="Command line", lines=2, max_lines=12, buttons=["copy"], interactive=False)
                    code = gr.Textbox(label="Python", lines=6, max_lines=12, buttons=["copy"], interactive=False)
        with gr.Accordion("Collections", open=False, visible=bool(have)) as drawer:
            with gr.Row():
                collection = gr.Dropdown(have, value=have[0] if have else None, label="Collection", scale=1)
                sought = gr.Textbox(label="Look for", placeholder="tweed blazer", lines=1, max_lines=1, scale=3)
            found = part("shelf")
        asked = [photo, orders, preset, seed, candidates]
        gr.on([run.click, orders.submit], dress, asked, [results, said], trigger_mode="multiple", **HERE)
        changes = [orders.input, photo.upload, preset.change, seed.change, candidates.change]
        gr.on(changes, copied, asked, [line, code], trigger_mode="always_last", **HERE)
        results.select(reopened, [results], [preset, seed, candidates], **HERE)
        looks, sight = [drawer.expand, sought.submit, collection.change], [collection, sought]
        gr.on(looks, search, sight, [found], trigger_mode="always_last", **HERE)
    return page


def _id(photo: Any) -> str:
    if not isinstance(photo, dict):
        raise UsageError("There is no photo yet; drop one on the page.")
    return str(photo.get("id"))


def _order(told: Any, seed: float, candidates: float) -> dict[str, Any]:
    """What the page says as json holds it, without cards that say nothing."""
    order = dict(told) if isinstance(told, dict) else {}
    cards = order.get(SEVERAL)
    said = [card for card in cards if card] if isinstance(cards, list) else []
    if not said and not order.get("background"):
        raise UsageError("It is not said what to wear; give words, a swatch, a garment or a background.")
    wishes = {"seed": int(seed or 0), "candidates": int(candidates or 1)}
    return order | {SEVERAL: said or [{}]} | wishes


def _presets(service: Service) -> list[str]:
    """The presets that draw garments as the bundle does."""
    drawn = Settings.preset(service.bundle.preset).garment == "diffused"
    return [name for name in PRESETS if (Settings.preset(name).garment == "diffused") == drawn]


def _words() -> list[str]:
    return list(dict.fromkeys([*COLOURS, *DESIGNS, *MATERIALS, *GARMENTS, *SLEEVES, *LENGTHS]))


def _alert(sentence: str) -> str:
    """A refusal as html."""
    from html import escape

    return f'<p role="alert">{escape(sentence)}</p>'
