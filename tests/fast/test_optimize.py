"""Optimised networks: each pass alone and all together compute what the network computes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

import unetkit
from benchmarks.memory import peak
from tests.support.campaign import sharded
from tests.support.narrow import narrow
from unetkit import registry
from unetkit.backends import optimize
from unetkit.draw.drawing import draw_plan
from unetkit.errors import SizeError, UnetkitError
from unetkit.fast import PASSES, OptimizedNetwork, OptimizedPlan, late
from unetkit.fast import convolution as convolutions
from unetkit.fast.normalization import FastNorm
from unetkit.fast.winograd import original_kernel, transformed_kernel, winograd
from unetkit.model import plan_of
from unetkit.planning import needed_memory
from unetkit.plugin import Block, Signal
from unetkit.testing.strategies import sizes, specs

EXAMPLES = 160
SHARDS = 4
CLOSE = 2e-5
"""Of the range of the output."""
pytestmark = pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are kept in a folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def trained_looking(spec: Any) -> nn.Module:
    """A network whose batch norms are not what they are at the start."""
    model = unetkit.build(spec, seed=0).eval()
    generator = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            for tensor in (module.running_mean, module.bias):
                if tensor is not None:
                    tensor.data.normal_(generator=generator)
            for tensor in (module.running_var, module.weight):
                if tensor is not None:
                    tensor.data.uniform_(0.5, 2, generator=generator)
    return model


def applied(model: nn.Module, names: Any) -> OptimizedNetwork:
    """The network after these passes, Winograd's for all that can."""
    plan = OptimizedPlan(plan_of(model).for_inference(), {})
    for name in names:
        plan = PASSES[name](plan)
    return OptimizedNetwork(unetkit.model.for_inference(model), plan)


def outputs(network: nn.Module, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """All outputs as a list."""
    with torch.inference_mode():
        found = network(*inputs)
    return [found] if isinstance(found, torch.Tensor) else list(found)


def far(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """The largest difference as a share of the range."""
    return float((found - wanted).abs().max() / max(1e-6, float(wanted.abs().max())))


def noise(spec: Any, size: tuple[int, ...], plan: Any) -> list[torch.Tensor]:
    """An image and vectors."""
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(2, spec.in_channels, *size, generator=generator)
    counts = [plan.nodes[node].channels for node in list(plan.inputs.values())[1:]]
    return [image, *(torch.randn(2, count, generator=generator) for count in counts)]


@sharded(EXAMPLES, SHARDS)
def test_each_pass_alone_and_all_together_compute_the_same(data: st.DataObject) -> None:
    spec = data.draw(specs(max_depth=4))
    planned = unetkit.plan(spec)
    size = data.draw(sizes(planned))
    try:
        planned.at(size)
    except SizeError:
        return
    if int(np.prod(size)) > 20_000:
        return
    model = trained_looking(spec)
    inputs = noise(spec, size, planned)
    wanted = outputs(model.double(), [each.double() for each in inputs])
    model.float()
    tolerance = max(CLOSE, 20 * max(map(far, outputs(model, inputs), wanted)))  # networks that amplify rounding
    for names in (*((name,) for name in PASSES), tuple(PASSES)):
        found = outputs(applied(model, names), inputs)
        assert max(map(far, found, wanted)) <= tolerance, names


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize(
    "size", [(17, 23), (4, 4), (5, 1), (33, 8), (1, 1), (9, 600), (5, 17, 9), (1, 4, 4), (3, 40, 64)]
)
def test_winograd_is_the_convolution(size: tuple[int, ...], padding: int) -> None:
    if min(size) + 2 * padding < 3:
        return  # a convolution of this has no output
    dims = len(size)
    parts = [torch.randn(2, 3, *size), torch.randn(2, 5, *size)]
    weight, bias = torch.randn(7, 8, *(3,) * dims), torch.randn(7)
    convolve = functional.conv2d if dims == 2 else functional.conv3d
    wanted = convolve(torch.cat(parts, 1), weight, bias, padding=padding)
    found = winograd(parts, transformed_kernel(weight), bias, (padding,) * dims)
    assert found.shape == wanted.shape
    assert far(found, wanted) < 2e-5


def test_activations_are_part_of_the_convolutions_before_them() -> None:
    model = trained_looking(narrow("unet-milesial"))
    network = applied(model, ("fold_norms", "fuse_activations"))
    lines = network.plan.listing()
    assert sum("act (folded)" in line for line in lines) == sum(": act" in line for line in lines) > 0
    image = torch.randn(1, 3, 32, 32)
    with torch.inference_mode():
        assert far(network(image), model(image)) <= CLOSE


def test_an_activation_of_a_map_that_something_else_reads_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", registry._registered.copy())
    unetkit.register("dropped_shortcut", Shortcut)
    spec = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4], "block": "dropped_shortcut"}
    model = unetkit.build(spec, seed=0).eval()
    network = applied(model, ("drop_dropout", "fuse_activations"))
    assert not any("act (folded)" in line for line in network.plan.listing())
    image = torch.randn(1, 1, 8, 8)
    with torch.inference_mode():
        assert far(network(image), model(image)) <= CLOSE


