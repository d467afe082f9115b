"""The differences between two specs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from unetkit.document.reader import written_form
from unetkit.language.canonical import block_form
from unetkit.language.cascade import OUTPUT, setting_at_all_levels, setting_of
from unetkit.language.spec import Spec


class Difference(NamedTuple):
    """A setting that differs: its path, and its value on each side (None: not there)."""

    path: str
    old: Any
    new: Any


class _Setting(NamedTuple):
    """The path of a setting, and the path of all settings that are the same but for their level."""

    path: str
    at_all_levels: str


def differences(old: Spec, new: Spec) -> list[Difference]:
    """The differences by position; one that is the same at all levels is listed once, with `*` for the level.

    The parameters of blocks of different types are not compared.
    """
    before, after = _flat(old), _flat(new)
    retyped = tuple(
        setting.path.removesuffix("type")
        for setting in before.keys() & after.keys()
        if setting.path.endswith(".type") and before[setting] != after[setting]
    )
    changed = {
        setting: (before.get(setting), after.get(setting))
        for setting in dict.fromkeys([*before, *after])
        if before.get(setting) != after.get(setting)
        and (
            setting.path.endswith(".type")
            and setting in before
            and setting in after
            or not setting.path.startswith(retyped)
        )
    }
    return list(_condensed(changed, {*before, *after}))


def _flat(spec: Spec) -> dict[_Setting, Any]:
    """All settings, with the blocks by position."""
    keys = spec.keys
    values: dict[str, Any] = {key: getattr(keys, key) for key in ("dims", "in_channels")}
    for output in spec.outputs:
        facts = {key: getattr(output, key) for key in ("channels", "at", "when")}
        if output.name == OUTPUT:
            values["out_channels"] = facts.pop("channels")
            facts = {} if (output.at, output.when) == (0, "always") else facts
        values |= {f"heads.{output.name}.{key}": value for key, value in facts.items()}
    values |= dict(_leaves(written_form(spec.topology, spec.types), "topology"))
    values["channels"] = list(spec.channels)
    if spec.decoder_channels != spec.channels[:-1]:
        values["decoder.channels"] = list(spec.decoder_channels)
    values["odd_sizes"] = spec.odd_sizes.padding or "error"
    values |= {f"init.{key}": value for key, value in written_form(spec.init, spec.types).items()}
    settings = {_Setting(path, path): value for path, value in values.items()}
    for position in spec.layout.open_positions:
        own, everywhere = setting_of(position), setting_at_all_levels(position)
        leaves = dict(_leaves(block_form(spec, spec.parts[position.scope]), ""))
        settings |= {_Setting(own + path, everywhere + path): value for path, value in leaves.items()}
    return settings


def _leaves(values: Any, path: str, *, typed: bool = True) -> Iterator[tuple[str, Any]]:
    """Yields (path, value) for all values in nested maps; the types of a list's items are one value."""
    is_list = isinstance(values, list)
    if is_list and typed:
        yield f"{path}.type", _types(values)
    for key, value in enumerate(values) if is_list else values.items():
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict | list) for one in value)):
            yield from _leaves(value, f"{path}.{key}", typed=not is_list)
        elif typed or key != "type":
            yield f"{path}.{key}", value


def _types(form: Any) -> Any:
    """The types of the components of a list, as it is nested."""
    if isinstance(form, list):
        return [_types(one) for one in form]
    return f"{form['type']} x{form['repeat']}" if "repeat" in form else form["type"]


def _condensed(changed: dict[_Setting, tuple[Any, Any]], settings: set[_Setting]) -> Iterator[Difference]:
    """Yields the differences, those that are the same at all levels as one."""
    groups: dict[str, list[_Setting]] = {}
    for setting in changed:
        groups.setdefault(setting.at_all_levels, []).append(setting)
    levels = Counter(setting.at_all_levels for setting in settings)
    for path, group in groups.items():
        alike = all(changed[setting] == changed[group[0]] for setting in group)
        if len(group) > 1 and levels[path] == len(group) and alike:
            yield Difference(path, *changed[group[0]])
        else:
            yield from (Difference(setting.path, *changed[setting]) for setting in group)
