"""What a topology may place, and the faults of what it may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from unetkit.block import Block, Down, Skip, Up
from unetkit.operations.operation import wiring_error
from unetkit.signal import is_name
from unetkit.wording import listed

_SLOTS = tuple(base.slot for base in (Block, Down, Up, Skip))
_TAKEN = {"plan", "spec", "graph", "code", "recompile", "keys", "items", "values", "pop", "clear", "update"}
"""Names of what a network and a map of modules have already, beside those of `is_name`."""


def check_placement(scope: str, slot: str, inputs: Sequence[int], toward: int | None, count: int) -> None:
    """Raises BlockError for a slot or a name that no position has, or a signal that does not exist.

    There are `count` signals before.
    """
    check_scope(scope)
    if slot not in _SLOTS:
        raise wiring_error(f"{scope} fills the slot {slot!r}", f"A topology places {listed(_SLOTS, last=' or ')}.")
    if not inputs:
        raise wiring_error(f"{scope} reads no signal", "Give what it reads: the image, or what place() returned.")
    for signal in (*inputs, *(() if toward is None else (toward,))):
        check_signal(f"{scope} reads", signal, count)
    if (toward is None) == (slot == "up"):
        message = f"{scope} leads up to no signal" if toward is None else f"{scope} is no way up, and leads toward one"
        cure = "Give the signal whose resolution it leads to: toward=" if toward is None else "Leave out toward="
        raise wiring_error(message, cure)


def check_level(scope: str, level: object, side: str, sides: Any, count: int) -> None:
    """Raises BlockError for a side that a spec has no section for, or a level that the network does not have."""
    known = [one for one in get_args(sides) if one not in ("input", "head")]
    if side not in known:
        raise wiring_error(f"{scope} is on the side {side!r}", f"A side is {listed(known, last=' or ')}.")
    if isinstance(level, bool) or not isinstance(level, int) or not 0 <= level < count:
        levels = f"levels 0 to {count - 1}" if count > 1 else "level 0 alone"
        raise wiring_error(f"{scope} is at level {level!r}, and the network has {levels}", "Use net.last for the last.")


def check_signal(what: str, signal: object, count: int) -> None:
    """Raises BlockError for a signal that does not exist."""
    if isinstance(signal, bool) or not isinstance(signal, int) or not 0 <= signal < count:
        cure = "A signal is the image, or what place() returned before."
        raise wiring_error(f"{what} the signal {signal!r}, which does not exist", cure)


def check_scope(scope: str) -> None:
    """Raises BlockError for a name that torch's modules cannot have."""
    for part in scope.split("."):
        if not (part.isascii() and part.isdecimal()) and (not is_name(part) or part in _TAKEN):
            cure = "Join words and numbers by dots; a word begins with a letter and is no method of a module."
            raise wiring_error(f"{scope!r} cannot be the name of a module", cure)


def check_scopes(placed: Sequence[tuple[str, Any]]) -> None:
    """Raises BlockError where two positions of one scope are not alike, or a scope is within another.

    `placed` has the scope of each position, and what positions with the same weights have in common.
    """
    known: dict[str, Any] = {}
    for scope, shared in placed:
        if known.setdefault(scope, shared) != shared:
            message = f"{scope} is placed twice, as {_told(known[scope])} and as {_told(shared)}"
            raise wiring_error(message, "Give each its own name; positions of one name share their weights.")
    for scope in known:
        parts = scope.split(".")
        outer = next((name for n in range(1, len(parts)) if (name := ".".join(parts[:n])) in known), None)
        if outer is not None:
            raise wiring_error(f"{scope} is within {outer}, which is a block", "Give it a name of its own.")


def _told(shared: Mapping[str, Any]) -> str:
    """What positions have in common, in words."""
    return f"{shared['slot']} of {shared['side']} level {shared['level']} with {shared['channels']} channels"


def check_outputs(name: str, signals: object, levels: int, count: int) -> None:
    """Raises BlockError where a topology does not say what heads may read."""
    cure = "Return a dict: the signal of each level of the decoder by its number, and others by a name."
    if not isinstance(signals, dict) or not signals:
        given = "no outputs" if not signals else f"{type(signals).__name__} instead of its outputs"
        raise wiring_error(f"{name} returns {given}", cure)
    for key, signal in signals.items():
        named = isinstance(key, str) and key.isidentifier()
        if not named and (isinstance(key, bool) or not isinstance(key, int) or not 0 <= key < levels):
            raise wiring_error(f"{name} names an output {key!r}", cure)
        check_signal(f"the output {key!r} of {name} is", signal, count)
    if 0 not in signals:
        known = list(signals)
        raise wiring_error(f"{name} has no output at level 0, only {listed(known)}", "The head reads level 0.")
