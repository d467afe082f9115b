"""The differences between two specs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from unetkit.document.reader import written_form
from unetkit.language.canonical import block_form
from unetkit.language.spec import Spec


class Difference(NamedTuple):
    """A setting that differs: its path, and its value on each side (None: not there)."""

    path: str
    old: Any
    new: Any


def differences(old: Spec, new: Spec) -> list[Difference]:
    """The differences by position; one that is the same at all levels is listed once, with `*` for the level.

    The parameters of blocks of different types are not compared.
    """
    before, after = _flat(old), _flat(new)
    retyped = tuple(
        path.removesuffix("type")
        for path in before.keys() & after.keys()
        if path.endswith(".type") and before[path] != after[path]
    )
    changed = [
        Difference(path, before.get(path), after.get(path))
        for path in dict.fromkeys([*before, *after])
        if before.get(path) != after.get(path)
        and (path.endswith(".type") and path in before and path in after or not path.startswith(retyped))
    ]
    return list(_condensed(changed, {*before, *after}))


def _flat(spec: Spec) -> dict[str, Any]:
    """All settings by path, with the blocks by position."""
    keys = spec.keys
    values: dict[str, Any] = {key: getattr(keys, key) for key in ("dims", "in_channels", "out_channels")}
    values["channels"] = list(spec.channels)
    if spec.decoder_channels != spec.channels[:-1]:
        values["decoder.channels"] = list(spec.decoder_channels)
    values["odd_sizes"] = spec.odd_sizes.padding or "error"
    values |= {f"init.{key}": value for key, value in written_form(spec.init, spec.types).items()}
    for scope, part in spec.parts.items():
        values |= dict(_leaves(block_form(spec, part), scope))
    return values


def _leaves(values: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Yields (path, value) for all values in nested maps."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}.{key}")
        else:
            yield f"{path}.{key}", value


def _condensed(changed: list[Difference], paths: set[str]) -> Iterator[Difference]:
    """Yields the differences, those that are the same at all levels as one."""
    groups: dict[str, list[Difference]] = {}
    for difference in changed:
        groups.setdefault(_starred(difference.path), []).append(difference)
    for path, group in groups.items():
        everywhere = sum(_starred(known) == path for known in paths) == len(group)
        alike = all((one.old, one.new) == (group[0].old, group[0].new) for one in group)
        if len(group) > 1 and everywhere and alike:
            yield Difference(path, group[0].old, group[0].new)
        else:
            yield from group


def _starred(path: str) -> str:
    """A path with `*` for its level; the `down` of the bottleneck counts as one of the encoder.

    >>> _starred("encoder.2.block.kernel")
    'encoder.*.block.kernel'
    """
    section, _, rest = path.partition(".")
    if section == "bottleneck" and rest.startswith("down"):
        return f"encoder.*.{rest}"
    level, _, inner = rest.partition(".")
    return f"{section}.*.{inner}" if level.isdigit() else path
