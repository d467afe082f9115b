"""YAML files as documents: `extends` resolved, overrides applied, every value with its file, line and column."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

import yaml

from unetkit.document.merge import Key, KeyPath, TreeNode, as_lists, assigned, empty_maps, history, merge, plain
from unetkit.document.text import MAX_BYTES, checked, compose, compose_map, too_large
from unetkit.errors import Fault, Place, SpecError, did_you_mean

_MAX_EXTENDS: Final = 16

Find: TypeAlias = Callable[[str, Path | None], Path]


class Written(NamedTuple):
    """A plain value, and where it is written."""

    value: Any
    place: Place


class Document:
    """A YAML tree with `extends` resolved, in which every key and value has its place."""

    __slots__ = ("name", "root")

    def __init__(self, name: str, root: TreeNode) -> None:
        self.name = name
        self.root = root

    def values(self) -> Any:
        """The plain values: dicts with keys of str or int, tuples, int, float, bool, None, str."""
        return plain(self.root)

    def files(self) -> set[Path]:
        """The files that the values come from, including extended ones."""
        names, nodes = {self.name}, [self.root]
        while nodes:
            node = nodes.pop()
            names.add(node.source.name)
            if type(node.value) is dict:
                nodes += [one for pair in node.value.values() for one in pair]
            elif type(node.value) is tuple:
                nodes += node.value
        return {Path(name) for name in names if name[:1] not in ("<", "-")}

    def node(self, *path: Key) -> TreeNode:
        """The value at a path at which a value was written."""
        node = self.root
        for key in path:
            node = node.value[key][1]
        return node

    def history(self, path: KeyPath) -> list[Written]:
        """Everything that was written at a path, each where it stands: the value that counts, then those it replaced.

        >>> override(parse("norm: {type: group, groups: 8}"), ["norm.groups=4"]).history(("norm", "groups"))[1].value
        8
        """
        found: dict[Place, Written] = {}
        for node in history(self.root, path):
            place = node.place()
            found.setdefault(place, Written(plain(node), place))
        return list(found.values())

    def has(self, path: KeyPath) -> bool:
        """Whether a value was written at a path; a bare name is the type of a component."""
        node = self.root
        for number, part in enumerate(path, start=1):
            if type(node.value) is dict and part in node.value:
                node = node.value[part][1]
            elif type(node.value) is tuple and type(part) is int and 0 <= part < len(node.value):
                node = node.value[part]
            else:
                return part == "type" and number == len(path) and type(node.value) is str
        return True

    def place(self, path: KeyPath, *, key: bool = False) -> Place | None:
        """The place of the value (or the key) at a path, or of its nearest ancestor if there is none."""
        node = nearest = self.root
        for part in path:
            if type(node.value) is dict and part in node.value:
                name, node = node.value[part]
            elif type(node.value) is tuple and type(part) is int and 0 <= part < len(node.value):
                name = node = node.value[part]
            else:
                break
            nearest = name if key else node
        return nearest.place()


def beside(reference: str, base: Path | None) -> Path:
    """The path that `extends: reference` means in the file `base`: relative to its folder."""
    return (base.parent if base else Path()) / reference


def read(path: Path, *, find: Find = beside) -> Document:
    """Reads a file and what it extends. Raises SpecError with all faults of the first faulty file."""
    return Document(str(path), _load(path, find, ()))


def parse(text: str, name: str = "<text>", *, find: Find = beside) -> Document:
    """Reads a text as `read` reads a file; `extends` in it is relative to the current folder."""
    source = checked(name, text)
    return Document(name, _extend(compose_map(source), None, find, ()))


def from_values(values: Mapping[str, Any], name: str = "<values>", *, find: Find = beside) -> Document:
    """Plain values as a document: they are written as YAML first, so that errors can quote a line."""
    return parse(to_text(values), name, find=find)


def to_text(values: Mapping[str, Any]) -> str:
    """Plain values as YAML."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(as_lists(values), Dumper=dumper, sort_keys=False, allow_unicode=True)
    return text


def inner(node: TreeNode, file: Path | None, *, find: Find = beside) -> Document:
    """The map at a node of a file as a document of its own; `extends` in it is relative to that file."""
    return Document(str(file) if file else node.source.name, _extend(as_map(node), file, find, ()))


def as_map(node: TreeNode) -> TreeNode:
    """The node unchanged; raises SpecError if it is no map."""
    if type(node.value) is dict:
        return node
    kind = "null" if node.value is None else "a list" if type(node.value) is tuple else "a single value"
    cure = "Write lines like: key: value."
    raise SpecError(Fault("wrong-type", f"this is {kind}, not a map with keys", cure=cure, place=node.place()))


def top_keys(path: Path) -> set[Any]:
    """The top-level keys of a file itself, without those of files that it extends. Raises SpecError."""
    return set(_compose(path).value)


def override(document: Document, assignments: Iterable[str]) -> Document:
    """The document with assignments `path=VALUE` merged in, in order; VALUE is YAML.

    >>> override(parse("norm: group"), ["norm.groups=4"]).values()
    {'norm': {'type': 'group', 'groups': 4}}
    """
    root = document.root
    faults: list[Fault] = []
    for assignment in assignments:
        try:
            root = assigned(root, *_assignment(assignment))
        except SpecError as error:
            faults += error.faults
    if faults:
        raise SpecError(*faults)
    return Document(document.name, root)


