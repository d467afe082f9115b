"""Hypothesis strategies for components and lists of them.

Parameters are drawn from the annotations of each registered block: a new block needs no strategy of its own. Strategies
are made once, since Hypothesis examines every new one.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from hypothesis import assume, reject
from hypothesis import strategies as st
from pydantic import ValidationError

from unetkit import registry
from unetkit.block import Component, Inset, insets
from unetkit.sequence import LIST_SLOTS, sequence_class
from unetkit.testing.subject import within

_RANGES: dict[str, tuple[int, int]] = {
    "kernel": (1, 5),
    "stride": (1, 3),
    "dilation": (1, 2),
    "groups": (1, 2),
    "squeeze_excite": (1, 4),
    "stages": (2, 3),
    "blocks": (1, 2),
}
"""Ranges for parameters of these names; 1 to 8 for all others."""

_FLOATS = (1e-5, 1e-3, 0.1, 0.25, 0.5, 0.75, 100.0)


@cache
@st.composite
def components(draw: st.DrawFn, slot: str, *, dims: int) -> Any:
    """Draws what a slot may hold: a block, or a list where the slot takes one."""
    if slot in LIST_SLOTS and draw(st.integers(0, 3)) == 0:
        return draw(lists(slot, dims=dims))
    return draw(blocks(slot, dims=dims))


@cache
@st.composite
def lists(draw: st.DrawFn, slot: str, *, dims: int, nested: bool = False) -> list[Any]:
    """Draws a list for a slot. `nested`: it is a branch, in which no further branches are drawn."""
    items = draw(st.lists(_items(dims, nested=nested), max_size=2))
    if slot not in ("up", "head") and (slot != "skip" or not items):
        return items
    place = len(items) if slot == "head" else draw(st.integers(0, len(items)))
    return [*items[:place], draw(blocks(slot, dims=dims)), *items[place:]]


@cache
@st.composite
def _items(draw: st.DrawFn, dims: int, *, nested: bool) -> Any:
    """Draws an item that may stand in any list: a block, the norm or the activation of the spec or of its own."""
    slot = draw(st.sampled_from(["block", "block", "norm", "act", "norm of the spec", "act of the spec", "list"]))
    if slot == "list":
        return draw(lists("block", dims=dims, nested=True))
    if slot.endswith("spec"):
        return slot.partition(" ")[0]
    names = [name for name in _drawn(slot) if not nested or name != "parallel"]
    item = draw(blocks(slot, dims=dims, name=draw(st.sampled_from(names))))
    if slot == "block" and draw(st.integers(0, 3)) == 0:
        item["channels"] = draw(st.sampled_from([4, 8, "input", "0.5x"]))
    if draw(st.integers(0, 3)) == 0:
        item["repeat"] = 2
    return item


@cache
@st.composite
def blocks(
    draw: st.DrawFn, slot: str, *, dims: int, name: str | None = None, condition: str | None = None
) -> dict[str, Any]:
    """Draws a block of a slot: a map with its type and some parameters, each with an effect.

    `condition` names the vector that it reads.
    """
    name = name or draw(st.sampled_from(_drawn(slot)))
    values: dict[str, Any] = {} if condition is None else {"condition": condition}
    for field in _fields(slot, name, dims):
        if field.is_required or draw(st.integers(0, 2)) == 0:
            values[field.name] = draw(field.values)
    part, values = _pruned(registry.find(slot, name), values, dims)
    assume(not list(part.faults(dims)))
    return {"type": name} | values


class _Parameter(NamedTuple):
    """A parameter of a component, whether it has no default, and its values."""

    name: str
    is_required: bool
    values: st.SearchStrategy[Any]


@cache
def _fields(slot: str, name: str, dims: int) -> tuple[_Parameter, ...]:
    """The parameters that are drawn of a component; made once."""
    model = registry.find(slot, name)
    inner, found = insets(model), list[_Parameter]()
    for field, info in model.model_fields.items():
        if field == "condition" or (slot == "block" and field == "stride"):
            continue  # an input of that name; at level 0 the output would be coarser than the image
        if field in inner and inner[field].branches:
            branch = lists(inner[field].slot, dims=dims, nested=True)
            found.append(_Parameter(field, True, st.lists(branch, min_size=2, max_size=3)))
        else:
            values = parameters(field, info.annotation, tuple(info.metadata), dims)
            found.append(_Parameter(field, info.is_required(), values))
    return tuple(found)


def _pruned(model: type[Component], values: dict[str, Any], dims: int) -> tuple[Component, dict[str, Any]]:
    """The block, and its values without those that have no effect."""
    inner = insets(model)
    while True:
        made = {field: value if field not in inner else _filled(inner[field], value) for field, value in values.items()}
        try:
            part = model.model_validate(made, context={"dims": dims})
        except ValidationError:  # a range that is not known here
            reject()
        idle = part.idle().keys() & values.keys()
        if not idle:
            return part, values
        values = {field: value for field, value in values.items() if field not in idle}


def _filled(inset: Inset, values: Any) -> Any:
    """The component for a map with a type, or as many empty lists as there are branches."""
    if inset.branches:
        return tuple(sequence_class(inset.slot)() for _ in values)
    model = registry.find(inset.slot, values["type"])
    inner = insets(model)
    arguments = {
        key: _filled(inner[key], value) if key in inner else value for key, value in values.items() if key != "type"
    }
    return model.model_validate(arguments)


def parameters(field: str, annotation: Any, metadata: tuple[Any, ...], dims: int) -> st.SearchStrategy[Any]:
    """A strategy for one parameter, from its type."""
    inset = next((mark for mark in metadata if isinstance(mark, Inset)), None)
    if inset is not None:
        return blocks(inset.slot, dims=dims)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return parameters(field, args[0], (*metadata, *args[1:]), dims)
    if origin is Literal:
        return st.sampled_from(args)
    if origin is Union or isinstance(annotation, type(int | str)):
        return st.one_of([parameters(field, arg, metadata, dims) for arg in args])
    if origin is tuple:
        inner = parameters(field, args[0], metadata, dims)
        return st.lists(inner, min_size=dims, max_size=dims).map(tuple)
    if annotation is type(None):
        return st.none()
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        low, high = _RANGES.get(field, (1, 8))
        return st.integers(low, high)
    if annotation is float:
        return st.sampled_from([value for value in _FLOATS if within(value, metadata)])
    raise TypeError(f"no strategy for {field}: {annotation}")


@cache
def _drawn(slot: str) -> list[str]:
    """The built-in components of a slot, but for those that need an input by its name or a size of the image."""
    models = {name: registry.find(slot, name).model_fields for name in registry.BUILT_IN[slot]}
    return [
        name
        for name, fields in models.items()
        if ("condition" not in fields or not fields["condition"].is_required())
        and (slot, name) not in (("up", "none"), ("block", "learned_positions"))
    ]
