"""Why a network is as it is: what gave a setting its value, what that replaced, and where it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from unetkit.document.document import Written
from unetkit.document.merge import KeyPath, as_lists
from unetkit.errors import Fault, Place, SpecError, did_you_mean
from unetkit.language.backbone import encoder_scopes
from unetkit.language.cascade import setting_at_all_levels, setting_of
from unetkit.language.component_settings import component_settings
from unetkit.language.settings import DESCRIPTIVE, Default, Setting, address, plain_settings
from unetkit.language.spec import Spec
from unetkit.topology import Position

WHOLE = "*"
"""What a setting applies to that counts for the whole network."""

_AT_ONE_PLACE = ("topology", "inputs")
"""The keys of components that no scope overrides."""


class Explanation(NamedTuple):
    """A setting with one value, wherever it has that."""

    path: str
    """As it was asked for, and further in."""
    value: Any
    place: Place | None
    """Where it is written; None for a default."""
    default: Default | None
    """The default; None where the value must be written."""
    replaced: tuple[Written, ...]
    """The values in whose place it stands: of narrower scopes and newer files first."""
    applies_to: tuple[str, ...]
    """The positions, with `*` for all levels; `*` alone is the whole network."""
    used_at: tuple[Place, ...] = ()
    """Where the names stand that bring it in: of a definition, or `norm` and `act` in a list."""
    unused: str = ""
    """Why it has no effect; empty where it has one."""

    def json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "path": self.path,
            "value": as_lists(self.value),
            "place": _place_json(self.place),
            "default": self.default and {"value": as_lists(self.default.value), "owner": self.default.owner},
            "replaced": [{"value": as_lists(one.value), "place": _place_json(one.place)} for one in self.replaced],
            "applies_to": list(self.applies_to),
            "used_at": [_place_json(place) for place in self.used_at],
            "unused": self.unused,
        }


def _place_json(place: Place | None) -> dict[str, Any] | None:
    return place and {"file": place.file, "line": place.line, "column": place.column}


def explain(spec: Spec, path: str) -> list[Explanation]:
    """Explains the settings at a path: a key such as `skip.align`, or one of a position such as `encoder.0.block`.

    Raises SpecError where the path leads nowhere.

    >>> from unetkit.language import load
    >>> (found,) = explain(load("unet-2015"), "skip.align")
    >>> found.value, found.default, found.applies_to
    ('crop', Default(value='same', owner='concat'), ('decoder.*.skip',))
    """
    settings = [*plain_settings(spec), *component_settings(spec)]
    groups: dict[Any, list[Setting]] = {}
    for setting in settings:
        suffix = _suffix(spec, setting, path)
        if suffix is not None and not (setting.unused and suffix):
            groups.setdefault((suffix, setting.path, repr(setting.value), setting.unused), []).append(setting)
    if any(not suffix for suffix, *_ in groups):
        groups = {key: group for key, group in groups.items() if not key[0]}
    if not groups or not path:
        raise SpecError(_nowhere(settings, path))
    return [
        _explanation(spec, settings, f"{path}.{suffix}".removesuffix("."), group)
        for (suffix, *_), group in groups.items()
    ]


def _explanation(spec: Spec, settings: list[Setting], path: str, group: list[Setting]) -> Explanation:
    first = group[0]
    alike = [one for one in settings if (one.path, repr(one.value)) == (first.path, repr(first.value))]
    replaced = {one.place: one for setting in group for one in setting.replaced}
    places = () if first.path[0] in DESCRIPTIVE else tuple(_places(spec, alike))
    used_at = tuple(dict.fromkeys(one.used_at for one in group if one.used_at))
    return Explanation(
        path, first.value, first.place, first.default, tuple(replaced.values()), places, used_at, first.unused
    )


def _places(spec: Spec, settings: Iterable[Setting]) -> Iterator[str]:
    """Yields the positions of settings, those of all levels as one with `*`."""
    totals = Counter(everywhere for _, everywhere in {_names(one) for one in _placed_by_spec(spec)})
    groups: dict[tuple[str, str], dict[str, None]] = {}
    for setting in settings:
        name, everywhere = _names(setting.position) if setting.position else (WHOLE, WHOLE)
        if setting.position and setting.path[0] in _AT_ONE_PLACE:
            name = everywhere = setting.position.scope
        own = address(spec, setting.path, setting.position)
        tail, inside = own.inside if own else setting.path[2:], setting.inside
        within = inside[: -len(tail)] if tail and inside[-len(tail) :] == tail else ()
        groups.setdefault((everywhere, "".join(f".{key}" for key in within)), {})[name] = None
    for (everywhere, below), names in groups.items():
        whole = len(names) > 1 and len(names) == totals[everywhere]
        yield from [everywhere + below] if whole else [name + below for name in names]


def _placed_by_spec(spec: Spec) -> Iterator[Position]:
    """Yields the positions whose component the spec chooses, not the topology."""
    encoder = encoder_scopes(spec.layout)
    yield from spec.layout.open_positions
    yield from (position for position in spec.layout.positions if position.scope in encoder)


def _names(position: Position) -> tuple[str, str]:
    return setting_of(position), setting_at_all_levels(position)


def _suffix(spec: Spec, setting: Setting, asked: str) -> str | None:
    """What follows the path that was asked for on the way to a setting; None where the path does not lead to it."""
    path, position = _keys_of(asked), setting.position
    if position is None or not setting.inside:
        return _below(setting.path, path)
    for name in (position.scope, *(() if setting.path[0] in _AT_ONE_PLACE else _names(position))):
        if f"{asked}.".startswith(f"{name}."):
            rest = _below(setting.inside, _keys_of(asked[len(name) + 1 :]))
            if rest is not None:
                return rest
    rest, wanted = _below(setting.path, path), address(spec, path, position)
    if rest is not None or wanted is None:
        return rest
    for known in (address(spec, setting.path, position), setting.inherited):
        if known and known.slot == wanted.slot and (rest := _below(known.inside, wanted.inside)) is not None:
            return rest
    return _below(setting.inside, wanted.inside) if position.slot == wanted.slot else None


def _below(path: KeyPath, start: KeyPath) -> str | None:
    """The rest of a path below its start, dotted; None where it starts otherwise."""
    text, first = (".".join(map(str, one)) for one in (path, start))
    return (
        text if not first else "" if text == first else text[len(first) + 1 :] if text.startswith(f"{first}.") else None
    )


def _keys_of(text: str) -> KeyPath:
    """The keys of a dotted path."""
    return tuple([int(key) if key.isascii() and key.isdigit() else key for key in text.split(".")]) if text else ()


def _nowhere(settings: Iterable[Setting], asked: str) -> Fault:
    """The fault of a path at which nothing is set, with what there is."""
    known: dict[str, None] = {}
    for setting in settings:
        for base, inside in _spellings(setting):
            known.update(dict.fromkeys(".".join((base, *map(str, inside[:size]))) for size in range(len(inside) + 1)))
    parts = asked.split(".")
    starts = (".".join(parts[:size]) for size in range(len(parts), -1, -1))
    start = next(one for one in starts if not one or any(_is_below(name, one) for name in known))
    below = dict.fromkeys(name[len(start) + bool(start) :].split(".")[0] for name in known if _is_below(name, start))
    if start == asked != "":
        cure = f"Name one of: {', '.join(f'{start}.{name}' for name in sorted(below))}."
        return Fault("unknown-path", f"{asked} is no setting, it has some below it", cure=cure)
    if start:
        near = did_you_mean(parts[start.count(".") + 1], below).replace("mean: ", f"mean: {start}.")
        return Fault("unknown-path", f"{start} has no setting {asked[len(start) + 1 :]}", cure=near)
    return Fault("unknown-path", f"the network has no setting {asked}", cure=did_you_mean(parts[0], below))


def _is_below(name: str, start: str) -> bool:
    return not start or name.startswith(f"{start}.")


def _spellings(setting: Setting) -> Iterator[tuple[str, KeyPath]]:
    """Yields the paths by which a setting can be asked for: each as a name and what follows it."""
    yield str(setting.path[0]), setting.path[1:]
    if setting.position is not None and setting.inside:
        yield from ((name, setting.inside) for name in (*_names(setting.position), setting.position.slot))
