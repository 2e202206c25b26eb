"""A real browser: Chromium without a window, driven over the W3C WebDriver protocol."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1440,900",
)
KEYS = {
    "Shift": "\ue008",
    "Control": "\ue009",
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "End": "\ue010",
    "Home": "\ue011",
    "Left": "\ue012",
    "Up": "\ue013",
    "Right": "\ue014",
    "Down": "\ue015",
}
_PATIENCE = 30  # seconds, on a busy machine


class Browser:
    """One window."""

    def __init__(self, session: str, downloads: Path) -> None:
        self._session = session
        self.downloads = downloads

    def open(self, file: Path) -> None:
        self._do("/url", url=file.resolve().as_uri())

    def reload(self) -> None:
        self._do("/refresh")

    def run(self, script: str, *arguments: object) -> Any:
        """What a function with this body returns."""
        return self._do("/execute/sync", script=script, args=arguments)

    def press(self, *keys: str) -> None:
        """Press keys one after another, as "a", "Left" or "Shift+Left", wherever the focus is."""
        actions = []
        for key in keys:
            parts = [KEYS.get(part, part) for part in key.split("+")]
            actions += [{"type": "keyDown", "value": part} for part in parts]
            actions += [{"type": "keyUp", "value": part} for part in reversed(parts)]
        self._do("/actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def seen_by_readers(self) -> list[tuple[str, str, bool]]:
        """Role, name, and whether it takes the focus, of all that a screen reader is told of."""
        tree = self._do("/goog/cdp/execute", cmd="Accessibility.getFullAXTree", params={})
        return [
            (
                node["role"]["value"],
                node.get("name", {}).get("value", ""),
                any(
                    each["name"] == "focusable" and each["value"]["value"]
                    for each in node.get("properties", ())
                ),
            )
            for node in tree["nodes"]
            if not node["ignored"]
        ]

    def resize(self, width: int, height: int) -> None:
        self._do("/window/rect", width=width, height=height)

    def confirm(self) -> None:
        """Accept what the page asks, as soon as it does."""
        latest = time.monotonic() + _PATIENCE
        while True:
            try:
                self._do("/alert/accept")
                return
            except RuntimeError as error:
                if "no such alert" not in str(error) or time.monotonic() > latest:
                    raise
            time.sleep(0.05)

    def picture(self, file: Path) -> None:
        """What is seen now, as a PNG."""
        file.write_bytes(base64.b64decode(_ask("GET", f"{self._session}/screenshot")))

    def _do(self, command: str, **body: object) -> Any:
        return _ask("POST", self._session + command, body)


@contextmanager
def chromium(scratch: Path) -> Iterator[Browser]:
    """A browser with an empty profile; raises where it is not installed, with the remedy."""
    binary = next(filter(None, map(shutil.which, NAMES)), None)
    if binary is None or shutil.which("chromedriver") is None:
        raise FileNotFoundError(
            "There is no Chromium to try the review page with. Install it with its driver "
            "(Debian: apt-get install chromium chromium-driver)."
        )
    downloads = scratch / "downloads"
    options = {
        "binary": binary,
        "args": [*FLAGS, f"--user-data-dir={scratch / 'profile'}"],
        "prefs": {"download.default_directory": str(downloads)},
    }
    wanted = {"alwaysMatch": {"goog:chromeOptions": options, "unhandledPromptBehavior": "ignore"}}
    with subprocess.Popen(
        ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as driver:
        try:
            address = f"http://127.0.0.1:{_port(driver)}/session"
            session = _ask("POST", address, {"capabilities": wanted})
            address += f"/{session['sessionId']}"
            try:
                yield Browser(address, downloads)
            finally:
                _ask("DELETE", address)
        finally:
            driver.terminate()


def _port(driver: subprocess.Popen[str]) -> int:
    assert driver.stdout is not None
    for line in driver.stdout:
        if "started successfully on port" in line:
            return int(line.split()[-1].rstrip("."))
    raise RuntimeError("chromedriver ended before it was ready")


def _ask(method: str, address: str, body: object = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, content, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise RuntimeError(json.load(error)["value"]["message"]) from error
