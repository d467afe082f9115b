"""Interprets a pickle by hand: an allow-list of opcodes, on a stack of plain values. Nothing is imported or called.

The opcodes are those that protocols 2 to 5 write (Lib/pickletools.py describes them). Sets and bytes, which no weights
are made of, and texts and integers that are longer than any name or count become inert objects.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any

from unetkit.checkpoint.faults import CONVERT, Budget, Refused
from unetkit.checkpoint.values import Global, Inert, Storage, call, global_of

MOST_BYTES, MOST_OPERATIONS, MOST_MARKS = 2**26, 4_000_000, 1000
LONGEST_TEXT, LONGEST_INTEGER = 4096, 16
_STEP, _OBJECT, _TENSOR = 16, 80, 1000
"""Bytes that an operation, an object and a call may take in memory."""
_BROKEN = "its pickle is damaged"
_STOP = ord(".")


class PickleReader:
    """A pickle at a position, with the stack that its opcodes work on.

    `storage` gives the storage that an identifier of torch means. `file_size` bounds what a tensor may claim.
    """

    def __init__(self, content: bytes | bytearray, storage: Callable[[Any], Storage], budget: Budget, file_size: int):
        self.content = memoryview(content)
        self.storage = storage
        self.budget = budget
        self.file_size = file_size
        self.position = 0
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def read(self) -> Any:
        """The value that is pickled. Raises Refused where torch.save would not write such a pickle."""
        if len(self.content) > MOST_BYTES:
            raise Refused(f"its pickle has {len(self.content):,} bytes, of at most {MOST_BYTES:,}", CONVERT)
        if self.take(1) != b"\x80" or self.take(1)[0] not in range(2, 6):
            raise Refused("its pickle is of protocol 0 or 1, or damaged", CONVERT)
        for _ in range(MOST_OPERATIONS):
            if self.position >= len(self.content):
                raise Refused("its pickle ends early")
            opcode = self.content[self.position]
            self.position += 1
            if opcode == _STOP:
                return self._result()
            action = _ACTIONS.get(opcode)
            if action is None:
                raise Refused(f"its pickle has opcode 0x{opcode:02x}, which torch.save does not write")
            self.budget.spend(_STEP)
            action(self)
        raise Refused(f"its pickle has more than {MOST_OPERATIONS:,} operations", CONVERT)

    def _result(self) -> Any:
        if len(self.stack) != 1 or self.marks or self.position != len(self.content):
            raise Refused(_BROKEN)
        return self.stack[0]

    def take(self, count: int) -> bytes:
        """The next bytes."""
        start, self.position = self.position, self.position + count
        if self.position > len(self.content):
            raise Refused("its pickle ends early")
        return self.content[start : self.position].tobytes()

    def number(self, size: int) -> int:
        """The next bytes as an unsigned integer."""
        return int.from_bytes(self.take(size), "little")

    def skip(self, count: int) -> None:
        """Passes over bytes."""
        self.position += count
        if self.position > len(self.content):
            raise Refused("its pickle ends early")

    def line(self) -> str:
        """The rest of a line, which is part of a name."""
        found = self.content[self.position : self.position + LONGEST_TEXT].tobytes().find(b"\n")
        if found < 0:
            raise Refused(_BROKEN)
        return _decoded(self.take(found + 1)[:-1])

    def push(self, value: Any, size: int = _OBJECT) -> None:
        """Puts a value on the stack that takes some bytes."""
        self.budget.spend(size)
        self.stack.append(value)

    def pop(self) -> Any:
        """Takes the top of the stack."""
        if not self.stack:
            raise Refused(_BROKEN)
        return self.stack.pop()

    def pop_mark(self) -> list[Any]:
        """Takes all that lies above the last mark."""
        if not self.marks:
            raise Refused(_BROKEN)
        items, self.stack = self.stack, self.marks.pop()
        return items

    def top(self) -> Any:
        """The top of the stack, which stays."""
        if not self.stack:
            raise Refused(_BROKEN)
        return self.stack[-1]

    def recall(self, index: int) -> None:
        """Pushes a value that was noted before."""
        if index not in self.memo:
            raise Refused(_BROKEN)
        self.stack.append(self.memo[index])

    def note(self, index: int) -> None:
        """Notes the top of the stack."""
        self.budget.spend(_OBJECT)
        self.memo[index] = self.top()


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("its pickle has a text that is not UTF-8") from error


def _text(reader: PickleReader, size: int) -> None:
    length = reader.number(size)
    if length > LONGEST_TEXT:
        reader.skip(length)
        reader.push(Inert())
    else:
        reader.push(_decoded(reader.take(length)), _OBJECT + 4 * length)


def _bytes(reader: PickleReader, size: int) -> None:
    reader.skip(reader.number(size))
    reader.push(Inert())


def _integer(reader: PickleReader, size: int) -> None:
    length = reader.number(size)
    if length > LONGEST_INTEGER:
        reader.skip(length)
        reader.push(Inert())
    else:
        reader.push(int.from_bytes(reader.take(length), "little", signed=True))


def _mark(reader: PickleReader) -> None:
    if len(reader.marks) >= MOST_MARKS:
        raise Refused(f"its pickle nests more than {MOST_MARKS} values", CONVERT)
    reader.marks.append(reader.stack)
    reader.stack = []
    reader.budget.spend(_OBJECT)


def _pop(reader: PickleReader) -> None:
    if reader.stack:
        reader.stack.pop()
    else:
        reader.pop_mark()


def _pop_to_mark(reader: PickleReader) -> None:
    reader.pop_mark()


def _tuple(reader: PickleReader, count: int) -> None:
    items = [reader.pop() for _ in range(count)]
    reader.push(tuple(reversed(items)))


def _append(reader: PickleReader, items: Iterable[Any]) -> None:
    target = reader.top()
    if isinstance(target, list):
        target.extend(items)
    elif not isinstance(target, Inert):  # a list or set of another program: what it holds is left out
        raise Refused(_BROKEN)


def _append_one(reader: PickleReader) -> None:
    value = reader.pop()
    _append(reader, (value,))


def _set_items(reader: PickleReader, items: list[Any]) -> None:
    target = reader.top()
    if isinstance(target, Inert):
        target.items = {} if target.items is None else target.items
        target = target.items
    if not isinstance(target, dict) or len(items) % 2:
        raise Refused(_BROKEN)
    reader.budget.spend(_OBJECT * len(items))
    for key, value in zip(items[::2], items[1::2], strict=True):
        target[_key(key)] = value


def _key(value: Any) -> Any:
    """A key of a dict as it is if no choice of many such keys makes a dict slow, else an inert object."""
    if value is None or isinstance(value, str | float) or (isinstance(value, int) and abs(value) < 2**60):
        return value
    return Inert()


def _set_item(reader: PickleReader) -> None:
    value, key = reader.pop(), reader.pop()
    _set_items(reader, [key, value])


def _dict(reader: PickleReader) -> None:
    items = reader.pop_mark()
    reader.push({})
    _set_items(reader, items)


def _frozenset(reader: PickleReader) -> None:
    reader.pop_mark()
    reader.push(Inert())


def _global(reader: PickleReader) -> None:
    module, name = reader.line(), reader.line()
    reader.push(global_of(module, name), _OBJECT + 4 * len(module + name))


def _stack_global(reader: PickleReader) -> None:
    name, module = reader.pop(), reader.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise Refused(_BROKEN)
    reader.push(global_of(module, name), _OBJECT + 4 * len(module + name))


def _call(reader: PickleReader) -> None:
    values, function = reader.pop(), reader.pop()
    reader.push(call(function, values, reader.file_size), _TENSOR)


def _new(reader: PickleReader) -> None:
    named, values, kind = reader.pop(), reader.pop(), reader.pop()
    if not isinstance(kind, Global) or not isinstance(named, dict) or not isinstance(values, tuple):
        raise Refused(_BROKEN)
    reader.push(Inert(), _TENSOR)


def _build(reader: PickleReader) -> None:
    """Sets the attributes of an object; those of dicts and tensors are left out."""
    state = reader.pop()
    if isinstance(state, tuple) and len(state) == 2:  # attributes, and those in slots
        state = state[0]
    target = reader.top()
    if isinstance(target, Inert) and isinstance(state, dict):
        target.state = state


def _with(action: Callable[[PickleReader, int], None], size: int) -> Callable[[PickleReader], None]:
    """An action with the size of its argument."""
    return lambda reader: action(reader, size)


def _plain(value: Any) -> Callable[[PickleReader], None]:
    """Pushes a constant."""
    return lambda reader: reader.stack.append(value)


def _numeric(size: int, signed: bool) -> Callable[[PickleReader], None]:
    """Pushes an integer of so many bytes."""
    return lambda reader: reader.push(int.from_bytes(reader.take(size), "little", signed=signed))


_ACTIONS: dict[int, Callable[[PickleReader], None]] = {
    0x95: lambda reader: reader.skip(8),  # a frame, which changes nothing
    ord("N"): _plain(None),
    0x88: _plain(True),
    0x89: _plain(False),
    ord("K"): _numeric(1, signed=False),
    ord("M"): _numeric(2, signed=False),
    ord("J"): _numeric(4, signed=True),
    0x8A: _with(_integer, 1),
    0x8B: _with(_integer, 4),
    ord("G"): lambda reader: reader.push(struct.unpack(">d", reader.take(8))[0]),
    0x8C: _with(_text, 1),
    ord("X"): _with(_text, 4),
    0x8D: _with(_text, 8),
    ord("C"): _with(_bytes, 1),
    ord("B"): _with(_bytes, 4),
    0x8E: _with(_bytes, 8),
    0x96: _with(_bytes, 8),
    ord("("): _mark,
    ord("0"): _pop,
    ord("1"): _pop_to_mark,
    ord("]"): lambda reader: reader.push([]),
    ord("a"): _append_one,
    ord("e"): lambda reader: _append(reader, reader.pop_mark()),
    ord("l"): lambda reader: reader.push(reader.pop_mark()),
    ord(")"): _plain(()),
    0x85: _with(_tuple, 1),
    0x86: _with(_tuple, 2),
    0x87: _with(_tuple, 3),
    ord("t"): lambda reader: reader.push(tuple(reader.pop_mark())),
    ord("}"): lambda reader: reader.push({}),
    ord("s"): _set_item,
    ord("u"): lambda reader: _set_items(reader, reader.pop_mark()),
    ord("d"): _dict,
    0x8F: lambda reader: reader.push(Inert()),
    0x90: lambda reader: _append(reader, reader.pop_mark()),
    0x91: _frozenset,
    ord("q"): lambda reader: reader.note(reader.number(1)),
    ord("r"): lambda reader: reader.note(reader.number(4)),
    0x94: lambda reader: reader.note(len(reader.memo)),
    ord("h"): lambda reader: reader.recall(reader.number(1)),
    ord("j"): lambda reader: reader.recall(reader.number(4)),
    ord("c"): _global,
    0x93: _stack_global,
    ord("Q"): lambda reader: reader.push(reader.storage(reader.pop())),
    ord("R"): _call,
    0x81: _call,
    0x92: _new,
    ord("b"): _build,
}
"""What each opcode does."""
