"""Says where a key belongs that stands one level too high."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from unetkit import registry
from unetkit.document.faults import shown
from unetkit.document.keys import default_types, held
from unetkit.errors import UnetkitError
from unetkit.wording import listed


def belonging(key: object, model: type[BaseModel], values: Mapping[Any, Any]) -> str:
    """The hint for a key that a model does not have, but a map or a component within it has; empty if none has.

    `values` are those of the map in which the key stands.
    """
    homes = sorted(_homes(str(key), model, values), key=lambda home: home[0] not in values)  # what is written, first
    if not homes:
        return ""
    name, kind = homes[0]
    typed = f"type: {kind}, " if kind else ""
    return (
        f"{key} is a key of {listed([one for one, _ in homes])}: write {name}: {{{typed}{key}: {shown(values[key])}}}."
    )


def _homes(key: str, model: type[BaseModel], values: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """Yields the keys of a model whose map or component has the key, with the type that must be written."""
    for name, mark in held(model).items():
        if key in mark.model.model_fields:
            yield name, ""
    defaults = default_types(model)
    for slot in model.model_fields:
        if slot not in registry.SLOTS:
            continue
        value = values.get(slot)
        kind = value.get("type") if isinstance(value, dict) else value
        kind = kind or defaults.get(slot)
        for one in [kind] if isinstance(kind, str) else registry.names(slot) if slot not in values else []:
            if _has(slot, one, key):
                yield slot, "" if one == defaults.get(slot) else one
                break


def _has(slot: str, kind: str, key: str) -> bool:
    """Whether a component has a parameter."""
    try:
        return key in registry.find(slot, kind).model_fields
    except UnetkitError:
        return False
