"""Splits divide pairs into training, validation and test data."""

from __future__ import annotations

import random
import re
import unicodedata
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field

from unetkit.block import Component
from unetkit.data.dataset import FilePath
from unetkit.data.splits.parts import PARTS
from unetkit.data.splits.split_file import read_lists
from unetkit.data.wildcards import compiled, expression
from unetkit.errors import Fault, FileError, did_you_mean
from unetkit.wording import listed

Names: TypeAlias = list[str]
Division: TypeAlias = tuple[Names, Names, Names]
"""The names for training, for validation and for test."""
Amount = Annotated[int, Field(ge=0)] | Annotated[float, Field(ge=0, lt=1)]
"""A whole number of pairs, or a share of them, below 1."""


class Split(Component):
    """Divides pairs: those neither for validation nor for test are for training.

    A plugin adds one of its own through the entry points `unetkit.splits`.
    """

    slot = "split"

    @abstractmethod
    def divide(self, names: Sequence[str], folder: Path) -> Division:
        """The names of the three parts, each in the order of `names`. Raises FileError."""


class AmountSplit(Split):
    """A split by amounts."""

    validation: Amount = 0
    test: Amount = 0.2

    def numbers(self, count: int) -> tuple[int, int]:
        """The numbers of pairs for validation and for test, out of `count`.

        >>> BlockSplit(validation=2, test=0.25).numbers(30)
        (2, 8)
        """
        validation, test = (
            one if isinstance(one, int) else max(one > 0, round(one * count)) for one in (self.validation, self.test)
        )
        if validation + test >= count:
            message = f"{validation} for validation and {test} for test leave none of {count} to train with"
            raise FileError(Fault("split-empty", message, "split", "Leave some out of both."))
        return validation, test


class BlockSplit(AmountSplit):
    """By order: first training, then validation, then test. For stacks and films, whose neighbours are similar.

    `gap` pairs before validation and before test are unused, so that no neighbours are in different parts.
    """

    gap: Annotated[int, Field(ge=0)] = 0

    def divide(self, names: Sequence[str], folder: Path) -> Division:
        validation, test = self.numbers(len(names))
        left = len(names) - test - self.gap * (test > 0)
        stop = left - validation - self.gap * (validation > 0)
        if stop < 1:
            message = f"with a gap of {self.gap}, none of {len(names)} is left to train with"
            raise FileError(Fault("split-empty", message, "split.gap", "Make it smaller."))
        return list(names[:stop]), list(names[left - validation : left]), list(names[len(names) - test :])


class RatioSplit(AmountSplit):
    """At random, reproducible by `seed`. For independent images."""

    seed: Annotated[int, Field(ge=0)] = 0

    def divide(self, names: Sequence[str], folder: Path) -> Division:
        validation, test = self.numbers(len(names))
        shuffled = list(names)
        random.Random(self.seed).shuffle(shuffled)
        chosen = [set(shuffled[validation + test :]), set(shuffled[test : validation + test]), set(shuffled[:test])]
        train, held, reported = ([name for name in names if name in part] for part in chosen)
        return train, held, reported


