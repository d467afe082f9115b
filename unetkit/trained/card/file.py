"""Writes a card: card.html, which stands alone, and README.md with its pictures."""

from __future__ import annotations

from pathlib import Path

from unetkit.trained.card.card import Card
from unetkit.trained.card.html import to_html
from unetkit.trained.card.markdown import Markdown
from unetkit.trained.card.names import HTML, MARKDOWN
from unetkit.writing import write_whole


def write_card(card: Card, folder: Path) -> list[Path]:
    """Writes a card into a folder and returns the paths; each file is there whole or not at all, pictures first.

    Raises FileError where a file cannot be written.
    """
    markdown = Markdown(card)
    contents = {**markdown.files, MARKDOWN: markdown.text.encode(), HTML: to_html(card).encode()}
    for name, content in contents.items():
        write_whole(folder / name, content)
    return [folder / name for name in contents]
