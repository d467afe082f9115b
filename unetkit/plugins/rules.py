"""The rules for the class of a component, checked when it is registered or first imported."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from unetkit.block import BASES, Component
from unetkit.encoder import Encoder
from unetkit.errors import BlockError, Fault
from unetkit.plugins.distributions import group_of
from unetkit.topology import Topology

_WIRED: dict[str, type[Component]] = {**BASES, Topology.slot: Topology, Encoder.slot: Encoder}
"""The slots whose components have a `wire`."""
_ENGINE = ("in_channels", "skip_channels", "out_channels", "channels", "dims")
"""Names that no parameter may have: the plan passes these values to a block."""


def check_class(value: object, what: str, slots: tuple[str, ...], slot: str | None = None) -> None:
    """Raises BlockError unless the value is the class of a component (of the given slot) that keeps the rules.

    `what` names it in messages.
    """
    if not (isinstance(value, type) and issubclass(value, Component) and getattr(value, "slot", None) in slots):
        cure = "Derive it from unetkit.block.Block, or make one of a module with unetkit.wrap."
        raise BlockError(Fault("block-class", f"{what} is no block class: {value!r}", cure=cure))
    if slot is not None and value.slot != slot:
        cure = f"Name it in the group unetkit.{group_of(value.slot)}."
        raise BlockError(Fault("block-slot", f"{what} is a {value.slot}, not a {slot}", cure=cure))
    faults = [Fault("block-class", f"{what} {message}", cure=cure) for message, cure in _broken(value)]
    if faults:
        raise BlockError(*faults)


def _broken(block: type[Component]) -> Iterator[tuple[str, str]]:
    """Yields (message, cure) for each rule that a class breaks."""
    where = f"({block.__module__}:{block.__qualname__})"
    if block.model_config.get("extra") != "forbid":
        yield f"takes any parameter {where}: a misspelt one would be lost", "Remove `extra` from its model_config."
    engine = {*_ENGINE, "type", *_engine_arguments(block.slot)}
    for name, field in block.model_fields.items():
        if name in engine:
            yield (
                f"has a parameter {name!r} {where}, which the plan passes to each block",
                f"Call it something else, as in own_{name}.",
            )
        if field.annotation is Any:
            yield f"has a parameter {name!r} that takes anything {where}", f"Annotate {name} with its type."
    if block.slot in _WIRED:
        yield from _broken_wire(block, where)


def _engine_arguments(slot: str) -> list[str]:
    """The names of the parameters of `wire` in the base class of a slot."""
    return [name for name in _wire_parameters(_WIRED[slot]) if name != "self"] if slot in _WIRED else []


def _wire_parameters(block: type[Component]) -> dict[str, inspect.Parameter]:
    """The parameters of the `wire` of a class."""
    wire: Callable[..., Any] = block.wire  # type: ignore[attr-defined]  # those of _WIRED have it
    return dict(inspect.signature(wire).parameters)


def _broken_wire(block: type[Component], where: str) -> Iterator[tuple[str, str]]:
    """Yields (message, cure) for a class that is not derived from the base of its slot, or has another `wire`."""
    base = _WIRED[block.slot]
    if not issubclass(block, base):
        yield f"says it is a {block.slot}, and is no {base.__name__} {where}", f"Derive it from {base.__name__}."
        return
    if getattr(block.wire, "__isabstractmethod__", False):  # type: ignore[attr-defined]
        yield f"has no wire {where}", f"Give it the wire of {base.__name__}."
        return
    wanted, given = _wire_parameters(base), _wire_parameters(block)
    loose = [name for name, parameter in given.items() if parameter.kind in _LOOSE and name not in wanted]
    needed = [name for name, parameter in wanted.items() if parameter.kind not in _LOOSE]
    if loose:
        yield (
            f"has a wire that takes anything, by {', '.join(loose)} {where}",
            f"Its arguments are {', '.join(wanted)}.",
        )
    elif list(given) not in (list(wanted), needed):
        message = f"has a wire of {', '.join(given)} {where}, not of {', '.join(wanted)}"
        yield message, f"Give it the arguments of {base.__name__}.wire."


_LOOSE = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
"""Kinds of parameters that accept misspelt names."""
