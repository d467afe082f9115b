"""A card as Markdown, as model hubs show it, with its pictures as files of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from unetkit.language import to_text
from unetkit.quoting import visible
from unetkit.scoring.figure import figure
from unetkit.trained.card.card import Card
from unetkit.trained.card.content import Code, Curve, FactTable, Gap, NetworkDrawing, Part, PictureGrid, Pictures, Prose
from unetkit.trained.card.curves import curve_svg
from unetkit.trained.card.html import png
from unetkit.trained.card.names import FOLDER
from unetkit.trained.card.sections import lead, sections

LICENSE_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")


class Markdown:
    """The text of a card; `files` are the pictures that it shows, by their paths beside it."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.files: dict[str, bytes] = {}
        self.write: dict[type[Any], Callable[[Any], str]] = {
            Prose: lambda part: part.text.strip(),
            Gap: lambda part: f"*Not filled in* – `{part.field}`: {part.about}.",
            FactTable: self.facts,
            PictureGrid: self.grid,
            NetworkDrawing: lambda part: self.image(f"{part.name}.svg", part.svg.encode(), part.description),
            Curve: lambda part: self.image(f"{part.name}.svg", curve_svg(part).encode(), part.title),
            Pictures: self.pictures,
            Code: self.code,
        }
        found = [f"# {escaped(card.title)}", escaped(lead(card))]
        for section in sections(card):
            found += [f"## {section.title}", escaped(section.lead), *map(self.part, section.parts)]
        self.text = head(card) + "\n\n".join(filter(None, found)) + "\n"

    def part(self, part: Part) -> str:
        """Returns a part as Markdown."""
        return self.write[type(part)](part)

    def image(self, name: str, content: bytes, description: str) -> str:
        """Returns a picture, which becomes a file."""
        self.files[f"{FOLDER}/{name}"] = content
        return f"![{escaped(description)}]({FOLDER}/{name})"

    def facts(self, part: FactTable) -> str:
        """Returns names and values as a table without headings."""
        return rows([("", ""), *part.rows])

    def grid(self, part: PictureGrid) -> str:
        """Returns a table with its caption."""
        return (
            f"{escaped(part.caption)}.\n\n{rows([tuple(part.columns), *map(tuple, part.rows)], right=not part.words)}"
        )

    def pictures(self, part: Pictures) -> str:
        """Returns labelled images as one picture."""
        sheet = figure(part.examples, part.classes, self.card.title, "", part.colours)
        return self.image("samples.png", png(sheet), "Images, their true labels, the predicted ones, what is wrong")

    def code(self, part: Code) -> str:
        """Returns a text as it is written, in a fence longer than any in it."""
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", part.text)), 3)
        block = f"{fence}{part.language}\n{part.text.rstrip()}\n{fence}"
        return f"<details><summary>{part.folded}</summary>\n\n{block}\n\n</details>" if part.folded else block


def head(card: Card) -> str:
    """Returns what a hub reads: licence, library, task, tags, as YAML."""
    values: dict[str, Any] = {}
    license_ = (card.about.license or "").strip()
    if LICENSE_ID.fullmatch(license_.lower()):
        values["license"] = license_.lower()
    elif license_:
        values |= {"license": "other", "license_name": license_}
    values |= {"library_name": "unetkit", "pipeline_tag": "image-segmentation"}
    values["tags"] = ["unetkit", "u-net", "image-segmentation", f"{card.plan.dims}d"]
    return f"---\n{to_text(values)}---\n\n"


def rows(table: list[tuple[str, ...]], *, right: bool = False) -> str:
    """Returns a table; its first row are the headings."""
    rule = ["---", *["---:" if right else "---"] * (len(table[0]) - 1)]
    lines = [list(map(escaped, table[0])), rule, *(list(map(escaped, row)) for row in table[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    r"""Returns a text in which nothing is taken for Markdown or HTML, on one line.

    >>> escaped("a|b <b> *c*")
    'a\\|b \\<b\\> \\*c\\*'
    """
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", visible(" ".join(text.split())))
