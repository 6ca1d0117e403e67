"""Chromium for tests, driven by selenium."""

from __future__ import annotations

import json
import shutil
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


class Browser:
    """One headless window with a profile of its own, in `folder`."""

    def __init__(self, folder: Path) -> None:
        from selenium.webdriver import Chrome, ChromeOptions, ChromeService

        options = ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for argument in (*ARGUMENTS, f"--user-data-dir={folder / 'profile'}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("no_proxy", raising=False)
            patch.setenv("NO_PROXY", "localhost,127.0.0.1")  # the driver is on this machine
            self._driver = Chrome(options, ChromeService(str(DRIVER), log_output=str(folder / "driver.log")))

    def open(self, page: Path) -> None:
        self.go(page.absolute().as_uri())

    def go(self, address: str) -> None:
        self._driver.get(address)

    def choose(self, field: str, *files: Path) -> None:
        """Files for a field, by its selector."""
        self._driver.find_element("css selector", field).send_keys("\n".join(map(str, files)))

    def point(self, element: str, x: float, y: float, *, to: tuple[float, float] | None = None) -> None:
        """Clicks at a place of an element, in shares of its size from its upper left corner, or drags from it."""
        from selenium.webdriver import ActionChains

        found = self._driver.find_element("css selector", element)
        self.run(f"document.querySelector({element!r}).scrollIntoView({{block: 'center'}})")
        size = found.rect

        def moved(chain: ActionChains, x: float, y: float) -> ActionChains:
            return chain.move_to_element_with_offset(
                found, round((x - 0.5) * size["width"]), round((y - 0.5) * size["height"])
            )

        begun = moved(ActionChains(self._driver, duration=50), x, y)
        (begun.click() if to is None else moved(begun.click_and_hold(), *to).release()).perform()

    def run(self, script: str) -> Any:
        """The value that a script returns."""
        return self._driver.execute_script(script)

    def until(self, expression: str, seconds: float = 60) -> Any:
        """The value of an expression as soon as it is true."""
        from selenium.webdriver.support.wait import WebDriverWait

        wait = WebDriverWait(self._driver, seconds, poll_frequency=0.05)
        return wait.until(lambda _: self.run(f"return {expression}"), f"never true: {expression}")

    def press(self, *keys: str) -> None:
        """Keys, by name or as letters, for whatever has the focus."""
        from selenium.webdriver import Keys

        self._driver.switch_to.active_element.send_keys(*(getattr(Keys, key.upper(), key) for key in keys))

    def command(self, name: str, **parameters: Any) -> Any:
        """One of the browser's own commands (DevTools protocol)."""
        return self._driver.execute_cdp_cmd(name, parameters)

    def resize(self, width: int, height: int) -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def log(self, kind: str) -> list[dict]:
        """What has been logged since the last call: "browser" (console) or "performance" (requests)."""
        return self._driver.get_log(kind)

    def requests(self) -> list[str]:
        """The addresses asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def screenshot(self, path: Path) -> None:
        self._driver.save_screenshot(str(path))

    def close(self) -> None:
        self._driver.quit()
