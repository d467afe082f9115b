"""How long an edit takes until its picture is shown: `python -m tests.play.latency [SPEC]`."""

from __future__ import annotations

import sys
from statistics import median, quantiles

from tests.play.browser import EDITORS, launched, shown
from unetkit.play.desk import desk_of
from unetkit.play.server import serving

EDITS = 50
WATCH = """() => {
  window.times = [];
  let began = 0;
  addEventListener("keydown", () => (began = performance.now()), true);
  new MutationObserver(() => {
    if (document.body.dataset.state === "current") requestAnimationFrame(() => {
      const channel = new MessageChannel(); // a message comes after the frame was painted
      channel.port1.onmessage = () => window.times.push(performance.now() - began);
      channel.port2.postMessage(0);
    });
  }).observe(document.body, { attributeFilter: ["data-state"] });
}"""


def main() -> None:
    """Types a name, letter by letter, and prints the times from key to picture."""
    spec = sys.argv[1] if len(sys.argv) > 1 else "unet-2015"
    with launched() as browser, serving(desk_of(spec)) as server:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        for editor in EDITORS:
            with shown(context, server.address, editor) as seen:
                seen.field.focus()
                seen.page.keyboard.press("Control+Home")
                seen.page.keyboard.type("# ")
                seen.page.wait_for_timeout(500)
                seen.page.evaluate(WATCH)
                for _ in range(EDITS):
                    seen.page.keyboard.press("x")
                    seen.page.wait_for_timeout(200)
                times = seen.page.evaluate("window.times")
            late = quantiles(times, n=20)[-1]
            found = f"median {median(times):.1f} ms, 95 % within {late:.1f} ms"
            sys.stdout.write(f"{spec} {editor}: {len(times)} edits, {found}\n")


if __name__ == "__main__":
    main()
