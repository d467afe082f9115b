"""Errors in the form of compiler diagnostics: place, value, rule, cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from os.path import commonprefix
from typing import Any, NamedTuple

from unetkit.quoting import one_line, visible


class Place(NamedTuple):
    """A span of source text; `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    text: str = ""
    width: int = 1

    def __str__(self) -> str:
        return f"{visible(self.file)}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Fault:
    """One fault: a stable `code`, the `path` in the spec, the `message`, and the `cure`.

    `lines` continue a message that needs more than one line. Message, cure and lines may contain text from files: they
    are escaped by `one_line`. `file` is the file that the message names, if other files may have the same fault (see
    `imagefiles.merge_alike`).
    """

    code: str
    message: str
    path: str = ""
    cure: str = ""
    place: Place | None = None
    lines: tuple[str, ...] = ()
    file: str = ""

    def __post_init__(self) -> None:
        for name in ("message", "cure", "file"):
            object.__setattr__(self, name, one_line(getattr(self, name)))
        object.__setattr__(self, "lines", tuple(map(one_line, self.lines)))

    def __str__(self) -> str:
        head = f"{self.place}: " if self.place else ""
        path = f"{one_line(self.path)}: " if self.path else ""
        lines = [f"{head}error[{self.code}]: {path}{self.message}", *(f"   {line}" for line in self.lines)]
        if self.place and self.place.text:
            lines += quote(self.place)
        if self.cure:
            lines.append(f"   {self.cure}")
        return "\n".join(lines)

    def at(self, place: Place | None) -> Fault:
        """This fault with a place, unless it has one already."""
        return self if self.place or place is None else replace(self, place=place)

    def json(self) -> dict[str, Any]:
        """The fault as plain values, without the quoted source line."""
        values = asdict(self)
        place = self.place
        values["place"] = place and {"file": place.file, "line": place.line, "column": place.column}
        values["lines"] = list(self.lines)
        return values


def quote(place: Place, width: int = 100) -> list[str]:
    """The source line with the span underlined; a line over `width` is cut around the span."""
    text = "".join(each if each.isprintable() else " " for each in place.text)  # one character each
    start = place.column - 1
    if len(text) > width:
        left = max(0, start - width // 3)
        text, start = text[left : left + width], start - left
    underline = max(1, min(place.width, len(text) - start))
    return [f"   {text.rstrip()}", f"   {' ' * start}{'^' * underline}"]


class UnetkitError(Exception):
    """The base of every error that unetkit raises on purpose, with one or more faults."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults: tuple[Fault, ...] = faults

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the faults, each with its place and remedy, and no traceback."""
        return [f"{type(self).__name__}:", *str(self).splitlines()]


class SpecError(UnetkitError):
    """A spec cannot be read or is not valid."""


class SizeError(UnetkitError):
    """An image size does not fit the network."""


class BlockError(UnetkitError):
    """A block is unknown, cannot be imported, or breaks the rules of blocks.

    `inside` leads from the component of a position to the one that is at fault: parameters, indexes in lists, and
    components that are the value of some parameter.
    """

    def __init__(self, *faults: Fault, inside: tuple[Any, ...] = ()) -> None:
        super().__init__(*faults)
        self.inside = inside


@contextmanager
def located(*path: Any) -> Iterator[None]:
    """Notes in errors of blocks in which component within another they occur."""
    try:
        yield
    except BlockError as error:
        raise BlockError(*error.faults, inside=(*path, *error.inside)) from error


class FileError(UnetkitError):
    """A file that is not a spec cannot be read or written: an image, a model, a drawing."""


class AlignmentWarning(UserWarning):
    """An image size runs, but drops samples, or joins encoder and decoder with an offset of some pixels."""


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The cure for an unknown name: the nearest known one, or all of them.

    >>> did_you_mean("kernal", ["kernel", "padding"])
    'Did you mean: kernel?'
    >>> did_you_mean("resnet35", ["resnet34", "resnet50"])  # equally near: the one that begins alike
    'Did you mean: resnet34?'
    >>> did_you_mean("q", ["kernel", "padding"])
    'Known: kernel, padding.'
    """
    text, names = str(name), sorted(str(name) for name in known)
    near = difflib.get_close_matches(text, names, n=len(names) or 1, cutoff=0.6)
    if near:
        likeness = {one: difflib.SequenceMatcher(None, one, text).ratio() for one in near}
        nearest = max(near, key=lambda one: (likeness[one], len(commonprefix([one, text]))))
        return f"Did you mean: {nearest}?"
    return f"Known: {', '.join(names)}." if names else ""