@pytest.mark.parametrize("shape", [(5, 7, 3, 3), (4, 3, 3, 3, 3)])
def test_a_kernel_is_found_again_from_its_transform(shape: tuple[int, ...]) -> None:
    kernel = torch.randn(shape)
    assert far(original_kernel(transformed_kernel(kernel), len(shape) - 2), kernel) < 1e-6


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(2, 3, 40, 24), (1, 5, 7, 9), (2, 96, 37, 64), (1, 32, 9, 8, 13), (1, 2048, 1, 2)])
def test_a_norm_in_place_is_the_norm_and_the_activation(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    x = (50 + torch.randn(shape, generator=generator)).to(dtype)
    norm = (nn.InstanceNorm2d if len(shape) == 4 else nn.InstanceNorm3d)(shape[1], affine=True)
    for values in (norm.weight, norm.bias):
        values.data.normal_(generator=generator)
    with torch.no_grad():
        wanted = functional.leaky_relu(norm.double()(x.double()), 0.1)
        rounded = functional.leaky_relu(norm.float()(x.float()), 0.1)
        close = max(CLOSE if dtype == torch.float32 else 1e-2, 2 * far(rounded.double(), wanted))
        for in_place in (False, True):
            laid = x.to(memory_format=torch.channels_last if len(shape) == 4 else torch.channels_last_3d)
            laid = laid.clone(memory_format=torch.preserve_format)
            found = FastNorm(norm, nn.LeakyReLU(0.1, inplace=True), in_place=in_place)(laid)
            assert found.dtype == dtype
            assert far(found.double(), wanted) <= close
            assert torch.equal(laid, found if in_place else x)


def test_an_optimised_plan_is_a_plan() -> None:
    model = trained_looking(narrow("unet-milesial"))
    network = optimize(model, size=(64, 64), backend="torch")
    plan = network.plan
    assert isinstance(plan, unetkit.Plan)
    assert plan.output_size((64, 64)) == (64, 64)
    assert any("(folded)" in line for line in plan.listing())
    assert draw_plan(plan.at((64, 64)), "").shapes
    whole = needed_memory(plan_of(model), (256, 256)).inference
    assert needed_memory(plan, (256, 256)).inference <= whole


def test_the_memory_of_an_optimised_plan_is_measured() -> None:
    torch.set_num_threads(1)
    model = trained_looking(unetkit.load("unet-milesial", overrides=["channels=[16, 32, 64, 128, 256]"]))
    image = torch.randn(1, 3, 256, 256)
    for names in (("fold_norms", "join_late"), tuple(PASSES)):
        network = applied(model, names)
        with torch.inference_mode():
            measured = peak(lambda network=network: network(image))  # type: ignore[misc]
        planned = needed_memory(network.plan, (256, 256)).inference
        assert 0.6 <= planned / measured <= 1.4, (names, planned, measured)


def test_tiles_of_an_optimised_network_are_those_of_the_network() -> None:
    model = trained_looking(narrow("unet-same"))
    image = np.random.default_rng(0).random((1, 150, 203), np.float32)
    wanted = unetkit.predict(model, image, tile=None)
    found = unetkit.predict(optimize(model, size=(64, 64), backend="torch"), image, tile=96)
    assert float(np.abs(found - wanted).max()) <= 1e-4 * float(np.ptp(wanted))


def test_it_stays_in_evaluation_mode_and_refuses_what_does_not_fit() -> None:
    network = optimize(unetkit.build("unet-small", seed=0), size=(64, 64), backend="torch")
    assert not network.train().training
    with pytest.raises(SizeError):
        network(torch.zeros(1, 1, 63, 64))


@pytest.mark.parametrize(
    ("options", "code"), [({"dtype": "fp8"}, "dtype"), ({"passes": ["fold"]}, "passes")], ids=["dtype", "passes"]
)
def test_unknown_options_are_refused(options: dict[str, Any], code: str) -> None:
    with pytest.raises(UnetkitError) as error:
        optimize(unetkit.build("unet-small", seed=0), **options)
    assert [fault.code for fault in error.value.faults] == [code]


def test_a_damaged_cache_is_measured_again(tmp_path: Any) -> None:
    folder = tmp_path / "cache" / "unetkit"
    model = unetkit.build(narrow("unet-small"), seed=0)
    optimize(model, size=(32, 32), backend="torch")
    (file,) = folder.iterdir()
    file.write_text("[1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimize(model, size=(32, 32), backend="torch")
    assert file.read_text().startswith("{")


class Shortcut(Block):
    """Dropout, which passes its input on in evaluation, and an activation beside a shortcut."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = x.conv(channels, 3)
        return x.dropout(0.5).activation("ReLU").add(x)


def test_a_map_that_is_read_elsewhere_is_not_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", registry._registered.copy())
    unetkit.register("dropped_shortcut", Shortcut)
    spec = unetkit.load(
        {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4], "block": "dropped_shortcut"}
    )
    block = unetkit.build(spec, seed=0).eval().get_submodule("bottleneck.block")
    image = torch.randn(1, 1, 8, 8)
    with torch.no_grad():
        convolved = block.get_submodule("conv1")(image)
        assert torch.allclose(block(image), convolved.relu() + convolved)


def test_a_network_of_one_size_pads_like_the_network_itself() -> None:
    bottleneck = {"block": [{"type": "learned_positions", "size": 4}, "single_conv"]}
    spec = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8], "odd_sizes": "pad"}
    model = trained_looking(spec | {"bottleneck": bottleneck})
    image = torch.randn(1, 1, 7, 5)
    with torch.no_grad():
        assert torch.allclose(optimize(model, (7, 5), backend="torch")(image), model(image), atol=1e-5)


@pytest.mark.parametrize("winograd", [True, False])
@pytest.mark.parametrize("size", [(64, 48), (53, 38), (27, 18, 13)])
def test_maps_computed_late_and_written_over_change_nothing(
    size: tuple[int, ...], winograd: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convolutions, "_STRIP", 4096)  # several strips
    monkeypatch.setattr(convolutions, "_WEIGHTS", 4096)
    monkeypatch.setattr(convolutions, "_BLOCK", 4)
    monkeypatch.setattr(late, "_WEIGHTS", 256)  # several channels after the others
    model = trained_looking(unetkit.load("unet-milesial", overrides=[f"dims={len(size)}", "channels=[8, 16, 24]"]))
    network = applied(model, [name for name in PASSES if winograd or name != "winograd"])
    assert len(network.plan.written_over) == 2
    assert sum("(row by row)" in line for line in network.plan.listing()) == 4
    image = torch.randn(2, 3, *size)
    with torch.inference_mode():
        assert far(network(image), model(image)) <= CLOSE


def test_a_map_that_shares_its_memory_is_not_written_over() -> None:
    network = applied(trained_looking(narrow("unet-milesial")), tuple(PASSES))
    index, part = next(iter(network.plan.written_over.items()))
    (joined,) = network.plan.nodes[index].inputs
    shape = (1, network.plan.nodes[part].channels, 8, 8)
    parts = [torch.zeros(shape).to(memory_format=torch.channels_last) for _ in network.plan.nodes[joined].inputs]
    place = network.plan.nodes[joined].inputs.index(part)
    assert network._free(index, tuple(parts), []) is parts[place]
    assert network._free(index, tuple(parts), [parts[place][:, :, 1:]]) is None
