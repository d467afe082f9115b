"""Files that list names for training, validation and test, as people and other programs write them.

Tables (CSV, also from Excel), JSON by part, by name or by fold (nnU-Net), and plain lists of names.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unetkit.data.tables import NAME_COLUMNS, SUFFIXES, column_key, rows_of, text_of
from unetkit.errors import Fault, FileError
from unetkit.wording import plural

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
"""Words for the parts, in lower case; `tr` and `ts` are those of nnU-Net's folders."""
_PART_COLUMNS = frozenset({"split", "splits", "set", "subset", "partition", "part", "phase", "usage", "dataset"})
_FOLD_COLUMNS = frozenset({"fold", "folds", "kfold"})
"""Names of columns, in lower case."""


def part_of(word: object) -> str | None:
    """The part that a word means, regardless of case and surrounding spaces; None for another word.

    >>> part_of(" Valid"), part_of("holdout")
    ('validation', None)
    """
    return WORDS.get(str(word).strip().casefold())


@dataclass
class SplitLists:
    """The names that a file lists for each part; `folds` where it divides the names several times."""

    parts: dict[str, list[str]] = field(default_factory=dict)
    folds: dict[int, dict[str, list[str]]] = field(default_factory=dict)
    plain: bool = False
    """Whether it is a list of names, all for one part."""

    def add(self, word: object, names: Sequence[object], fold: int | None = None) -> None:
        """Adds names under the word for a part; an unknown word becomes a fault in `select`."""
        lists = self.parts if fold is None else self.folds.setdefault(fold, {})
        lists.setdefault(part_of(word) or str(word), []).extend(map(str, names))

    def select(self, path: Path, fold: int | None) -> dict[str, list[str]]:
        """The names of each part, of a fold where there are any; raises FileError for unknown words and folds."""
        folds = ", ".join(map(str, self.folds))
        if fold is None and len(self.folds) > 1:
            message = f"{path} divides the images in {len(self.folds)} ways: folds {folds}"
            raise FileError(Fault("split-fold", message, "split.fold", f"Choose one, as in fold: {min(self.folds)}"))
        if fold is not None and fold not in self.folds:
            reason = f"it has folds {folds}" if self.folds else "it has no folds"
            cure = f"Choose one of those, as in fold: {min(self.folds)}" if self.folds else "Remove fold."
            raise FileError(Fault("split-fold", f"there is no fold {fold} in {path}: {reason}", "split.fold", cure))
        chosen = next(iter(self.folds.values()), {}) if fold is None else self.folds[fold]
        parts = {part: [*self.parts.get(part, ()), *chosen.get(part, ())] for part in (*self.parts, *chosen)}
        unknown = [word for word in parts if word not in PARTS]
        if unknown:
            words = ", ".join(f"{word!r} ({plural(len(parts[word]), 'name')})" for word in unknown[:5])
            cure = "Known are: train, training, val, valid, validation, test, testing."
            raise FileError(Fault("split-word", f"{path} has unknown words for parts: {words}", cure=cure))
        return parts


def read_lists(path: Path, fold: int | None) -> dict[str, list[str]]:
    """The names that a file lists for each part; raises FileError where it cannot be read.

    A list for one part, such as `train.txt`, is read with those of the other parts beside it.
    """
    try:
        lists = SplitLists()
        for file, part in _with_other_parts(path):
            _reader_of(file)(text_of(file), lists, part)
            if not lists.plain:
                break
    except (OSError, ValueError, AttributeError, TypeError, OverflowError, RecursionError, csv.Error) as error:
        cure = "A table has columns name and split; JSON has lists under train, val and test."
        raise FileError(Fault("split-file", f"{path} cannot be read as a split: {error}", cure=cure)) from error
    return lists.select(path, fold)


def _with_other_parts(path: Path) -> Iterator[tuple[Path, str | None]]:
    """A file with the part in its name, if there is one, and then the files of the other parts beside it."""
    words = {word: part for word, part in WORDS.items() if len(word) > 2}
    part = words.get(path.stem.casefold())
    yield path, part
    if part is not None:
        files = {file.stem.casefold(): file for file in sorted(path.parent.glob(f"*{path.suffix}"))}
        yield from ((files[word], each) for word, each in words.items() if each != part and word in files)


