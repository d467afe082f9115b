"""The keys of a file as pydantic models, and what may stand for a component or for another file in them."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator


class Bare(dict[str, Any]):
    """A component given by its name alone: a type with its defaults, which replaces what a wider scope says."""

    def __repr__(self) -> str:
        return f"Bare({super().__repr__()})"


def _as_slot(value: object) -> dict[str, Any]:
    """A component, given by name or as a map, as a map with its type."""
    if isinstance(value, str):
        return Bare(type=value)
    if isinstance(value, dict):
        kind = value.get("type", "")
        if not isinstance(kind, str):
            raise ValueError(f"type {kind!r} is not a name")
        if not all(isinstance(key, str) for key in value):
            raise ValueError("parameters have names, not numbers")
        return value
    if value is None:
        raise ValueError("null removes what is inherited, and here nothing is: leave it out")
    if isinstance(value, list | tuple):
        raise ValueError("this slot takes no list: give one component")
    raise ValueError(f"{value!r} is no component: give its name, or a map with type and parameters")


def _as_slot_or_list(value: object) -> Any:
    """As a slot, or a list of components as a tuple."""
    if not isinstance(value, list | tuple):
        return _as_slot(value)
    for item in value:
        if not isinstance(item, str):
            _as_slot_or_list(item)
    return tuple(value)


def _as_reference(value: object) -> str | dict[str, Any]:
    """The name of a file, or a map in its place, unchanged."""
    if isinstance(value, str | dict) and value:
        return value
    raise ValueError("this is neither the name of a file nor a map")


Reference = Annotated[str | dict[str, Any], PlainValidator(_as_reference)]
"""The name of a file, or a map in its place."""
Slot = Annotated[Any, PlainValidator(_as_slot), WithJsonSchema({"slot": ""})]
"""A component of the slot that the key is named after."""
SlotOrList = Annotated[Any, PlainValidator(_as_slot_or_list), WithJsonSchema({"slot": "", "list": True})]
"""A component of the slot that the key is named after, or a list of components."""
Definition = Annotated[Any, PlainValidator(_as_slot_or_list), WithJsonSchema({"type": ["object", "array", "string"]})]
"""A component, or a list of components, that a file gives a name of its own."""


class Holds(NamedTuple):
    """Marks a key whose map has keys of its own, which are read apart; `named`: the name of a file may stand for it."""

    model: type[Keys]
    named: bool = True


def held(model: type[BaseModel]) -> dict[str, Holds]:
    """The keys of a model that hold maps with keys of their own."""
    fields = model.model_fields.items()
    return {name: mark for name, field in fields for mark in field.metadata if isinstance(mark, Holds)}


def bare(kind: str) -> Any:
    """The default of a slot: a component by its name."""
    return Field(default_factory=lambda: Bare(type=kind))


class Keys(BaseModel):
    """The keys of a file, or of a map in it: unknown keys are refused, types are strict, values immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def fill_types(cls, values: Any) -> Any:
        """Adds the default type of a slot where only parameters are given."""
        if isinstance(values, dict):
            for name, kind in default_types(cls).items():
                value = values.get(name)
                if isinstance(value, dict) and "type" not in value:
                    values = values | {name: {"type": kind, **value}}
        return values


@cache
def default_types(model: type[BaseModel]) -> dict[str, str]:
    """The default type of each slot that has one.

    >>> class Example(Keys):
    ...     skip: Slot = bare("concat")
    >>> default_types(Example)
    {'skip': 'concat'}
    """
    defaults = {name: field.get_default(call_default_factory=True) for name, field in model.model_fields.items()}
    return {name: value["type"] for name, value in defaults.items() if isinstance(value, Bare)}
