"""Chromium for tests, over WebDriver: http and json, nothing more."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium and chromedriver")

ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,900"),
]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how WebDriver marks an element in json
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Left": "\ue012", "Right": "\ue014", "Tab": "\ue004", "Space": "\ue00d"}


class Browser:
    """One headless window with a profile of its own, in `folder`."""

    def __init__(self, folder: Path) -> None:
        log = folder / "driver.log"
        self._driver = subprocess.Popen(
            [str(DRIVER), "--port=0", f"--log-path={log}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._driver.stdout is not None
        for line in self._driver.stdout:  # the port is the system's choice
            if "started successfully on port" in line:
                self._address = f"http://127.0.0.1:{line.split()[-1].rstrip('.')}/session"
                break
        options = {"binary": CHROMIUM, "args": [*ARGUMENTS, f"--user-data-dir={folder / 'profile'}"]}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        session = self._ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self._address += "/" + session["sessionId"]

    def _ask(self, method: str, path: str, body: dict | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._address + path, data, {"Content-Type": "application/json"}, method=method
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()[:500]) from None

    def open(self, page: Path) -> None:
        self._ask("POST", "/url", {"url": page.absolute().as_uri()})

    def run(self, script: str) -> Any:
        """The value that a script returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": []})

    def until(self, expression: str, seconds: float = 20) -> Any:
        """The value of an expression as soon as it is true."""
        end = time.monotonic() + seconds
        while not (value := self.run(f"return {expression}")):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.05)
        return value

    def press(self, *keys: str) -> None:
        """Keys, by name or as letters, for whatever has the focus."""
        element = self._ask("GET", "/element/active")[ELEMENT]
        self._ask("POST", f"/element/{element}/value", {"text": "".join(KEYS.get(key, key) for key in keys)})

    def command(self, name: str, **parameters: Any) -> Any:
        """One of the browser's own commands (DevTools protocol)."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def resize(self, width: int, height: int) -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def log(self, kind: str) -> list[dict]:
        """What has been logged since the last call: "browser" (console) or "performance" (requests)."""
        return self._ask("POST", "/se/log", {"type": kind})

    def requests(self) -> list[str]:
        """The addresses asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def screenshot(self, path: Path) -> None:
        path.write_bytes(b64decode(self._ask("GET", "/screenshot")))

    def close(self) -> None:
        try:
            self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait(20)
