"""Parses YAML text into a tree of values with their places.

Scalars follow the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema): `1e-3` is a number, `no` is
text, `010` is ten. PyYAML splits the text into events; meaning, limits and messages are decided here.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final, NoReturn

import yaml
from yaml.reader import Reader

from unetkit.document.merge import Key, TextSource, TreeNode
from unetkit.document.syntax import syntax_fault
from unetkit.errors import Fault, Place, SpecError, did_you_mean

MAX_BYTES: Final = 256 * 1024
_MAX_NODES: Final = 10_000
_MAX_NESTING: Final = 32


def checked(name: str, text: str) -> TextSource:
    """The text as a source. Raises SpecError if it is too long or not printable.

    Bytes that are not UTF-8 are expected as `surrogateescape` leaves them.
    """
    if len(text) > MAX_BYTES:
        raise too_large(name, f"{len(text):,}")
    mark, text = text[:1] == "\ufeff", text.removeprefix("\ufeff")
    end = _first_unprintable(text)
    if end == len(text):
        return TextSource(name, text)
    offset = len(text[:end].encode()) + 3 * mark
    character = ord(text[end])
    escaped = 0xDC80 <= character <= 0xDCFF
    what = f"byte 0x{character - 0xDC00:02X}" if escaped else f"character U+{character:04X}"
    lines = f"{text[:end]}.".splitlines()
    place = Place(name, len(lines), len(lines[-1]))  # without the line: it would reach the terminal raw
    message = f"not a text in UTF-8: {what} at byte offset {offset:,}"
    raise SpecError(Fault("yaml-encoding", message, cure="Save the file as UTF-8 text.", place=place))


def _first_unprintable(text: str) -> int:
    """The index of the first character that YAML forbids or that some editors take for a line break."""
    match = Reader.NON_PRINTABLE.search(text)  # PyYAML's: to compile another takes 8 ms
    starts = [match.start()] if match else []
    starts += [at for character in "\x85\u2028\u2029\ufeff" if (at := text.find(character)) >= 0]
    return min(starts, default=len(text))


def too_large(name: str, size: str) -> SpecError:
    """The error for a text of `size` bytes."""
    cure = f"A spec has at most {MAX_BYTES:,} bytes."
    return SpecError(Fault("yaml-too-large", f"the file has {size} bytes", cure=cure, place=Place(name, 1, 1)))


def compose_map(source: TextSource) -> TreeNode:
    """The tree of a source whose top level is a map. Raises SpecError with all faults."""
    node = compose(source)
    if node is None or node.value is None:
        cure = "Write at least one line like: name: my-net"
        raise SpecError(Fault("yaml-empty", "the file holds no values", cure=cure, place=Place(source.name, 1, 1)))
    if type(node.value) is not dict:
        kind = "a list" if type(node.value) is tuple else "a single value"
        message, cure = f"the top level is {kind}, not a map", "Write lines like: name: my-net"
        raise SpecError(Fault("yaml-top-level", message, cure=cure, place=node.place()))
    return node


def compose(source: TextSource, text: str | None = None) -> TreeNode | None:
    """The tree of a source, or of `text` in its place; None if it holds no value."""
    composer = _Composer(source, source.text if text is None else text)
    try:
        root = composer.document()
    except yaml.YAMLError as error:
        composer.faults.append(syntax_fault(source.name, source.text, error))
    if composer.faults:
        raise SpecError(*composer.faults)
    return root


def scalar(text: str) -> Any:
    """The value of an unquoted scalar. Raises ValueError for a number that Python cannot represent.

    >>> [scalar(text) for text in ("1e-3", "010", "0x1F", "no", "12:30", "~")]
    [0.001, 10, 31, 'no', '12:30', None]
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "0123456789+-." or not _NUMBER.fullmatch(text):
        return text
    if text[1:2] in ("x", "o"):
        return int(text, 0)
    if not _FLOAT.search(text):
        return int(text)
    value = float(text)
    if math.isinf(value):
        raise ValueError(text)
    return value


