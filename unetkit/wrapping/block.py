"""From a module to a block class: its constructor's annotations become the parameters of a spec."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import cache, partial
from typing import Any, ClassVar, get_type_hints

from pydantic import create_model

from unetkit.block import BASES, Component
from unetkit.errors import BlockError, Fault
from unetkit.operations.operation import Axes
from unetkit.plugins.project import snake_case
from unetkit.signal import Signal
from unetkit.wrapping import cache as kept
from unetkit.wrapping.facts import ModuleFacts
from unetkit.wrapping.measure import MeasuredModule, count_macs, measure
from unetkit.wrapping.operation import Wrapped

_ENGINE = {
    "block": ("in_channels", "channels", "out_channels", "dims"),
    "down": ("in_channels", "channels", "out_channels", "dims"),
    "up": ("in_channels", "channels", "out_channels", "dims", "stride"),
    "skip": ("in_channels", "skip_channels", "dims"),
    "norm": ("in_channels", "channels", "dims"),
    "act": ("dims",),
    "head": ("in_channels", "channels", "out_channels", "dims"),
}
"""By slot, the constructor arguments that the plan passes; all others are parameters of the spec."""

_Declared = ModuleFacts | Callable[[Mapping[str, Any]], ModuleFacts]


class WrappedPart(Component):
    """The base of all blocks made from modules."""

    module: ClassVar[Any]
    declared: ClassVar[_Declared | None] = None
    for_dims: ClassVar[tuple[int, ...]] = (1, 2, 3)

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if dims not in self.for_dims:
            known = " and ".join(f"{n}D" for n in self.for_dims)
            yield "type", f"{self.module.__name__} is for {known}, this network is {dims}D", "Use another block."

    def place(self, signals: tuple[Signal, ...], **given: Any) -> Signal:
        """The output of the module; `given` are the arguments that the plan passes to this slot."""
        first, *others = signals
        operation = self.operation(tuple(signal.channels for signal in signals), first.dims, given)
        return first.apply(operation, *others, name=snake_case(self.module.__name__))

    def operation(self, taken: Axes, dims: int, given: Mapping[str, Any]) -> Wrapped:
        """The operation for inputs of `taken` channels; raises BlockError if its output channels are wrong."""
        planned = {"in_channels": taken[0], "skip_channels": taken[-1], "dims": dims, **given}
        planned["out_channels"] = planned.setdefault("channels", taken[0])
        names = [name for name in inspect.signature(self.module.__init__).parameters if name in _ENGINE[self.slot]]
        values = {name: getattr(self, name) for name in type(self).model_fields}
        arguments = {name: planned[name] for name in names} | values
        facts: Any = self.declared
        declared = facts(arguments) if callable(facts) else facts
        found = measured(self.module, repr(sorted(arguments.items())), Frozen(arguments), taken, dims, declared)
        if self.slot not in ("skip", "norm", "act") and found.out != planned["channels"]:
            message = f"{self.module.__name__} gives {found.out} channels, the plan asked for {planned['channels']}"
            raise BlockError(Fault("block-channels", message, cure="Make its last layer give `channels` channels."))

        def counted(sizes: tuple[Axes, ...]) -> int:
            return macs(self.module, repr(sorted(arguments.items())), Frozen(arguments), taken, sizes)

        return Wrapped(found.out, found.axes, found.weights, counted, self.module, arguments, declared is not None)


class Frozen(dict[str, Any]):
    """Arguments that a cache ignores: its key has their text beside them."""

    def __hash__(self) -> int:  # type: ignore[override]
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frozen)


@cache
def measured(
    module: Any, text: str, arguments: Frozen, taken: Axes, dims: int, declared: ModuleFacts | None
) -> MeasuredModule:
    """The measurement of a module, from the cache on disk where it has one."""
    name = kept.key(module, {**arguments, "declared": repr(declared)}, taken, dims)
    known = kept.read(name)
    if known is not None and len(known.axes) == dims:
        return MeasuredModule(known.axes, known.out, known.weights)
    make = partial(module, **arguments)
    fresh = measure(make, taken, dims, (declared,) * dims if declared else None)
    packages = {type(part).__module__.partition(".")[0] for part in make().modules()}
    values = {"axes": [asdict(axis) for axis in fresh.axes], "out": fresh.out, "weights": fresh.weights}
    kept.write(name, values | {"versions": kept.versions(packages)})
    return fresh


@cache
def macs(module: Any, text: str, arguments: Frozen, taken: Axes, sizes: tuple[Axes, ...]) -> int:
    """The multiply-adds of a module at a size."""
    shapes = [(count, *size) for count, size in zip(taken, sizes, strict=True)]
    return count_macs(partial(module, **arguments), shapes)


def wrap(
    module: type,
    slot: str = "block",
    *,
    facts: _Declared | None = None,
    dims: tuple[int, ...] = (1, 2, 3),
    source: str = "",
) -> type[Component]:
    """A block class of a torch module: its annotated constructor arguments are the YAML keys.

    The plan gives the arguments named in_channels, channels (or out_channels), dims, and stride on the way up. `facts`
    are sizes and reach, or a function of the arguments that returns them; without it they are measured. `dims` are the
    dimensions it supports. Raises BlockError for `**arguments` and for arguments without a type.
    """
    if slot not in _ENGINE:
        raise BlockError(
            Fault("block-slot", f"no module is wrapped as a {slot!r}", cure=f"Known: {', '.join(_ENGINE)}.")
        )
    fields = dict(parameters(module, slot))
    caller = module.__module__
    base = BASES[slot]
    made: Any = create_model(module.__name__, __base__=(WrappedPart, base), __module__=caller, **fields)
    made.__doc__ = inspect.getdoc(module) or module.__name__
    made.module, made.declared, made.for_dims, made.source = module, facts, dims, source
    if callable(facts):
        made.declared = staticmethod(facts)
    made.wire = _wires(slot)
    made.__abstractmethods__ = frozenset()
    found: type[Component] = made
    return found


def _wires(slot: str) -> Callable[..., Signal]:
    """The `wire` method of a slot, with the signature of its base."""

    def one(self: WrappedPart, x: Signal) -> Signal:
        return self.place((x,))

    def to(self: WrappedPart, x: Signal, channels: int) -> Signal:
        return self.place((x,), channels=channels)

    def up(self: WrappedPart, x: Signal, channels: int, stride: tuple[int, ...]) -> Signal:
        return self.place((x,), channels=channels, stride=stride)

    def merge(self: WrappedPart, x: Signal, skip: Signal) -> Signal:
        return self.place((x, skip))

    known: dict[str, Callable[..., Signal]] = {"up": up, "skip": merge, "norm": one, "act": one}
    return known.get(slot, to)


def parameters(module: type, slot: str) -> Iterator[tuple[str, Any]]:
    """Yields (name, (type, default)) of the constructor arguments that a spec gives."""
    where = f"{module.__module__}:{module.__qualname__}"
    hints = get_type_hints(module.__init__, include_extras=True)  # type: ignore[misc]  # the class's own
    for name, parameter in list(inspect.signature(module.__init__).parameters.items())[1:]:  # type: ignore[misc]
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            cure = "Name its arguments, each with a type: what is misspelt would be lost."
            raise BlockError(Fault("block-class", f"{where} takes anything, by {name}", cure=cure))
        if name in _ENGINE[slot]:
            continue
        if hints.get(name, Any) is Any:
            cure = f"Annotate it, as in {name}: int = 1."
            raise BlockError(Fault("block-class", f"{where}: the parameter {name!r} has no type", cure=cure))
        yield name, (hints[name], ... if parameter.default is parameter.empty else parameter.default)
