"""Random edits in the page: `python -m tests.play.wild 1000 SEED` prints where it shows what it must not.

After each edit the page shows the drawing of the text that it holds, or its faults beside a drawing that is marked as
out of date.
"""

from __future__ import annotations

import sys

from tests.play.browser import Shown, launched, shown
from tests.play.edits import texts
from unetkit.play import answer
from unetkit.play.desk import Desk
from unetkit.play.server import serving


def wrong(seen: Shown) -> str:
    """What the page shows that it must not, after it settled on its text; empty where all is right."""
    seen.page.wait_for_selector("body:is([data-state=current], [data-state=faulty])", timeout=30_000)
    state, faults = seen.state(), seen.page.locator(".fault.error").count()
    expected = answer({"text": seen.text, "fit": True})
    if expected["svg"] is None:
        right = (state["state"], state["shown"]) == ("faulty", "old") and faults == len(expected["faults"])
        return "" if right else f"{len(expected['faults'])} faults, shown as {state} with {faults}"
    drawn = seen.page.locator("#drawing svg.unetkit > desc").text_content()
    right = (state["state"], state["shown"], faults) == ("current", "current", 0) and drawn == expected["description"]
    return "" if right else f"a network, shown as {state} with {faults} faults: {drawn}"


def main() -> None:
    """Makes the edits and prints what was wrong."""
    count, seed = (int(each) for each in (*sys.argv[1:], "100", "0")[:2])
    found = 0
    with launched() as browser, serving(Desk()) as server:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        with shown(context, server.address, "textarea") as seen:
            for number, text in enumerate(texts(count, seed)):
                seen.write(text)
                if reason := wrong(seen):
                    found += 1
                    sys.stdout.write(f"edit {number} of seed {seed}: {reason}\n{text!r}\n")
    sys.stdout.write(f"{count} edits of seed {seed}, {found} wrong\n")
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
