"""The stages of a network: calls that one module holds and that follow each other, and the class of such a module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from unetkit.codegen.layout import INDENT, Item, ItemGroup, lay_out
from unetkit.codegen.text import docstring
from unetkit.module_tree import Tree, module_tree
from unetkit.planning.wiring import Call
from unetkit.signal import input_names
from unetkit.wording import listed

_INNER = INDENT * 2
Form = tuple[tuple[str, int], ...]
"""The names of the calls of a stage, and how many further signals each reads; −1: any number, as no other reads one."""


class Stage(NamedTuple):
    """Calls of one module: each reads the output of the one before, and further signals from outside.

    `path` has the keys of the module from the network on, `names` those of the calls within it: none where the module
    is a block itself.
    """

    path: tuple[str, ...]
    names: tuple[str, ...]
    calls: tuple[Call, ...]

    @property
    def inputs(self) -> tuple[int, ...]:
        """The nodes that it reads, first the one of its first call."""
        further = [node for one in self.calls for node in one.inputs[1:]]
        return (self.calls[0].inputs[0], *further)

    @property
    def output(self) -> int:
        """The node of its output."""
        return self.calls[-1].output

    @property
    def is_chain(self) -> bool:
        """Whether it reads a single signal."""
        return len(self.inputs) == 1

    @property
    def form(self) -> Form:
        """What it has in common with the stages of its class."""
        counts = [len(one.inputs) - 1 for one in self.calls]
        alone = sum(map(bool, counts)) == 1
        return tuple((name, -1 if alone and count else count) for name, count in zip(self.names, counts, strict=True))


def stages(calls: Sequence[Call], outputs: Sequence[int]) -> list[Stage]:
    """The stages of a network in execution order; what belongs to none is a stage of one call."""
    order = {one.scope: index for index, one in enumerate(calls)}
    readers: dict[int, list[Call]] = {}
    for one in calls:
        for node in one.inputs:
            readers.setdefault(node, []).append(one)

    def within(path: tuple[str, ...], tree: Tree[Call]) -> Iterator[Stage]:
        own = _chained(tree, order)
        if path and own is not None:
            stage = Stage(path, tuple(tree), own)
            made = {one.output for one in own[:-1]} - {stage.output}
            alone = all(reader in own for node in made for reader in readers.get(node, ()))
            if alone and not made & {*outputs, *stage.inputs[1:]} and stage.inputs[0] not in stage.inputs[1:]:
                yield stage
                return
        for key, value in tree.items():
            if isinstance(value, Call):
                yield Stage((*path, key), (), (value,))
            else:
                yield from within((*path, key), value)

    tree = module_tree({one.scope: one for one in calls})
    return sorted(within((), tree), key=lambda each: order[each.calls[0].scope])


def _chained(tree: Tree[Call], order: dict[str, int]) -> tuple[Call, ...] | None:
    """The calls that a module holds if each reads first the output of the one before, right after it."""
    held = tuple(one for name, one in tree.items() if isinstance(one, Call) and name.isidentifier())
    follow = all(
        order[after.scope] == order[before.scope] + 1 and after.inputs[0] == before.output
        for before, after in pairwise(held)
    )
    return held if follow and len(held) == len(tree) else None


def node_class(name: str, form: Form, *, varies: bool) -> Iterator[str]:
    """Yields the lines of the class of all stages of one form; `varies`: some of them read more signals than others."""
    further = iter(input_names(1 + sum(map(abs, (count for _, count in form))))[1:])
    arguments, statements = ["x: Tensor"], list[str]()
    for part, count in form:
        own = ["*skips"] if count < 0 and varies else [next(further) for _ in range(abs(count))]
        arguments += [f"{each}: Tensor" for each in own]
        statements.append(f"self.{part}({', '.join(['x', *own])})")
    parts = [part for part, _ in form]
    yield f"class {name}(nn.Module):"
    yield from docstring(f"One place of the network: {listed(parts, len(parts), last=' and ')}.", [], INDENT)
    yield ""
    signature = ItemGroup("(", tuple(map(Item, ["self", *(f"{part}: nn.Module" for part in parts)])), ") -> None:")
    yield from lay_out("def __init__", signature, INDENT)
    yield f"{_INNER}super().__init__()"
    yield from (f"{_INNER}self.{part} = {part}" for part in parts)
    yield ""
    yield f"{INDENT}def forward(self, {', '.join(arguments)}) -> Tensor:"
    yield from (f"{_INNER}x = {statement}" for statement in statements[:-1])
    yield f"{_INNER}return {statements[-1]}"
