"""Translates pydantic's errors into faults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError

from unetkit.document.expected import expectation
from unetkit.document.merge import KeyPath
from unetkit.errors import Fault, did_you_mean

_UNKNOWN = ("extra_forbidden", "invalid_key")
"""Pydantic's error types for keys that a model does not have."""


def faults_of(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[KeyPath, Fault]]:
    """Yields (path, fault), at most one per field.

    Of a field that takes a number or a map, only faults inside a given map are reported. A list with a wrong entry is
    not reported as too short as well.
    """
    faults: dict[KeyPath, Fault] = {}
    for detail in error.errors(include_url=False):
        path, owner = _field_path(detail["loc"], model, unknown=detail["type"] in _UNKNOWN)
        faults.setdefault(path, _fault_of(dict(detail), path, owner))
    for path, fault in faults.items():
        inside = any(len(other) > len(path) and other[: len(path)] == path for other in faults)
        if not (inside and fault.code in ("wrong-type", "wrong-length")):
            yield path, fault


def _fault_of(detail: dict[str, Any], path: KeyPath, owner: type[BaseModel]) -> Fault:
    """The fault for one of pydantic's error details."""
    if detail["loc"] and detail["loc"][-1] == "[key]":
        return Fault("unknown-key", f"a key is a name, not {shown(detail['input'])}", cure="Write a name.")
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    if detail["type"] in _UNKNOWN:
        known = [*owner.model_fields, *(["extends"] if "unetkit" in owner.model_fields else [])]
        cure = did_you_mean(path[-1], known) or "This type has no parameters."
        return Fault("unknown-key", f"there is no key {str(path[-1])!r} here", cure=cure)
    field = next((part for part in reversed(path) if part in owner.model_fields), None)
    if field is None or (field != name and detail["type"] == "model_type"):
        cure = "Write lines like: key: value."
        return Fault("wrong-type", f"{shown(detail['input'])} is not a map with keys", cure=cure)
    wants = expectation(owner.model_fields[str(field)], of_element=field != path[-1])
    if detail["type"] == "missing":
        return Fault("missing-key", f"the key {name!r} is missing", cure=f"Give {name}: {wants}.")
    if detail["type"] == "value_error":
        return Fault("wrong-value", str(detail["ctx"]["error"]))
    value = shown(detail["input"])
    if detail["type"] in ("too_long", "too_short"):
        return Fault("wrong-length", f"{value} is {detail['type'].replace('_', ' ')}", cure=f"Give {wants}.")
    return Fault("wrong-type" if "type" in detail["type"] else "wrong-value", f"{value} is not {wants}")


def _field_path(
    loc: tuple[int | str, ...], model: type[BaseModel], *, unknown: bool
) -> tuple[KeyPath, type[BaseModel]]:
    """The path of the field at pydantic's location, and the model of the field.

    Locations also name members of unions, which are no keys and are left out.
    """
    path: list[int | str] = []
    members: dict[str, Any] = {}
    owner, current, keyed = model, model, False
    for number, part in enumerate(loc, start=1):
        if part in members:
            keyed, current = _is_map(members[str(part)]), _inner_model(members[str(part)]) or _Leaf
            members = {}
            continue
        if unknown and number == len(loc):
            return (*path, part), current
        if keyed or isinstance(part, int):
            path.append(part)
            keyed = False
        elif part in current.model_fields:
            path.append(part)
            owner = current
            keyed = _is_map(current.model_fields[part].annotation)
            members = dict(_tagged_members(current.model_fields[part].annotation))
            current = _inner_model(current.model_fields[part].annotation) or _Leaf
    return tuple(path), owner


def _tagged_members(annotation: Any) -> Iterator[tuple[str, Any]]:
    """Yields the tags of a union of forms, which begin locations inside it, with the type of each form."""
    for member in get_args(annotation):
        for tag in (one for one in get_args(member)[1:] if isinstance(one, Tag)):
            yield tag.tag, get_args(member)[0]


def _is_map(annotation: Any) -> bool:
    """Whether the values of a field are maps whose keys are not those of a model."""
    return get_origin(annotation) is dict or any(_is_map(inner) for inner in get_args(annotation))


class _Leaf(BaseModel):
    """A value with no keys inside."""


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """The model inside the type of a field, if any."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for inner in get_args(annotation) if (model := _inner_model(inner))), None)


def shown(value: Any) -> str:
    """A value as YAML writes it, shortened."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif value is None:
        text = "null"
    elif isinstance(value, tuple):
        text = f"[{', '.join(shown(item) for item in value)}]"
    elif isinstance(value, dict):
        text = f"{{{', '.join(f'{key}: {shown(item)}' for key, item in value.items())}}}"
    else:
        text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
