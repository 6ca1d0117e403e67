"""Pages that work alone: one html file with its style and script inside, which may ask for nothing else."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fice.files import whole_file

THEME = Path(__file__).parent / "theme.css"


def write_page(path: Path, template: Path, css: Path, **context: Any) -> Path:
    """Fill in a template and write it to `path`, which is returned. FiceError when the disk refuses.

    The template gets `context`, the style (that of all pages, then that of this one) as `css`, and `hash`, which allows
    a style or script in the content security policy. What it is given is escaped.
    """
    environment = Environment(loader=FileSystemLoader(template.parent), autoescape=True, undefined=StrictUndefined)
    style = THEME.read_text("utf-8") + css.read_text("utf-8")
    html = environment.get_template(template.name).render(css=style, hash=_hash, **context)
    with whole_file(path) as stream:
        stream.write(html.encode("utf-8", "replace"))
    return path


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(str(text).encode()).digest()).decode()}"
