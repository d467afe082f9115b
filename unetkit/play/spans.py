"""Ranges of a text: of an entry, of a place, and edits that replace them. Lines and columns count from 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from unetkit import registry
from unetkit.document.document import Document
from unetkit.document.merge import KeyPath, TreeNode
from unetkit.errors import Place
from unetkit.language import Spec
from unetkit.topology import Position


class Span(NamedTuple):
    """A range of a text; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    def json(self) -> dict[str, int]:
        """The range as plain values."""
        return self._asdict()


class Edit(NamedTuple):
    """The replacement of a range by a text."""

    span: Span
    text: str

    def json(self) -> dict[str, Any]:
        """The edit as plain values."""
        return self.span.json() | {"text": self.text}


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits, all of which refer to the text before.

    >>> edited("a: 1\\nb: 2\\n", [Edit(Span(1, 1, 1, 2), "c"), Edit(Span(2, 4, 2, 5), "34")])
    'c: 1\\nb: 34\\n'
    """
    lines = text.split("\n")
    for (line, column, end_line, end_column), new in sorted(edits, reverse=True):
        before, after = lines[line - 1][: column - 1], lines[end_line - 1][end_column - 1 :]
        lines[line - 1 : end_line] = (before + new + after).split("\n")
    return "\n".join(lines)


def of_place(place: Place) -> Span:
    """The range of a place."""
    return Span(place.line, place.column, place.line, place.column + max(1, place.width))


def of_entry(key: TreeNode, value: TreeNode) -> Span:
    """The range of a key and its value, without the blank lines and comments after it."""
    lines = key.source.text.split("\n")
    last = value if value.source is key.source and value.end.line >= key.start.line else key
    line, column = last.end.line, last.end.column
    while line > key.start.line and (line >= len(lines) or not lines[line][:column].split("#")[0].strip()):
        line, column = line - 1, len(lines[min(line, len(lines)) - 1])
    kept = lines[line][:column] if line < len(lines) else ""
    return Span(key.start.line + 1, key.start.column + 1, line + 1, len(kept.rstrip()) + 1)


def entry(document: Document, path: KeyPath) -> tuple[TreeNode, TreeNode] | None:
    """The nodes of the key and the value at a path; of an item of a list, that of the item twice; None if not there."""
    node = document.root
    found: tuple[TreeNode, TreeNode] | None = None
    for key in path:
        if type(node.value) is dict and key in node.value:
            found = node.value[key]
        elif type(node.value) is tuple and type(key) is int and 0 <= key < len(node.value):
            found = node.value[key], node.value[key]
        else:
            return None
        node = found[1]
    return found


def own_span(document: Document, path: KeyPath) -> Span | None:
    """The range of the entry at a path; None where it stands in another file, or nowhere."""
    found = entry(document, path)
    return of_entry(*found) if found and found[0].source.name == document.name else None


def keys_of(spec: Spec, position: Position) -> list[Span]:
    """The entries of the text that decide what stands at a position."""
    document = spec.document
    if document is None:
        return []
    paths = dict.fromkeys(_entry_path(document, path) for path in spec.origins.get(position.scope, {}).values())
    paths |= dict.fromkeys(_channel_paths(spec, position))
    spans = [own_span(document, path) for path in paths if path]
    return sorted({span for span in spans if span})


def _entry_path(document: Document, path: KeyPath) -> KeyPath:
    """The part of a path that leads to the slot in it, or to a definition."""
    if path[:1] == ("define",):
        return path[:2]
    for number, key in enumerate(path, start=1):
        found = entry(document, path[:number])
        is_section = key == "encoder" and found and type(found[1].value) is dict and "type" not in found[1].value
        if key in registry.SLOTS and not is_section:
            return path[:number]
    return path


def _channel_paths(spec: Spec, position: Position) -> Iterator[KeyPath]:
    """Yields the paths of what gives a position its channels."""
    if position.side == "head":
        yield ("out_channels",)
    elif position.side == "input":
        yield ("inputs",)
    elif position.slot in ("block", "down", "up"):
        own = position.side == "decoder" and spec.keys.decoder and spec.keys.decoder.channels
        path: KeyPath = ("decoder", "channels") if own else ("channels",)
        found = spec.document and entry(spec.document, path)
        yield (*path, position.level) if found and type(found[1].value) is tuple else path
