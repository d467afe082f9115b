"""What is known about sizes, fields and grids beforehand, held against brute force and against gradients."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn

import unetkit
from tests.support.campaign import examples
from unetkit.errors import SizeError
from unetkit.geometry import Affine, Interval, Limit, SizeSet, at_least, collect, equal, fixed, solve
from unetkit.geometry.residues import Run
from unetkit.planning import propagate
from unetkit.testing.strategies import specs

RELAXED = settings(max_examples=examples(100), suppress_health_check=list(HealthCheck))


def fits(planned: unetkit.Plan, axis: int, n: int) -> bool:
    """Whether a size breaks no limit along an axis, tried out."""
    return all(limit.holds() for _, limit in propagate.sizes(planned.nodes, axis, n)[1])


@RELAXED
@given(specs(max_depth=5, odd_sizes={"type": "error"}))
def test_accepted_sizes_in_closed_form_are_those_found_by_trying(spec: unetkit.Spec) -> None:
    planned = unetkit.plan(spec)
    for axis in range(spec.dims):
        tried = [n for n in range(1, 601) if fits(planned, axis, n)]
        assert [n for n in range(1, 601) if n in planned.accepted[axis]] == tried
        for n in (1, 17, 100, 599):
            above = next((m for m in tried if m >= n), None)
            assert above is None or planned.accepted[axis].above(n) == above
            assert planned.accepted[axis].below(n) == next((m for m in reversed(tried) if m <= n), None)


@RELAXED
@given(specs(max_depth=4, odd_sizes={"type": "error"}))
def test_aligned_sizes_drop_nothing_and_have_the_least_offset(spec: unetkit.Spec) -> None:
    planned = unetkit.plan(spec)
    for axis in range(spec.dims):
        rated: dict[int, float] = {}
        for n in range(1, 201):
            if fits(planned, axis, n):
                found = propagate.sizes(planned.nodes, axis, n)[0]
                lost = any(
                    node.operation is not None and node.operation.dropped(axis, tuple(found[i] for i in node.inputs))
                    for node in planned.nodes
                )
                meetings: list[propagate.Misalignment] = []
                propagate.grids(planned.nodes, axis, found, planned.main_inputs, meetings)
                larger = propagate.resolution(planned.nodes, axis)[planned.output] == 1 and found[planned.output] > n
                if not lost and not larger:
                    rated[n] = sum(meeting.offset for meeting in meetings)
        aligned = [n for n in range(1, 201) if n in planned.aligned[axis]]
        assert set(aligned) <= rated.keys()
        if aligned:
            assert len({rated[n] for n in aligned}) == 1
            assert rated[aligned[0]] <= min(rated[n] for n in rated if n >= aligned[0])


def positive(network: nn.Module) -> nn.Module:
    """Makes every weight positive and every activation increasing: no two influences can cancel."""
    for module in network.modules():
        for name, child in module.named_children():
            if type(child).__module__ == "torch.nn.modules.activation":
                setattr(module, name, nn.Identity())
            elif isinstance(child, nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d):
                kind = {nn.MaxPool1d: nn.AvgPool1d, nn.MaxPool2d: nn.AvgPool2d, nn.MaxPool3d: nn.AvgPool3d}[type(child)]
                setattr(module, name, kind(child.kernel_size, child.stride, child.padding))
    with torch.no_grad():
        for weight in network.parameters():
            weight.uniform_(0.5, 1.5)
    return network.double().eval()


@pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")
@settings(RELAXED, max_examples=examples(150))
@given(st.data())
def test_exactly_the_needed_inputs_have_a_gradient(data: st.DataObject) -> None:
    """In 1D, for any output position: the interval, cut at the borders, is where the gradient is not zero."""
    plain = {"norm": "none", "act": "relu", "odd_sizes": {"type": "error"}}
    spec = data.draw(specs(dims=1, max_depth=3, **plain))
    planned = unetkit.plan(spec)
    accepted = planned.accepted[0]
    assume(not planned.is_global and bool(accepted))
    assume(not any(getattr(node.operation, "padding_mode", "zeros") != "zeros" for node in planned.nodes))
    assume(not any(getattr(node.operation, "method", "") == "cubic" for node in planned.nodes))
    assume(not any(node.operation is not None and node.operation.kind in ("norm", "gate") for node in planned.nodes))
    assume(not any(max(getattr(node.operation, "dilation", (1,))) > 1 for node in planned.nodes))  # has holes
    size = accepted.above(data.draw(st.integers(1, 80)))
    assume(size is not None and size < 400)
    assert size is not None
    network = positive(unetkit.build(spec, seed=0))
    image = torch.rand(1, spec.in_channels, size, dtype=torch.float64, requires_grad=True)
    output = network(image)
    position = data.draw(st.integers(0, output.shape[2] - 1))
    output[0, :, position].sum().backward()
    assert image.grad is not None
    touched = image.grad[0].abs().sum(0).nonzero().flatten().tolist()
    wanted = planned.receptive_interval(0, position, size)
    assert wanted is not None
    inside = Interval(max(0, wanted.low), min(size - 1, wanted.high))
    assert (touched[0], touched[-1]) == inside


@pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")
@settings(RELAXED, max_examples=examples(60))
@given(st.data())
def test_an_aligned_network_moves_with_its_input_by_whole_periods(data: st.DataObject) -> None:
    spec = data.draw(specs(dims=1, max_depth=3, odd_sizes={"type": "error"}))
    planned = unetkit.plan(spec)
    assume(not planned.is_global and bool(planned.aligned[0]) and planned.receptive_field[0] is not None)
    period, field = planned.aligned[0].period, planned.receptive_field[0]
    assert field is not None
    size = planned.aligned[0].above(2 * field + 4 * period)
    assume(size is not None and size < 2000)
    assert size is not None
    network = unetkit.build(spec, seed=0).double().eval()
    image = torch.rand(1, spec.in_channels, size + period, dtype=torch.float64)
    with torch.no_grad():
        first, second = network(image[..., :size]), network(image[..., period:])
    step = planned.output_grid((size,))[0].step
    moved = int(period / step)
    margin = -(-field // 1)
    near, far = first[..., moved:], second[..., : first.shape[-1] - moved]
    inner = slice(margin, near.shape[-1] - margin)
    assert torch.allclose(near[..., inner], far[..., inner], rtol=1e-9, atol=1e-9)


def even(network: nn.Module) -> nn.Module:
    """Makes every kernel the same at all its samples, and the network linear: what it says comes from the middle."""
    positive(network)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
                module.weight.copy_(module.weight.mean(2, keepdim=True).expand_as(module.weight))
    return network


@pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")
@settings(RELAXED, max_examples=examples(60))
@given(st.data())
def test_the_output_grid_is_where_the_response_to_a_shifted_pixel_lies(data: st.DataObject) -> None:
    """Where a bright pixel moves, the middle of its image moves along; read by the grid, it is where the pixel is."""
    plain = {"norm": "none", "act": "identity", "odd_sizes": {"type": "error"}}
    spec = data.draw(specs(dims=1, max_depth=3, **plain))
    planned = unetkit.plan(spec)
    assume(not planned.is_global and bool(planned.aligned[0]))
    kinds = {node.operation.kind for node in planned.nodes if node.operation is not None}
    assume(not kinds & {"gate", "pixel shuffle", "dropout", "norm"})
    assume(not any(getattr(node.operation, "name", "") for node in planned.nodes))
    field, period = planned.receptive_field[0], planned.aligned[0].period
    assert field is not None
    size = planned.aligned[0].above(3 * field + 4 * period)
    assume(size is not None and size < 1500)
    assert size is not None
    assume(planned.alignment((size,))[0].shift == 0)
    network = even(unetkit.build(spec, seed=0))
    start, step = planned.output_grid((size,))[0]
    middle, centres = size // 2, []
    with torch.no_grad():
        nothing = network(torch.zeros(1, spec.in_channels, size, dtype=torch.float64))
        for moved in range(period):  # pooling sees some phases late and some early: together they are exact
            image = torch.zeros(1, spec.in_channels, size, dtype=torch.float64)
            image[..., middle + moved] = 1
            response = (network(image) - nothing)[0].sum(0)
            places = float(start) + float(step) * torch.arange(len(response), dtype=torch.float64)
            centres.append(float((places * response).sum() / response.sum()) - moved)
    assert sum(centres) / period == pytest.approx(middle, abs=1e-6)


def test_the_2015_network_has_the_offsets_that_follow_from_its_pooling() -> None:
    planned = unetkit.plan(unetkit.load("unet-2015"))
    assert planned.alignment((570, 572))[0].offsets == {3: 0, 2: 4, 1: 6, 0: 7}
    assert sum(planned.alignment((573, 572))[0].dropped.values()) == 1
    assert planned.crop_target((573, 572)) == (slice(92, 480), slice(92, 480))
    start, step = planned.output_grid((572, 572))[0]
    assert (int(start), int(step)) == (92, 1)
    assert planned.receptive_fields == ((188, 204), (188, 204))


def test_a_strided_convolution_leaves_a_constant_offset() -> None:
    planned = unetkit.plan(unetkit.load("unet-strided"))
    assert planned.alignment((512, 512))[0] == (True, {3: 4.0, 2: 6.0, 1: 7.0, 0: 7.5}, {})
    assert planned.alignment((528, 528))[0].offsets == planned.alignment((512, 512))[0].offsets


@pytest.mark.parametrize("name", ["unet-2015", "unet-3d", "unet-milesial-bilinear", "unet-strided"])
def test_work_does_not_depend_on_the_size_asked_about(name: str) -> None:
    planned = unetkit.plan(unetkit.load(name))
    for n in (1_000_000, 10**12):
        above = planned.aligned[0].above(n)
        assert above is not None
        assert 0 <= above - n < planned.aligned[0].period


runs = st.builds(
    lambda step, offset, first, length: Run(Affine(step, offset), first, None if length is None else first + length),
    st.sampled_from([1, 2, 3, 4, 6, 8, 12]),
    st.integers(1, 12),
    st.integers(0, 5),
    st.none() | st.integers(0, 4),
)


@given(st.lists(runs, max_size=4))
def test_a_set_of_sizes_is_the_union_of_its_runs(parts: list[Any]) -> None:
    listed = {
        run.sizes.offset + k * run.sizes.step
        for run in parts
        for k in range(run.first, 300 if run.last is None else run.last + 1)
    }
    sizes = collect(parts)
    assert {n for n in range(1, 200) if n in sizes} == {n for n in listed if n < 200}
    assert sizes.minimum == min(listed, default=None)


@pytest.mark.parametrize("work", ["a period", "cases"])
def test_what_would_take_too_much_work_is_refused(work: str) -> None:
    """Whatever is asked of the sizes: strides without end, or cases that differ each by a digit."""

    def endless(size: Affine) -> Iterator[Limit]:
        while True:
            size = size // 7
            yield at_least(size, 0, "")

    def differing(size: Affine) -> Iterator[Limit]:
        for _ in range(18):
            digit, size = size % 2, size // 2
            yield equal((3 * digit) % 2 + digit, 2 * digit, "")
            fixed(digit)

    with pytest.raises(SizeError, match="period-too-long"):
        solve(endless if work == "a period" else differing)


@given(st.integers(1, 10**6), st.integers(1, 64))
def test_affine_numbers_floor_like_integers(k: int, divisor: int) -> None:
    sizes = Affine(divisor * 3, 5)
    quotient = sizes // divisor
    assert quotient.step * k + quotient.offset == (sizes.step * k + sizes.offset) // divisor


def test_sizes_outside_the_set_are_refused_and_named() -> None:
    planned = unetkit.plan(unetkit.load("unet-same"))
    with contextlib.suppress(SizeError):
        planned.output_size((570, 512))
        pytest.fail("570 fits")
    assert planned.accepted[0] == SizeSet((), 1, 16, (0,))
