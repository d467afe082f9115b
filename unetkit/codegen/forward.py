"""The forward of a block's class: its operations as statements, with few variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from unetkit.codegen.layout import Expression, Item, ItemGroup, call
from unetkit.codegen.parameters import Place
from unetkit.codegen.structure import Body
from unetkit.codegen.text import unused


def attribute(name: str) -> str:
    """The expression for a module of a block by its name.

    >>> attribute("conv1"), attribute("shortcut.conv1"), attribute("0")
    ('self.conv1', 'self.shortcut["conv1"]', 'self["0"]')
    """
    first, *rest = name.split(".")
    keys = "".join(f'["{key}"]' for key in rest)
    return f'self["{first}"]{keys}' if first.isdecimal() else f"self.{first}{keys}"


class Statement(NamedTuple):
    """`target = value`, or `return value` where there is no target. `line` is the last operation in it."""

    target: str
    value: Expression
    line: int


def statements(block: Body, texts: dict[Place, str], taken: frozenset[str]) -> list[Statement]:
    """The statements of a block's forward; the last one returns its output."""
    forward = Forward(block, texts, taken)
    lines = list(forward)
    if lines and lines[-1].line == block.output:
        return [*lines[:-1], lines[-1]._replace(target="")]
    return [*lines, Statement("", forward.variables[block.output], block.output)]


class Forward:
    """Goes through the operations of a block and tracks which variable holds which signal."""

    def __init__(self, block: Body, texts: dict[Place, str], taken: frozenset[str]) -> None:
        self.lines = block.lines
        self.texts = texts
        self.taken = taken
        self.last_reader = {source: index for index, line in enumerate(block.lines) for source in line.inputs}
        self.last_reader[block.output] = len(block.lines)
        self.variables = {-1 - place: name for place, name in enumerate(block.input_names)}
        self.nested: dict[int, Expression] = {}

    def __iter__(self) -> Iterator[Statement]:
        for index in range(len(self.lines)):
            value = self.value(index)
            if self.nests(index):
                self.nested[index] = value
                continue
            target = self.target(index)
            self.variables = {source: name for source, name in self.variables.items() if self.lives(source, index)}
            self.variables[index] = target
            yield Statement(target, value, index)

    def lives(self, source: int, index: int) -> bool:
        """Whether an operation after `index` reads a signal."""
        return self.last_reader.get(source, -1) > index

    def value(self, index: int) -> Expression:
        """The call of one operation."""
        line = self.lines[index]
        inputs = [self.nested.get(source) or self.variables[source] for source in line.inputs]
        if line.layer.is_module:
            return call(attribute(line.name), *inputs)
        name = line.layer.name.removeprefix("functional.")
        named = {keyword: self.texts[index, keyword] for keyword in line.layer.kwargs}
        if line.layer.joins:
            return call(name, ItemGroup("[", tuple(map(Item, inputs)), "]"), **named)
        return call(name, *inputs, **named)

    def nests(self, index: int) -> bool:
        """Whether an operation needs no variable: its only reader is the next operation that joins signals."""
        last = self.last_reader.get(index, -1)
        if not index < last < len(self.lines) or len(self.lines[last].inputs) < 2:
            return False
        together = list(range(index, last))
        joined = [source for source in self.lines[last].inputs if source >= index]
        return joined == together and all(self.is_aside(other, index, last) for other in together)

    def is_aside(self, index: int, first: int, last: int) -> bool:
        """Whether an operation reads signals that are needed again, and only `last` reads its result."""
        inputs = self.lines[index].inputs
        held = all(source < first and source not in self.nested for source in inputs)
        return held and self.lives(inputs[0], index) and self.last_reader[index] == last

    def target(self, index: int) -> str:
        """The variable for a result: that of an input that is no longer needed, or a new one."""
        line = self.lines[index]
        held = [source for source in line.operation.valued(line.inputs) if source in self.variables]
        spare = [self.variables[source] for source in held if not self.lives(source, index)]
        if spare:
            return "x" if "x" in spare else spare[0]
        live = {name for source, name in self.variables.items() if self.lives(source, index)}
        return unused(self.new_name(index), live | self.taken)

    def new_name(self, index: int) -> str:
        """A name for a new branch: that of its only layer, or of the input that it becomes."""
        own = self.lines[index].name.rpartition(".")[2]
        name = "y" if re.search(r"\d$", own) else own
        while True:
            readers = [reader for reader in self.lines if index in reader.inputs]
            if len(readers) != 1:
                return name
            reader = readers[0]
            if len(reader.inputs) > 1:
                own_names = dict(zip(reader.inputs, reader.operation.input_names, strict=False))
                return own_names.get(index) or name
            index, name = self.lines.index(reader), "y"