def _reader_of(path: Path) -> Callable[[str, SplitLists, str | None], None]:
    readers = {".json": _read_json, **dict.fromkeys(SUFFIXES, _read_table)}
    if path.suffix.lower() not in readers:
        raise ValueError(f"it is none of {', '.join(readers)}; a spreadsheet can be saved as CSV")
    return readers[path.suffix.lower()]


def _read_json(text: str, lists: SplitLists, part: str | None) -> None:
    """Adds the names in JSON: by part, part by name, by fold (nnU-Net), or in rows."""
    content = json.loads(text)
    if isinstance(content, list) and content and all(isinstance(each, dict) and _is_fold(each) for each in content):
        for fold, each in enumerate(content):
            for word, names in each.items():
                lists.add(word, _names(names), fold)
    elif isinstance(content, list) and content and all(isinstance(each, dict) for each in content):
        columns = list(dict.fromkeys(key for each in content for key in each))
        _read_rows([columns, *([each.get(key, "") for key in columns] for each in content)], lists, part)
    elif isinstance(content, list):
        lists.add(_require_part(part), _names(content))
        lists.plain = True
    elif isinstance(content, dict) and content and all(isinstance(each, str) for each in content.values()):
        for name, word in content.items():
            lists.add(word, [name])
    elif isinstance(content, dict):
        for word, names in content.items():
            lists.add(word, _names(names))
    else:
        raise ValueError("it holds no lists of names")


def _is_fold(content: Mapping[str, Any]) -> bool:
    return all(isinstance(names, list) for names in content.values())


def _names(entries: Any) -> list[str]:
    """The names in a list; of a map, as MONAI writes them, the name in it. Raises TypeError for anything else."""
    if not isinstance(entries, list):
        raise TypeError(f"{str(entries)[:40]!r} is no list of names")
    return [_name(entry) for entry in entries]


def _name(entry: Any) -> str:
    if isinstance(entry, dict):
        names = [text for key, text in entry.items() if column_key(key) in NAME_COLUMNS and isinstance(text, str)]
        if len(names) != 1:
            raise TypeError(f"{str(entry)[:40]!r} has no name")
        return names[0]
    if not isinstance(entry, str | int) or isinstance(entry, bool):
        raise TypeError(f"{str(entry)[:40]!r} is no name")
    return str(entry)


def _require_part(part: str | None) -> str:
    if part is None:
        raise ValueError("it is a plain list, and its name does not say of which part: call it train.txt, for instance")
    return part


def _read_table(text: str, lists: SplitLists, part: str | None) -> None:
    """Adds the rows of a table with columns for name and split, or of a plain list."""
    _read_rows(rows_of(text), lists, part)


def _read_rows(rows: Sequence[Sequence[Any]], lists: SplitLists, part: str | None) -> None:
    """Adds the rows of a table; the first may name the columns."""
    header = [column_key(cell) for cell in rows[0]] if rows else []
    names, splits, folds = (
        [column for column, cell in enumerate(header) if cell in known]
        for known in (NAME_COLUMNS, _PART_COLUMNS, _FOLD_COLUMNS)
    )
    if names and (splits or folds or part):
        body = rows[1:]
    elif len(header) == 2 and part_of(header[1]) and not names:  # no names of columns
        names, splits, body = [0], [1], rows
    elif part is not None:
        names, body = [0], rows
    else:
        columns = ", ".join(str(cell) for cell in rows[0][:8]) if rows else "nothing"
        raise ValueError(f"it has no columns name and split, but {columns}")
    lists.plain |= not splits and not folds
    numbered: list[tuple[int, str]] = []
    for number, row in enumerate(body, 1 + len(rows) - len(body)):
        cells = [str(cell) for cell in row] + [""] * (len(header) - len(row))
        name = cells[names[0]]
        if not name:
            raise ValueError(f"row {number} has no name")
        if splits:
            lists.add(cells[splits[0]], [name])
        elif folds:
            numbered.append((int(float(cells[folds[0]])), name))
        else:
            lists.add(_require_part(part), [name])
    for fold in sorted({fold for fold, _ in numbered}):
        lists.add("train", [name for each, name in numbered if each != fold], fold)
        lists.add("validation", [name for each, name in numbered if each == fold], fold)
