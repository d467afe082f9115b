"""Makes the pictures of the README, in docs/pictures: `make pictures`.

The drawing is made anew in the test that compares it. The screenshots of the page and of the demo's report are not:
beside them stands the digest of what decides how they look, and the test tells where this has changed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

import unetkit
from tests.study.study_results import results
from unetkit.draw import svg
from unetkit.play import answer
from unetkit.play.desk import desk_of
from unetkit.play.server import PAGE, serving
from unetkit.study.report import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"
DIGESTS = FOLDER / "made-of.json"
MAX_BYTES = 200_000
SPEC = "unet-2015"
REPORT = ROOT / "demo" / "report" / "report.html"
_DARK = "@media (prefers-color-scheme: dark)"


def drawings() -> dict[Path, str]:
    """The drawing of the first spec of the README by file: as it is, and in one colour scheme whatever the reader's."""
    text = svg(unetkit.plan(unetkit.load(SPEC)).at((572, 572)))
    return {
        ROOT / "docs" / "unet-2015.svg": text,
        FOLDER / "drawing-light.svg": text.replace(_DARK, "@media not all"),
        FOLDER / "drawing-dark.svg": text.replace(_DARK, "@media all"),
    }


def digests() -> dict[str, str]:
    """The digests of what decides how the page and the report look."""
    files = sorted(path for path in PAGE.iterdir() if path.name != "editor.js")  # which is built from the next one
    page = "".join(path.read_text("utf-8") for path in [*files, ROOT / "editor" / "editor.js"])
    opened = answer({"do": "example", "name": SPEC})["text"]
    shown = answer({"text": opened, "want": ["parts", "levels", "sizes"]})
    with tempfile.TemporaryDirectory() as folder:
        write_report(results(Path(folder) / "runs"), Path(folder) / "report")
        report = _look((Path(folder) / "report" / "report.html").read_text("utf-8"))
    return {"page": _digest(page + json.dumps(shown)), "report": _digest(report)}


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


class _Look(HTMLParser):
    """The kinds of elements of a page, and its styles."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps the name and the class of an element."""
        self.found[f"{tag} {dict(attrs).get('class')}"] = None

    def handle_data(self, data: str) -> None:
        """Keeps the styles."""
        if self.lasttag == "style":
            self.found[data] = None


def _look(page: str) -> str:
    """What a page looks like whatever its numbers are: its kinds of elements, as they appear, and its styles."""
    look = _Look()
    look.feed(page)
    return "\n".join(look.found)


def _screenshots(browser: Browser, address: str, scheme: str) -> dict[str, bytes]:
    """The page with the facts of a skip, and the top of the report."""
    context = browser.new_context(
        viewport={"width": 1400, "height": 980},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("body[data-ready][data-state=current]")
    page.locator(".hot[aria-label^='decoder.0.skip']").first.focus()
    found = {"page": page.screenshot()}
    page.set_viewport_size({"width": 1024, "height": 690})
    page.goto(REPORT.as_uri())
    found["report"] = page.screenshot()
    context.close()
    return found


def main() -> None:
    """Writes the pictures, and what they are made of."""
    from tests.play.browser import launched

    if not REPORT.exists():
        sys.exit("There is no report of the demo to show: make demo")
    if not (PAGE / "editor.js").exists():
        sys.exit("There is no editor to show: make page")
    FOLDER.mkdir(exist_ok=True)
    for path, text in drawings().items():
        path.write_text(text, encoding="utf-8")
    with launched() as browser, serving(desk_of(SPEC)) as server:
        for scheme in ("light", "dark"):
            for name, content in _screenshots(browser, server.address, scheme).items():
                with Image.open(BytesIO(content)) as image:
                    few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
                few.save(FOLDER / f"{name}-{scheme}.png", optimize=True)
    DIGESTS.write_text(json.dumps(digests(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
