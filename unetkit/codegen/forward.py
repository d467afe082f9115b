"""The forward of a block's class: its operations as lines, with as few variables as a person would use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from unetkit.codegen.layout import Expression, Group, Item, call, literal
from unetkit.codegen.names import attribute, is_free
from unetkit.codegen.parameters import unused
from unetkit.codegen.structure import Body, Line
from unetkit.operations import CropTo, Gate, PadTo, ResizeTo, SameSize

Aligning = (CropTo, PadTo, ResizeTo, SameSize)
ARGUMENTS = ("x", "skip")
"""What a block's forward calls its inputs."""


class Statement(NamedTuple):
    """`target = value`; line: the operation that it ends with."""

    target: str
    value: Expression
    line: int


class Forward:
    """The statements of a block's forward, and what it returns."""

    def __init__(self, block: Body, texts: dict[tuple[int, int | str], str], taken: frozenset[str]) -> None:
        self.block = block
        self.texts = texts
        self.taken = taken
        self.last_reader = {source: index for index, line in enumerate(block.lines) for source in line.inputs}
        self.last_reader[block.output] = len(block.lines)
        self.variables = {-1 - place: ARGUMENTS[place] for place in range(len(block.in_channels))}
        self.nested: dict[int, Expression] = {}

    def statements(self) -> Iterator[Statement]:
        """Yields the statements in execution order."""
        for index, line in enumerate(self.block.lines):
            value = self.value(index)
            if self.nests(index):
                self.nested[index] = value
                continue
            target = self.target(index)
            self.variables = {i: name for i, name in self.variables.items() if self.last_reader.get(i, -1) > index}
            self.variables[index] = target
            yield Statement(target, value, index)
            del line

    def value(self, index: int) -> Expression:
        """Returns the call of one operation."""
        line = self.block.lines[index]
        inputs = [self.nested.get(source) or self.variables[source] for source in line.inputs]
        name = line.layer.name.rpartition(".")[2]
        if line.layer.is_module:
            return call(attribute(line.name), *inputs)
        named = {keyword: self.texts[index, keyword] for keyword in line.layer.kwargs}
        if line.layer.name == "torch.cat":
            return call("torch.cat", Group("[", tuple(map(Item, inputs)), "]"), **named)
        return call(line.layer.name if line.layer.name.startswith("torch.") else name, *inputs, **named)

    def nests(self, index: int) -> bool:
        """Whether an operation needs no variable: its result goes at once, and alone, into one that joins several."""
        lines, last = self.block.lines, self.last_reader.get(index, -1)
        if not index < last < len(lines) or self.dead(index, lines[index].inputs[0]):
            return False
        joined = [source for source in lines[last].inputs if source >= index]
        alone = all(source not in lines[other].inputs for other in range(index + 1, last) for source in joined)
        simple = all(source not in self.nested for source in lines[index].inputs)
        return len(lines[last].inputs) > 1 and joined == list(range(index, last)) and alone and simple

    def dead(self, index: int, source: int) -> bool:
        """Whether nothing after operation `index` reads a signal."""
        return self.last_reader.get(source, -1) <= index

    def target(self, index: int) -> str:
        """Returns the variable for the result of an operation: that of its input where nobody needs this any more."""
        line = self.block.lines[index]
        free = [self.variables[s] for s in line.inputs if s in self.variables and self.dead(index, s)]
        first = self.variables.get(line.inputs[0])
        if isinstance(line.operation, Aligning) or len(line.inputs) == 1:
            reused = first if first in free else None
        else:
            reused = "x" if "x" in free else first if first in free else None
        if reused:
            return reused
        live = {name for source, name in self.variables.items() if not self.dead(index, source)}
        return unused(self.new_name(index), live | self.taken)

    def new_name(self, index: int) -> str:
        """Returns a name for a new branch, after what becomes of it."""
        lines, name = self.block.lines, ""
        while True:
            if is_free(lines[index].name) and not re.search(r"\d$", lines[index].name):
                name = lines[index].name
            readers = [reader for reader, line in enumerate(lines) if index in line.inputs]
            if len(readers) != 1:
                return name or "y"
            reader: Line = lines[readers[0]]
            if len(reader.inputs) > 1:
                weighs = isinstance(reader.operation, Gate) and reader.inputs[1] == index
                return "weights" if weighs else name or "y"
            index = readers[0]


__all__ = ["ARGUMENTS", "Forward", "Statement", "literal"]
