"""What is written for a slot: a component or a list of them, and where each of its values was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from unetkit.document.keys import Bare
from unetkit.document.merge import KeyPath


class SlotChoice(NamedTuple):
    """A component as it was written: type and parameters, and for each of them the path where it was written.

    The values of a list are a tuple, in which each item is a name, a map or a list.
    """

    values: Any
    origins: dict[KeyPath, KeyPath]

    def within(self, *path: str | int) -> SlotChoice:
        """What is written at a path inside, where a name stands for a map with that type."""
        values = self.values
        for key in path:
            values = values[key]
        size = len(path)
        origins = {known[size:]: origin for known, origin in self.origins.items() if known[:size] == path}
        if isinstance(values, str):
            return SlotChoice({"type": values}, {("type",): origins.get(("type",), origins.get((), ()))})
        return SlotChoice(values, origins)

    def listed(self) -> SlotChoice:
        """A list as it is, one component as a list of it."""
        if isinstance(self.values, tuple):
            return self
        return SlotChoice((self.values,), {(0, *path): origin for path, origin in self.origins.items()})


def chosen_at(values: Any, path: KeyPath) -> SlotChoice:
    """The choice of a component, or of a list, that is written as a whole at one path."""
    origins: dict[KeyPath, KeyPath] = {(): path}
    _note(values, (), path, origins)
    return SlotChoice(values, origins)


def source_path(origins: Mapping[KeyPath, KeyPath], path: KeyPath) -> KeyPath:
    """The path where the value at a path inside a component was written; of its type where it was not written."""
    while path and path not in origins and (*path, "type") not in origins:
        path = path[:-1]
    known = path if path in origins else (*path, "type")
    known = known if known in origins else next(iter(origins), ())
    origin = origins.get(known, ())
    return origin[: len(origin) - len(known) + len(path)]


def overlay(values: dict[str, Any], over: Mapping[str, Any], origin: KeyPath, origins: dict[KeyPath, KeyPath]) -> None:
    """Merges a component, written at `origin`, into `values` in place, and records the origin of each value.

    Maps merge; another type drops the parameters of the old one; a list replaces what stood there.
    """
    _overlay(values, over, (), origin, origins)


def _overlay(
    values: dict[str, Any], over: Mapping[str, Any], path: KeyPath, origin: KeyPath, origins: dict[KeyPath, KeyPath]
) -> None:
    kind = over.get("type")
    if isinstance(over, Bare) or (kind is not None and kind != values.get("type")):
        values.clear()
        _forget(origins, path)
    for key, value in over.items():
        inner = (*path, key)
        if isinstance(value, dict):
            before = values.get(key)
            start = dict(before) if isinstance(before, dict) else {"type": before} if isinstance(before, str) else {}
            if isinstance(before, str):
                origins[*inner, "type"] = origins.pop(inner)
            values[key] = start
            _overlay(start, value, inner, (*origin, key), origins)
        else:
            _forget(origins, inner)
            values[key] = value
            origins[inner] = (*origin, key)
            _note(value, inner, (*origin, key), origins)


def _forget(origins: dict[KeyPath, KeyPath], path: KeyPath) -> None:
    """Drops the origins of everything below a path."""
    for known in [known for known in origins if known[: len(path)] == path]:
        del origins[known]


def _note(values: Any, path: KeyPath, origin: KeyPath, origins: dict[KeyPath, KeyPath]) -> None:
    """Records the origin of everything inside a value that is written as a whole."""
    for inside, value in _entries(values):
        origins[*path, *inside] = (*origin, *inside)
        _note(value, (*path, *inside), (*origin, *inside), origins)


def leaves(values: Any, path: KeyPath) -> Iterator[KeyPath]:
    """Yields the paths of the values in nested maps, and in lists of components."""
    inner = list(_entries(values)) if isinstance(values, dict | tuple) else []
    for inside, value in inner:
        yield from leaves(value, (*path, *inside))
    if not inner and not isinstance(values, dict):
        yield path


def _entries(values: Any) -> Iterator[tuple[KeyPath, Any]]:
    """The entries of a map, or of a list of components, in which a name stands for a map with that type."""
    if isinstance(values, dict):
        yield from (((key,), value) for key, value in values.items())
    elif isinstance(values, tuple) and any(isinstance(value, dict | str | tuple) for value in values):
        yield from (
            ((number, "type") if isinstance(value, str) else (number,), value) for number, value in enumerate(values)
        )
