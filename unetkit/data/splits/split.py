"""Division of pairs into training, validation and test."""

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
from unetkit.data.splits.split_file import PARTS, read_lists
from unetkit.data.wildcards import compile_linear, pattern_expression
from unetkit.errors import Fault, FileError, did_you_mean
from unetkit.wording import listed

_Names: TypeAlias = list[str]
Division: TypeAlias = tuple[_Names, _Names, _Names]
"""Names for training, for validation and for test."""
_Amount = Annotated[int, Field(ge=0)] | Annotated[float, Field(ge=0, lt=1)]
"""A number of pairs, or a fraction of them below 1."""


class Split(Component):
    """Divides pairs: those neither for validation nor for test are for training.

    A plugin adds one of its own through the entry points `unetkit.splits`.
    """

    slot = "split"

    @abstractmethod
    def divide(self, names: Sequence[str], folder: Path) -> Division:
        """The names of the three parts, each in the order of `names`; raises FileError where that is impossible."""


class AmountSplit(Split):
    """A split by the sizes of validation and test."""

    validation: _Amount = 0
    """Pairs for validation: a number of them, or a fraction below 1."""
    test: _Amount = 0.2
    """Pairs for test: a number of them, or a fraction below 1."""

    def numbers(self, count: int) -> tuple[int, int]:
        """The number of pairs for validation and for test, out of `count`.

        >>> BlockSplit(validation=2, test=0.25).numbers(30)
        (2, 8)
        """
        validation, test = (
            size if isinstance(size, int) else max(size > 0, round(size * count))
            for size in (self.validation, self.test)
        )
        if validation + test >= count:
            message = f"{validation} for validation and {test} for test leave none of {count} for training"
            raise FileError(Fault("split-empty", message, "split", "Reduce one of them."))
        return validation, test


class BlockSplit(AmountSplit):
    """By order: first training, then validation, then test. For stacks and videos, whose neighbours are similar.

    `gap` pairs are left out before validation and before test, so that no neighbours are on both sides.
    """

    gap: Annotated[int, Field(ge=0)] = 0
    """Pairs left out before validation and before test."""

    def divide(self, names: Sequence[str], folder: Path) -> Division:
        validation, test = self.numbers(len(names))
        left = len(names) - test - self.gap * (test > 0)
        stop = left - validation - self.gap * (validation > 0)
        if stop < 1:
            message = f"with a gap of {self.gap}, none of {len(names)} is left for training"
            raise FileError(Fault("split-empty", message, "split.gap", "Make it smaller."))
        return list(names[:stop]), list(names[left - validation : left]), list(names[len(names) - test :])


class RatioSplit(AmountSplit):
    """At random, the same for the same `seed`. For images that are independent of each other."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Another seed gives another division."""

    def divide(self, names: Sequence[str], folder: Path) -> Division:
        validation, test = self.numbers(len(names))
        shuffled = list(names)
        random.Random(self.seed).shuffle(shuffled)
        chosen = [set(shuffled[validation + test :]), set(shuffled[test : validation + test]), set(shuffled[:test])]
        train, held_out, test_names = ([name for name in names if name in part] for part in chosen)
        return train, held_out, test_names


