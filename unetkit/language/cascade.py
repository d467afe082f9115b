"""Which setting applies where: the whole net's, then that of encoder, decoder or bottleneck, the level, its side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from unetkit.document.choice import SlotChoice, chosen_at, leaves, overlay
from unetkit.document.keys import Keys
from unetkit.document.merge import KeyPath
from unetkit.language.spec_keys import FrameKeys, SpecKeys
from unetkit.topology import Position

Scopes = tuple[tuple[KeyPath, Keys], ...]
OUTPUT = "output"
"""The name of the output of a spec without `heads`."""


def head_scope(output: str) -> str:
    """The scope of the head of an output."""
    return "head" if output == OUTPUT else f"heads.{output}"


def scopes(keys: FrameKeys, position: Position) -> Scopes:
    """The scopes that apply to a position, from the widest to the narrowest."""
    chain = ((path, _scope_at(keys, path)) for path in scope_paths(keys, position))
    return tuple([(path, scope) for path, scope in chain if scope is not None])


def scope_paths(keys: FrameKeys, position: Position) -> tuple[KeyPath, ...]:
    """The paths of all scopes that could apply to a position, from the widest to the narrowest."""
    if position.side == "head":
        heads = keys.heads if isinstance(keys, SpecKeys) else None
        names = [name for name in heads or {} if head_scope(name) == position.scope]
        return ((), *(("heads", name) for name in names))
    level: KeyPath = ("levels", position.level)
    own_side = position.slot == "block" and position.side in ("encoder", "decoder")
    sections: tuple[KeyPath, ...] = tuple([(section,) for section in _sections(position)])
    return ((), *sections, level, *([(*level, position.side)] if own_side else []))


def _scope_at(keys: FrameKeys, path: KeyPath) -> Keys | None:
    """The keys that are given for a scope; None where there are none."""
    scope: Any = keys
    for key in path:
        scope = None if scope is None else scope.get(key) if isinstance(scope, dict) else getattr(scope, str(key))
    return scope if isinstance(scope, Keys) else None


def _sections(position: Position) -> tuple[str, ...]:
    """The sections of a spec that apply to a position; the way down to the bottleneck belongs to the encoder too."""
    if position.side == "bottleneck" and position.slot == "down":
        return ("encoder", "bottleneck")
    if position.side == "bottleneck" and position.slot == "skip":
        return ("decoder",)
    return () if position.side == "head" else (position.side,)


def setting_of(position: Position) -> str:
    """The setting that a position has in common with all others of its slot, side and level, such as `encoder.0.block`.

    >>> setting_of(Position("decoder.0.3.up", "up", 0, "decoder", 3, 64))
    'decoder.0.up'
    """
    return _named(position, position.level)


def setting_at_all_levels(position: Position) -> str:
    """The setting of a position with `*` for its level; that of the way down to the bottleneck is the encoder's."""
    if position.side == "bottleneck" and position.slot == "down":
        return f"encoder.*.{position.slot}"
    return _named(position, "*")


def _named(position: Position, level: int | str) -> str:
    if position.side in ("head", "input"):
        return position.scope
    if position.slot == "encoder":
        return f"encoder.{level}"
    return (
        f"{position.side}.{position.slot}"
        if position.side == "bottleneck"
        else f"{position.side}.{level}.{position.slot}"
    )


def choose(chain: Scopes, slot: str) -> SlotChoice:
    """The component that the scopes choose for a slot: maps merge, another type drops the parameters of the old one.

    A list is replaced as a whole, and replaces what wider scopes say.
    """
    values: dict[str, Any] = {}
    origins: dict[KeyPath, KeyPath] = {}
    whole: SlotChoice | None = None
    for path, scope in chain:
        over = getattr(scope, slot, None)
        if isinstance(over, tuple):
            whole = chosen_at(over, (*path, slot))
        elif over is not None:
            if whole is not None:
                values, origins, whole = {}, {}, None
            overlay(values, over, (*path, slot), origins)
    return whole or SlotChoice(values, origins)


def written(keys: SpecKeys) -> Iterator[KeyPath]:
    """Yields the path of every block setting that was written, wherever it stands."""
    sections = [((name,), getattr(keys, name)) for name in ("encoder", "decoder", "bottleneck")]
    levels: list[tuple[KeyPath, Keys | None]] = [(("levels", level), part) for level, part in keys.levels.items()]
    sides = [((*path, side), getattr(part, side)) for path, part in levels for side in ("encoder", "decoder")]
    heads = [(("heads", name), head) for name, head in (keys.heads or {}).items()]
    for path, scope in [((), keys), *sections, *levels, *sides, *heads]:
        for slot in ("block", "down", "up", "skip", "norm", "act", "head"):
            values = getattr(scope, slot, None)
            if values is not None and slot in scope.model_fields_set:
                yield from leaves(values, (*path, slot))
    for name, values in keys.define.items():
        yield from leaves(values, ("define", name))
