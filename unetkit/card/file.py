"""Writes a card: card.html, which stands alone, and README.md with its pictures."""

from __future__ import annotations

from pathlib import Path

from unetkit.card.card import Card
from unetkit.card.html import to_html
from unetkit.card.markdown import Markdown
from unetkit.errors import Fault, FileError
from unetkit.writing import write_whole

HTML, MARKDOWN = "card.html", "README.md"
MARK = "library_name: unetkit"
"""What a README.md of ours has near its top, and nobody else's."""


def write_card(card: Card, folder: Path) -> list[Path]:
    """Writes a card into a folder and returns the paths; each file is there whole or not at all, pictures first.

    Raises FileError where a file cannot be written, and where the folder has a README.md that is no model card.
    """
    check_readme(folder / MARKDOWN)
    markdown = Markdown(card)
    contents = {**markdown.files, MARKDOWN: markdown.text.encode(), HTML: to_html(card).encode()}
    for name, content in contents.items():
        write_whole(folder / name, content)
    return [folder / name for name in contents]


def check_readme(file: Path) -> None:
    """Raises FileError where a file is there that is no model card of unetkit."""
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            start = opened.read(2000)
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileError(Fault("file-unreadable", f"{file} cannot be read: {error.strerror}")) from error
    if MARK not in start:
        raise FileError(Fault("file-exists", f"{file} is no model card, and stays", cure="Choose another folder."))
