"""Files by a pattern such as `scans/{name}/image.nii.gz`, or by the folder that they are in."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from unetkit.data.splits.parts import WORDS, part_of
from unetkit.data.wildcards import compiled, expression, is_wild
from unetkit.errors import Fault, FileError

NAME, SPLIT, ANY_DEPTH = "{name}", "{split}", "**"
KEYS = {"name": "[^/]+", "split": f"(?i:{'|'.join(sorted(WORDS, key=len, reverse=True))})"}
HERE = "Paths begin at the folder of the data file."
SYNTAX = "Write it as in: scans/{name}/image_[LR].png"


@dataclass(frozen=True)
class FileMatches:
    """The files that a pattern means, by name, in the order of their names; `seen` is all that lies where it leads."""

    files: dict[str, Path]
    seen: tuple[Path, ...]
    single: bool = False
    """Whether it is the path of one file."""


class NameMatch(NamedTuple):
    """A path that a pattern fits: what its wildcards stand for, with the part of the data in front."""

    path: Path
    words: tuple[str, ...]
    name: str | None = None
    part: str | None = None

    @property
    def title(self) -> str:
        """The name of the file among those of its pattern."""
        words = (self.name,) if self.name is not None else self.words
        return unicodedata.normalize("NFC", "/".join(([self.part] if self.part else []) + list(words)))


def find(said: str, folder: Path) -> FileMatches:
    """Returns the image files that a pattern or a folder means.

    In a pattern `{name}` is the name of a file, `{split}` the word for a part of the data (train, val, test, …), `**`
    folders of any depth, `*`, `?` and `[LR]` what they are in a shell. Without `{name}` what the wildcards stand for is
    the name, without the file's ending. Raises FileError where there are no files, or two of one name, and for names
    that are no text.
    """
    try:
        return found(said, folder)
    except OSError as error:
        raise FileError(Fault("no-folder", f"{folder / said} cannot be read: {error.strerror}", cure=HERE)) from error


def found(said: str, folder: Path) -> FileMatches:
    """Does what `find` says; what the system refuses is an OSError."""
    start, parts = beginning(said, folder)
    if not is_text(os.path.abspath(start)):
        raise FileError(unwritable(start))
    if start.is_file() and is_text(start.name):
        return FileMatches({split_stem(start): start}, (start,), single=True)
    if not start.is_dir():
        reason = "is not a folder" if start.exists() else "does not exist"
        raise FileError(Fault("no-folder", f"{start} {reason}", cure=HERE))
    try:
        walk = PatternSearch(parts)
    except ValueError as error:
        raise FileError(Fault("wrong-pattern", f"{said!r} is no pattern: {error}", cure=SYNTAX)) from error
    matches = list(walk.matches(NameMatch(start, ()), 0))
    faults = [unwritable(path) for path in walk.misnamed()]
    files: dict[str, Path] = {}
    for one in sorted(matches, key=lambda one: (one.title, str(one.path))):
        if is_text(one.path.name) and files.setdefault(one.title, one.path) != one.path:
            faults.append(twice(files[one.title], one))
    if not files and not faults:
        faults.append(no_images(start / "/".join(parts[:-1]) if parts else start, walk.seen))
    if faults:
        raise FileError(*faults)
    return FileMatches(files, tuple(walk.seen))


def beginning(said: str, folder: Path) -> tuple[Path, list[str]]:
    """Returns the folder that a pattern begins at, and the parts of the pattern below it, the last for files."""
    try:
        path = Path(said).expanduser() if said.startswith("~") and not (folder / said).exists() else Path(said)
    except RuntimeError as error:
        raise FileError(Fault("no-folder", f"{said}: {error}", cure="Write the whole path.")) from error
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
    from unetkit.imagefiles.file_formats import FORMATS  # numpy comes with them

    known = tuple(suffix for kind in FORMATS for suffix in kind.suffixes)
    return NAME in part or part == ANY_DEPTH or "." in part or part.lower().endswith(known)


class PatternSearch:
    """What lies below a folder, held against the parts of a pattern."""

    def __init__(self, parts: Sequence[str]) -> None:
        kept = [part for index, part in enumerate(parts) if part != ANY_DEPTH or parts[index - 1 : index] != [part]]
        self.parts = [*kept, "*"] if kept[-1:] == [ANY_DEPTH] else kept
        self.fits = [None if part == ANY_DEPTH else compiled(expression(part, KEYS)) for part in self.parts]
        self.seen: dict[Path, None] = {}
        self.done: set[tuple[Path, int]] = set()

    def matches(self, at: NameMatch, index: int) -> Iterator[NameMatch]:
        """Yields the files below a folder that the parts from an index on fit."""
        if (at.path, index) in self.done:
            return
        self.done.add((at.path, index))
        for path in sorted(at.path.iterdir()):
            self.seen[path] = None
            if path.name.startswith(".") or not is_text(path.name):
                continue
            if index == len(self.parts) - 1:
                yield from self.file(path, at, index)
            elif self.parts[index] != ANY_DEPTH and is_folder(path):
                found = self.fitted(path, at, index)
                yield from self.matches(found, index + 1) if found else ()
            elif self.parts[index] == ANY_DEPTH and is_folder(path) and not is_loop(path):
                yield from self.matches(at._replace(path=path, words=(*at.words, path.name)), index)
        if self.parts[index] == ANY_DEPTH:
            yield from self.matches(at, index + 1)

    def misnamed(self) -> Iterator[Path]:
        """Yields the images, and the folders that may have some, whose names are no text."""
        from unetkit.imagefiles.file_formats import is_image

        for path in self.seen:
            if not is_text(path.name) and (is_image(path) or (len(self.parts) > 1 and is_folder(path))):
                yield path

    def file(self, path: Path, at: NameMatch, index: int) -> Iterator[NameMatch]:
        """Yields a file that the last part of the pattern fits."""
        from unetkit.imagefiles.file_formats import is_image

        found = None if is_folder(path) else self.fitted(path, at, index)
        if found is None or not (is_image(path) or self.parts[index].endswith(path.suffix)):
            return
        if found.words != at.words:
            found = found._replace(words=(*at.words, split_stem(path)))
        if found.name is not None and self.parts[index].endswith(NAME):
            found = found._replace(name=split_stem(Path(found.name)))
        yield found

    def fitted(self, path: Path, at: NameMatch, index: int) -> NameMatch | None:
        """Returns what stands for a part of the pattern in a name; None where it does not fit."""
        found = self.fits[index].fullmatch(path.name)  # type: ignore[union-attr]
        if found is None:
            return None
        groups: dict[str, Any] = found.groupdict()
        names = {unicodedata.normalize("NFC", text) for key, text in groups.items() if key.startswith("name")}
        names |= {at.name} if at.name is not None else set()
        parts = {part_of(text) for key, text in groups.items() if key.startswith("split")}
        parts |= {at.part} if at.part is not None else set()
        if len(names) > 1 or len(parts) > 1:
            return None
        own = is_wild(self.parts[index]) and not groups
        words = (*at.words, path.name) if own else at.words
        return NameMatch(path, words, next(iter(names), None), next(iter(parts), None))


def split_stem(path: Path) -> str:
    """Returns the name of a file without its ending, its letters composed."""
    from unetkit.imagefiles.file_formats import split_name

    return unicodedata.normalize("NFC", split_name(path)[0])


def is_folder(path: Path) -> bool:
    """Whether a path is a folder, and not an image that is one."""
    from unetkit.imagefiles.file_formats import is_image

    return path.is_dir() and not is_image(path)


def is_loop(path: Path) -> bool:
    """Whether a folder is a link to one that it lies in."""
    return path.is_symlink() and path.resolve() in (one.resolve() for one in path.parents)


def is_text(name: str) -> bool:
    """Whether a name is text: names of bytes that are not UTF-8 cannot be written to a file and read back."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def unwritable(path: Path) -> Fault:
    """Returns the fault for a name that is no text."""
    shown = os.fsencode(path).decode("utf-8", "backslashreplace")
    return Fault("file-name", f"{shown} has a name that is not UTF-8", cure="Rename it; of an image, its mask too.")


def twice(known: Path, other: NameMatch) -> Fault:
    """Returns the fault for two files of one name; names that look alike are shown by their codes."""
    alike = unicodedata.normalize("NFC", str(known)) == unicodedata.normalize("NFC", str(other.path))
    one, two = (ascii(str(path))[1:-1] if alike else str(path) for path in (known, other.path))
    return Fault("twice", f"{one} and {two} have one name: {other.title}", cure="Keep one.")


def no_images(folder: Path, seen: Sequence[Path] | dict[Path, None]) -> Fault:
    """Returns the fault for a folder without images, with what it has instead."""
    from unetkit.imagefiles import FORMATS

    known = ", ".join(suffix for kind in FORMATS for suffix in kind.suffixes)
    cure = f"Read are: {known}."
    if any(is_folder(path) for path in seen if not path.name.startswith(".")):
        cure = f"For those in its folders, write {folder.name}/**. {cure}"
    return Fault("no-images", f"{folder} has no images", cure=cure)
