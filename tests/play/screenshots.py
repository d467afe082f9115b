"""Screenshots of the page, and of other pages by their files: `python -m tests.play.screenshots FOLDER [FILE.html …]`.

Each is made at 360, 1024 and 2560 pixels, light and dark: for looking at them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.play.browser import EDITORS, Shown, launched, shown
from unetkit.play.desk import desk_of
from unetkit.play.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

WIDTHS = {360: 780, 1024: 768, 2560: 1440}
SCHEMES = ("light", "dark")
TABS = ("levels", "field", "code", "resolved", "diff", "study")


@contextmanager
def _window(browser: Browser, width: int, scheme: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme)
    try:
        yield context
    finally:
        context.close()


def _views(seen: Shown) -> Iterator[str]:
    """Yields the names of the views of the page, each while it is shown."""
    for tab in TABS:
        seen.tab(tab)
        if tab == "diff":
            seen.page.select_option("#other", "attention-unet")
            seen.page.wait_for_selector("#diff .pair svg")
        if tab == "study":
            seen.page.fill("#study-path", "skip.type")
            seen.page.click("#study-add")
            seen.page.wait_for_selector("#study tbody tr")
        yield tab
    seen.tab("levels")
    seen.page.locator("path.hot.arrow").nth(4).focus()
    yield "tip"
    seen.replace("channels: [64", "chanels: [64")
    seen.settled("faulty")
    yield "fault"


def main() -> None:
    """Writes the screenshots."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with launched() as browser, serving(desk_of("unet-2015")) as server:
        for width in WIDTHS:
            for scheme in SCHEMES:
                with _window(browser, width, scheme) as context:
                    with shown(context, server.address, EDITORS[-1]) as seen:
                        for view in _views(seen):
                            seen.page.screenshot(
                                path=folder / f"page-{view}-{width}-{scheme}.png", full_page=width < 900
                            )
                    for file in map(Path, sys.argv[2:]):
                        page = context.new_page()
                        page.goto(file.resolve().as_uri())
                        page.screenshot(path=folder / f"{file.stem}-{width}-{scheme}.png", full_page=width < 900)
                        page.close()


if __name__ == "__main__":
    main()
