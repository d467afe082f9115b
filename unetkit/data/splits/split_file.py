"""Files that list names for training, validation and test, as people and other programs write them.

Tables (CSV of Excel too), JSON by part, by name or by fold (nnU-Net), and plain lists of names.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unetkit.data.splits.parts import KNOWN, PARTS, WORDS, part_of
from unetkit.errors import Fault, FileError

NAMES = frozenset({
    "name", "names", "image", "images", "img", "file", "files", "filename", "file_name", "filepath", "file_path",
    "path", "id", "image_id", "imageid", "image_name", "imagename", "case", "case_id", "key", "stem",
})  # fmt: skip
SPLITS = frozenset({"split", "splits", "set", "subset", "partition", "part", "phase", "usage", "dataset"})
FOLDS = frozenset({"fold", "folds", "kfold"})
"""The columns of tables, in small letters."""
MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


@dataclass
class SplitLists:
    """The names that a file gives each part; `folds` where it divides the names several times."""

    parts: dict[str, list[str]] = field(default_factory=dict)
    folds: dict[int, dict[str, list[str]]] = field(default_factory=dict)
    plain: bool = False
    """Whether it is a list of names, all for one part."""

    def add(self, word: object, names: Sequence[object], fold: int | None = None) -> None:
        """Adds names under the word for a part; an unknown word becomes a fault."""
        part = part_of(word)
        into = self.parts if fold is None else self.folds.setdefault(fold, {})
        into.setdefault(part or str(word), []).extend(map(str, names))

    def of(self, path: Path, fold: int | None) -> dict[str, list[str]]:
        """Returns the names of each part, of a fold where there are such; raises FileError for unknown words."""
        if fold is None and len(self.folds) > 1:
            message = f"{path} divides the images in {len(self.folds)} ways: folds {', '.join(map(str, self.folds))}"
            raise FileError(Fault("split-fold", message, "split.fold", f"Choose one, as in fold: {min(self.folds)}"))
        if fold is not None and fold not in self.folds:
            there = f"it has folds {', '.join(map(str, self.folds))}" if self.folds else "it has no folds"
            cure = f"Choose one of those, as in fold: {min(self.folds)}" if self.folds else "Leave fold out."
            raise FileError(Fault("split-fold", f"there is no fold {fold} in {path}: {there}", "split.fold", cure))
        chosen = next(iter(self.folds.values())) if fold is None and self.folds else self.folds.get(fold or 0, {})
        parts = {part: [*self.parts.get(part, ()), *chosen.get(part, ())] for part in (*self.parts, *chosen)}
        unknown = [word for word in parts if word not in PARTS]
        if unknown:
            shown = ", ".join(
                f"{word!r} ({len(parts[word])} name{'s' * (len(parts[word]) != 1)})" for word in unknown[:5]
            )
            raise FileError(Fault("split-word", f"{path} has unknown words for parts: {shown}", cure=KNOWN))
        return parts


def read_lists(path: Path, fold: int | None) -> dict[str, list[str]]:
    """Returns the names that a file gives each part; raises FileError where it cannot be read so.

    A list for one part, such as `train.txt`, is read with those of the other parts beside it.
    """
    try:
        lists = SplitLists()
        for file, part in beside(path):
            reader(file)(text_of(file), lists, part)
            if not lists.plain:
                break
    except (OSError, ValueError, AttributeError, TypeError, OverflowError, RecursionError, csv.Error) as error:
        cure = "A table has columns name and split; JSON has lists under train, val and test."
        raise FileError(Fault("split-file", f"{path} cannot be read as a split: {error}", cure=cure)) from error
    return lists.of(path, fold)


def beside(path: Path) -> Iterator[tuple[Path, str | None]]:
    """Yields a file with the part that its name says, if it says one, and then the files of the other parts."""
    words = {word: part for word, part in WORDS.items() if len(word) > 2}
    for word, part in words.items():
        if path.stem.casefold() == word:
            yield path, part
            others = {p.stem.casefold(): p for p in sorted(path.parent.glob(f"*{path.suffix}"))}
            yield from ((others[w], p) for w, p in words.items() if p != part and w in others)
            return
    yield path, None


def reader(path: Path) -> Callable[[str, SplitLists, str | None], None]:
    """Returns what reads such a file."""
    known = {".json": read_json, ".csv": read_table, ".tsv": read_table, ".txt": read_table, ".lst": read_table}
    if path.suffix.lower() not in known:
        raise ValueError(f"it is none of {', '.join(known)}; a spreadsheet can be saved as CSV")
    return known[path.suffix.lower()]


def text_of(path: Path) -> str:
    """Returns the text of a file in UTF-8, in UTF-16 with its mark, or in the Western code of Windows."""
    content = path.read_bytes()
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return content.decode(encoding)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def read_json(text: str, lists: SplitLists, part: str | None) -> None:
    """Adds what a JSON file lists: names by part, parts by name, folds (nnU-Net), or rows."""
    said = json.loads(text)
    if isinstance(said, list) and said and all(isinstance(one, dict) and is_fold(one) for one in said):
        for fold, one in enumerate(said):
            for word, names in one.items():
                lists.add(word, items(names), fold)
    elif isinstance(said, list) and said and all(isinstance(one, dict) for one in said):
        columns = list(dict.fromkeys(key for one in said for key in one))
        read_rows([columns, *([one.get(key, "") for key in columns] for one in said)], lists, part)
    elif isinstance(said, list):
        lists.add(needed(part), items(said))
        lists.plain = True
    elif isinstance(said, dict) and said and all(isinstance(one, str) for one in said.values()):
        for name, word in said.items():
            lists.add(word, [name])
    elif isinstance(said, dict):
        for word, names in said.items():
            lists.add(word, items(names))
    else:
        raise ValueError("it holds no lists of names")


def is_fold(one: Mapping[str, Any]) -> bool:
    """Whether a map has lists alone."""
    return all(isinstance(names, list) for names in one.values())


def items(names: Any) -> list[str]:
    """Returns the names in a list; of a map, such as MONAI writes, the name in it. Raises TypeError for all else."""
    if not isinstance(names, list):
        raise TypeError(f"{str(names)[:40]!r} is no list of names")
    return [item(one) for one in names]


def item(one: Any) -> str:
    """Returns the name in an entry of a list."""
    if isinstance(one, dict):
        found = [value for key, value in one.items() if folded(key) in NAMES and isinstance(value, str)]
        if len(found) != 1:
            raise TypeError(f"{str(one)[:40]!r} has no name")
        return found[0]
    if not isinstance(one, str | int) or isinstance(one, bool):
        raise TypeError(f"{str(one)[:40]!r} is no name")
    return str(one)


def needed(part: str | None) -> str:
    """Returns the part that a plain list is for; raises ValueError where its name does not say it."""
    if part is None:
        raise ValueError("it is a plain list, and its name does not say of which part: call it train.txt, for instance")
    return part


def read_table(text: str, lists: SplitLists, part: str | None) -> None:
    """Adds the rows of a table with columns for name and split, or of a plain list."""
    lines = [line for line in text.splitlines() if line.strip(" \t,;\0")]
    if lines and lines[0].lower().startswith("sep="):
        lines = lines[1:]
    first = lines[0] if lines else ""
    mark = max(",;\t", key=first.count) if any(one in first for one in ",;\t") else ","
    read_rows([[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark)], lists, part)


def read_rows(rows: Sequence[Sequence[Any]], lists: SplitLists, part: str | None) -> None:
    """Adds the rows of a table, the first of which may name the columns."""
    head = [folded(cell) for cell in rows[0]] if rows else []
    names, splits, folds = ([at for at, cell in enumerate(head) if cell in known] for known in (NAMES, SPLITS, FOLDS))
    if names and (splits or folds or part):
        body = rows[1:]
    elif len(head) == 2 and part_of(head[1]) and not names:  # no names of columns
        names, splits, body = [0], [1], rows
    elif part is not None:
        names, body = [0], rows
    else:
        found = ", ".join(str(cell) for cell in rows[0][:8]) if rows else "nothing"
        raise ValueError(f"it has no columns name and split, but {found}")
    lists.plain |= not splits and not folds
    numbered: list[tuple[int, str]] = []
    for number, row in enumerate(body, 1 + len(rows) - len(body)):
        cells = [str(cell) for cell in row] + [""] * (len(head) - len(row))
        if not cells[names[0]]:
            raise ValueError(f"row {number} has no name")
        if splits:
            lists.add(cells[splits[0]], [cells[names[0]]])
        elif folds:
            numbered.append((int(float(cells[folds[0]])), cells[names[0]]))
        else:
            lists.add(needed(part), [cells[names[0]]])
    for fold in sorted({fold for fold, _ in numbered}):
        lists.add("train", [name for one, name in numbered if one != fold], fold)
        lists.add("validation", [name for one, name in numbered if one == fold], fold)


def folded(text: object) -> str:
    """Returns the name of a column in small letters, without spaces.

    >>> folded(" Image ID ")
    'image_id'
    """
    return "_".join(str(text).casefold().replace("-", " ").replace("_", " ").split())
