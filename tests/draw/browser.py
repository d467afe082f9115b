"""A real browser without a window: what it makes of a page that stands alone."""

from __future__ import annotations

import json
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

FOUND = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
MEASURE = """
const inner = frame.contentDocument, root = inner.documentElement, seen = frame.contentWindow;
const written = [...inner.querySelectorAll("body *")].filter(
  (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
    && !["SCRIPT", "STYLE", "TITLE", "DESC"].includes(each.tagName.toUpperCase()));
const size = (each) => {
  const svg = each.closest("svg[viewBox].unetkit");
  const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
  return parseFloat(seen.getComputedStyle(each).fontSize) * scale;
};
const order = (table) => [...table.tBodies[0].rows].map((row) => row.cells[0].textContent.trim());
const table = inner.querySelector("table.sortable");
const sorted = table ? [...table.tHead.querySelectorAll("button")].map((button) => {
  button.click(); const up = order(table); button.click(); return [button.textContent, up, order(table)];
}) : [];
answer = {
  width: root.clientWidth, needed: root.scrollWidth, smallest: Math.min(...written.map(size)), sorted,
  fetched: seen.performance.getEntriesByType("resource").map((each) => each.name),
  background: seen.getComputedStyle(inner.body).backgroundColor,
};
"""


def framed(page: str, width: int, script: str, height: int = 4000) -> str:
    """Returns a page that shows another one in a frame of a width; windows themselves are never narrower than 500."""
    return (
        f'<!doctype html><body style="margin:0"><iframe style="border:0" width="{width}" height="{height}" '
        f'srcdoc="{escape(page)}"></iframe><script>const frame = document.querySelector("iframe"); let answer;'
        f'frame.addEventListener("load", () => {{ try {{ {script} }} catch (error) {{ answer = String(error) }}'
        ' document.body.innerText = "ANSWER" + JSON.stringify(answer) + "ANSWER" })</script></body>'
    )


def run(arguments: list[str], folder: Path) -> str:
    """Runs the browser with a fresh profile and returns what it prints."""
    assert FOUND
    profile = folder / "profile"
    command = [FOUND, *FLAGS, f"--user-data-dir={profile}", *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=True).stdout
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def measured(page: str, width: int, folder: Path, *, dark: bool = False) -> dict[str, Any]:
    """Returns what a browser makes of a page at a width: what it needs, its smallest text, how its tables sort."""
    file = folder / f"framed-{width}.html"
    file.write_text(framed(page, width, MEASURE), encoding="utf-8")
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    printed = run([scheme, f"--window-size={max(width, 500)},4000", "--dump-dom", file.as_uri()], folder)
    found: dict[str, Any] = json.loads(unescape(printed.split("ANSWER")[1]))
    return found
