"""Values with their places in a file, and the rule by which two trees of them merge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

from unetkit.errors import Fault, Place, SpecError

Key: TypeAlias = str | int
KeyPath: TypeAlias = tuple[Key, ...]


class _Mark(Protocol):
    """A position in a source; both count from 0."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class TextSource(NamedTuple):
    """A text and the name under which messages show it."""

    name: str
    text: str


class TreeNode:
    """A scalar, a tuple of nodes, or a dict of key -> (its node, node of the value). Never changed once built.

    `replaced` is the node of a wider file, or of one before an override, in whose place it stands.
    """

    __slots__ = ("end", "replaced", "source", "start", "value")

    def __init__(
        self, value: Any, source: TextSource, start: _Mark, end: _Mark, replaced: TreeNode | None = None
    ) -> None:
        self.value = value
        self.source = source
        self.start = start
        self.end = end
        self.replaced = replaced

    def replacing(self, older: TreeNode) -> TreeNode:
        """This node in place of another; what it had replaced before remains newer."""
        replaced = self.replaced.replacing(older) if self.replaced else older
        return TreeNode(self.value, self.source, self.start, self.end, replaced)

    def place(self) -> Place:
        """Where the node starts, and how wide it is on its first line."""
        start, end = self.start, self.end
        lines = self.source.text.splitlines()
        text = lines[start.line] if start.line < len(lines) else ""
        ends_here = end.line == start.line
        width = end.column - start.column if ends_here else len(text[start.column :].split(" #")[0].rstrip())
        return Place(self.source.name, start.line + 1, start.column + 1, text, max(1, width))


def history(node: TreeNode, path: KeyPath) -> Iterator[TreeNode]:
    """Yields what was written at a path, the newest first: the node that counts, then those that it replaced.

    The items of a list that was replaced as a whole are not among them.
    """
    if not path:
        yield node
    elif type(node.value) is dict and path[0] in node.value:
        yield from history(node.value[path[0]][1], path[1:])
    elif type(node.value) is tuple and type(path[0]) is int and 0 <= path[0] < len(node.value):
        yield from history(node.value[path[0]], path[1:])
    elif path == ("type",) and type(node.value) is str:
        yield node
    if node.replaced and (type(node.replaced.value) is not tuple or not path):
        yield from history(node.replaced, path)


def plain(node: TreeNode) -> Any:
    """The values without their places: dicts, tuples, scalars."""
    value = node.value
    if type(value) is dict:
        return {key: plain(child) for key, (_, child) in value.items()}
    if type(value) is tuple:
        return tuple(map(plain, value))
    return value


def merge(base: TreeNode, over: TreeNode) -> TreeNode:
    """Merges `over` into `base`: maps merge key by key, everything else replaces.

    A map with another `type` replaces the old one, which drops the parameters of the old type. A bare name in
    `base` counts as `{type: name}`. Neither argument changes: nodes are shared where YAML has aliases.
    """
    base = _named(base)
    if type(over.value) is not dict or type(base.value) is not dict:
        return over.replacing(base)
    if "type" in base.value and "type" in over.value:
        old, new = base.value["type"][1], over.value["type"][1]
        if plain(old) != plain(new):
            return over.replacing(base)
    entries = dict(base.value)
    for key, (name, node) in over.value.items():
        entries[key] = (name, merge(entries[key][1], node) if key in entries else node)
    return TreeNode(entries, over.source, over.start, over.end)


def empty_maps(base: TreeNode, over: TreeNode) -> Iterator[TreeNode]:
    """Yields the maps within `over` that are empty where `base` has one that is not: to merge them changes nothing."""
    if type(over.value) is dict and type(base.value) is dict:
        for key, (_, node) in over.value.items():
            inherited = base.value[key][1] if key in base.value else node
            if node.value == {} and type(inherited.value) is dict and inherited.value:
                yield node
            yield from empty_maps(inherited, node) if inherited is not node else ()


def without_removed(node: TreeNode) -> TreeNode:
    """The tree without the keys whose value is null in place of an inherited one."""
    if type(node.value) is tuple:
        items = tuple(map(without_removed, node.value))
        same = all(new is old for new, old in zip(items, node.value, strict=True))
        return node if same else TreeNode(items, node.source, node.start, node.end, node.replaced)
    if type(node.value) is not dict:
        return node
    kept = {
        key: (name, without_removed(value))
        for key, (name, value) in node.value.items()
        if value.value is not None or value.replaced is None
    }
    same = len(kept) == len(node.value) and all(kept[key][1] is node.value[key][1] for key in kept)
    return node if same else TreeNode(kept, node.source, node.start, node.end, node.replaced)