class _Composer:
    """Builds nodes from the events of one text; goes on after a fault where it can."""

    def __init__(self, source: TextSource, text: str) -> None:
        self.source = source
        self.next = _LOADER(text).get_event
        self.faults: list[Fault] = []
        self.anchors: dict[str, TreeNode | None] = {}  # None while the anchored node is still open
        self.count = 0

    def document(self) -> TreeNode | None:
        self.next()  # start of the stream
        if type(self.next()) is yaml.StreamEndEvent:
            return None
        root = self.node(self.next(), 1)
        self.next()  # end of the document
        event = self.next()
        if type(event) is not yaml.StreamEndEvent:
            self.fault("yaml-documents", "a second document starts here", "Write one document per file.", event)
        return root

    def node(self, event: Any, depth: int) -> TreeNode:
        kind, anchor, start = type(event), event.anchor, event.start_mark
        self.count += 1
        if kind is yaml.AliasEvent:
            return self.alias(event, depth)
        if self.count > _MAX_NODES:
            self.stop("yaml-too-large", f"more than {_MAX_NODES:,} values", "Shorten the file.", event)
        value: Any
        if kind is yaml.ScalarEvent:
            value = self.scalar(event)
        else:
            if depth > _MAX_NESTING:
                self.stop("yaml-nesting", f"nested deeper than {_MAX_NESTING} levels", "Flatten the file.", event)
            if anchor:
                self.anchors[anchor] = None
            own = "!!map" if kind is yaml.MappingStartEvent else "!!seq"
            if event.tag and _short(event.tag) not in (own, "!"):
                self.fault("yaml-tag", f"the tag {_short(event.tag)} cannot stand here", _TAG_CURE, event)
            value, event = self.map(depth) if own == "!!map" else self.list(depth)
        node = TreeNode(value, self.source, start, event.end_mark)
        if anchor:
            self.anchors[anchor] = node
        return node

    def list(self, depth: int) -> tuple[tuple[TreeNode, ...], Any]:
        nodes = []
        while type(event := self.next()) is not yaml.SequenceEndEvent:
            nodes.append(self.node(event, depth + 1))
        return tuple(nodes), event

    def map(self, depth: int) -> tuple[dict[Key, tuple[TreeNode, TreeNode]], Any]:
        entries: dict[Key, tuple[TreeNode, TreeNode]] = {}
        while type(event := self.next()) is not yaml.MappingEndEvent:
            name = self.node(event, depth + 1)
            node = self.node(self.next(), depth + 1)
            key = name.value
            if type(key) is not str and type(key) is not int:
                self.fault("yaml-key", "a key must be a text or an integer", "Put the key in quotes.", event)
            elif key == "<<":
                self.fault("yaml-merge-key", "'<<' is not supported", "Use extends: other.yaml", event)
            elif key in entries:
                first = entries[key][0].place()
                cure = "Keep one of the two."
                self.fault("yaml-duplicate-key", f"'{key}' is already given at {first}", cure, event)
            else:
                entries[key] = (name, node)
        return entries, event

    def alias(self, event: Any, depth: int) -> TreeNode:
        name = event.anchor
        node = self.anchors.get(name)
        if node is None:
            if name in self.anchors:
                self.fault("yaml-alias-recursive", f"*{name} stands inside its own anchor", "Write it out.", event)
            else:
                cure = did_you_mean(name, self.anchors)
                self.fault("yaml-alias-unknown", f"no anchor &{name} stands above", cure, event)
            return TreeNode(None, self.source, event.start_mark, event.end_mark)
        # A node has at most _MAX_NODES values here, and each alias adds its values to the count: so this stays linear.
        size, height = _extent(node)
        self.count += size - 1
        if self.count > _MAX_NODES:
            message = f"*{name} makes more than {_MAX_NODES:,} values when aliases are written out"
            self.stop("yaml-alias-limit", message, "Use fewer aliases.", event)
        if depth + height - 1 > _MAX_NESTING:
            self.stop("yaml-nesting", f"*{name} nests deeper than {_MAX_NESTING} levels", "Flatten the file.", event)
        return node

    def scalar(self, event: Any) -> Any:
        tag = event.tag and _short(event.tag)
        if tag in ("!", "!!str") or not (tag or event.implicit[0]):
            return event.value
        try:
            value = scalar(event.value)
            if tag == "!!float" and type(value) is int:
                value = float(value)
        except (ValueError, OverflowError):
            self.fault("yaml-number", "this number is too large", "Write .inf, or quote it as a text.", event)
            return None
        if tag and _TAGS.get(tag) is not type(value):
            message = f"the value is no {tag}" if tag in _TAGS else f"the tag {tag} cannot stand here"
            self.fault("yaml-tag", message, _TAG_CURE, event)
        return value

    def fault(self, code: str, message: str, cure: str, event: Any) -> None:
        place = TreeNode(None, self.source, event.start_mark, event.end_mark).place()
        self.faults.append(Fault(code, message, cure=cure, place=place))

    def stop(self, code: str, message: str, cure: str, event: Any) -> NoReturn:
        self.fault(code, message, cure, event)
        raise SpecError(*self.faults)


def _extent(node: TreeNode) -> tuple[int, int]:
    """The number of values in a node, itself and keys included, and the depth of its nesting."""
    if type(node.value) is dict:
        children = [child for entry in node.value.values() for child in entry]
    elif type(node.value) is tuple:
        children = list(node.value)
    else:
        return 1, 0
    sizes, heights = zip(*map(_extent, children), strict=True) if children else ((), (0,))
    return 1 + sum(sizes), 1 + max(heights)


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # PyYAML without libyaml has the slow one only
_NUMBER = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_FLOAT = re.compile("[.eE]")
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_TAGS: Final = {"!!int": int, "!!float": float, "!!bool": bool, "!!null": type(None)}
_TAG_CURE: Final = "Remove the tag; put a text in quotes."
