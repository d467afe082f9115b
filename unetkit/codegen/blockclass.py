"""One class of the generated file: docstring, constructor and forward of the blocks that share a structure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from unetkit.codegen.forward import statements
from unetkit.codegen.layout import INDENT, Expression, Item, ItemGroup, call, lay_out, literal
from unetkit.codegen.parameters import Constructor, constructor
from unetkit.codegen.shapes import comments
from unetkit.codegen.structure import Body
from unetkit.codegen.text import docstring, safe, summary
from unetkit.operations.operation import Layer
from unetkit.planning import SizedPlan

_INNER = INDENT * 2


class BlockClass:
    """The class of a group of blocks that differ only in the values of its parameters."""

    def __init__(self, name: str, group: tuple[Body, ...], *, only: bool) -> None:
        self.name = name
        self.group = group
        self.only = only
        self.constructor: Constructor = constructor(group)
        lines = enumerate(group[0].lines)
        texts = [
            self.constructor.texts[index, key]
            for index, line in lines
            if not line.layer.is_module
            for key in line.layer.kwargs
        ]
        parameters = [parameter.name for parameter in (*self.constructor.channels, *self.constructor.settings)]
        self.kept = [name for name in parameters if any(re.search(rf"\b{name}\b", text) for text in texts)]
        """The parameters that the forward reads."""

    def instance(self, block: Body) -> Expression:
        """The call that creates one of the blocks."""
        place = self.group.index(block)
        channels = [literal(parameter.values[place]) for parameter in self.constructor.channels]
        settings = {parameter.name: literal(parameter.values[place]) for parameter in self.constructor.settings}
        return call(self.name, *channels, **settings)

    def layer(self, block: Body) -> Layer:
        """One of the blocks as a layer of the block that it is in."""
        place = self.group.index(block)
        channels, settings = self.constructor.channels, self.constructor.settings
        values = tuple([parameter.values[place] for parameter in channels])
        named = {parameter.name: parameter.values[place] for parameter in settings}
        return Layer(self.name, values, named, arg_names=tuple([parameter.name for parameter in channels]))

    def source(self, sized: SizedPlan | None, taken: frozenset[str]) -> Iterator[str]:
        """Yields the lines of the class."""
        block = self.group[0]
        base = "Sequential" if block.is_sequential else "ModuleDict" if block.is_numbered else "Module"
        yield f"class {self.name}(nn.{base}):"
        source = safe(type(block.part).source)
        further = [f"Source: {source}."] if source else []
        further += [] if self.only else [f"Here for {', '.join(block.scope for block in self.group)}."]
        yield from docstring(summary(block), further, INDENT)
        yield ""
        if self.kept or any(line.layer.is_module for line in block.lines):
            yield from self.init()
            yield from [""] * (not block.is_sequential)
        if not block.is_sequential:
            yield from self.forward(sized, taken)

    def init(self) -> Iterator[str]:
        """Yields the lines of the constructor."""
        parameters = [
            f"{each.name}: {each.annotation}" for each in (*self.constructor.channels, *self.constructor.settings)
        ]
        signature = ItemGroup("(", tuple(map(Item, ["self", *parameters])), ") -> None:")
        yield from lay_out("def __init__", signature, INDENT)
        modules = self.modules()
        if self.group[0].is_sequential:
            yield from lay_out("", call("super().__init__", *modules.values()), _INNER)
        elif self.group[0].is_numbered:
            yield from lay_out("", call("super().__init__", _dictionary(modules)), _INNER)
        else:
            yield f"{_INNER}super().__init__()"
            for name, value in modules.items():
                value = _module_dict(value) if isinstance(value, dict) else value
                yield from lay_out(f"self.{name} = ", value, _INNER)
        yield from (f"{_INNER}self.{name} = {name}" for name in self.kept)

    def modules(self) -> dict[str, Any]:
        """The calls that create its modules, by name; those of an inner scope are a map of their own."""
        found: dict[str, Any] = {}
        for index, line in enumerate(self.group[0].lines):
            if line.layer.is_module:
                keys: list[int | str] = [*range(len(line.layer.args)), *line.layer.kwargs]
                texts = {key: self.constructor.texts[index, key] for key in keys}
                *scopes, name = line.name.split(".")
                inner = found
                for scope in scopes:
                    inner = inner.setdefault(scope, {})
                inner[name] = construction(line.layer, texts)
        return found

    def forward(self, sized: SizedPlan | None, taken: frozenset[str]) -> Iterator[str]:
        """Yields the lines of the forward."""
        block = self.group[0]
        arguments = ", ".join(f"{name}: Tensor" for name in block.input_names)
        shapes = comments(self.group, self.constructor, sized)
        yield f"{INDENT}def forward(self, {arguments}) -> Tensor:"
        texts = dict(self.constructor.texts)
        if self.kept:
            own = re.compile(rf"\b({'|'.join(self.kept)})\b")
            texts |= {place: own.sub(r"self.\1", text) for place, text in texts.items()}
        for target, value, line in statements(block, texts, taken):
            comment = shapes[line] if line >= 0 else ""
            yield from lay_out(f"{target} = " if target else "return ", value, _INNER, comment=comment)


def _dictionary(modules: dict[str, Any]) -> ItemGroup:
    """A map of modules."""
    values = {name: _module_dict(value) if isinstance(value, dict) else value for name, value in modules.items()}
    return ItemGroup("{", tuple(Item(value, f'"{name}": ') for name, value in values.items()), "}")


def _module_dict(modules: dict[str, Any]) -> ItemGroup:
    return call("nn.ModuleDict", _dictionary(modules))


def construction(layer: Layer, texts: dict[int | str, str] | None = None) -> ItemGroup:
    """The call that creates a layer; `texts` replace its own arguments."""
    own: list[tuple[int | str, Any]] = [*enumerate(layer.args), *layer.kwargs.items()]
    words = texts or {place: literal(value) for place, value in own}
    positional = [words[place] for place in range(len(layer.args))]
    return call(layer.name.removeprefix("functional."), *positional, **{name: words[name] for name in layer.kwargs})
