"""What the files of a card are called; a table of its own, so that it is known before torch is imported."""

from __future__ import annotations

from pathlib import Path

HTML, MARKDOWN = "card.html", "README.md"
FOLDER = "card-files"
"""Where the pictures are, beside the text."""


def outputs(folder: Path) -> list[Path]:
    """Returns what `write_card` writes to a folder."""
    return [folder / name for name in (HTML, MARKDOWN, FOLDER)]
