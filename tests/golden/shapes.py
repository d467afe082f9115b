"""Values reduced to what a reader of them relies on: keys and types."""

from __future__ import annotations

import json
from functools import reduce
from typing import Any

NAMES = {bool: "bool", int: "int", float: "float", str: "str", type(None): "null"}
TEXTS = {"description", "title", "$comment", "markdownDescription"}


def shape_of(value: Any) -> Any:
    """Keys and types of a value; a list has the shape that all its items have in common.

    >>> shape_of({"a": [1, None], "b": [{"c": 1}, {"d": "x"}]})
    {'a': {'[]': 'int|null'}, 'b': {'[]': {'c': 'int', 'd': 'str'}}}
    """
    if isinstance(value, dict):
        return {str(key): shape_of(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return {"[]": reduce(joined, map(shape_of, value))} if value else {}
    return NAMES[type(value)]


def joined(one: Any, other: Any) -> Any:
    """The shape of a value that has either shape; where one has keys, the types of the other stand under `()`."""
    if not one or not other:
        return one or other
    if isinstance(one, str) and isinstance(other, str):
        return "|".join(sorted({*one.split("|"), *other.split("|")}))
    first, second = (shape if isinstance(shape, dict) else {"()": shape} for shape in (one, other))
    return {key: joined(first.get(key), second.get(key)) for key in {**first, **second}}


def structure(schema: Any) -> Any:
    """A JSON Schema without its texts; the forms of a `oneOf` or `anyOf` stand under what tells them apart."""
    if isinstance(schema, dict):
        return {
            key: alternatives(value)
            if key in ("oneOf", "anyOf")
            else ", ".join(sorted(value))
            if key == "required" and isinstance(value, list)
            else structure(value)
            for key, value in schema.items()
            if not (key in TEXTS and isinstance(value, str))
        }
    return [structure(one) for one in schema] if isinstance(schema, list) else schema


def without_classes(schema: dict[str, Any]) -> Any:
    """A JSON Schema in which each definition with the name of a class stands where it is used."""
    classes = {name: value for name, value in schema.get("definitions", {}).items() if name[:1].isupper()}

    def inlined(value: Any) -> Any:
        if isinstance(value, list):
            return [inlined(one) for one in value]
        if not isinstance(value, dict):
            return value
        name = str(value.get("$ref", "")).rpartition("/")[2]
        if name in classes:
            return inlined(classes[name] | {key: one for key, one in value.items() if key != "$ref"})
        return {key: inlined(one) for key, one in value.items()}

    named = {name: value for name, value in schema.get("definitions", {}).items() if name not in classes}
    return inlined(schema | {"definitions": named})


def alternatives(forms: list[Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for form in map(structure, forms):
        kind = form.get("properties", {}).get("type", {}).get("const") or form.get("$ref") or form.get("type")
        key = str(kind) if kind else json.dumps(form, sort_keys=True)
        while key in named:
            key += "'"
        named[key] = form
    return named
