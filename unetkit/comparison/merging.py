"""Differences merged for reading: one row for what holds at several levels or in the whole network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from unetkit.language import Difference

_SIDES = ("encoder.*", "bottleneck", "decoder.*")


def merged(found: Iterable[Difference]) -> list[Difference]:
    """The differences, of those that say the same only one.

    Of a component that one network does not have only the type is left. Equal differences at several levels have a
    range of levels in their path; equal ones at all levels of encoder, bottleneck and decoder have no position.

    >>> pairs = [(f"{side}.block.bias", False, True) for side in ("encoder.0", "encoder.1", "encoder.2", "decoder.0")]
    >>> [one.path for one in merged(Difference(*pair) for pair in pairs)]
    ['encoder.0–2.block.bias', 'decoder.0.block.bias']
    """
    return _across_sides(_across_levels(_without_parameters(list(found))))


def _without_parameters(found: Sequence[Difference]) -> list[Difference]:
    """Without the parameters of components whose type is on one side only."""
    lone = {
        (one.path.removesuffix("type"), one.old is None)
        for one in found
        if one.path.endswith(".type") and (one.old is None) != (one.new is None)
    }
    return [
        one
        for one in found
        if not any(
            (one.old if missing_first else one.new) is None
            and one.path.startswith(scope)
            and one.path != f"{scope}type"
            for scope, missing_first in lone
        )
    ]


def _across_levels(found: Sequence[Difference]) -> list[Difference]:
    """With a range of levels where a difference is the same at each of them."""
    groups: dict[tuple[str, ...], list[int | None]] = {}
    kept: dict[tuple[str, ...], Difference] = {}
    for one in found:
        side, _, rest = one.path.partition(".")
        level, _, tail = rest.partition(".")
        own = level if level.isdigit() and tail else None
        key: tuple[str, ...] = (side, tail if own else rest, *_key(one), "" if own else one.path)
        groups.setdefault(key, []).append(None if own is None else int(own))
        kept.setdefault(key, one)
    made = []
    for key, levels in groups.items():
        numbers = [level for level in levels if level is not None]
        path = f"{key[0]}.{_ranges(numbers)}.{key[1]}" if numbers else kept[key].path
        made.append(kept[key]._replace(path=path))
    return made


def _across_sides(found: Sequence[Difference]) -> list[Difference]:
    """Without a position where a difference is the same in encoder, bottleneck and decoder."""
    sides: dict[tuple[str, ...], dict[str, Difference]] = {}
    for one in found:
        side = next((side for side in _SIDES if one.path.startswith(f"{side}.")), "")
        rest = one.path.removeprefix(f"{side}.")
        sides.setdefault((rest, *_key(one), "" if side else one.path), {})[side] = one
    made = []
    for key, each in sides.items():
        made += [next(iter(each.values()))._replace(path=key[0])] if {*each} == {*_SIDES} else [*each.values()]
    return made


def _key(one: Difference) -> tuple[str, str]:
    """Both values, as what can be compared and hashed."""
    return _text(one.old), _text(one.new)


def _text(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"


def _ranges(levels: Sequence[int]) -> str:
    """Levels as ranges.

    >>> _ranges([3, 2, 0, 1, 5])
    '0–3, 5'
    """
    ordered = sorted(levels)
    starts = [level for level in ordered if level - 1 not in ordered]
    ends = [level for level in ordered if level + 1 not in ordered]
    return ", ".join(f"{a}–{b}" if a < b else f"{a}" for a, b in zip(starts, ends, strict=True))
