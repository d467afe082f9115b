"""Images of odd sizes: padded to the next size that fits, as a part of the network, and the output cut to match."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

import unetkit
from tests.support.any_spec import is_affordable
from tests.support.campaign import examples, sharded
from tests.support.narrow import vectors
from unetkit.errors import SizeError
from unetkit.functional import pad_axis, pad_image
from unetkit.geometry import SizeSet
from unetkit.testing.strategies import specs
from unetkit.testing.wide_strategies import wide_specs

EXAMPLES = examples(60)
MODES = ["reflect", "replicate", "zeros"]
SMALL: dict[str, Any] = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [2, 4, 4], "act": "gelu"}
VALID: dict[str, Any] = {
    "block": {"type": "double_conv", "padding": "valid"},
    "skip": {"type": "concat", "align": "crop"},
}
Run = Callable[[Tensor], Tensor]


def random(test: Callable[..., None]) -> Callable[..., None]:
    """Runs a test on random data."""
    return settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))(given(st.data())(test))


def drawn(data: st.DataObject, most: int = 1 << 14) -> tuple[unetkit.Plan, tuple[int, ...]]:
    """Returns the plan of a network that pads, and any size whose padded image has at most so many samples."""
    spec = data.draw(wide_specs(max_depth=4, odd_sizes={"type": "pad", "mode": data.draw(st.sampled_from(MODES))}))
    planned = unetkit.plan(spec)
    assume(all(planned.aligned))
    size = tuple(data.draw(st.integers(1, (sizes.minimum or 1) + 2 * sizes.period)) for sizes in planned.aligned)
    assume(prod(planned.padded_size(size)) <= most and is_affordable(planned, size))
    return planned, size


def is_same_size(planned: unetkit.Plan) -> bool:
    """Whether the network has an output sample for each pixel, and is content with a single one."""
    several = [tuple(sizes.above(least) or 1 for sizes in planned.aligned) for least in (1, 17)]
    operations = [node.operation for node in planned.nodes if node.operation is not None]
    alone = not any(operation.joint_limit((1,) * planned.dims) for operation in operations)
    return alone and all(planned.output_size(size) == size for size in several)


def both(spec: unetkit.Spec) -> tuple[nn.Module, nn.Module]:
    """Returns the network that pads, and the one of the same weights that does not."""
    inner = unetkit.load(spec.resolve() | {"odd_sizes": "error"})
    return unetkit.build(spec, seed=0).eval(), unetkit.build(inner, seed=0).eval()


def bounced(image: Tensor, axis: int, before: int, after: int) -> Tensor:
    """Returns the image mirrored as often as it takes: there and back again, without the border twice."""
    size = image.shape[axis]
    there_and_back = [*range(size), *range(size - 2, 0, -1)]
    steps = [there_and_back[step % len(there_and_back)] for step in range(-before, size + after)]
    return image.index_select(axis, torch.tensor(steps))


def by_hand(planned: unetkit.Plan, inner: Run, image: Tensor) -> Tensor:
    """Returns what the inner network makes of an image padded by torch, cut to the image."""
    size = tuple(image.shape[2:])
    lacks = [wanted - n for wanted, n in zip(planned.padded_size(size), size, strict=True)]
    padding = [share for lack in reversed(lacks) for share in (lack // 2, lack - lack // 2)]
    mode = planned.spec.odd_sizes.padding or "zeros"
    if mode != "reflect":
        image = functional.pad(image, padding, "constant" if mode == "zeros" else mode)
    elif all(lack - lack // 2 < n for lack, n in zip(lacks, size, strict=True)):
        image = functional.pad(image, padding, mode)
    else:
        for axis, lack in enumerate(lacks, start=2):
            image = bounced(image, axis, lack // 2, lack - lack // 2)
    output = inner(image)
    for axis, lack in enumerate(lacks, start=2):
        output = output.narrow(axis, lack // 2, output.shape[axis] - lack)
    return output


def assert_equal(found: Any, expected: Any) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


@random
def test_an_image_of_any_size_has_an_output_of_its_size(data: st.DataObject) -> None:
    """From one pixel on; and no warning is given, because each size becomes an aligned one."""
    planned, size = drawn(data)
    assume(is_same_size(planned))
    assert all(sizes == SizeSet((), 1, 1, (0,)) for sizes in planned.accepted)
    assert planned.output_size(size) == planned.at(size).output_size == size
    network = unetkit.build(planned.spec, seed=0).eval()
    with torch.no_grad():
        output = network(torch.rand(1, planned.spec.in_channels, *size), *vectors(planned.spec))
    assert output.shape[2:] == size


@sharded(600, 4)
def test_the_output_is_no_larger_than_the_image_and_has_its_grid(data: st.DataObject) -> None:
    """At odd sizes; where its samples lie in the image does not depend on the size.

    That torch gives the planned size is a test of tests/planning/test_properties.py, whose specs pad odd sizes too.
    """
    spec = data.draw(specs(max_depth=4, odd_sizes={"type": "pad", "mode": data.draw(st.sampled_from(MODES))}))
    planned = unetkit.plan(spec)
    assume(all(planned.aligned))
    least = [sizes.minimum or 1 for sizes in planned.accepted]
    halves = [
        st.integers(n // 2, n // 2 + sizes.period) for n, sizes in zip(least, planned.preferred_sizes, strict=True)
    ]
    size = tuple(2 * data.draw(half) + 1 for half in halves)
    inner = planned.padded_size(size)
    assume(prod(inner) <= 1 << 22)
    try:
        output = planned.output_size(size)
    except SizeError as error:
        assert error.faults[0].code == "size-too-small"
        return
    grids = planned.output_grid(size)
    assume(all(grid.step >= 1 for grid in grids))  # a block that enlarges leaves the output finer
    assert all(m <= n for m, n in zip(output, size, strict=True))
    assert all(m <= n for m, n in zip(planned.at(inner).output_size, inner, strict=True))
    assert grids == planned.output_grid(inner)
    assume(all(grid.step == 1 for grid in grids))  # up: none leaves the output coarser
    assert all(cut.start >= 0 and cut.stop <= n for cut, n in zip(planned.crop_target(size), size, strict=True))


@pytest.mark.parametrize("size", [31, 32, 33, 47])
def test_an_output_without_a_skip_at_full_resolution_is_no_larger_than_the_image(size: int) -> None:
    """A way down that rounds up, and a way up that doubles: 31 samples would become 32."""
    change = {"down": "strided_conv", "levels": {0: {"skip": {"type": "none"}}}}
    odd, plain = (unetkit.load(SMALL | change | {"odd_sizes": kind}) for kind in ("pad", "error"))
    assert unetkit.build(odd, seed=0).eval()(torch.rand(1, 1, size, size)).shape[2:] == (size, size)
    assert unetkit.plan(plain).aligned[0] == SizeSet((), 1, 4, (0,))


def test_the_warning_for_an_unaligned_size_says_that_the_output_is_larger_than_the_image() -> None:
    change = {"down": "strided_conv", "levels": {0: {"skip": {"type": "none"}}}}
    planned = unetkit.plan(unetkit.load(SMALL | change))
    warning = planned.shift_warning((31, 32))
    assert "height 31: " in warning and "the output has 32 samples, more than the image; nearest" in warning


@random
def test_an_image_of_an_aligned_size_is_not_changed(data: st.DataObject) -> None:
    planned, size = drawn(data)
    aligned = planned.padded_size(size)
    network, inner = both(planned.spec)
    image, given = torch.rand(1, planned.spec.in_channels, *aligned), vectors(planned.spec)
    try:
        planned.output_size(aligned)
    except SizeError:  # a norm that needs more than one sample
        return
    with torch.no_grad():
        assert_equal(network(image, *given), inner(image, *given))


@random
def test_the_network_is_padding_then_the_inner_network_then_a_cut(data: st.DataObject) -> None:
    """Also in its gradients: of the weights, and of the image, where copies of a pixel add up."""
    planned, size = drawn(data, most=1 << 12)
    try:
        planned.output_size(size)
    except SizeError:
        return
    network, inner = (module.double() for module in both(planned.spec))  # a norm of equal pixels cancels
    image = torch.rand(2, planned.spec.in_channels, *size, dtype=torch.float64, requires_grad=True)
    given = [one.double() for one in vectors(planned.spec, 2)]
    outputs, gradients = [], []
    for module, run in (
        (network, lambda x: network(x, *given)),
        (inner, lambda x: by_hand(planned, lambda padded: inner(padded, *given), x)),
    ):
        outputs.append(run(image))
        used = [image, *module.parameters()]
        gradients.append(torch.autograd.grad(outputs[-1].square().sum(), used, allow_unused=True))
    assert_equal(outputs[0], outputs[1])
    assert_equal(gradients[0][1:], gradients[1][1:])
    torch.testing.assert_close(gradients[0][0], gradients[1][0], equal_nan=True, rtol=1e-4, atol=1e-4)


@settings(max_examples=EXAMPLES)
@given(st.tuples(*[st.integers(1, 12)] * 3), st.tuples(*[st.integers(0, 30)] * 2), st.sampled_from(MODES))
def test_an_axis_is_padded_as_torch_pads_it(size: tuple[int, ...], ends: tuple[int, int], mode: str) -> None:
    image = torch.randn(1, *size)
    found = pad_axis(image, 2, *ends, mode)
    if mode == "reflect":
        assert_equal(found, bounced(image, 2, *ends))
    if mode != "reflect" or max(ends) < size[1]:
        name = "constant" if mode == "zeros" else mode
        assert_equal(found, functional.pad(image, (0, 0, *ends), name))


@pytest.mark.parametrize(("size", "wanted"), [((1, 1), (5, 2)), ((5, 2), (5, 2)), ((6, 3), (7, 4)), ((8, 9), (13, 10))])
def test_the_next_size_of_the_set_is_taken_on_each_axis(size: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    image = torch.arange(prod(size), dtype=torch.float32).reshape(1, 1, *size)
    padded = pad_image(image, ((4, 8, (5, 7)), (2, 2, (0,))), "reflect")
    assert tuple(padded.shape[2:]) == wanted
    starts = [(n - m) // 2 for n, m in zip(wanted, size, strict=True)]
    inside = [slice(start, start + n) for start, n in zip(starts, size, strict=True)]
    assert torch.equal(padded[:, :, *inside], image)


@pytest.mark.parametrize("mode", MODES)
def test_each_pixel_of_an_odd_image_has_a_gradient(mode: str) -> None:
    network = unetkit.build(SMALL | {"odd_sizes": {"type": "pad", "mode": mode}}, seed=0)
    image = torch.rand(2, 1, 13, 7, requires_grad=True)
    network(image).square().sum().backward()
    assert image.grad is not None and bool((image.grad != 0).all())
    assert all(weight.grad is not None and bool(weight.grad.isfinite().all()) for weight in network.parameters())


def test_an_image_too_small_for_valid_convolutions_is_refused_with_the_least_size() -> None:
    network = unetkit.build(SMALL | VALID | {"odd_sizes": "pad"}, seed=0).eval()
    assert network(torch.rand(1, 1, 41, 50)).shape == (1, 2, 1, 10)
    for size in ((40, 50), (50, 40), (1, 1)):
        with pytest.raises(SizeError) as caught:
            network(torch.rand(1, 1, *size))
        (fault,) = caught.value.faults
        assert (fault.code, fault.cure) == ("size-too-small", "Images of at least 41×41 have an output.")


@random
def test_the_least_accepted_size_is_the_least_that_has_an_output(data: st.DataObject) -> None:
    planned = drawn(data)[0]
    assume(not planned.is_global)
    least = [sizes.minimum or 0 for sizes in planned.accepted]
    assert min(planned.output_size(tuple(least))) >= 1
    for axis, n in enumerate(least):
        if n > 1:
            with pytest.raises(SizeError, match="Images of at least"):
                planned.output_size((*least[:axis], n - 1, *least[axis + 1 :]))


def test_no_image_fits_where_no_size_fits_the_inner_network() -> None:
    down = {"type": "strided_conv", "padding": "valid"}
    planned = unetkit.plan(unetkit.load(SMALL | {"odd_sizes": "pad", "down": down}))
    assert not any(planned.preferred_sizes) and not any(planned.accepted)
    with pytest.raises(SizeError, match="No size does"):
        unetkit.build(planned.spec)(torch.rand(1, 1, 16, 16))


@pytest.mark.parametrize(("mode", "backend"), [*((mode, "eager") for mode in MODES), ("reflect", "aot_eager")])
def test_compiled_code_serves_all_sizes_that_are_padded_along_the_same_axes(mode: str, backend: str) -> None:
    change = {"channels": [2, 4], "odd_sizes": {"type": "pad", "mode": mode}}
    network = unetkit.build(SMALL | change, seed=0).eval()
    images = [[torch.rand(1, 1, 9, n) for n in sizes] for sizes in ((17, 16), (23, 26, 19, 32))]
    torch.compiler.reset()
    with torch.no_grad():
        compiled = torch.compile(network, backend=backend, dynamic=True)
        for image in images[0]:
            assert_equal(compiled(image), network(image))
        with torch.compiler.set_stance("fail_on_recompile"):
            for image in images[1]:
                assert_equal(compiled(image), network(image))


@pytest.mark.parametrize("mode", MODES)
def test_it_is_exported_for_one_size_or_for_those_padded_along_the_same_axes(mode: str) -> None:
    network = unetkit.build(SMALL | {"odd_sizes": {"type": "pad", "mode": mode}}, seed=0).eval()
    image, other = torch.rand(1, 1, 17, 21), torch.rand(1, 1, 23, 30)
    with torch.no_grad():
        fixed = torch.export.export(network, (image,)).module()
        free = {2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO}
        moving = torch.export.export(network, (image,), dynamic_shapes=(free,)).module()
        assert_equal(fixed(image), network(image))
        assert_equal(moving(other), network(other))