def _named(node: TreeNode) -> TreeNode:
    """The map `{type: name}` for a bare name, any other node unchanged."""
    if type(node.value) is not str:
        return node
    return TreeNode({"type": (node, node)}, node.source, node.start, node.end, node.replaced)


def _patch(base: TreeNode | None, path: tuple[TreeNode, ...], leaf: TreeNode) -> TreeNode:
    """The tree to merge into `base` to put `leaf` at `path`. Raises SpecError if `path` leads nowhere."""
    if not path:
        return leaf
    first, rest = path[0], path[1:]
    key: Key = first.value
    if base is not None and base.value is None and base.replaced is not None:  # it was removed
        base = None
    base = base and _named(base)
    if base is None or type(base.value) is dict:
        child = base.value[key][1] if base and key in base.value else None
        return TreeNode({key: (first, _patch(child, rest, leaf))}, first.source, first.start, leaf.end)
    items = base.value
    if type(items) is not tuple:
        shown = "null" if items is None else str(items).lower()
        message = f"'{key}' leads into a value that has no keys: {shown} at {base.place()}"
        raise SpecError(Fault("override-path", message, cure="Replace that value as a whole.", place=first.place()))
    if type(key) is not int or key >= len(items):
        message = f"'{key}' is no index of the list at {base.place()}, which has length {len(items)}"
        cure = f"Its indexes are 0 to {len(items) - 1}." if items else "Replace the list as a whole."
        raise SpecError(Fault("override-path", message, cure=cure, place=first.place()))
    item = merge(items[key], _patch(items[key], rest, leaf))
    return TreeNode((*items[:key], item, *items[key + 1 :]), first.source, first.start, leaf.end)


def assigned(root: TreeNode, path: tuple[TreeNode, ...], leaf: TreeNode) -> TreeNode:
    """A copy of a map with `leaf` merged in at `path`. Raises SpecError if `path` leads nowhere."""
    return TreeNode(merge(root, _patch(root, path, leaf)).value, root.source, root.start, root.end)


class _Within(NamedTuple):
    """A position on the line of a mark."""

    line: int
    column: int


def dotted(name: TreeNode) -> tuple[TreeNode, ...]:
    """The parts of a key such as `skip.align`, each with its own place; digits are numbers."""
    if type(name.value) is not str:
        return (name,)
    plainly = name.end.line == name.start.line and name.end.column - name.start.column == len(name.value)
    parts, column = [], name.start.column
    for part in name.value.split("."):
        start, end = _Within(name.start.line, column), _Within(name.start.line, column + len(part))
        marks = (start, end) if plainly else (name.start, name.end)  # a quoted key is shown as a whole
        parts.append(
            TreeNode(int(part) if part.isascii() and part.isdigit() and len(part) < 19 else part, name.source, *marks)
        )
        column += len(part) + 1
    return tuple(parts)


def noded(value: Any, like: TreeNode) -> TreeNode:
    """Plain values as nodes, all at the place of another node."""
    if isinstance(value, dict):
        inner: Any = {key: (noded(key, like), noded(item, like)) for key, item in value.items()}
    else:
        inner = tuple(noded(item, like) for item in value) if isinstance(value, tuple | list) else value
    return TreeNode(inner, like.source, like.start, like.end)


def as_lists(value: Any) -> Any:
    """Plain values with lists for tuples, as YAML has them."""
    if isinstance(value, Mapping):
        return {key: as_lists(item) for key, item in value.items()}
    return [as_lists(item) for item in value] if isinstance(value, list | tuple) else value


def without(values: Mapping[Any, Any], path: KeyPath) -> dict[Any, Any]:
    """Nested maps without what stands at a path; a list with a wrong item goes as a whole."""
    key, *rest = path or (None,)
    inner = values.get(key)
    if rest and isinstance(inner, dict):
        return {**values, key: without(inner, tuple(rest))}
    return {name: value for name, value in values.items() if name != key} if path else {}
