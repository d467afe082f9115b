"""Specs, plans and models are values: copied, pickled and read again, they are equal and work."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim.swa_utils import AveragedModel

import unetkit
from tests.support.campaign import share
from tests.support.narrow import LARGE, narrow, vectors
from unetkit.errors import SizeError
from unetkit.language import Spec, shipped
from unetkit.operations import Convolution, MaxPooling
from unetkit.testing.strategies import specs
from unetkit.wrapping.operation import Wrapped

pytestmark = pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")


def through_a_file(value: Any) -> Any:
    """Returns what torch.save wrote and torch.load read."""
    file = io.BytesIO()
    torch.save(value, file)
    return torch.load(io.BytesIO(file.getvalue()), weights_only=False)


WAYS: dict[str, Callable[[Any], Any]] = {
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),  # noqa: S301 - written just now
    "torch.save": through_a_file,
}


def size_of(planned: unetkit.Plan) -> tuple[int, ...]:
    """Returns a small size that fits a network, with more than one sample at its deepest level."""
    sizes = planned.preferred_sizes
    if any(one.above((one.minimum or 1) + 1) is None for one in sizes):  # one size alone
        return tuple(one.minimum or 1 for one in sizes)
    return tuple(one.above((one.minimum or 1) + (one.period if axis else 0)) or 1 for axis, one in enumerate(sizes))


def outputs(given: Any) -> tuple[Any, ...]:
    """Returns the outputs of a network, one or several, as a tuple."""
    return (given,) if isinstance(given, torch.Tensor) else tuple(given)


def assert_alike(one: Any, other: Any) -> None:
    """Asserts that two networks have the same plan, spec, weights, modes and outputs, and refuse what does not fit."""
    assert other.spec == one.spec and other.plan == one.plan and hash(other.plan) == hash(one.plan)
    assert other.plan.parameters == one.plan.parameters and other.plan.digest == one.plan.digest
    state, again = one.state_dict(), other.state_dict()
    assert list(state) == list(again) and all(torch.equal(state[name], again[name]) for name in state)
    assert [module.training for module in one.modules()] == [module.training for module in other.modules()]
    image = torch.rand(1, one.spec.in_channels, *size_of(one.plan), generator=torch.Generator().manual_seed(0))
    given = vectors(one.spec)
    with torch.no_grad():
        assert all(map(torch.equal, *(outputs(network(image, *given)) for network in (one, other))))
    with pytest.raises(SizeError, match="takes a tensor"):
        other(torch.zeros(1, one.spec.in_channels + 1, *image.shape[2:]), *given)
    assert sum(type(hook).__name__ == "InputCheck" for hook in other._forward_pre_hooks.values()) == 1


@pytest.mark.parametrize(("name", "way"), share(product([one for one in shipped() if one not in LARGE], WAYS), of=9))
def test_a_copied_model_is_the_model(name: str, way: str) -> None:
    model = unetkit.build(narrow(name), seed=1).eval()
    assert_alike(model, WAYS[way](model))


@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(specs(max_depth=4))
def test_a_copied_model_of_any_spec_has_its_plan_and_its_weights(spec: Spec) -> None:
    model = unetkit.build(spec, seed=0).eval()
    planned = unetkit.plan(spec)
    for way in ("deepcopy", "pickle"):
        other = WAYS[way](model)
        state, again = model.state_dict(), other.state_dict()
        assert list(state) == list(again) and all(torch.equal(state[name], again[name]) for name in state)
        assert other.plan == planned and other.spec == spec and other.plan.listing() == planned.listing()


def test_modes_frozen_weights_and_number_types_survive_a_pickle() -> None:
    model = unetkit.build(narrow("unet-small"), seed=0).half().eval()
    model.get_submodule("head").train()
    for weight in model.get_submodule("encoder").parameters():
        weight.requires_grad_(False)
    again = WAYS["pickle"](model)
    frozen = {name for name, weight in model.named_parameters() if not weight.requires_grad}
    assert frozen == {name for name, weight in again.named_parameters() if not weight.requires_grad} != set()
    assert [module.training for module in again.modules()] == [module.training for module in model.modules()]
    assert {weight.dtype for weight in again.parameters()} == {torch.float16}


def test_a_copy_has_weights_of_its_own() -> None:
    model = unetkit.build(narrow("unet-small"), seed=0)
    for way in ("deepcopy", "pickle", "torch.save"):
        other = WAYS[way](model)
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        with torch.no_grad():
            for weight in other.parameters():
                weight.add_(1)
        assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_changed_model_is_refused_when_it_is_pickled_not_when_it_is_read() -> None:
    model = unetkit.build(narrow("unet-small"), seed=0)
    model.head = nn.Conv2d(4, 7, 1)
    with pytest.raises(pickle.PicklingError, match=r"was changed .* weights are no longer those of its spec \(head\."):
        pickle.dumps(model)
    assert WAYS["deepcopy"](model).head.out_channels == 7


def test_an_averaged_model_keeps_plan_and_size_check_and_is_pickled_too() -> None:
    model = unetkit.build(narrow("unet-small"), seed=0)
    averaged = AveragedModel(model)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(2)
    averaged.update_parameters(model)
    averaged.update_parameters(model)
    assert averaged.module.plan == model.plan
    with pytest.raises(SizeError):
        averaged(torch.zeros(1, 1, 17, 16))
    again = WAYS["torch.save"](averaged)
    assert all(torch.equal(one, other) for one, other in zip(averaged.parameters(), again.parameters(), strict=True))
    assert again.module.plan == model.plan


@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(specs(), st.sampled_from(["deepcopy", "copy", "pickle"]))
def test_a_copied_spec_and_plan_are_equal_and_work(spec: Spec, way: str) -> None:
    planned, again = unetkit.plan(spec), WAYS[way](spec)
    assert again == spec and hash(again) == hash(spec) and again.resolve() == spec.resolve()
    for other in (unetkit.plan(again), WAYS[way](planned)):
        assert other == planned and hash(other) == hash(planned) and other.digest == planned.digest
        assert other.accepted == planned.accepted
        least = tuple(one.minimum or 1 for one in planned.preferred_sizes)
        assert sized(other, least) == sized(planned, least)


def sized(planned: unetkit.Plan, size: tuple[int, ...]) -> Any:
    """Returns what a plan says of a size: its steps, or why it refuses; a copy has other lines."""
    try:
        return planned.at(size).steps
    except SizeError as error:
        return [(fault.path, fault.message, fault.cure) for fault in error.faults]


def test_operations_are_equal_where_their_kinds_and_arguments_are() -> None:
    one, other = (Convolution(8, (3, 3), (1, 1), (1, 1), (1, 1)) for _ in range(2))
    assert one == other and hash(one) == hash(other) and repr(one) == repr(other)
    assert one != Convolution(8, (3, 3), (2, 2), (1, 1), (1, 1)) and one != MaxPooling((3, 3), (1, 1), (0, 0))
    assert repr(MaxPooling((2, 2), (2, 2), (0, 0))).startswith("MaxPooling(kernel=(2, 2), stride=(2, 2)")
    counted: list[Any] = [lambda sizes: 0, lambda sizes: 1]
    wrapped, again = (Wrapped(4, (), 0, one, nn.Identity, {"a": [1]}) for one in counted)
    assert wrapped == again and hash(wrapped) == hash(again)


def test_the_repr_of_a_plan_says_what_it_is() -> None:
    assert repr(unetkit.plan(unetkit.load("unet-2015"))) == (
        "<Plan of unet-2015: 2D, 1 -> 2 channels, levels [64, 128, 256, 512, 1024]; 22 blocks, 31,030,658 parameters>"
    )
    assert unetkit.plan(unetkit.load("unet-2015")) != unetkit.plan(unetkit.load("unet-crop"))
