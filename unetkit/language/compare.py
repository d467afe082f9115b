"""The differences between two specs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
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

    def __truediv__(self, key: str | int) -> _Setting:
        return _Setting(f"{self.path}.{key}", f"{self.at_all_levels}.{key}")


class _Pair(NamedTuple):
    """The values of a setting in both specs; `told` where the type above it says the difference."""

    old: Any
    new: Any
    told: bool = False


def differences(old: Spec, new: Spec) -> list[Difference]:
    """The differences by position; one that is the same at all levels is listed once, with `*` for the level.

    The parameters of blocks of different types are not compared. Of two lists, those items are compared that have the
    same type and stand in the same order; an item that moved is named by its place in the new list.
    """
    before, after = _forms(old), _forms(new)
    settings = {
        path: values
        for setting in dict.fromkeys([*before, *after])
        for path, values in _paired(setting, before.get(setting), after.get(setting))
    }
    changed = {path: (one.old, one.new) for path, one in settings.items() if one.old != one.new and not one.told}
    return list(_condensed(changed, settings))


def _forms(spec: Spec) -> dict[_Setting, Any]:
    """All settings, with the components by position as maps and lists."""
    keys = spec.keys
    values: dict[str, Any] = {key: getattr(keys, key) for key in ("dims", "in_channels")}
    for output in spec.heads:
        facts = {key: getattr(output, key) for key in ("channels", "at", "when")}
        if output.merge is not None:
            facts["merge"] = block_form(spec, output.merge)
        if output.name == OUTPUT:
            values["out_channels"] = facts.pop("channels")
            facts = {} if (output.at, output.when) == (0, "always") else facts
        values |= {f"heads.{output.name}.{key}": value for key, value in facts.items()}
    values["topology"] = written_form(spec.topology, spec.types)
    if spec.encoder is None:
        values["channels"] = list(spec.channels)
    else:
        values["encoder"] = written_form(spec.encoder, spec.types)
    if spec.decoder_channels != spec.default_decoder_channels:
        values["decoder.channels"] = list(spec.decoder_channels)
    values["odd_sizes"] = spec.odd_sizes.padding or "error"
    values |= {f"init.{key}": value for key, value in written_form(spec.init, spec.types).items()}
    settings = {_Setting(path, path): value for path, value in values.items()}
    for position in spec.layout.open_positions:
        setting = _Setting(setting_of(position), setting_at_all_levels(position))
        settings[setting] = block_form(spec, spec.parts[position.scope])
    return settings


def _paired(setting: _Setting, old: Any, new: Any, *, typed: bool = True) -> Iterator[tuple[_Setting, _Pair]]:
    """Yields the single values of a setting in both specs; without `typed` the types are compared elsewhere."""
    forms = [form for form in (old, new) if form is not None]
    if any(map(_is_nested, forms)) and all(isinstance(form, dict) or _is_nested(form) for form in forms):
        yield from _paired_items(setting, old, new, typed=typed)
    elif forms and all(isinstance(form, dict) for form in forms):
        before, after = old or {}, new or {}
        retyped = None not in (old, new) and before.get("type") != after.get("type")
        for key in dict.fromkeys([*before, *after]):
            if key != "type":
                values = _paired(setting / key, before.get(key), after.get(key))
                yield from ((path, one._replace(told=one.told or retyped)) for path, one in values)
            elif typed:
                yield setting / key, _Pair(before.get(key), after.get(key))
    else:
        yield setting, _Pair(old, new)


def _is_nested(form: Any) -> bool:
    """Whether it is a list of components."""
    return isinstance(form, list) and (not form or any(isinstance(one, dict | list) for one in form))


def _paired_items(setting: _Setting, old: Any, new: Any, *, typed: bool) -> Iterator[tuple[_Setting, _Pair]]:
    """Yields the types of two lists, of which one may be a single component, and the values of the items that match."""
    if typed:
        yield setting / "type", _Pair(_types(old), _types(new))
    before, after = ([] if form is None else form if isinstance(form, list) else [form] for form in (old, new))
    items = [[repr(_types(_once(one))) for one in side] for side in (before, after)]
    for tag, start, end, other, last in SequenceMatcher(a=items[0], b=items[1], autojunk=False).get_opcodes():
        if tag == "equal" or end - start == last - other:
            for one, number in zip(before[start:end], range(other, last), strict=True):
                yield from _paired(setting / number, _once(one), _once(after[number]), typed=False)


def _once(form: Any) -> Any:
    """An item without the number of its repeats, which its type says."""
    return {key: value for key, value in form.items() if key != "repeat"} if isinstance(form, dict) else form


def _types(form: Any) -> Any:
    """The type of a component, or those of a list, as it is nested."""
    if isinstance(form, list):
        return [_types(one) for one in form]
    return form and (f"{form['type']} x{form['repeat']}" if "repeat" in form else form["type"])


def _condensed(changed: dict[_Setting, tuple[Any, Any]], settings: Iterable[_Setting]) -> Iterator[Difference]:
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
