"""The files of a card: card.html, which is self-contained, and README.md with its pictures."""

from __future__ import annotations

from pathlib import Path

from unetkit.errors import Fault, FileError
from unetkit.trained.card.about import HTML, MARKDOWN, PICTURES
from unetkit.trained.card.card import Card, file_facts
from unetkit.trained.card.html import to_html
from unetkit.trained.card.markdown import Markdown
from unetkit.writing import write_whole


def card_files(card: Card) -> dict[str, bytes]:
    """The contents of a card's files by name, pictures first."""
    markdown = Markdown(card)
    return {**markdown.files, MARKDOWN: markdown.text.encode(), HTML: to_html(card).encode()}


def write_card(card: Card, folder: Path) -> list[Path]:
    """Writes a card into a folder, each file atomically; returns the paths. Raises FileError where that fails."""
    files = card_files(card)
    for name, content in files.items():
        write_whole(folder / name, content)
    return [folder / name for name in files]


def read_card_files(folder: Path, model: Path) -> dict[str, bytes]:
    """The files of a card in a folder, which may have been edited; raises FileError if it is that of another model."""
    try:
        text = (folder / MARKDOWN).read_bytes()
        files = {name: path.read_bytes() for name in (HTML,) if (path := folder / name).exists()}
        files |= {f"{PICTURES}/{path.name}": path.read_bytes() for path in sorted((folder / PICTURES).glob("*.*"))}
    except OSError as error:
        message = f"{error.filename} cannot be read: {error.strerror}"
        raise FileError(Fault("card-unreadable", message, cure="Write a card with `unetkit card`.")) from error
    if file_facts(model).sha256.encode() not in text:
        message = f"{folder / MARKDOWN} is the card of another file: it does not have the SHA-256 of {model}"
        raise FileError(Fault("card-other", message, cure="Write the card again with `unetkit card`."))
    return {MARKDOWN: text, **files}
