"""Random edits of specs, as hands make them: characters deleted, lines moved, wild pastes. A seed gives the same ones.

`python -m tests.play.edits 1000 SEED` tries many and prints what an answer must never be.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from time import perf_counter
from typing import Any

from unetkit.language import shipped
from unetkit.play import answer

_PASTES = (
    "block: residual\n",
    "levels: {1: {encoder: {block: [single_conv, norm]}}}\n",
    "skip: none\n",
    "&a *a",
    "{",
    "]",
    ": ",
    "\t",
    "- ",
    "\u2028",
    "\x00",
    "é✓",
    "!!python/object:os.system ls",
    "channels: [1, 2, 3]\n",
    "extends: unet-2015\n",
    "extends: ../../etc/passwd\n",
    "define: {a: [a]}\nblock: a\n",
    "1e999",
    "-1",
    "null",
    "999999999999999999999",
    '"',
    "'",
    "<svg onload=alert(1)>",
    "topology: unet_plus_plus\n",
    "#",
    "dims: 3\n",
    "heads: {a: {channels: 2, at: 1}}\n",
)


def texts(count: int, seed: int) -> Iterator[str]:
    """Yields texts: a shipped spec after some edits, each going on from the one before."""
    draw = random.Random(seed)
    specs = [path.read_text(encoding="utf-8") for path in shipped().values()]
    text = draw.choice(specs)
    for number in range(count):
        if number % 4 == 0 or len(text) > 20_000:
            text = draw.choice(specs)
        for _ in range(draw.choice((1, 1, 1, 3))):
            text = draw.choice(_EDITS)(draw, text, specs)
        yield text


def _delete(draw: random.Random, text: str, specs: list[str]) -> str:
    start = draw.randrange(len(text) + 1)
    return text[:start] + text[start + draw.choice((1, 1, 2, 5, 40)) :]


def _move_line(draw: random.Random, text: str, specs: list[str]) -> str:
    lines = text.splitlines(keepends=True) or [""]
    line = lines.pop(draw.randrange(len(lines)))
    lines.insert(draw.randrange(len(lines) + 1), line)
    return "".join(lines)


def _double_line(draw: random.Random, text: str, specs: list[str]) -> str:
    lines = text.splitlines(keepends=True) or [""]
    lines.insert(draw.randrange(len(lines) + 1), draw.choice(lines))
    return "".join(lines)


def _paste(draw: random.Random, text: str, specs: list[str]) -> str:
    start = draw.randrange(len(text) + 1)
    return text[:start] + draw.choice(_PASTES) + text[start:]


def _paste_line(draw: random.Random, text: str, specs: list[str]) -> str:
    line = draw.choice(draw.choice(specs).splitlines(keepends=True))
    lines = text.splitlines(keepends=True)
    lines.insert(draw.randrange(len(lines) + 1), line)
    return "".join(lines)


def _number(draw: random.Random, text: str, specs: list[str]) -> str:
    places = [index for index, letter in enumerate(text) if letter.isdigit()]
    if not places:
        return text
    at = draw.choice(places)
    return text[:at] + draw.choice("0123456789") + text[at + 1 :]


_EDITS = (_delete, _move_line, _move_line, _double_line, _paste, _paste_line, _number, _number)
WANT = ("parts", "levels", "sizes", "field", "chips", "resolved")


def wrong(text: str, found: dict[str, Any]) -> str:
    """What an answer to a text must not be; empty where all is well."""
    errors = [fault for fault in found.get("faults", []) if fault["severity"] == "error"]
    if found.get("svg") is None and not errors:
        return "neither a drawing nor faults"
    if found.get("svg") is not None and errors:
        return "a drawing beside faults"
    lines = text.split("\n")
    for fault in found["faults"]:
        if fault["code"] == "failed":
            return f"failed: {fault['message']}"
        if not 1 <= fault["line"] <= fault["end_line"] <= max(1, len(lines)):
            return f"a fault outside the text: {fault}"
        if not 1 <= fault["column"] <= len(lines[fault["line"] - 1]) + 1:
            return f"a fault outside its line: {fault}"
    return ""


def main() -> None:
    """Tries so many edits of a seed, and prints what went wrong and how long the slowest took."""
    count, seed = (int(each) for each in (*sys.argv[1:], "1000", "0")[:2])
    taken: list[float] = []
    kinds: dict[bool, int] = {}
    for number, text in enumerate(texts(count, seed)):
        start = perf_counter()
        found = answer({"text": text, "want": WANT, "base": "unet-2015"})
        taken.append(perf_counter() - start)
        kinds[found.get("svg") is not None] = kinds.get(found.get("svg") is not None, 0) + 1
        fault = wrong(text, found)
        if fault or taken[-1] > 1:
            print(f"{number}: {taken[-1]:.2f} s {fault}\n{text if fault else text[:300]}\n---")  # noqa: T201
    taken.sort()
    middle, last = taken[len(taken) // 2], taken[-1]
    print(f"{count} edits: {kinds}, median {1000 * middle:.0f} ms, longest {1000 * last:.0f} ms")  # noqa: T201


if __name__ == "__main__":
    main()
