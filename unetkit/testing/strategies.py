"""Hypothesis strategies for specs and sizes, for tests of unetkit and of third-party blocks."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from hypothesis import assume, reject
from hypothesis import strategies as st

from unetkit import registry
from unetkit.errors import SpecError
from unetkit.geometry import SizeSet
from unetkit.language import Spec, load
from unetkit.planning import Plan, plan
from unetkit.testing.component_strategies import blocks, components
from unetkit.topology import readable

REFUSALS = frozenset(("block-wiring", "no-effect", "wrong-value"))
"""The codes of the faults that drawn components may have together."""


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
        if any(fault.code not in REFUSALS for fault in error.faults):
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
            values = joined(values, draw(blocks("topology", dims=dims)))
    return values


def joined(values: dict[str, Any], topology: dict[str, Any]) -> dict[str, Any]:
    """The values of a spec of another topology, with what that topology needs."""
    values = values | {"topology": topology}
    match topology["type"]:
        case "siamese":
            channels = max(1, values["in_channels"] // 2)
            values |= {"in_channels": 2 * channels}
            values |= {"inputs": {name: {"channels": channels} for name in ("before", "after")}}
        case "double_u_net":
            values["topology"] = topology | registry.find("topology", "double_u_net").example["topology"]
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
