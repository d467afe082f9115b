"""A card as Markdown for model hubs, with its pictures in separate files."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from unetkit.language import to_text
from unetkit.quoting import visible
from unetkit.scoring.figure import figure
from unetkit.trained.card.about import PICTURES
from unetkit.trained.card.card import Card
from unetkit.trained.card.content import (
    CardTable,
    CodeBlock,
    ExamplePanels,
    FactList,
    MissingField,
    NetworkDrawing,
    Paragraphs,
    TrainingCurve,
)
from unetkit.trained.card.curves import curve_svg
from unetkit.trained.card.html import png
from unetkit.trained.card.sections import lead, sections

_LICENSE_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")


class Markdown:
    """The text of a card; `files` has its pictures by their relative paths."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.files: dict[str, bytes] = {}
        writers: dict[type[Any], Callable[[Any], str]] = {
            Paragraphs: lambda part: part.text.strip(),
            MissingField: lambda part: f"*Not filled in* – `{part.field}`: {part.about}.",
            FactList: lambda part: _table([("", ""), *part.rows]),
            CardTable: self._captioned_table,
            NetworkDrawing: lambda part: self._image(f"{part.name}.svg", part.svg.encode(), part.description),
            TrainingCurve: lambda part: self._image(f"{part.name}.svg", curve_svg(part).encode(), part.title),
            ExamplePanels: self._panels,
            CodeBlock: self._code,
        }
        texts = [f"# {escaped(card.title)}", escaped(lead(card))]
        for section in sections(card):
            texts += [f"## {section.title}", escaped(section.lead)]
            texts += [writers[type(part)](part) for part in section.parts]
        self.text = _front_matter(card) + "\n\n".join(filter(None, texts)) + "\n"

    def _image(self, name: str, content: bytes, description: str) -> str:
        """A picture, which is added to the files."""
        self.files[f"{PICTURES}/{name}"] = content
        return f"![{escaped(description)}]({PICTURES}/{name})"

    def _captioned_table(self, part: CardTable) -> str:
        table = _table([tuple(part.columns), *map(tuple, part.rows)], right=not part.words)
        return f"{escaped(part.caption)}.\n\n{table}"

    def _panels(self, part: ExamplePanels) -> str:
        sheet = figure(part.examples, part.classes, self.card.title, "", part.colours)
        return self._image("samples.png", png(sheet), "Images, true labels, predicted labels, wrong pixels")

    def _code(self, part: CodeBlock) -> str:
        """Verbatim text in a fence longer than any inside."""
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", part.text)), 3)
        block = f"{fence}{part.language}\n{part.text.rstrip()}\n{fence}"
        return f"<details><summary>{part.folded}</summary>\n\n{block}\n\n</details>" if part.folded else block


def _front_matter(card: Card) -> str:
    """The metadata that a hub reads, as YAML: licence, library, task, tags."""
    values: dict[str, Any] = {}
    license_ = (card.about.license or "").strip()
    if _LICENSE_ID.fullmatch(license_.lower()):
        values["license"] = license_.lower()
    elif license_:
        values |= {"license": "other", "license_name": license_}
    values |= {"library_name": "unetkit", "pipeline_tag": "image-segmentation"}
    values["tags"] = ["unetkit", "u-net", "image-segmentation", f"{card.plan.dims}d"]
    return f"---\n{to_text(values)}---\n\n"


def _table(rows: list[tuple[str, ...]], *, right: bool = False) -> str:
    """A table; the first row has the headings."""
    rule = ["---", *["---:" if right else "---"] * (len(rows[0]) - 1)]
    lines = [list(map(escaped, rows[0])), rule, *(list(map(escaped, row)) for row in rows[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    r"""The text on one line, escaped for Markdown and HTML.

    >>> escaped("a|b <b> *c*")
    'a\\|b \\<b\\> \\*c\\*'
    """
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", visible(" ".join(text.split())))
