"""The values that a field takes, in words: for error messages and descriptions of components."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def expectation(field: FieldInfo, *, of_element: bool = False) -> str:
    """The values that a field, or an element of its list or map, takes, such as `a whole number from 1`."""
    if of_element:
        element = next((item for item in _members(field.annotation) if get_origin(item) in (tuple, dict)), None)
        if element is not None:
            return _words(get_args(element)[0 if get_origin(element) is tuple else 1])
    return _words(field.annotation, tuple(field.metadata))


def _members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union and of unions in it, without annotations; the type itself if it is none."""
    plain = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if get_origin(plain) in (Union, UnionType):
        return tuple(member for part in get_args(plain) for member in _members(part))
    return (plain,)


def _words(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    """A type in words."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(args[0], (*metadata, *args[1:]))
    if origin is Literal:
        return f"one of {', '.join(map(str, args))}" if len(args) > 1 else str(args[0])
    if origin in (Union, UnionType):
        parts = [_words(arg) for arg in args if arg is not NoneType]
        return ", or ".join(parts + ["null"] * (NoneType in args))
    if origin is tuple and isinstance(getattr(args[0], "slot", None), str):
        return "a list, each a name, a map with type and parameters, or a list of them"
    if origin is tuple:
        return f"a list of {_words(args[0]).replace('a whole number', 'whole numbers', 1)}"
    if origin is dict:
        return "a map"
    return _simple(annotation) + _bounds(metadata)


def _simple(annotation: Any) -> str:
    """A plain type in words."""
    known = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    if annotation in known:
        return known[annotation]
    slot = getattr(annotation, "slot", None)
    if isinstance(slot, str):
        return f"{'an' if slot[0] in 'aeiou' else 'a'} {slot}: its name, or a map with type and parameters"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"a map with {', '.join(annotation.model_fields)}"
    return "a component: its name, or a map with type and parameters"


def _bounds(metadata: tuple[Any, ...]) -> str:
    """The range that the constraints of a field allow, such as ` from 0, below 1`."""
    limits: dict[str, Any] = {}
    for item in metadata:
        for constraint in (item, *getattr(item, "metadata", ())):
            for name in ("ge", "gt", "le", "lt"):
                value = getattr(constraint, name, None)
                if value is not None:
                    limits[name] = value
    text = f" from {limits['ge']:g}" if "ge" in limits else f" above {limits['gt']:g}" if "gt" in limits else ""
    if limits.get("le", 0) >= 1 << 16:
        return text
    return text + (f" to {limits['le']:g}" if "le" in limits else f", below {limits['lt']:g}" if "lt" in limits else "")
