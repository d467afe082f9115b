"""Random specs at random sizes: what the plan says must be what torch does, on answers and on refusals."""

from __future__ import annotations

import tempfile
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import strategies as st
from torch import nn

import unetkit
from tests.support.campaign import sharded
from unetkit.errors import SizeError
from unetkit.language import resolve
from unetkit.model.network import assemble
from unetkit.model.weights import Uninitialized
from unetkit.testing.strategies import sizes, specs
from unetkit.wrapping.flops import MacCounter

EXAMPLES = 2000
SHARDS = 8
SMALL = 1 << 12
"""Samples of an image that the CPU computes. The meta device takes no memory for a larger one, but norms in Python."""
pytestmark = pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")


def unchecked(planned: unetkit.Plan, device: str) -> nn.Module:
    """Returns the network with any weights, and without the check at its door: torch itself shall refuse."""
    with torch.device(device), Uninitialized():
        network = assemble(planned).eval()
    network._forward_pre_hooks.clear()
    return network


@sharded(EXAMPLES, SHARDS)
def test_plan_equals_torch(data: st.DataObject) -> None:
    """Sizes and channels of every block, parameters and MACs; and both refuse the same sizes."""
    spec = data.draw(specs())
    planned = unetkit.plan(spec)
    size = data.draw(sizes(planned))
    device = "cpu" if prod(size) <= SMALL else "meta"
    network = unchecked(planned, device)
    assert planned.parameters == sum(weight.numel() for weight in network.parameters())
    image = torch.zeros(1, spec.in_channels, *size, device=device)
    try:
        sized = planned.at(size)
    except SizeError:
        with pytest.raises((RuntimeError, ValueError)):
            network(image)
        return
    shapes: dict[str, Any] = {}
    for step in sized.steps:
        keep = lambda module, taken, given, name=step.name: shapes.__setitem__(name, tuple(given.shape))  # noqa: E731
        network.get_submodule(step.name).register_forward_hook(keep)
    with torch.no_grad(), MacCounter() as counter:
        output = network(image)
    assert tuple(output.shape) == (1, spec.out_channels, *sized.output_size)
    assert shapes == {step.name: (1, step.channels, *step.output_size) for step in sized.steps}
    assert sized.macs == counter.macs
    assert all(n in accepted for n, accepted in zip(size, planned.accepted, strict=True))


@sharded(EXAMPLES, SHARDS)
def test_resolve_is_idempotent_and_keeps_the_digest(data: st.DataObject) -> None:
    spec = data.draw(specs())
    canonical = resolve(spec)
    again = unetkit.load(canonical)
    assert resolve(again) == canonical
    assert unetkit.plan(again).digest == unetkit.plan(spec).digest


@sharded(EXAMPLES // 10, SHARDS)
def test_digest_knows_neither_order_nor_extends(data: st.DataObject) -> None:
    spec = data.draw(specs())
    canonical = resolve(spec)
    keys = data.draw(st.permutations(list(canonical)))
    shuffled = unetkit.load({key: canonical[key] for key in keys})
    assert unetkit.plan(shuffled).digest == unetkit.plan(spec).digest


@sharded(EXAMPLES // 10, SHARDS)
def test_saved_and_loaded_gives_identical_outputs(data: st.DataObject) -> None:
    spec = data.draw(specs(max_depth=3))
    planned = unetkit.plan(spec)
    size = data.draw(sizes(planned, most=1 << 12))
    model = unetkit.build(spec, seed=0).eval()
    try:
        planned.at(size)
    except SizeError:
        return
    image = torch.rand(2, spec.in_channels, *size)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        again = unetkit.load_model(unetkit.save(model, Path(folder) / "model.safetensors"))
        assert torch.equal(again(image), model(image))


def test_the_same_settings_by_extends_give_the_same_digest(tmp_path: Path) -> None:
    base = resolve(unetkit.load("unet-2015"))
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(base | {"skip": {"type": "concat", "align": "pad"}}))
    (tmp_path / "child.yaml").write_text("extends: base.yaml\nskip: {align: crop}  # back again\n")
    assert unetkit.plan(unetkit.load(tmp_path / "child.yaml")).digest == unetkit.plan(unetkit.load("unet-2015")).digest
