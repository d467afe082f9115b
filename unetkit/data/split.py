"""How pairs are divided into those to learn from, those to choose settings by, and those to report."""

from __future__ import annotations

import csv
import json
import random
import re
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import Field

from unetkit.data.dataset import FilePath
from unetkit.errors import Fault, FileError, did_you_mean
from unetkit.spec.frame import Strict

Names: TypeAlias = list[str]
Division: TypeAlias = tuple[Names, Names, Names]
"""Names for training, for validation and for test."""
Amount = Annotated[int, Field(ge=0)] | Annotated[float, Field(ge=0, lt=1)]
"""A whole number of pairs, or a share of them, below 1."""


class Split(Strict):
    """A way to divide pairs. What is neither for validation nor for test is for training."""

    type: ClassVar[str]

    @abstractmethod
    def divide(self, names: Sequence[str], folder: Path) -> Division:
        """Returns the names of the three parts, each in the order of `names`; raises FileError where one is wrong."""


class Amounts(Split):
    """A split by amounts."""

    validation: Amount = 0
    test: Amount = 0.2

    def numbers(self, count: int) -> tuple[int, int]:
        """Returns how many of so many are for validation and for test.

        >>> Block(validation=2, test=0.25).numbers(30)
        (2, 8)
        """
        validation, test = (
            one if isinstance(one, int) else max(one > 0, round(one * count)) for one in (self.validation, self.test)
        )
        if validation + test >= count:
            message = f"{validation} for validation and {test} for test leave none of {count} to train with"
            raise FileError(Fault("split-empty", message, "split", "Leave some out of both."))
        return validation, test


class Block(Amounts):
    """By order: first training, then validation, then test. For stacks and films, whose neighbours are alike.

    `gap` pairs are left out before validation and before test, so that no neighbours are on either side.
    """

    type: ClassVar[str] = "block"
    gap: Annotated[int, Field(ge=0)] = 0

    def divide(self, names: Sequence[str], folder: Path) -> Division:
        validation, test = self.numbers(len(names))
        left = len(names) - test - self.gap * (test > 0)
        stop = left - validation - self.gap * (validation > 0)
        if stop < 1:
            message = f"with a gap of {self.gap}, none of {len(names)} is left to train with"
            raise FileError(Fault("split-empty", message, "split.gap", "Make it smaller."))
        return list(names[:stop]), list(names[left - validation : left]), list(names[len(names) - test :])


class Ratio(Amounts):
    """At random, the same for the same `seed`. For images that have nothing to do with each other."""

    type: ClassVar[str] = "ratio"
    seed: Annotated[int, Field(ge=0)] = 0

    def divide(self, names: Sequence[str], folder: Path) -> Division:
        validation, test = self.numbers(len(names))
        shuffled = list(names)
        random.Random(self.seed).shuffle(shuffled)
        chosen = [set(shuffled[validation + test :]), set(shuffled[test : validation + test]), set(shuffled[:test])]
        train, held, reported = ([name for name in names if name in part] for part in chosen)
        return train, held, reported


class Group(Amounts):
    """At random by groups that stay together, such as all slices of one patient; amounts count groups.

    `by` is a pattern of names, `*` standing for anything: `{group}_*` for `patient7_slice3`.
    """

    type: ClassVar[str] = "group"
    by: str
    seed: Annotated[int, Field(ge=0)] = 0

    def divide(self, names: Sequence[str], folder: Path) -> Division:
        known = {name: self.group(name) for name in names}
        groups = sorted({group for group in known.values() if group is not None})
        lost = [name for name in names if known[name] is None]
        if lost:
            message = f"{self.by!r} finds no group in {listed(lost)}"
            raise FileError(Fault("split-group", message, "split.by", "Write it as in: {group}_*"))
        parts = Ratio(validation=self.validation, test=self.test, seed=self.seed).divide(groups, folder)
        train, validation, test = ([name for name in names if known[name] in set(part)] for part in parts)
        return train, validation, test

    def group(self, name: str) -> str | None:
        """Returns the group that a name belongs to; None where the pattern does not fit it.

        >>> Group(by="{group}_*").group("patient7_slice3")
        'patient7'
        """
        escaped = re.escape(self.by).replace(r"\{group\}", "(?P<group>.+?)", 1).replace(r"\*", ".*")
        found = re.fullmatch(escaped, name)
        return found["group"] if found and "(?P<group>" in escaped else None


class File(Split):
    """By a file: JSON with lists of names under train, validation (or val) and test; or CSV with columns name, split.

    Names that no list has are left out.
    """

    type: ClassVar[str] = "file"
    file: FilePath

    def divide(self, names: Sequence[str], folder: Path) -> Division:
        path = folder / self.file
        try:
            said = read_csv(path) if path.suffix.lower() == ".csv" else json.loads(path.read_text("utf-8"))
            parts = [[str(name) for name in chosen(said, keys)] for keys in KEYS]
        except (OSError, ValueError, AttributeError, TypeError, RecursionError, csv.Error) as error:
            raise FileError(Fault("split-file", f"{path} cannot be read as a split: {error}")) from error
        faults = list(wrong_names(path, parts, names))
        if faults:
            raise FileError(*faults)
        train, validation, test = parts
        return train, validation, test


KEYS = (("train",), ("validation", "val"), ("test",))
SPLITS: dict[str, type[Split]] = {model.type: model for model in (Block, Ratio, Group, File)}
"""The kinds of split by their type in YAML."""


def chosen(said: Any, keys: tuple[str, ...]) -> list[Any]:
    """Returns the list under the first of some keys that there is; raises TypeError where that is no list."""
    found: Any = next((said[key] for key in keys if key in said), [])
    if not isinstance(found, list):
        raise TypeError(f"{keys[0]!r} is no list")
    return found


def read_csv(path: Path) -> dict[str, list[str]]:
    """Returns the names under each split in a table with the columns name and split."""
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        if not {"name", "split"} <= set(table.fieldnames or ()):
            raise ValueError("it has no columns name and split")
        found: dict[str, list[str]] = {}
        for row in table:
            found.setdefault(str(row["split"]), []).append(str(row["name"]))
    return found


def wrong_names(path: Path, parts: list[Names], names: Sequence[str]) -> Any:
    """Yields what is wrong with the names in a split file."""
    known = set(names)
    unknown = [name for part in parts for name in part if name not in known]
    if unknown:
        cure = did_you_mean(unknown[0], names) if len(names) < 1000 else ""
        yield Fault("split-unknown", f"{path} names {listed(unknown)}, which are not there", cure=cure)
    every = [name for part in parts for name in part]
    twice = sorted({name for name in every if every.count(name) > 1}) if len(set(every)) < len(every) else []
    if twice:
        yield Fault("split-twice", f"{path} names {listed(twice)} more than once", cure="Keep one of each.")
    if not every:
        cure = "List names under train, validation and test."
        yield Fault("split-empty", f"{path} names no image", cure=cure)


def listed(names: Sequence[str], most: int = 5) -> str:
    """Returns a few names of many.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
