"""The three parts that data are divided into, and the words that people write for them."""

from __future__ import annotations

PARTS = ("train", "validation", "test")
WORDS = {
    "train": "train",
    "training": "train",
    "tr": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
    "ts": "test",
}
"""The part that a word means, in small letters; `tr` and `ts` are those of nnU-Net's folders."""
KNOWN = "Known are: train, training, val, valid, validation, test, testing."
"""The cure for an unknown word."""


def part_of(word: object) -> str | None:
    """Returns the part that a word means, whatever its capitals and the spaces around it; None where it means none.

    >>> part_of(" Valid"), part_of("holdout")
    ('validation', None)
    """
    return WORDS.get(str(word).strip().casefold())