class GroupSplit(AmountSplit):
    """At random by groups that stay together, such as all slices of one patient; amounts count groups.

    `by` is a pattern of names, in which `{group}` is what a group has in common, and `*`, `?` and `[LR]` stand for
    what differs: `{group}_*` for `patient7_slice3`, `Image_{group}[LR]` for both eyes of a child. Or it is a regular
    expression with the group: `(?P<group>.+)[LR]`.
    """

    by: str
    seed: Annotated[int, Field(ge=0)] = 0

    def divide(self, names: Sequence[str], folder: Path) -> Division:
        known = dict(zip(names, self.groups(names), strict=True))
        groups = sorted({group for group in known.values() if group is not None})
        lost = [name for name in names if known[name] is None]
        if lost:
            message = f"{self.by!r} finds no group in {listed(lost)}"
            raise FileError(Fault("split-group", message, "split.by", "Write it as in: {group}_*"))
        parts = RatioSplit(validation=self.validation, test=self.test, seed=self.seed).divide(groups, folder)
        train, validation, test = ([name for name in names if known[name] in set(part)] for part in parts)
        return train, validation, test

    def groups(self, names: Sequence[str]) -> list[str | None]:
        """The group of each name; None if the pattern does not match. Raises FileError for a wrong pattern.

        >>> GroupSplit(by="{group}_*").groups(["patient7_slice3"])
        ['patient7']
        >>> GroupSplit(by="(?P<group>.+)[LR]").groups(["eye_01L"])
        ['eye_01']
        """
        regular = "(?P<group>" in self.by
        text = self.by if regular else expression(self.by, {"group": ".+?"})
        try:
            fits = compiled(text)
        except ValueError as error:
            cure = "RE2 matches it, in which nothing looks ahead or back." if regular else "Write it as in: {group}_*"
            raise FileError(Fault("split-group", f"{self.by!r}: {error}", "split.by", cure)) from error
        if "(?P<group>" not in text:
            message = f"{self.by!r} has no {{group}}"
            raise FileError(Fault("split-group", message, "split.by", "Write it as in: {group}_*"))
        return [found["group"] if (found := fits.fullmatch(name)) else None for name in names]


class FileSplit(Split):
    """By a file: a table with columns name and split, JSON with names under train, val and test, or lists of names.

    A list such as train.txt is read with val.txt and test.txt beside it. `fold` chooses one of several divisions, as
    in the splits_final.json of nnU-Net. Names that no list has are left out.
    """

    file: FilePath
    fold: Annotated[int, Field(ge=0)] | None = None

    def divide(self, names: Sequence[str], folder: Path) -> Division:
        path = folder / self.file
        lists = read_lists(path, self.fold)
        index = NameIndex(names)
        parts = [[(name, index.meant(name)) for name in lists.get(part, ())] for part in PARTS]
        faults = list(wrong_names(path, parts, names))
        if faults:
            raise FileError(*faults)
        train, validation, test = ([name for _, meant in part for name in meant] for part in parts)
        return train, validation, test


class NameIndex:
    """Names by what a list may call them: with folders and endings, or by the name of their file or stack alone."""

    def __init__(self, names: Sequence[str]) -> None:
        self.places = {name: place for place, name in enumerate(names)}
        self.known: dict[str, list[str]] = {}
        for name in names:
            whole = SLICE.sub("", name)
            for key in dict.fromkeys((name, whole, whole.rpartition("/")[2])):
                self.known.setdefault(key, []).append(name)

    def meant(self, listed: str) -> list[str]:
        """The names that an entry of a list refers to; several if they are images of one file, or share a name."""
        text = unicodedata.normalize("NFC", listed.strip().replace("\\", "/")).removeprefix("./")
        if text in self.places:
            return [text]
        for key in (text, ENDING.sub("", text), text.rpartition("/")[2], ENDING.sub("", text.rpartition("/")[2])):
            if key in self.known:
                return self.known[key]
        return []


SLICE = re.compile(r"\[\d+\]$")
"""What follows the name of a file in the names of its images."""
ENDING = re.compile(r"(\.nii)?\.[A-Za-z][A-Za-z0-9]{1,4}$")


def wrong_names(path: Path, parts: Sequence[Sequence[tuple[str, list[str]]]], names: Sequence[str]) -> Iterator[Fault]:
    """Yields the faults of the names in a split file, each given with the names that it refers to."""
    entries = [entry for part in parts for entry in part]
    unknown = [name for name, meant in entries if not meant]
    if unknown:
        cure = did_you_mean(unknown[0], names) if len(names) < 1000 else ""
        yield Fault("split-unknown", f"{path} names {listed(unknown)}, which are not there", cure=cure)
    for name, meant in entries:
        if len({SLICE.sub("", one) for one in meant}) > 1:
            message = f"{path} names {name}, which could be {listed(meant)}"
            yield Fault("split-unknown", message, cure="Write the whole name.")
    counts = Counter(one for _, meant in entries for one in meant)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        yield Fault("split-twice", f"{path} names {listed(twice)} more than once", cure="Keep one of each.")
    if not entries:
        yield Fault("split-empty", f"{path} names no image", cure="List names under train, val and test.")
