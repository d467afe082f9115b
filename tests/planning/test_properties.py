"""Random specs at random sizes: what the plan says must be what torch does, on answers and on refusals."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from torch import nn

import unetkit
from tests.support.any_spec import any_spec
from tests.support.campaign import distinct, sharded
from tests.support.constructs import CONSTRUCTS, constructs
from tests.support.narrow import vectors
from unetkit.errors import SizeError
from unetkit.language import resolve
from unetkit.model.network import assemble
from unetkit.model.weights import Uninitialized
from unetkit.testing.strategies import sizes
from unetkit.testing.wide_strategies import wide_specs
from unetkit.wrapping.flops import MacCounter

EXAMPLES = 2000
SHARDS = 8
SMALL = 1 << 12
"""Samples of an image that the CPU computes. The meta device takes no memory for a larger one, but norms in Python."""
FEW = 1 << 20
"""Parameters of a network that the CPU computes."""
pytestmark = pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")


def unchecked(planned: unetkit.Plan, device: str) -> nn.Module:
    """Returns the network with any weights, and without the check at its door: torch itself shall refuse."""
    with torch.device(device), Uninitialized():
        network = assemble(planned).eval()
    network._forward_pre_hooks.clear()
    return network


@sharded(EXAMPLES, SHARDS)
def test_any_network_is_what_its_plan_says_and_survives_its_canonical_form(data: st.DataObject) -> None:
    spec = any_spec(data)
    planned = unetkit.plan(spec)
    assert_resolves(data, spec, planned)
    size = data.draw(sizes(planned))
    assert_planned(planned, size)


def assert_resolves(data: st.DataObject, spec: unetkit.Spec, planned: unetkit.Plan) -> None:
    """The canonical form is that of the same network, and the order of its keys says nothing."""
    canonical = resolve(spec)
    keys = data.draw(st.permutations(list(canonical))) if data.draw(st.integers(0, 9)) == 0 else canonical
    again = unetkit.load({key: canonical[key] for key in keys})
    assert resolve(again) == canonical
    assert unetkit.plan(again).digest == planned.digest


def assert_planned(planned: unetkit.Plan, size: tuple[int, ...]) -> None:
    """Sizes and channels of every block, parameters and MACs are torch's; and both refuse the same sizes."""
    spec = planned.spec
    device = "cpu" if prod(size) <= SMALL and planned.parameters <= FEW else "meta"
    network = unchecked(planned, device)
    assert planned.parameters == sum(weight.numel() for weight in network.parameters())
    inputs = [torch.zeros(1, spec.in_channels, *size), *vectors(spec)]
    inputs = [one.to(device) for one in inputs]
    try:
        sized = planned.at(size)
    except SizeError:
        with pytest.raises((RuntimeError, ValueError)):
            network(*inputs)
        return
    shapes: dict[str, Any] = {}
    given = {call.scope for call in planned.calls if planned.is_input(call)}
    steps = [step for step in sized.steps if step.name not in given]
    for step in steps:
        keep = lambda module, taken, out, name=step.name: shapes.__setitem__(name, tuple(out.shape))  # noqa: E731
        network.get_submodule(step.name).register_forward_hook(keep)
    with torch.no_grad(), MacCounter() as counter:
        output = network(*inputs)
    first = output if isinstance(output, torch.Tensor) else output[0]
    assert tuple(first.shape[2:]) == sized.output_size
    assert shapes == {step.name: (1, step.channels, *step.output_size) for step in steps}
    assert sized.macs == counter.macs
    assert all(n in accepted for n, accepted in zip(size, planned.accepted, strict=True))


def test_random_specs_have_all_topologies_and_kinds() -> None:
    """The same examples in every run, until each was drawn."""
    missing = set(CONSTRUCTS)

    def completes(spec: unetkit.Spec) -> bool:
        missing.difference_update(constructs(spec))
        return not missing

    how = settings(
        max_examples=1000, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
    )
    with distinct(), suppress(NoSuchExample):
        find(wide_specs(), completes, settings=how)
    assert not missing


@sharded(EXAMPLES // 20, SHARDS // 2)
def test_saved_and_loaded_gives_identical_outputs(data: st.DataObject) -> None:
    spec = any_spec(data, max_depth=3)
    planned = unetkit.plan(spec)
    size = data.draw(sizes(planned, most=1 << 12))
    try:
        planned.at(size)
    except SizeError:
        return
    model = unetkit.model.for_inference(unetkit.build(spec, seed=0).eval())
    inputs = (torch.rand(2, spec.in_channels, *size), *vectors(spec, 2))
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        again = unetkit.load_model(unetkit.save(model, Path(folder) / "model.safetensors"))
        assert all(map(torch.equal, again(*inputs), model(*inputs)))


def test_the_same_settings_by_extends_give_the_same_digest(tmp_path: Path) -> None:
    base = resolve(unetkit.load("unet-2015"))
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(base | {"skip": {"type": "concat", "align": "pad"}}))
    (tmp_path / "child.yaml").write_text("extends: base.yaml\nskip: {align: crop}  # back again\n")
    assert unetkit.plan(unetkit.load(tmp_path / "child.yaml")).digest == unetkit.plan(unetkit.load("unet-2015")).digest
