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
_VARIADIC = ("*skips",)
Form = tuple[tuple[str, tuple[str, ...]], ...]
"""The names of the calls of a stage, and what each is given beside x."""


class Stage(NamedTuple):
    """Calls of one module: each reads the output of the one before, and further signals from outside.

    `path` has the keys of the module from the network on, `names` those of the calls within it: none where the module
    is a block itself.
    """

    path: tuple[str, ...]
    names: tuple[str, ...]
    calls: tuple[Call, ...]

    @property
    def arguments(self) -> dict[str, int]:
        """The nodes that it reads beside that of its first call, by the names of its arguments."""
        return {name: node for one in self._further for name, node in one.items()}

    @property
    def inputs(self) -> tuple[int, ...]:
        """The nodes that it reads, first that of its first call."""
        return (self.calls[0].inputs[0], *self.arguments.values())

    @property
    def output(self) -> int:
        """The node of its output."""
        return self.calls[-1].output

    @property
    def is_chain(self) -> bool:
        """Whether it reads a single signal."""
        return not self.arguments

    @property
    def form(self) -> Form:
        """What it has in common with the stages of its class: `*skips` if only one of its calls reads further maps."""
        further = [tuple(one) for one in self._further]
        if sum(map(bool, further)) == 1 and not any(one.conditions for one in self.calls):
            further = [_VARIADIC if one else () for one in further]
        return tuple(zip(self.names, further, strict=True)) if self.names else ()

    @property
    def _further(self) -> Iterator[dict[str, int]]:
        """Yields the arguments of each call beside x."""
        names = iter(input_names(1 + sum(len(one.inputs) for one in self.calls))[1:])
        for one in self.calls:
            vectors = zip(one.conditions, one.inputs[len(one.maps) :], strict=True)
            yield {next(names): node for node in one.maps[1:]} | dict(vectors)


def stages(calls: Sequence[Call], outputs: Sequence[int]) -> list[Stage]:
    """The stages of a network in execution order; what belongs to none is a stage of one call."""
    read = {node: [one for one in calls if node in one.inputs] for one in calls for node in one.inputs}
    found: dict[int, Stage] = {}
    for path, names, scopes in _modules((), module_tree({one.scope: one.scope for one in calls})):
        starts = [index for index, one in enumerate(calls) if one.scope == scopes[0]]
        held = [Stage(path, names, tuple(calls[start : start + len(scopes)])) for start in starts]
        if all(_is_whole(stage, scopes, read, outputs) for stage in held) and len({one.form for one in held}) == 1:
            found |= dict(zip(starts, held, strict=True))
    within = {start + offset for start, stage in found.items() for offset in range(len(stage.calls))}
    alone = {
        index: Stage(tuple(one.scope.split(".")), (), (one,)) for index, one in enumerate(calls) if index not in within
    }
    return [stage for _, stage in sorted((found | alone).items())]


def _modules(
    path: tuple[str, ...], tree: Tree[str]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    """Yields path, names and scopes of the modules that hold nothing but blocks."""
    scopes = tuple(value for value in tree.values() if isinstance(value, str))
    if path and len(scopes) == len(tree) and all(name.isidentifier() for name in tree):
        yield path, tuple(tree), scopes
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _modules((*path, key), value)


def _is_whole(stage: Stage, scopes: tuple[str, ...], read: dict[int, list[Call]], outputs: Sequence[int]) -> bool:
    """Whether calls follow each other, and only the output of the last is read by others."""
    if tuple(one.scope for one in stage.calls) != scopes:
        return False
    follow = all(after.inputs[0] == before.output for before, after in pairwise(stage.calls))
    inner = {one.output for one in stage.calls[:-1]} - {stage.output}
    alone = all(reader in stage.calls for node in inner for reader in read.get(node, ()))
    further = stage.inputs[1:]
    return follow and alone and not inner & {*outputs, *further} and stage.inputs[0] not in further


def node_class(name: str, form: Form, *, varies: bool) -> Iterator[str]:
    """Yields the lines of the class of all stages of one form; `varies`: some of them read more signals than others."""
    form = tuple((part, ("skip",) if given == _VARIADIC and not varies else given) for part, given in form)
    parts = [part for part, _ in form]
    arguments = dict.fromkeys(["x", *(each for _, given in form for each in given)])
    statements = [f"self.{part}({', '.join(['x', *given])})" for part, given in form]
    yield f"class {name}(nn.Module):"
    yield from docstring(f"One place of the network: {listed(parts, len(parts), last=' and ')}.", [], INDENT)
    yield ""
    signature = ItemGroup("(", tuple(map(Item, ["self", *(f"{part}: nn.Module" for part in parts)])), ") -> None:")
    yield from lay_out("def __init__", signature, INDENT)
    yield f"{_INNER}super().__init__()"
    yield from (f"{_INNER}self.{part} = {part}" for part in parts)
    yield ""
    yield f"{INDENT}def forward(self, {', '.join(f'{each}: Tensor' for each in arguments)}) -> Tensor:"
    yield from (f"{_INNER}x = {statement}" for statement in statements[:-1])
    yield f"{_INNER}return {statements[-1]}"
