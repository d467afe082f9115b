"""How long an edit, and a start, take until the picture is shown: `python -m tests.play.latency [SPEC]`.

Where `make playground` was run, the edits are timed with Python in the browser too.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median, quantiles

from tests.play.browser import EDITORS, PLAYGROUND_BUILT, Shown, launched, playground, shown
from unetkit.play.desk import desk_of
from unetkit.play.reading import example
from unetkit.play.server import serving

EDITS = 50
STARTS = 5
EXAMPLE = "unet-2015"
"""What the page opens with."""
WATCH = """() => {
  window.times = [];
  let began = 0;
  addEventListener("keydown", () => (began = performance.now()), true);
  new MutationObserver(() => {
    if (!began) return;
    const start = began;
    began = 0;
    requestAnimationFrame(() => {
      const channel = new MessageChannel(); // a message comes after the frame was painted
      channel.port1.onmessage = () => window.times.push(performance.now() - start);
      channel.port2.postMessage(0);
    });
  }).observe(document.getElementById("drawing"), { childList: true });
}"""


FIRST = """addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  if (!window.first && document.querySelector("#drawing svg")) window.first = performance.now();
}).observe(document.getElementById("drawing"), { childList: true }))"""


def edits(seen: Shown, text: str) -> str:
    """The times from key to picture: a digit of the channels, typed and taken back, so that the network changes."""
    page = seen.page
    number = re.search(r"^channels: *\[?(?:\{base: *)?\d+", text, re.MULTILINE)
    before = text[: number.end()] if number else ""
    seen.field.focus()
    page.keyboard.press("Control+Home")
    for _ in range(before.count("\n")):
        page.keyboard.press("ArrowDown")
    for _ in range(len(before.rpartition("\n")[2])):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    page.evaluate(WATCH)
    for edit in range(EDITS):
        page.keyboard.press("Backspace" if edit % 2 else str(edit // 2 % 10))
        page.wait_for_timeout(200)
    times = page.evaluate("window.times")
    return f"{len(times)} edits, median {median(times):.1f} ms, 95 % within {quantiles(times, n=20)[-1]:.1f} ms"


@contextmanager
def command(spec: str) -> Iterator[str]:
    """The address of `unetkit play` in a process of its own."""
    arguments = [sys.executable, "-m", "unetkit.cli", "play", spec, "--no-browser"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
        running.terminate()


def main() -> None:
    """Edits a spec in each editor, starts the page anew, and prints the times."""
    spec = sys.argv[1] if len(sys.argv) > 1 else EXAMPLE
    say = sys.stdout.write
    with launched() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        for editor in EDITORS:
            with serving(desk_of(spec)) as server, shown(context, server.address, editor) as seen:
                say(f"{spec} {editor}: {edits(seen, example(spec))}\n")
        if PLAYGROUND_BUILT:
            with playground() as address, shown(context, address, EDITORS[-1], seconds=120) as seen:
                say(f"{EXAMPLE}, Python in the browser: {edits(seen, example(EXAMPLE))}\n")
        context.add_init_script(FIRST)
        starts = []
        for _ in range(STARTS):
            with command(spec) as address, shown(context, address, EDITORS[-1]) as seen:
                starts.append(seen.page.evaluate("window.first"))
        say(f"{spec} first drawing: {', '.join(f'{each:.0f}' for each in sorted(starts))} ms\n")


if __name__ == "__main__":
    main()
