"""A page that is served, and windows on it."""

from __future__ import annotations

import base64
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import CHROMIUM, DRIVER, Browser
from conftest import ROOT
from PIL import Image

for needed in ("gradio", "fastapi", "uvicorn"):
    pytest.importorskip(needed)

from fice.service.guard import Guard  # noqa: E402
from fice.service.service import Service  # noqa: E402
from fice.web.app import POLICY, page_app  # noqa: E402

STATE = "document.querySelector('[data-state]')?.dataset.state"
ACCORDIONS = "[...document.querySelectorAll('.gradio-container button.label-wrap:not(.open)')]"


@contextmanager
def listening(app, token=None):
    """The address at which an app is served as `fice web` does."""
    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        guarded = Guard(app, port, token is None, token, 32 << 20, POLICY)
        server = uvicorn.Server(uvicorn.Config(guarded, log_level="error", ws="none", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([door],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join()


class Window(Browser):
    """A window on the page."""

    def __init__(self, folder: Path, address: str):
        super().__init__(folder)
        self.address = address

    def fresh(self, address: str | None = None) -> None:
        """The page as somebody sees it who has done nothing yet."""
        self.go(f"{self.address}/favicon.ico")
        self.run("sessionStorage.clear()")
        self.visit(address)
        self.log("browser"), self.log("performance")

    def visit(self, address: str | None = None) -> None:
        self.go(address or f"{self.address}/")
        parts = (".fice-photo", ".fice-orders .text", ".fice-results", ".run")  # each is mounted when it is ready
        self.until(" && ".join(f"document.querySelector('{part}')" for part in parts))

    def open_photo(self, photo: Path) -> str:
        """Chooses a photo; its id as soon as its regions are seen."""
        self.run("document.querySelectorAll('[data-ready]').forEach((each) => delete each.dataset.ready)")
        self.choose(".fice-photo input[type=file]", photo)
        return self.until("document.querySelector('[data-ready]')?.dataset.ready")

    def ask(self, text: str, card: int = 0) -> None:
        """Writes what to wear into a card, and has it done."""
        before = self.run("return document.querySelectorAll('.strip button').length")
        self.write(text, card)
        self.press("enter")
        self.until(f"document.querySelectorAll('.strip button').length > {before}")

    def write(self, text: str, card: int = 0) -> None:
        field = f"document.querySelectorAll('.fice-orders .text')[{card}]"
        self.run(f"{field}.value = ''; {field}.focus()")
        self.press(*text)

    def state(self, *wanted: str, seconds: float = 60) -> str:
        """Of the edit that is shown, as soon as it is one of these."""
        return self.until(f"{[*wanted]}.includes({STATE}) && {STATE}", seconds)

    def text(self, selector: str) -> str:
        return self.run(f"return document.querySelector({selector!r})?.innerText ?? ''")

    def unfold(self) -> None:
        """Everything that is folded."""
        self.run(f"{ACCORDIONS}.forEach((each) => each.click())")

    def copied(self) -> list[str]:
        """The command line and the Python of the order."""
        self.unfold()
        self.until("document.querySelectorAll('.copied textarea').length === 2")
        return self.run("return [...document.querySelectorAll('.copied textarea')].map((each) => each.value)")

    def downloaded(self) -> bytes:
        """What the link downloads."""
        script = (
            "return fetch(document.querySelector('.download').href).then((answer) => answer.arrayBuffer())"
            ".then((data) => btoa([...new Uint8Array(data)].map((each) => String.fromCharCode(each)).join('')))"
        )
        return base64.b64decode(self.run(script))

    def errors(self) -> list[str]:
        """What went wrong that is no refusal of what was sent."""
        said = [entry["message"] for entry in self.log("browser") if entry["level"] == "SEVERE"]
        return [message for message in said if "status of 422" not in message]


@pytest.fixture(scope="module")
def service():
    with Service(device="cpu", preset="fast") as service:
        yield service


@pytest.fixture(scope="module")
def app(service):
    return page_app(service)


@pytest.fixture(scope="module")
def address(app):
    with listening(app) as address:
        yield address


@pytest.fixture
def serving():
    """Serves an app, with a token perhaps: a context manager, as of `listening`."""
    return listening


@pytest.fixture(scope="module")
def windows(address, tmp_path_factory):
    """Two windows of people who do not know each other."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("no chromium and chromedriver")
    both = [Window(tmp_path_factory.mktemp("browser"), address) for _ in range(2)]
    yield both
    for window in both:
        window.close()


@pytest.fixture
def page(windows):
    """A window in which nothing was done yet; nothing may go wrong in it unseen."""
    windows[0].fresh()
    yield windows[0]
    assert windows[0].errors() == []


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A JPEG of somebody."""
    path = tmp_path_factory.mktemp("photo") / "astronaut.jpg"
    with Image.open(ROOT / "docs" / "astronaut.png") as image:
        image.convert("RGB").resize((384, 384)).save(path, quality=92)
    return path
