"""The accessibility checker axe in a page of a browser: `python -m tests.play.axe FILE.html …` prints what it finds.

It is there where the editor was bundled (`make page`); without it the checks of accessibility.js stand alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.play.browser import launched

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "editor" / "node_modules" / "axe-core" / "axe.min.js"
# CodeMirror's scroller is left out: the text in it takes the focus and scrolls it.
_CHECK = """() => axe
  .run({ exclude: [".cm-scroller"] }, { resultTypes: ["violations"] })
  .then(({ violations }) => violations.map(({ id, impact, nodes: [first, ...others] }) =>
    `${id} (${impact}): ${first.target.join(" ")} and ${others.length} more: ${first.html.slice(0, 120)}`))"""


def violations(page: Page) -> list[str]:
    """The rules that a page breaks, each with its first element; none where axe is not there."""
    if not AXE.exists():
        return []
    page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(_CHECK)
    return found


def main() -> None:
    """Checks files, light and dark."""
    broken = 0
    with launched() as browser:
        for scheme in ("light", "dark"):
            context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
            for file in sys.argv[1:]:
                page = context.new_page()
                page.goto(Path(file).resolve().as_uri())
                for fault in violations(page):
                    broken += 1
                    sys.stdout.write(f"{file}, {scheme}: {fault}\n")
                page.close()
            context.close()
    sys.stdout.write(f"{broken} rules are broken\n")
    sys.exit(broken > 0)


if __name__ == "__main__":
    main()