class GroupSplit(AmountSplit):
    """At random by groups that stay together, such as all slices of one patient; sizes count groups.

    `by` is a pattern of names: `{group}` is the text that a group has in common, and `*`, `?` and `[LR]` match what
    differs: `{group}_*` for `patient7_slice3`, `Image_{group}[LR]` for both eyes of a child. Or it is a regular
    expression with the group: `(?P<group>.+)[LR]`.
    """

    by: str
    """A pattern of names with `{group}`, or a regular expression with a group of that name."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Another seed gives another division."""

    def divide(self, names: Sequence[str], folder: Path) -> Division:
        group_of = dict(zip(names, self.groups(names), strict=True))
        groups = sorted({group for group in group_of.values() if group is not None})
        ungrouped = [name for name in names if group_of[name] is None]
        if ungrouped:
            message = f"{self.by!r} finds no group in {listed(ungrouped)}"
            raise FileError(Fault("split-group", message, "split.by", "Write it as in: {group}_*"))
        parts = RatioSplit(validation=self.validation, test=self.test, seed=self.seed).divide(groups, folder)
        train, validation, test = ([name for name in names if group_of[name] in set(part)] for part in parts)
        return train, validation, test

    def groups(self, names: Sequence[str]) -> list[str | None]:
        """The group of each name, None where the pattern does not match; raises FileError for an invalid pattern.

        >>> GroupSplit(by="{group}_*").groups(["patient7_slice3"])
        ['patient7']
        >>> GroupSplit(by="(?P<group>.+)[LR]").groups(["eye_01L"])
        ['eye_01']
        """
        is_regex = "(?P<group>" in self.by
        expression = self.by if is_regex else pattern_expression(self.by, {"group": ".+?"})
        try:
            regex = compile_linear(expression)
        except ValueError as error:
            cure = (
                "Regular expressions are those of RE2, without lookaround." if is_regex else "Write it as in: {group}_*"
            )
            raise FileError(Fault("split-group", f"{self.by!r}: {error}", "split.by", cure)) from error
        if "(?P<group>" not in expression:
            message = f"{self.by!r} has no {{group}}"
            raise FileError(Fault("split-group", message, "split.by", "Write it as in: {group}_*"))
        return [match["group"] if (match := regex.fullmatch(name)) else None for name in names]


class FileSplit(Split):
    """By a file: a table with columns name and split, JSON with names under train, val and test, or lists of names.

    A list such as train.txt is read with val.txt and test.txt beside it. `fold` chooses one of several divisions, as
    in the splits_final.json of nnU-Net. Names that are not listed are left out.
    """

    file: FilePath
    """The file; its path begins at the folder of the data file."""
    fold: Annotated[int, Field(ge=0)] | None = None
    """Which of several divisions, by its number in the file."""

    def divide(self, names: Sequence[str], folder: Path) -> Division:
        path = folder / self.file
        lists = read_lists(path, self.fold)
        index = NameIndex(names)
        parts = [[(entry, index.find(entry)) for entry in lists.get(part, ())] for part in PARTS]
        faults = list(_name_faults(path, [entry for part in parts for entry in part], names))
        if faults:
            raise FileError(*faults)
        train, validation, test = ([name for _, found in part for name in found] for part in parts)
        return train, validation, test


_SLICE = re.compile(r"\[\d+\]$")
"""The number of an image in its file, at the end of its name."""
_SUFFIX = re.compile(r"(\.nii)?\.[A-Za-z][A-Za-z0-9]{1,4}$")


class NameIndex:
    """Names by what a list may call them: with folders and suffixes, or by the name of their file or stack alone."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = frozenset(names)
        self.by_key: dict[str, list[str]] = {}
        for name in names:
            file = _SLICE.sub("", name)
            for key in dict.fromkeys((name, file, file.rpartition("/")[2])):
                self.by_key.setdefault(key, []).append(name)

    def find(self, entry: str) -> list[str]:
        """The names that an entry of a list means; several are the images of one file, or of one file name."""
        text = unicodedata.normalize("NFC", entry.strip().replace("\\", "/")).removeprefix("./")
        if text in self.names:
            return [text]
        file = text.rpartition("/")[2]
        for key in (text, _SUFFIX.sub("", text), file, _SUFFIX.sub("", file)):
            if key in self.by_key:
                return self.by_key[key]
        return []


def _name_faults(path: Path, entries: Sequence[tuple[str, list[str]]], names: Sequence[str]) -> Iterator[Fault]:
    """The faults in the entries of a split file, given with the names that they mean."""
    unknown = [entry for entry, found in entries if not found]
    if unknown:
        cure = did_you_mean(unknown[0], names) if len(names) < 1000 else ""
        yield Fault("split-unknown", f"{path} names {listed(unknown)}, which do not exist", cure=cure)
    for entry, found in entries:
        if len({_SLICE.sub("", name) for name in found}) > 1:
            message = f"{path} names {entry}, which could be {listed(found)}"
            yield Fault("split-unknown", message, cure="Write the whole name.")
    counts = Counter(name for _, found in entries for name in found)
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if repeated:
        yield Fault("split-twice", f"{path} names {listed(repeated)} more than once", cure="Keep one of each.")
    if not entries:
        yield Fault("split-empty", f"{path} names no image", cure="List names under train, val and test.")
