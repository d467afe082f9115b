"""Files by a pattern such as `scans/{name}/image.nii.gz`, or by the folder that they are in."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from unetkit.data.splits.split_file import WORDS, part_of
from unetkit.data.wildcards import compile_linear, is_wild, pattern_expression
from unetkit.errors import Fault, FileError

NAME, SPLIT, ANY_DEPTH = "{name}", "{split}", "**"
KEYS = {"name": "[^/]+", "split": f"(?i:{'|'.join(sorted(WORDS, key=len, reverse=True))})"}
_RELATIVE = "Paths begin at the folder of the data file."
_SYNTAX = "Write it as in: scans/{name}/image_[LR].png"


@dataclass(frozen=True)
class FileMatches:
    """The files that match a pattern, by name and sorted; `seen` is all that lies where the pattern leads."""

    files: dict[str, Path]
    seen: tuple[Path, ...]
    single: bool = False
    """Whether the pattern is the path of one file."""


class NameMatch(NamedTuple):
    """A path that matches a pattern: the text of its wildcards, its name, and its part of the data."""

    path: Path
    words: tuple[str, ...]
    name: str | None = None
    part: str | None = None

    @property
    def title(self) -> str:
        """The name of the file among those of its pattern."""
        words = (self.name,) if self.name is not None else self.words
        return unicodedata.normalize("NFC", "/".join(([self.part] if self.part else []) + list(words)))


def find_files(pattern: str, folder: Path) -> FileMatches:
    """The image files that match a pattern, or lie in a folder.

    In a pattern `{name}` is the name of a file, `{split}` the word for a part of the data (train, val, test, …), `**`
    folders of any depth; `*`, `?` and `[LR]` are wildcards as in a shell. Without `{name}` the text of the wildcards is
    the name, without the file's suffix. Raises FileError where there are no files, where two have the same name, and
    for names that are not UTF-8.
    """
    try:
        return _find(pattern, folder)
    except OSError as error:
        message = f"{folder / pattern} cannot be read: {error.strerror}"
        raise FileError(Fault("no-folder", message, cure=_RELATIVE)) from error


def _find(pattern: str, folder: Path) -> FileMatches:
    start, parts = _start_of(pattern, folder)
    if not is_text(os.path.abspath(start)):
        raise FileError(_not_utf8(start))
    if start.is_file() and is_text(start.name):
        return FileMatches({split_stem(start): start}, (start,), single=True)
    if not start.is_dir():
        reason = "is not a folder" if start.exists() else "does not exist"
        raise FileError(Fault("no-folder", f"{start} {reason}", cure=_RELATIVE))
    try:
        search = PatternSearch(parts)
    except ValueError as error:
        raise FileError(Fault("wrong-pattern", f"{pattern!r} is not a pattern: {error}", cure=_SYNTAX)) from error
    matches = list(search.matches(NameMatch(start, ()), 0))
    faults = [_not_utf8(path) for path in search.misnamed()]
    files: dict[str, Path] = {}
    for match in sorted(matches, key=lambda match: (match.title, str(match.path))):
        if is_text(match.path.name) and files.setdefault(match.title, match.path) != match.path:
            faults.append(_same_name(files[match.title], match))
    if not files and not faults:
        faults.append(_no_images(start / "/".join(parts[:-1]) if parts else start, search.seen))
    if faults:
        raise FileError(*faults)
    return FileMatches(files, tuple(search.seen))


def _start_of(pattern: str, folder: Path) -> tuple[Path, list[str]]:
    """The folder that a pattern begins at, and the parts of the pattern below it, the last for files."""
    try:
        from_home = pattern.startswith("~") and not (folder / pattern).exists()
        path = Path(pattern).expanduser() if from_home else Path(pattern)
    except RuntimeError as error:
        raise FileError(Fault("no-folder", f"{pattern}: {error}", cure="Write the whole path.")) from error
    start, parts = folder, list(path.parts)
    while parts and (not is_wild(parts[0]) or (start / parts[0]).exists()):
        start = start / parts.pop(0)
    if parts and not start.is_dir():
        return start, parts
    if not parts and start.is_file():
        return start, []
    if not parts or not names_files(parts[-1]):
        parts.append("*")
    return start, parts


def names_files(part: str) -> bool:
    """Whether the last part of a pattern means files, not folders."""
    from unetkit.imagefiles.file_formats import known_suffixes  # numpy comes with them

    return NAME in part or part == ANY_DEPTH or "." in part or part.lower().endswith(known_suffixes())


class PatternSearch:
    """A search for the files below a folder that match the parts of a pattern."""

    def __init__(self, parts: Sequence[str]) -> None:
        parts = [part for index, part in enumerate(parts) if part != ANY_DEPTH or parts[index - 1 : index] != [part]]
        self.parts = [*parts, "*"] if parts[-1:] == [ANY_DEPTH] else parts
        self.expressions = [
            None if part == ANY_DEPTH else compile_linear(pattern_expression(part, KEYS)) for part in self.parts
        ]
        self.seen: dict[Path, None] = {}
        self.visited: set[tuple[Path, int]] = set()

    def matches(self, parent: NameMatch, index: int) -> Iterator[NameMatch]:
        """The files below a folder that match the parts from an index on."""
        if (parent.path, index) in self.visited:
            return
        self.visited.add((parent.path, index))
        for path in sorted(parent.path.iterdir()):
            self.seen[path] = None
            if path.name.startswith(".") or not is_text(path.name):
                continue
            if index == len(self.parts) - 1:
                yield from self._match_file(path, parent, index)
            elif self.parts[index] != ANY_DEPTH and _is_folder(path):
                match = self._match(path, parent, index)
                yield from self.matches(match, index + 1) if match else ()
            elif self.parts[index] == ANY_DEPTH and _is_folder(path) and not _is_loop(path):
                yield from self.matches(parent._replace(path=path, words=(*parent.words, path.name)), index)
        if self.parts[index] == ANY_DEPTH:
            yield from self.matches(parent, index + 1)

    def misnamed(self) -> Iterator[Path]:
        """The images, and the folders that may have some, whose names are not UTF-8."""
        from unetkit.imagefiles.file_formats import is_image

        for path in self.seen:
            if not is_text(path.name) and (is_image(path) or (len(self.parts) > 1 and _is_folder(path))):
                yield path

    def _match_file(self, path: Path, parent: NameMatch, index: int) -> Iterator[NameMatch]:
        from unetkit.imagefiles.file_formats import is_image

        match = None if _is_folder(path) else self._match(path, parent, index)
        if match is None or not (is_image(path) or self.parts[index].endswith(path.suffix)):
            return
        if match.words != parent.words:
            match = match._replace(words=(*parent.words, split_stem(path)))
        if match.name is not None and self.parts[index].endswith(NAME):
            match = match._replace(name=split_stem(Path(match.name)))
        yield match

    def _match(self, path: Path, parent: NameMatch, index: int) -> NameMatch | None:
        """The match of a name with a part of the pattern; None where it differs, or contradicts the parent folders."""
        found = self.expressions[index].fullmatch(path.name)  # type: ignore[union-attr]
        if found is None:
            return None
        groups: dict[str, Any] = found.groupdict()
        names = {unicodedata.normalize("NFC", text) for key, text in groups.items() if key.startswith("name")}
        names |= {parent.name} if parent.name is not None else set()
        parts = {part_of(text) for key, text in groups.items() if key.startswith("split")}
        parts |= {parent.part} if parent.part is not None else set()
        if len(names) > 1 or len(parts) > 1:
            return None
        has_own_word = is_wild(self.parts[index]) and not groups
        words = (*parent.words, path.name) if has_own_word else parent.words
        return NameMatch(path, words, next(iter(names), None), next(iter(parts), None))


def split_stem(path: Path) -> str:
    """The name of a file without its suffix, in composed letters (NFC)."""
    from unetkit.imagefiles.file_formats import split_name

    return unicodedata.normalize("NFC", split_name(path)[0])


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder, and not an image that is one."""
    from unetkit.imagefiles.file_formats import is_image

    return path.is_dir() and not is_image(path)


