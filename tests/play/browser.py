"""A page of `unetkit play` in a real browser without a window, and what it asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from tests.draw.browser import FOUND
from tests.support.places import ROOT
from unetkit.play.server import PAGE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

BUILT = (PAGE / "editor.js").exists()
"""Whether the editor was bundled; without it the page has a plain text area."""
EDITORS = ["textarea", "codemirror"] if BUILT else ["textarea"]
PLAYGROUND = ROOT / "build" / "play"
PLAYGROUND_BUILT = (PLAYGROUND / "app.zip").exists()
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser, closed at the end of the context."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=FOUND, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class _Files(SimpleHTTPRequestHandler):
    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, format: str, *arguments: object) -> None:
        """Prints nothing."""


@contextmanager
def playground() -> Iterator[str]:
    """The address of the static page, served as files."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(PLAYGROUND))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@dataclass
class Shown:
    """A page that is open, driven as a user drives it."""

    page: Page
    origin: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def settled(self, state: str = "current") -> None:
        """Waits until the page shows the answer to its text, in a state."""
        self.page.wait_for_selector(f"body[data-state={state}]", timeout=20_000)

    @property
    def kind(self) -> str:
        return str(self.page.get_attribute("body", "data-editor"))

    @property
    def field(self) -> Locator:
        """What is typed into."""
        return self.page.locator("#editor textarea" if self.kind == "textarea" else "#editor .cm-content")

    @property
    def text(self) -> str:
        """The text of the editor; a line that is out of sight is missing."""
        if self.kind == "textarea":
            return self.field.input_value()
        return "\n".join(self.page.locator("#editor .cm-line").all_text_contents())

    def write(self, text: str) -> None:
        """Replaces the whole text, as a paste does."""
        self.field.focus()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def replace(self, old: str, new: str) -> None:
        """Replaces a part of the text."""
        assert old in self.text
        self.write(self.text.replace(old, new))

    def tab(self, name: str) -> Locator:
        """The panel of a tab, opened."""
        self.page.click(f"#tab-{name}")
        self.settled()
        return self.page.locator(f"#panel-{name}")

    def saved(self, button: str) -> str:
        """What a click on a button downloads, as text."""
        with self.page.expect_download() as download:
            self.page.click(button)
        return Path(download.value.path()).read_bytes().decode("utf-8", "replace")

    def state(self) -> dict[str, Any]:
        """What the page says of itself."""
        found = self.page.evaluate("JSON.stringify({...document.body.dataset})")
        return dict(json.loads(found))


@contextmanager
def shown(
    context: BrowserContext, address: str, editor: str, *, state: str = "current", seconds: int = 20
) -> Iterator[Shown]:
    """The page of an address in a new tab with a kind of editor; nothing may be asked of another host, nor fail."""
    page = context.new_page()
    seen = Shown(page, address.partition("/?")[0].rstrip("/"))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    if editor == "textarea":
        page.route("**/editor.js", lambda route: route.fulfill(status=404))
    try:
        page.goto(address)
        page.wait_for_selector("body[data-ready]", timeout=1000 * seconds)
        seen.settled(state)
        yield seen
        foreign = [
            url for url in seen.requests if not url.startswith((f"{seen.origin}/", "data:", f"blob:{seen.origin}/"))
        ]
        assert not foreign and not seen.errors
    finally:
        page.close()
