"""Hypothesis strategies for specs and sizes, for tests of unetkit and of third-party blocks.

Parameters are drawn from the annotations of each registered block: a new block needs no strategy of its own. Strategies
are made once, since Hypothesis examines every new one.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import assume, reject
from hypothesis import strategies as st
from pydantic import ValidationError

from unetkit import registry
from unetkit.block import Component, Inset, insets
from unetkit.errors import SpecError
from unetkit.geometry import SizeSet
from unetkit.language import Spec, load
from unetkit.planning import Plan, plan
from unetkit.sequence import LIST_SLOTS, sequence_class
from unetkit.testing.subject import within
from unetkit.topology import readable

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


@st.composite
def specs(draw: st.DrawFn, /, *, dims: int | None = None, max_depth: int = 6, **fixed: Any) -> Spec:
    """Draws valid specs: any dims, 1 to `max_depth` levels, every block, overrides at every scope.

    `fixed` are keys of the spec with given values, such as `block="residual"`.
    """
    values = draw(frames(dims=dims, max_depth=max_depth)) | fixed
    try:
        spec = load(values)
        plan(spec)
    except SpecError as error:
        if any(fault.code not in ("block-wiring", "no-effect", "wrong-value") for fault in error.faults):
            raise
        reject()
    return spec


@cache
@st.composite
def frames(draw: st.DrawFn, *, dims: int | None = None, max_depth: int = 6) -> dict[str, Any]:
    """Draws the values of a spec, whose blocks may still not fit together."""
    dims = dims or draw(st.integers(1, 3))
    depth = draw(st.integers(1, max_depth))
    values: dict[str, Any] = {"unetkit": 1, "dims": dims}
    values["in_channels"] = draw(st.sampled_from([2, 4, 1, 3]))
    values["out_channels"] = draw(st.sampled_from([2, 4, 1, 3]))
    values["channels"] = draw(st.lists(st.sampled_from([4, 8, 12]), min_size=depth, max_size=depth))
    slots = ["block", "norm", "act", "head"] + ["down", "up", "skip"] * (depth > 1)
    for slot in slots:
        if draw(st.booleans()):
            values[slot] = draw(components(slot, dims=dims))
    if draw(st.integers(0, 4)) == 0:
        values["odd_sizes"] = {"type": "pad", "mode": draw(st.sampled_from(["reflect", "replicate", "zeros"]))}
    if depth > 1:
        values |= draw(_scopes(dims, depth))
        if draw(st.booleans()):
            values = _joined(values, draw(blocks("topology", dims=dims)))
    return values


def _joined(values: dict[str, Any], topology: dict[str, Any]) -> dict[str, Any]:
    """The values of a spec of another topology, with what that topology needs."""
    values = values | {"topology": topology}
    match topology["type"]:
        case "siamese":
            channels = max(1, values["in_channels"] // 2)
            values |= {"in_channels": 2 * channels}
            values |= {"inputs": {name: {"channels": channels} for name in ("before", "after")}}
        case "unet_3_plus":  # whose one skip has no way up beside it
            values = {key: value for key, value in values.items() if key not in ("up", "skip", "levels")}
            values["decoder"] = {key: value for key, value in values.get("decoder", {}).items() if key != "up"}
            values["decoder"].pop("skip", None)
    return values


@cache
@st.composite
def _scopes(draw: st.DrawFn, dims: int, depth: int) -> dict[str, Any]:
    """Draws overrides for encoder, decoder, bottleneck and single levels."""
    values: dict[str, Any] = {}
    for section, slots in (
        ("encoder", ["block", "down"]),
        ("decoder", ["block", "up", "skip"]),
        ("bottleneck", ["block"]),
    ):
        if draw(st.integers(0, 3)) == 0:
            slot = draw(st.sampled_from(slots))
            values[section] = {slot: draw(components(slot, dims=dims))}
    if draw(st.integers(0, 3)) == 0:
        values.setdefault("decoder", {})["channels"] = draw(
            st.lists(st.sampled_from([4, 8]), min_size=depth - 1, max_size=depth - 1)
        )
    if draw(st.integers(0, 2)) == 0:
        level = draw(st.integers(0, depth - 1))
        slot = draw(st.sampled_from(["block"] + ["down"] * (level > 0) + ["up", "skip"] * (level < depth - 1)))
        values["levels"] = {level: {slot: draw(components(slot, dims=dims))}}
        block = values["levels"][level][slot]
        strided = slot == "block" and isinstance(block, dict)
        if strided and level and "stride" in registry.find(slot, block["type"]).model_fields:
            block["stride"] = draw(st.integers(1, 2))
    return values


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


@st.composite
def heads(draw: st.DrawFn, spec: Spec) -> dict[str, Any]:
    """Draws heads for the network of a spec: of any level or name, of several maps, of other heads, for training only.

    The first, `output`, is at full resolution; it reads the heads that are no outputs.
    """
    sources: list[int | str] = list(readable(spec.topology, spec.channels, spec.decoder_channels))
    found: dict[str, Any] = {}
    for number in range(draw(st.integers(0, 3))):
        name, several = f"output_{number}", st.lists(st.sampled_from(sources), min_size=2, max_size=3)
        at = draw(st.one_of(st.sampled_from(sources), several))
        found[name] = {"at": at, "when": draw(st.sampled_from(["always", "training", "never"]))}
        found[name]["channels"] = draw(st.integers(1, 3))
        if isinstance(at, list) and draw(st.booleans()):
            found[name]["merge"] = {"method": draw(st.sampled_from(["nearest", "linear"]))}
        sources.append(name)
    read = {source for one in found.values() if isinstance(one["at"], list) for source in one["at"]}
    read |= {one["at"] for one in found.values() if not isinstance(one["at"], list)}
    unread = [name for name, one in found.items() if one["when"] == "never" and name not in read]
    return {"output": {"at": [0, *unread] if unread else 0}} | found


@cache
@st.composite
def blocks(draw: st.DrawFn, slot: str, *, dims: int, name: str | None = None) -> dict[str, Any]:
    """Draws a block of a slot: a map with its type and some parameters, each with an effect."""
    name = name or draw(st.sampled_from(_drawn(slot)))
    model, inner = registry.find(slot, name), insets(registry.find(slot, name))
    values: dict[str, Any] = {}
    fields: dict[str, Any] = dict(model.model_fields)
    for field, info in fields.items():
        if field == "condition" or (slot == "block" and field == "stride"):
            continue  # an input of that name; at level 0 the output would be coarser than the image
        if field in inner and inner[field].branches:
            branch = lists(inner[field].slot, dims=dims, nested=True)
            values[field] = draw(st.lists(branch, min_size=2, max_size=3))
        elif info.is_required() or draw(st.integers(0, 2)) == 0:
            values[field] = draw(parameters(field, info.annotation, tuple(info.metadata), dims))
    part, values = _pruned(model, values, dims)
    assume(not list(part.faults(dims)))
    return {"type": name} | values


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


@cache
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


@st.composite
def sizes(draw: st.DrawFn, planned: Plan, *, most: int = 1 << 18) -> tuple[int, ...]:
    """Draws input sizes around the smallest accepted ones, accepted and refused; at most `most` samples in all."""
    limit = round(most ** (1 / planned.dims))
    size = []
    for accepted in planned.accepted:
        smallest = accepted.minimum or 16
        assume(smallest <= limit)
        near = st.integers(max(1, smallest - 3), min(limit, smallest + 2 * accepted.period + 3))
        size.append(draw(st.one_of(near, near.map(partial(at_or_above, accepted)))))
    return tuple(min(n, limit) for n in size)


def at_or_above(accepted: SizeSet, size: int) -> int:
    """The next size in the set, or the size itself where there is none."""
    return accepted.above(size) or size
