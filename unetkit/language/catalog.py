"""The components that a YAML file can name: their purpose, their parameters and an example."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from unetkit import registry
from unetkit.block import Component, insets
from unetkit.document.expected import expectation
from unetkit.document.merge import as_lists
from unetkit.document.schema import attribute_docs, first_line
from unetkit.errors import BlockError, Fault, did_you_mean
from unetkit.plugins.distributions import Distribution, distributions, stray
from unetkit.wording import listed


class ComponentName(NamedTuple):
    """The slot of a component, and its name in YAML."""

    slot: str
    name: str


def list_components(*slots: str) -> list[ComponentName]:
    """The components of some slots, by default of all."""
    return [ComponentName(slot, name) for slot in slots or registry.SLOTS for name in registry.names(slot)]


def find_component(text: str) -> ComponentName:
    """Finds a component by `name`, `slot/name` or `slot.name`. Raises BlockError if there is none, or several."""
    for slot in registry.SLOTS:
        for separator in "/.":
            if text.startswith(slot + separator):
                return ComponentName(slot, text[len(slot) + 1 :])
    registry.load_requested()
    slots = [slot for slot in registry.SLOTS if text in registry.names(slot) or text in registry.installed(slot)]
    if len(slots) == 1:
        return ComponentName(slots[0], text)
    if slots:
        cure = f"Write {listed([f'{slot}/{text}' for slot in slots], last=' or ')}."
        kinds = listed([f"{'an' if slot[0] in 'aeiou' else 'a'} {slot}" for slot in slots], last=" and ")
        raise BlockError(Fault("block-ambiguous", f"{text!r} is {kinds}", cure=cure))
    near = did_you_mean(text, dict.fromkeys([*registry.SLOTS, *(one.name for one in list_components())]))
    cure = near if near.startswith("Did") else "See: unetkit blocks."
    raise BlockError(Fault("unknown-block", f"there is no block {text!r}", cure=cure))


def summarize_component(slot: str, name: str) -> dict[str, Any]:
    """The purpose of a component as plain values, or the errors of its import. A plugin is not imported."""
    values: dict[str, Any] = {"slot": slot, "name": name}
    entry = registry.offer(slot, name)
    if entry is not None:
        return values | {"description": f"of {entry.owner}"}
    if "/" in name:
        return values | {"description": "offered by several distributions, see: unetkit plugins"}
    try:
        return values | {"description": first_line(registry.find(slot, name))}
    except BlockError as error:
        return values | {"description": "", "errors": [fault.json() for fault in error.faults]}


def describe_component(slot: str, name: str) -> dict[str, Any]:
    """Describes a component as plain values. Raises BlockError if it cannot be imported."""
    model = registry.find(slot, name)
    entry = registry.offer(slot, name)
    return {
        "slot": slot,
        "name": registry.full_name(slot, name),
        "owner": entry.owner if entry else "unetkit" if model.__module__.startswith("unetkit.") else "",
        "description": inspect.getdoc(model) or "",
        "source": model.source,
        "defined": _definition(model),
        "parameters": list(_parameters(model)),
        "example": example(slot, name),
    }


def example(slot: str, name: str) -> str:
    """YAML that uses a component with its defaults, except those that have no effect beside the others."""
    model = registry.find(slot, name)
    if model.example:
        return _as_yaml(model.example)
    required = [key for key, field in model.model_fields.items() if field.is_required()]
    values: dict[str, Any] = {"type": name} | dict.fromkeys(required, "?")
    for key, inset in insets(model).items():
        if inset.branches:
            values[key] = [registry.names(inset.slot)[0], [registry.names(inset.slot)[0]] * 2]
    if not required:
        component = model()
        hidden = {*component.idle(), *insets(model)}
        defaults = {key: getattr(component, key) for key in model.model_fields if key not in hidden}
        values |= {key: value for key, value in defaults.items() if value is not None}
    return _as_yaml({slot: values})


def _as_yaml(values: Mapping[str, Any]) -> str:
    import yaml

    return str(yaml.safe_dump(as_lists(values), sort_keys=False, allow_unicode=True, default_flow_style=False))


def _definition(model: type) -> str:
    """File and line of a class, or of the module that it wraps; its name if it has no source file."""
    model = getattr(model, "module", model)
    try:
        return f"{inspect.getsourcefile(model)}:{inspect.getsourcelines(model)[1]}"
    except (OSError, TypeError):
        return f"{model.__module__}:{model.__qualname__}"


def _parameters(model: type[Component]) -> Iterator[dict[str, Any]]:
    docs, inner = attribute_docs(model), insets(model)
    for name, field in model.model_fields.items():
        values: dict[str, Any] = {"name": name, "takes": expectation(field), "required": field.is_required()}
        if not field.is_required():
            default = field.get_default(call_default_factory=True)
            values["default"] = registry.name_of(type(default)) if isinstance(default, Component) else default
        if name in inner and inner[name].inherited:
            values["inherited"] = inner[name].slot
        yield values | {"description": docs.get(name, field.description or "")}


def list_plugins(*, imports: bool = True) -> list[dict[str, Any]]:
    """The blocks of installed plugins as plain values: each is ok, broken (with the reason) or unused.

    Without `imports`, plugins are checked by their metadata only, and the blocks that pass count as unused.
    """
    return [row for distribution in distributions() for row in _plugin_rows(distribution, imports=imports)]


def _plugin_rows(distribution: Distribution, *, imports: bool) -> Iterator[dict[str, Any]]:
    values = {"distribution": distribution.name, "version": distribution.version, "slot": "", "block": ""}
    if distribution.disabled:
        yield {**values, "state": "unused", "reason": "disabled by UNETKIT_DISABLE_PLUGINS"}
        return
    for fault in stray(distribution, registry.SLOTS):
        yield {**values, "state": "broken", "reason": f"{fault.message}. {fault.cure}"}
    for slot in registry.SLOTS:
        for entry in registry.offers(slot):
            if (entry.distribution, entry.version) == distribution[:2]:
                faults = registry.entry_faults(entry, imports=imports)
                state = "broken" if faults else "ok" if imports else "unused"
                reason = " ".join(f"{fault.message}. {fault.cure}" for fault in faults)
                yield {**values, "slot": slot, "block": entry.full_name, "state": state, "reason": reason}