def _assignment(text: str) -> tuple[tuple[TreeNode, ...], TreeNode]:
    source = checked("--set", text)

    def refuse(message: str, cure: str, column: int, width: int) -> NoReturn:
        raise SpecError(Fault("override-syntax", message, cure=cure, place=Place("--set", 1, column + 1, text, width)))

    left, equals, right = text.partition("=")
    if not equals:
        refuse("an override needs a '='", "Write PATH=VALUE, for example skip.align=pad", 0, len(text) or 1)
    column, path = 0, []
    for part in left.split("."):
        key = part.strip()
        if not key:
            refuse("a part of the path is empty", "Write PATH=VALUE, for example skip.align=pad", column, 1)
        start = column + part.index(key)
        begin, end = (yaml.Mark("--set", at, 0, at, None, 0) for at in (start, start + len(key)))
        index = key.isascii() and key.isdigit() and len(key) < 19  # int() refuses thousands of digits
        path.append(TreeNode(int(key) if index else key, source, begin, end))
        column += len(part) + 1
    if path[0].value == "extends":
        refuse("'extends' cannot be overridden", "Choose another spec to start from.", 0, len(left))
    leaf = compose(source, " " * column + right)  # the spaces keep the columns of the assignment
    if leaf is None:
        refuse("the value is missing", f"Write {left}=null if null is meant.", column - 1, 1)
    return tuple(path), leaf


def _load(path: Path, find: Find, chain: tuple[Path, ...]) -> TreeNode:
    return _extend(_compose(path), path, find, (*chain, path))


def _compose(path: Path) -> TreeNode:
    return compose_map(checked(str(path), _bytes(path).decode("utf-8", "surrogateescape")))


def _extend(root: TreeNode, file: Path | None, find: Find, chain: tuple[Path, ...]) -> TreeNode:
    if "extends" not in root.value:
        return root
    entries = dict(root.value)
    _, reference = entries.pop("extends")
    base: TreeNode | None = None
    for one in reference.value if type(reference.value) is tuple and reference.value else (reference,):
        extended = _extended(one, file, find, chain)
        base = extended if base is None else merge(base, extended)
    own = TreeNode(entries, root.source, root.start, root.end)
    assert base is not None, "a file extends at least one"
    idle = [_empty_map(node) for node in empty_maps(base, own)]
    if idle:
        raise SpecError(*idle)
    return merge(base, own)


def _extended(reference: TreeNode, file: Path | None, find: Find, chain: tuple[Path, ...]) -> TreeNode:
    """The tree of a file that another extends."""
    try:
        if type(reference.value) is not str or "\0" in reference.value:
            cure = "Write extends: other.yaml, or extends: [one.yaml, other.yaml]"
            raise _error("extends-type", "extends takes the name of a file, or a list of names", cure)
        target = find(reference.value, file)
        if os.path.realpath(target) in map(os.path.realpath, chain):
            circle = " -> ".join(map(str, (*chain, target)))
            raise _error("extends-cycle", f"files extend each other: {circle}", "Remove one of these extends.")
        if len(chain) > _MAX_EXTENDS:
            raise _error("extends-depth", f"more than {_MAX_EXTENDS} files extend one another", "Merge some of them.")
        return _load(target, find, chain)
    except SpecError as error:
        missing = ("file-missing", "extends-missing")
        faults = [replace(fault, code=fault.code.replace(*missing)) for fault in error.faults]
        raise SpecError(*(fault.at(reference.place()) for fault in faults)) from error


def _empty_map(node: TreeNode) -> Fault:
    message, cure = "an empty map changes nothing of what is inherited", "Leave it out; null removes what is inherited."
    return Fault("no-effect", message, cure=cure, place=node.place())


def _bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise _error("file-folder", f"{path} is a folder", "Name a file in it.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise too_large(str(path), f"{size:,}")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # the size of a pipe or a growing file is unknown
    except (FileNotFoundError, NotADirectoryError):
        raise _error("file-missing", f"{path} does not exist", _nearby(path)) from None
    except PermissionError as error:
        raise _error("file-permission", f"no permission to read {path}", "Change its permissions.") from error
    except (OSError, ValueError) as error:
        raise _error("file-unreadable", f"{str(path)!r} cannot be read: {error}") from error
    if len(content) > MAX_BYTES:
        raise too_large(str(path), f"more than {MAX_BYTES:,}")
    return content


def _nearby(path: Path) -> str:
    """The cure for a missing file: the other YAML files of its folder."""
    try:
        names = [
            entry.name for entry in path.parent.iterdir() if entry.suffix in (".yaml", ".yml") and entry.name[0] != "."
        ]
    except OSError:
        return f"There is no folder {path.parent}."
    cure = did_you_mean(path.name, names)
    return cure if len(names) <= 20 or cure.startswith("Did") else f"Its folder has {len(names)} other YAML files."


def _error(code: str, message: str, cure: str = "") -> SpecError:
    return SpecError(Fault(code, message, cure=cure))
