"""No option is silently ignored: every parameter of every block changes the network, or is refused where it cannot."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import unetkit
from tests.support.campaign import examples
from unetkit import registry
from unetkit.block import BASES, Component, Inset
from unetkit.errors import SpecError
from unetkit.language.spec_keys import SpecKeys
from unetkit.testing.component_strategies import blocks

BASE = {"unetkit": 1, "in_channels": 4, "out_channels": 4, "channels": [4, 8, 12]}
NAMES = [(slot, name) for slot in BASES for name in registry.BUILT_IN[slot]]
FIELDS = [
    (slot, name, field)
    for slot, name in NAMES
    for field in registry.find(slot, name).model_fields
    if name != "film" and field not in ("condition", "modulation")  # which need an input: tests/topologies
]


def candidates(annotation: Any, metadata: tuple[Any, ...], dims: int) -> list[Any]:
    """Returns values that cover what a parameter may be."""
    inset = next((mark for mark in metadata if isinstance(mark, Inset)), None)
    if inset is not None and inset.branches:
        return [["single_conv", ["single_conv", {"type": "single_conv", "kernel": kernel}]] for kernel in (1, 5)]
    if inset is not None:
        return list(registry.BUILT_IN[inset.slot])
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return candidates(args[0], (*metadata, *args[1:]), dims)
    if origin is Literal:
        return list(args)
    if origin is tuple:
        return [[3, *[1] * (dims - 1)], [2, *[3] * (dims - 1)]]
    if args:
        return [value for arg in args for value in candidates(arg, (), dims)]
    known: dict[Any, list[Any]] = {
        type(None): [None],
        bool: [True, False],
        int: [1, 2, 3, 5],
        float: [0.1, 0.25, 0.5, 100.0],
    }
    return known[annotation]


def digest(values: dict[str, Any]) -> str:
    return unetkit.plan(unetkit.load(values)).digest


def part_at(values: dict[str, Any], slot: str) -> Component:
    """Returns the block of the slot in the spec."""
    spec = unetkit.load(values)
    if slot in ("norm", "act"):
        return getattr(spec.parts["encoder.0.block"], slot)  # type: ignore[no-any-return]
    return next(part for part in spec.parts.values() if part.slot == slot)


@pytest.mark.parametrize(("slot", "name", "field"), FIELDS)
@settings(max_examples=examples(5), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_parameter_changes_the_network_or_is_refused(slot: str, name: str, field: str, data: st.DataObject) -> None:
    """In any context: an idle field is refused when set; any other has a value that gives another network."""
    dims = data.draw(st.sampled_from([2, 1, 3]))
    block = data.draw(blocks(slot, dims=dims, name=name))
    values = BASE | {"dims": dims, slot: block}
    try:
        part, before = part_at(values, slot), digest(values)
    except SpecError as error:
        assert {fault.code for fault in error.faults} <= {"block-wiring", "wrong-value"}
        return
    info = type(part).model_fields[field]
    current = getattr(part, field)
    others = [
        value
        for value in candidates(info.annotation, tuple(info.metadata), dims)
        if value != (list(current) if isinstance(current, tuple) else current)
    ]
    if field in part.idle():
        for value in others[:2]:
            with pytest.raises(SpecError):
                digest(values | {slot: block | {field: value}})
        return
    after = set()
    for value in others:
        with contextlib.suppress(SpecError):
            after.add(digest(values | {slot: block | {field: value}}))
        if after - {before}:
            return
    assert not after


@pytest.mark.parametrize(
    "field", sorted(set(SpecKeys.model_fields) - {"unetkit", "name", "description", "paper", "plugins", "define"})
)
def test_a_key_of_the_frame_changes_the_network(field: str) -> None:
    other: dict[str, Any] = {
        "dims": 3,
        "in_channels": 3,
        "out_channels": 3,
        "channels": [4, 8],
        "block": "residual",
        "down": "avg_pool",
        "up": "interpolate",
        "skip": "add",
        "norm": "instance",
        "act": "gelu",
        "head": {"type": "conv", "bias": False},
        "encoder": {"block": "single_conv"},
        "decoder": {"channels": [8, 8]},
        "bottleneck": {"block": {"type": "double_conv", "kernel": 5}},
        "topology": "unet_plus_plus",
        "inputs": {"scan": {"channels": 4}},
        "heads": {"mask": {"at": 0}, "coarse": {"at": 1}},
        "levels": {1: {"act": "elu"}},
        "init": "orthogonal",
        "odd_sizes": "pad",
    }
    assert digest(BASE | {field: other[field]}) != digest(BASE)
