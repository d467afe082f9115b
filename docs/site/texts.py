"""`llms.txt`: what the site is about and what each of its pages holds, as plain text."""

from __future__ import annotations

import re
from pathlib import Path

_ABOUT = """\
# unetkit

> A YAML file is a U-Net: unetkit validates it, computes every size, channel and parameter without running the network,
> draws it, builds it in PyTorch, trains it and compares variants.

"""
_SKIPPED = ("gallery/",)


def summary(source: Path) -> str:
    """The pages by title, each with its first sentence; the networks of the gallery by name alone."""
    lines, networks = [], []
    for page in sorted(source.rglob("*.md")):
        name = page.relative_to(source).as_posix()
        address = f"{name.removesuffix('.md')}.html"
        text = re.sub(r"\A---\n.*?\n---\n", "", page.read_text("utf-8"), flags=re.DOTALL)
        title = next(line for line in text.splitlines() if line.startswith("# "))[2:]
        if name.startswith(_SKIPPED) and page.name != "index.md":
            networks.append(f"- [{title}]({address})")
        else:
            lines.append(f"- [{title}]({address}){_first(text)}")
    return _ABOUT + "\n".join(["## Pages", "", *lines, "", "## Networks", "", *networks]) + "\n"


def _first(text: str) -> str:
    """The first sentence of a page after its title."""
    paragraphs = (part.strip() for part in text.split("\n\n")[1:])
    plain = next((part for part in paragraphs if part[:1].isalnum()), "")
    words = " ".join(plain.split())
    return f": {re.split(r'(?<=[.:])[ ]', words)[0]}" if words else ""
