"""The block under test in a small network, with values to try for each parameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from unetkit import registry
from unetkit.block import Component, insets
from unetkit.encoder import Encoder
from unetkit.errors import UnetkitError
from unetkit.language import load
from unetkit.planning import Plan, plan

NAME = "block_under_test"
VECTOR = "vector_under_test"
"""The vector beside the image in the network of a block with a condition."""
_FEW = 2
_ONE_LEVEL = ("block", "norm", "act", "head")
"""Slots tested in a network of one level, which accepts any size that the block accepts."""

Values = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """A block class, registered as `NAME` while it is tested."""

    block: type[Component]

    @property
    def slot(self) -> str:
        """The slot of the block."""
        return self.block.slot

    def spec(self, dims: int, values: Values) -> Values:
        """A small network that uses the block with these parameters."""
        spec: Values = {"unetkit": 1, "dims": dims, "in_channels": 4, "out_channels": 4, "block": "single_conv"}
        vector = {"inputs": {VECTOR: {"channels": 2, "vector": True}}} if values.get("condition") else {}
        return spec | self.around | vector | {self.slot: {"type": NAME, **values}}

    @cached_property
    def around(self) -> Values:
        """The settings beside it: those of a skip that leads up itself are others."""
        if self.slot in _ONE_LEVEL:
            return {"channels": [4 if "condition" in self.needed else 8]}  # a modulation keeps its channels
        if self.slot == "topology":
            return {"channels": [4, 6, 8]}
        if self.slot == "encoder":  # which gives the channels
            return {}
        usual: Values = {"channels": [8, 16], "skip": "none"}
        if self.slot == "skip":
            values = {"unetkit": 1, "in_channels": 4, "out_channels": 4, "skip": {"type": NAME, **self.needed}}
            try:
                plan(load(usual | values))
            except UnetkitError:
                return {"channels": [8, 8], "up": "none"}
        return usual

    def plan(self, dims: int, values: Values | None = None) -> Plan:
        """The plan of that network."""
        return plan(load(self.spec(dims, values or self.needed)))

    @cached_property
    def needed(self) -> Values:
        """Values for the required parameters."""
        fields = self.block.model_fields
        return {name: next(self.tried(name)) for name, field in fields.items() if field.is_required()}

    @property
    def fields(self) -> list[str]:
        """Its parameters, without those that all encoders have."""
        common = Encoder.model_fields if self.slot == "encoder" else {}
        return [name for name in self.block.model_fields if name not in common]

    @cached_property
    def dims(self) -> tuple[int, ...]:
        """The numbers of axes with which the block can be used."""
        found = []
        for dims in getattr(self.block, "for_dims", (1, 2, 3)):  # those of a wrapped module
            try:
                self.plan(dims)
            except UnetkitError as error:
                self.refusals.append(str(error))
            else:
                found.append(dims)
        return tuple(found)

    @cached_property
    def refusals(self) -> list[str]:
        """Why it cannot be used with others."""
        return []

    def tried(self, field: str) -> Iterator[Any]:
        """Yields values for a parameter other than its default."""
        info = self.block.model_fields[field]
        if field == "condition":
            yield VECTOR
            return
        inner = insets(self.block).get(field)
        options: Iterable[Any] = names(inner.slot) if inner else _values_of(info.annotation, tuple(info.metadata))
        if inner and inner.branches:
            options = [[one, [one, other]] for one, other in pairwise(names(inner.slot))]
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        few = _FEW if self.slot in ("topology", "encoder") else None  # its networks are larger
        yield from islice((value for value in options if value != default), few)

    def parameters(self, dims: int) -> Iterator[tuple[str, Values, Values]]:
        """Yields (name, values, values with another value of that parameter) for parameters with an effect."""
        for field in self.fields:
            for base in self.bases(dims):
                if field not in self.component(dims, base).idle():
                    for value in self.tried(field):
                        other = base | {field: value}
                        if other != base and self.valid(dims, other):
                            yield field, base, other
                    break

    def component(self, dims: int, values: Values) -> Component:
        """The block with these parameters."""
        spec = load(self.spec(dims, values))
        parts = (getattr(part, self.slot, part) for part in (spec.topology, *spec.parts.values()))
        return next(part for part in parts if isinstance(part, self.block))

    def bases(self, dims: int) -> Iterator[Values]:
        """Yields the defaults, then values that differ in one parameter."""
        yield dict(self.needed)
        for field in self.fields:
            for value in self.tried(field):
                values = self.needed | {field: value}
                if self.valid(dims, values):
                    yield values

    def valid(self, dims: int, values: Values) -> bool:
        """Whether a network with these parameters can be planned."""
        try:
            self.plan(dims, values)
        except UnetkitError:
            return False
        return True


def names(slot: str) -> list[str]:
    """Some built-in blocks of a slot."""
    return [name for name in registry.BUILT_IN[slot] if name not in ("none", "identity")][:3]


def _values_of(annotation: Any, metadata: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Yields valid values of a type."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _values_of(args[0], (*metadata, *args[1:]))
    elif origin is Literal:
        yield from args
    elif origin in (Union, UnionType):
        for member in args:
            if member is not NoneType and get_origin(member) is not tuple:
                yield from _values_of(member, metadata)
    elif annotation is bool:
        yield from (True, False)
    elif annotation is int:
        yield from (n for n in (3, 2, 1, 4, 5, 8) if within(n, metadata))
    elif annotation is float:
        yield from (x for x in (0.5, 0.25, 0.1, 1e-3, 2.0) if within(x, metadata))


def within(number: float, metadata: tuple[Any, ...]) -> bool:
    """Whether a number is within the bounds of a field."""
    for item in metadata:
        for bound in (item, *getattr(item, "metadata", ())):
            low, above = getattr(bound, "ge", None), getattr(bound, "gt", None)
            high, below = getattr(bound, "le", None), getattr(bound, "lt", None)
            if (low is not None and number < low) or (above is not None and number <= above):
                return False
            if (high is not None and number > high) or (below is not None and number >= below):
                return False
    return True
