"""A Hypothesis strategy for specs of the whole language.

Besides what `specs` draws: networks within blocks, published encoders, blocks with a stride, and vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import cache
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from unetkit import registry
from unetkit.encoder import Encoder
from unetkit.errors import SpecError
from unetkit.language import Spec, load
from unetkit.planning import plan
from unetkit.testing.component_strategies import blocks, components
from unetkit.testing.strategies import REFUSALS, frames, joined

_Values = dict[str, Any]
_ENCODERS = (
    "resnet18",
    "vgg11_bn",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "efficientnet_b0",
    "densenet121",
    "regnet_y_400mf",
    "convnext_tiny",
    "swin_t",
    "swin_v2_t",
)
"""A small encoder of each family, of which the first levels are drawn."""
_TAKE_ENCODERS = ("unet", "unet_plus_plus", "unet_3_plus", "siamese")
"""The topologies that are drawn around them."""
_NETWORKS = ("unet", "unet_plus_plus", "unet_3_plus", "cascade", "skip_per_block")
"""The topologies of networks within blocks."""
_LEAD_UP = ("coarse_gate", "unpool")
"""The skips that lead to the finer level themselves."""
_PRUNINGS = 6
"""How often what has no effect is left out, before an example is given up."""
_NODES = 400
"""Nodes of a network at most: one in a hundred has more, and takes as long as all others."""


@st.composite
def wide_specs(
    draw: st.DrawFn,
    /,
    *,
    dims: int | None = None,
    max_depth: int = 5,
    kinds: Collection[str] = ("topology", "strided", "encoder", "network", "vector"),
    **fixed: Any,
) -> Spec:
    """Draws valid specs with some kinds of constructs that `specs` does not draw.

    Kinds: `topology` (another than the U more often), `strided` (blocks lead to the next level), `encoder` (a published
    one), `network` (within a block), `vector` (beside the image, with blocks that read it). `fixed` are keys of the
    spec with given values, such as `block="residual"`.
    """
    values = _led_up(draw(frames(dims=dims, max_depth=max_depth)))
    for kind, strategy in _KINDS.items():
        if kind in kinds and draw(st.integers(0, 1 if kind == "topology" else 3)) == 0:
            values = draw(strategy(values))
    values |= fixed
    for _ in range(_PRUNINGS):
        try:
            spec = load(values)
            planned = plan(spec)
        except SpecError as error:
            codes = {fault.code for fault in error.faults}
            if codes - REFUSALS:
                raise
            idle = _topmost([fault.path for fault in error.faults])
            if codes != {"no-effect"} or any(path[0] in fixed for path in idle):
                reject()
            for path in idle:
                values = without(values, path)
        else:
            if len(planned.nodes) > _NODES:
                reject()
            return spec
    reject()


def _topmost(paths: Iterable[str]) -> list[tuple[str, ...]]:
    """The components and parameters at some paths, but for those within others; later items of a list first."""
    found = {tuple(path.removesuffix(".type").split(".")) for path in paths}
    free = [path for path in found if not any(path[:length] in found for length in range(1, len(path)))]
    return sorted(free, key=lambda path: [(len(step), step) for step in path], reverse=True)


def without(values: Any, path: tuple[str, ...]) -> Any:
    """A copy of nested values without the entry at a path, nor a map that is empty then.

    >>> without({"block": ["norm"], "levels": {1: {"act": "elu"}}}, ("levels", "1", "act"))
    {'block': ['norm']}
    >>> without({"block": ["norm", {"type": "film", "scale": True}]}, ("block", "1", "scale"))
    {'block': ['norm', {'type': 'film'}]}
    """
    step, *others = path
    entries = dict(enumerate(values)) if isinstance(values, list) else values
    key = next(key for key in entries if str(key) == step)
    changed = without(entries[key], tuple(others)) if others else {}
    kept = {name: changed if name == key else value for name, value in entries.items() if name != key or changed != {}}
    return list(kept.values()) if isinstance(values, list) else kept


def _led_up(values: _Values) -> _Values:
    """The values of a spec, without ways up where its skip leads to the finer level itself."""
    if not isinstance(values.get("skip"), dict) or values["skip"]["type"] not in _LEAD_UP:
        return values
    sections = {name: values[name] for name in ("decoder", "levels") if name in values}
    kept = {name: {key: one for key, one in section.items() if key == "channels"} for name, section in sections.items()}
    return {key: value for key, value in values.items() if key not in kept} | {"up": "none"} | kept


@cache
def _with_field(field: str) -> list[str]:
    """The built-in blocks that have a parameter of this name."""
    return [name for name in registry.BUILT_IN["block"] if field in registry.find("block", name).model_fields]


@st.composite
def _of_topology(draw: st.DrawFn, values: _Values) -> _Values:
    """Draws a topology where the spec has none."""
    if len(values["channels"]) < 2 or "topology" in values:
        return values
    name = draw(st.sampled_from([name for name in registry.BUILT_IN["topology"] if name != "unet"]))
    return joined(values, draw(blocks("topology", dims=values["dims"], name=name)))


@st.composite
def _strided(draw: st.DrawFn, values: _Values) -> _Values:
    """Draws an encoder whose blocks lead from level to level themselves, in place of the ways down.

    Not where each level has several blocks with a skip each, which would have to be of one size.
    """
    if len(values["channels"]) < 2 or values.get("topology", {}).get("type") == "skip_per_block":
        return values
    dims = values["dims"]
    values = {key: value for key, value in values.items() if key not in ("down", "levels")} | {"down": []}
    block = draw(blocks("block", dims=dims, name=draw(st.sampled_from(_with_field("stride")))))
    if draw(st.booleans()):
        block["repeat"] = draw(st.integers(1, 2))
    stride = draw(st.one_of(st.integers(2, 3), st.lists(st.integers(1, 2), min_size=dims, max_size=dims)))

    def moving(by: Any) -> _Values:
        moved = block | {"stride": by}
        return {"block": [moved] if "repeat" in block else moved}

    values |= {"encoder": moving(stride), "bottleneck": moving(draw(st.sampled_from([stride, 2])))}
    return values | {"levels": {0: {"encoder": moving(1)}}}


@st.composite
def _with_encoder(draw: st.DrawFn, values: _Values) -> _Values:
    """Draws a published encoder, of which the first levels are used, in place of blocks and ways down."""
    if len(values["channels"]) < 2:
        return values
    dropped = {"channels", "encoder", "down", "levels", "bottleneck"}
    if values.get("topology", {}).get("type") not in _TAKE_ENCODERS:
        dropped |= {"topology", "inputs"}
    values = {key: value for key, value in values.items() if key not in dropped}
    name = draw(st.sampled_from(_ENCODERS))
    encoder = registry.find("encoder", name)()
    assert isinstance(encoder, Encoder)
    first = next(level for level, one in enumerate(encoder.pyramid) if one.channels)
    levels = 1 + draw(st.integers(max(1, first), 2))
    values["encoder"] = {"type": name, "levels": levels}
    channels = draw(st.lists(st.sampled_from([4, 8]), min_size=levels - 1, max_size=levels - 1))
    values["decoder"] = values.get("decoder", {}) | {"channels": channels}
    if draw(st.booleans()):
        values["levels"] = {0: {"skip": draw(components("skip", dims=values["dims"]))}}
    if draw(st.booleans()):
        values["bottleneck"] = {"block": draw(components("block", dims=values["dims"]))}
    return values


@st.composite
def _with_network(draw: st.DrawFn, values: _Values) -> _Values:
    """Draws a small network in place of blocks of the spec, or before or after them."""
    dims, kind = values["dims"], draw(st.sampled_from(_NETWORKS))
    network: _Values = {"type": kind}
    depth = draw(st.integers(1, 2 if dims == 3 else 3))
    network["channels"] = draw(st.lists(st.sampled_from([4, 8]), min_size=depth, max_size=depth))
    network["block"] = draw(blocks("block", dims=dims, name=draw(st.sampled_from(["single_conv", "residual"]))))
    for slot in ("norm", "act", *(("down", "up", "skip") if depth > 1 and kind != "unet_3_plus" else ())):
        if draw(st.integers(0, 3)) == 0:
            network[slot] = draw(blocks(slot, dims=dims))
    values, holder = draw(_a_section(values))
    block = draw(blocks("block", dims=dims))
    branches = {"type": "parallel", "branches": [[network], [block]]}
    holder["block"] = draw(st.sampled_from([network, [block, network], [network, "act"], branches]))
    return values


@st.composite
def _conditioned(draw: st.DrawFn, values: _Values) -> _Values:
    """Draws a vector beside the image, what computes its embedding, and a block that reads it."""
    dims = values["dims"]
    name, count = draw(st.sampled_from(["time", "style"])), draw(st.integers(1, 2))
    vector: _Values = {"channels": count, "vector": True}
    if draw(st.booleans()):
        vector["width"] = draw(st.sampled_from([4, 8]))
        layer = {"type": "single_conv", "kernel": 1, "norm": "none"}
        sines = draw(blocks("block", dims=dims, name="sinusoidal"))
        vector["embed"] = draw(st.sampled_from([layer, sines, [sines, layer], [layer, "act", layer]]))
    values, holder = draw(_a_section(values | {"inputs": values.get("inputs", {}) | {name: vector}}))
    reader = draw(blocks("block", dims=dims, name=draw(st.sampled_from(_with_field("condition"))), condition=name))
    if reader["type"] == "film":
        before = holder.get("block", values.get("block", "double_conv"))
        holder["block"] = [*before, reader] if isinstance(before, list) else [before, reader]
    else:
        holder["block"] = reader
    return values


@st.composite
def _a_section(draw: st.DrawFn, values: _Values) -> tuple[_Values, _Values]:
    """Draws a part of a spec that has a block: copies of the spec and of that part, which is within it."""
    sections: list[str | None] = [None]
    if len(values.get("channels", values)) > 1:
        sections += ["decoder"] if "type" in values.get("encoder", {}) else ["decoder", "encoder", "bottleneck"]
    section, values = draw(st.sampled_from(sections)), dict(values)
    if section is None:
        return values, values
    holder = values[section] = dict(values.get(section, {}))
    return values, holder


_KINDS: dict[str, Callable[[_Values], st.SearchStrategy[_Values]]] = {
    "topology": _of_topology,
    "strided": _strided,
    "encoder": _with_encoder,
    "network": _with_network,
    "vector": _conditioned,
}
"""In this order: an encoder takes the place of blocks with a stride, and leaves a decoder for the others."""