def _is_loop(path: Path) -> bool:
    """Whether a folder is a link to one of its parents."""
    return path.is_symlink() and path.resolve() in (parent.resolve() for parent in path.parents)


def is_text(name: str) -> bool:
    """Whether a name is valid UTF-8; others cannot be written to a file and read back."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not_utf8(path: Path) -> Fault:
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return Fault("file-name", f"{text} has a name that is not UTF-8", cure="Rename it, and the mask of an image too.")


def _same_name(known: Path, other: NameMatch) -> Fault:
    """The fault of two files with the same name; names that look the same are shown by their code points."""
    same = unicodedata.normalize("NFC", str(known)) == unicodedata.normalize("NFC", str(other.path))
    first, second = (ascii(str(path))[1:-1] if same else str(path) for path in (known, other.path))
    return Fault("twice", f"{first} and {second} have the same name: {other.title}", cure="Keep one.")


def _no_images(folder: Path, seen: Sequence[Path] | dict[Path, None]) -> Fault:
    from unetkit.imagefiles.file_formats import known_suffixes

    cure = f"Known suffixes: {', '.join(known_suffixes())}."
    if any(_is_folder(path) for path in seen if not path.name.startswith(".")):
        cure = f"To read those in its folders, write {folder.name}/**. {cure}"
    return Fault("no-images", f"{folder} has no images", cure=cure)
