"""A record of data: digests of each image and its labels, by which changed data are identified later."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from unetkit.data.pairs import PairDigests
from unetkit.wording import listed

if TYPE_CHECKING:
    from unetkit.data.pairs import Splits

PARTS = {"train": "training", "validation": "validation", "test": "test"}
"""The parts of the data, with the word for each in messages."""


class DataRecord(BaseModel):
    """The data of a run: fingerprint, classes, recipe, and the digests of each pair by part and name."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    fingerprint: str
    classes: tuple[str, ...]
    recipe: str
    pairs: dict[str, dict[str, PairDigests]]

    @classmethod
    def of(cls, splits: Splits) -> Self:
        """The record of data; pairs with known digests are not read."""
        parts = {name: splits.digests_of(getattr(splits, name)) for name in PARTS}
        return cls(fingerprint=splits.fingerprint, classes=splits.train.classes, recipe=splits.recipe, pairs=parts)

    def to_json(self) -> str:
        """The text of a file; `from_json` reads it."""
        return json.dumps(self.model_dump(), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The record in a text; raises ValueError if there is none."""
        try:
            return cls.model_validate_json(text)
        except (ValidationError, RecursionError) as error:
            raise ValueError("it is no record of data") from error

    @property
    def by_name(self) -> dict[str, tuple[str, PairDigests]]:
        """The part and the digests of each pair."""
        return {name: (part, digests) for part, pairs in self.pairs.items() for name, digests in pairs.items()}


def changes(old: DataRecord, new: DataRecord) -> tuple[str, ...]:
    """The differences between two records of data, a line for each kind; empty if they are equal.

    >>> before, after = ({"train": {"x": PairDigests("1", labels)}} for labels in "23")
    >>> old = DataRecord(fingerprint="1", classes=("a", "b"), recipe="{}", pairs=before)
    >>> changes(old, old.model_copy(update={"fingerprint": "2", "pairs": after}))
    ('masks changed: x',)
    """
    if old.fingerprint == new.fingerprint:
        return ()
    return (*_pair_changes(old, new), *_setting_changes(old, new))


def _pair_changes(old: DataRecord, new: DataRecord) -> Iterator[str]:
    """The images that were added, removed, changed or moved to another part."""
    before, now = old.by_name, new.by_name
    kept = [name for name in now if name in before]
    differences: Mapping[str, list[str]] = {
        "images added": [name for name in now if name not in before],
        "images removed": [name for name in before if name not in now],
        "images changed": [name for name in kept if before[name][1].image != now[name][1].image],
        "masks changed": [name for name in kept if before[name][1].labels != now[name][1].labels],
    }
    for change, names in differences.items():
        if names:
            yield f"{change}: {listed(names)}"
    for part, word in PARTS.items():
        moved = [name for name in kept if now[name][0] == part != before[name][0]]
        if moved:
            yield f"now for {word}: {listed(moved)}"


def _setting_changes(old: DataRecord, new: DataRecord) -> Iterator[str]:
    """The classes and keys of the data file in which two records differ."""
    if old.classes != new.classes:
        yield f"classes: {listed(old.classes)} became {listed(new.classes)}"
    before, now = map(_recipe_of, (old, new))
    for key in dict.fromkeys([*before, *now]):
        if before.get(key) != now.get(key):
            yield f"{key}: {json.dumps(before.get(key))} became {json.dumps(now.get(key))}"


def _recipe_of(record: DataRecord) -> dict[str, object]:
    """The keys of the data file that change what a network sees, with their values."""
    try:
        values = json.loads(record.recipe or "{}")
    except ValueError:
        return {"recipe": record.recipe}
    return values if isinstance(values, dict) else {"recipe": values}
