"""What somebody does with an open report of predictions, whatever is in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.browser import Browser


def focus_by_tab(browser: Browser, selector: str, key: str = "Tab") -> None:
    """Nothing but the Tab key, until what the selector names has the focus."""
    for _ in range(60):
        browser.press(key)
        if browser.run("return document.activeElement.matches(arguments[0])", selector):
            return
    raise AssertionError(f"{key} does not lead to {selector}")


def saved(browser: Browser, ask: Callable[[], None]) -> Path:
    """The corrections that the browser saves when it is asked to."""
    file = browser.downloads / "corrections.csv"
    file.unlink(missing_ok=True)
    ask()
    for _ in range(600):
        if file.is_file() and file.stat().st_size:  # empty, it keeps the name for what is to come
            return file
        time.sleep(0.05)
    raise AssertionError("nothing was saved")
