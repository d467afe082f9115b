"""Random edits in the page: `python -m tests.play.wild 1000 SEED [EDITOR]` prints where it shows what it must not.

After each edit the page shows the drawing of the text that it holds, or its faults beside a drawing that is marked as
out of date. EDITOR is textarea or, where it was bundled, codemirror, which is then the default.
"""

from __future__ import annotations

import json
import re
import sys

from tests.play.browser import EDITORS, Shown, launched, shown
from tests.play.edits import texts
from unetkit.play import answer
from unetkit.play.desk import Desk
from unetkit.play.server import serving

# CodeMirror takes a paste as it is; what is typed into it may be indented, and lines out of sight are not in the page.
_PASTE = """text => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
  document.querySelector("#editor .cm-content").dispatchEvent(paste);
}"""


class Wild:
    """A page that is edited, with the text that it asked about last."""

    def __init__(self, seen: Shown) -> None:
        self.seen = seen
        self.asked = ""
        seen.page.on("request", lambda request: self.ask(request.post_data))

    def ask(self, body: str | None) -> None:
        """Keeps the text of a question for a drawing."""
        question = json.loads(body) if body else {}
        self.asked = question["text"] if question.get("do") == "draw" else self.asked

    def write(self, text: str) -> str:
        """Replaces the text, and returns what the editor makes of it."""
        if self.seen.kind == "textarea":
            self.seen.write(text)
            return self.seen.text
        self.seen.field.focus()
        self.seen.page.keyboard.press("Control+a")
        if text:
            self.seen.page.evaluate(_PASTE, text)
        else:
            self.seen.page.keyboard.press("Delete")
        return re.sub("\r\n?", "\n", text)

    def wrong(self, text: str) -> str:
        """What the page shows that it must not, after it settled on a text; empty where all is right."""
        page = self.seen.page
        page.wait_for_selector("body:is([data-state=current], [data-state=faulty])", timeout=60_000)
        state, faults = self.seen.state(), page.locator(".fault.error").count()
        if self.asked != text:
            return f"asked about another text: {self.asked!r}"
        expected = answer({"text": text, "fit": True})
        if expected["svg"] is None:
            right = (state["state"], state["shown"]) == ("faulty", "old") and faults == len(expected["faults"])
            return "" if right else f"{len(expected['faults'])} faults, shown as {state} with {faults}"
        drawn = page.locator("#drawing svg.unetkit > desc").text_content()
        right = (state["state"], state["shown"], faults) == ("current", "current", 0)
        is_drawn = drawn == expected["description"]
        return "" if right and is_drawn else f"a network, shown as {state} with {faults} faults: {drawn}"


def main() -> None:
    """Makes the edits and prints what was wrong."""
    count, seed, editor = (*sys.argv[1:], *("100", "0", EDITORS[-1])[len(sys.argv) - 1 :])
    found = 0
    with launched() as browser, serving(Desk()) as server:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        with shown(context, server.address, editor) as seen:
            wild = Wild(seen)
            for number, text in enumerate(texts(int(count), int(seed))):
                if reason := wild.wrong(wild.write(text)):
                    found += 1
                    sys.stdout.write(f"edit {number} of seed {seed}: {reason}\n{text!r}\n")
    sys.stdout.write(f"{count} edits of seed {seed} in {editor}, {found} wrong\n")
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
