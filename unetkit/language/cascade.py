"""Which setting counts where: the whole net, then encoder / decoder / bottleneck, then the level, then its side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from unetkit.document.keys import Bare, Keys
from unetkit.document.merge import KeyPath
from unetkit.document.reader import SlotChoice
from unetkit.language.spec_keys import LevelKeys, SpecKeys

Scopes = tuple[tuple[KeyPath, Keys], ...]


class Position(NamedTuple):
    """One place in the network for which a block is chosen, such as `encoder.0.block`."""

    scope: str
    slot: str
    level: int
    chain: Scopes


class Spot(NamedTuple):
    """A position of any network of a depth: its name, slot and level, and the sections that have a say."""

    scope: str
    slot: str
    level: int
    sections: tuple[str, ...]


@cache
def spots(depth: int) -> tuple[Spot, ...]:
    """Returns every position of a network of `depth` levels, in execution order."""
    found, last = [], depth - 1
    for level in range(last):
        found += [Spot(f"encoder.{level}.down", "down", level, ("encoder",))] * (level > 0)
        found.append(Spot(f"encoder.{level}.block", "block", level, ("encoder",)))
    found += [Spot("bottleneck.down", "down", last, ("encoder", "bottleneck"))] * (last > 0)
    found.append(Spot("bottleneck.block", "block", last, ("bottleneck",)))
    for level in reversed(range(last)):
        found += (Spot(f"decoder.{level}.{slot}", slot, level, ("decoder",)) for slot in ("up", "skip", "block"))
    return (*found, Spot("head", "head", 0, ()))


def positions(frame: SpecKeys, depth: int, slot: str) -> Iterator[Position]:
    """Yields every position of a slot in a network of `depth` levels, in execution order."""
    net: Scopes = (((), frame),)
    for spot in spots(depth):
        if spot.slot == slot:
            side = slot == "block" and spot.sections != ("bottleneck",)
            chain = net + scopes(frame, *spot.sections, level=spot.level, side=side) if spot.sections else net
            yield Position(spot.scope, slot, spot.level, chain)


def scopes(frame: SpecKeys, *sections: str, level: int, side: bool = False) -> Scopes:
    """Returns the scopes below the whole net that have a say, from the widest to the narrowest."""
    found: list[tuple[KeyPath, Keys]] = []
    for section in sections:
        part = getattr(frame, section)
        if part is not None:
            found.append(((section,), part))
    if level in frame.levels:
        part = frame.levels[level]
        found.append((("levels", level), part))
        inner = getattr(part, sections[0]) if side and isinstance(part, LevelKeys) else None
        if inner is not None:
            found.append((("levels", level, sections[0]), inner))
    return tuple(found)


def choose(chain: Scopes, slot: str) -> SlotChoice:
    """Returns what the scopes say for a slot: maps merge, and another type drops what was said for the old one."""
    values: dict[str, Any] = {}
    origins: dict[KeyPath, KeyPath] = {}
    for path, scope in chain:
        said = getattr(scope, slot, None)
        if said is not None:
            overlay(values, said, (), (*path, slot), origins)
    return SlotChoice(values, origins)


def overlay(
    values: dict[str, Any], said: dict[str, Any], path: KeyPath, origin: KeyPath, origins: dict[KeyPath, KeyPath]
) -> None:
    """Merges one map over another in place, and notes the origin of each value."""
    kind = said.get("type")
    if isinstance(said, Bare) or (kind is not None and kind != values.get("type")):
        values.clear()
        forget(origins, path)
    for key, value in said.items():
        inner = (*path, key)
        if isinstance(value, dict):
            before = values.get(key)
            start = dict(before) if isinstance(before, dict) else {"type": before} if isinstance(before, str) else {}
            if isinstance(before, str):
                origins[*inner, "type"] = origins.pop(inner)
            values[key] = start
            overlay(start, value, inner, (*origin, key), origins)
        else:
            forget(origins, inner)
            values[key] = value
            origins[inner] = (*origin, key)


def forget(origins: dict[KeyPath, KeyPath], path: KeyPath) -> None:
    """Drops the origins of everything below a path."""
    for known in [known for known in origins if known[: len(path)] == path]:
        del origins[known]


def written(frame: SpecKeys) -> Iterator[KeyPath]:
    """Yields the path of every block setting that was written, wherever it stands."""
    sections = [((name,), getattr(frame, name)) for name in ("encoder", "decoder", "bottleneck")]
    levels: list[tuple[KeyPath, Keys | None]] = [(("levels", level), part) for level, part in frame.levels.items()]
    sides = [((*path, side), getattr(part, side)) for path, part in levels for side in ("encoder", "decoder")]
    for path, scope in [((), frame), *sections, *levels, *sides]:
        for slot in ("block", "down", "up", "skip", "norm", "act", "head"):
            said = getattr(scope, slot, None)
            if said is not None and slot in scope.model_fields_set:
                yield from leaves(said, (*path, slot))


def leaves(values: dict[str, Any], path: KeyPath) -> Iterator[KeyPath]:
    """Yields the paths of the values in nested maps."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)
