"""Tiles against the whole image: the same numbers, each output pixel computed once, within the memory allowed."""

from __future__ import annotations

import importlib
import itertools
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from torch import nn

import unetkit
from tests.support.any_spec import any_spec
from tests.support.campaign import examples, sharded
from unetkit.errors import AlignmentWarning, SizeError, UnetkitError
from unetkit.host.allocator import MALLOC, glibc, kept_memory
from unetkit.planning import Plan
from unetkit.planning.propagate import sizes as sizes_along
from unetkit.testing.strategies import at_or_above
from unetkit.tiling import InferenceError, predict, ready, tiles
from unetkit.tiling.blending import weights
from unetkit.tiling.choice import tile_bytes
from unetkit.tiling.cuts import reach
from unetkit.tiling.padding import AxisPadding, frames
from unetkit.tiling.tiles import distant
from unetkit.tiling.window import source, take

EXAMPLES = 88
SHARDS = 4
MOST = {1: 3000, 2: 200_000, 3: 200_000}
"""Input samples of the whole image at most, by dims, so that a case takes a fraction of a second."""

ISBI = Path(__file__).parents[3] / "shared" / "data" / "isbi2012_membrane" / "images"
SMALL = "channels=[4,6,8,8]"
PADDED = ["block={type: double_conv, padding: same, norm: none}", "skip.align=same"]


def built(planned: Plan, taps: str = "all") -> nn.Module:
    """Returns a network in evaluation mode with positive weights, so that nothing hides what a neighbour says.

    `taps`: of each convolution's kernel only the `first` or the `last` weight counts, or `all`. With all of them the
    far end of a halo weighs 10⁻⁸ of the output, and a halo too narrow would go unseen; with one it weighs all.
    """
    model = unetkit.build(planned.spec, seed=0).eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
                weight = module.weight.abs_()
                if taps != "all":
                    flat = weight.flatten(2)
                    kept = torch.zeros(flat.shape[-1])
                    kept[0 if taps == "first" else -1] = 1
                    flat *= kept
                weight /= weight[0].sum()
            elif isinstance(module, nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d):
                module.weight.abs_()
    return model


def picture(channels: int, size: tuple[int, ...], number: int = 0) -> NDArray[np.float32]:
    """Returns an image of noise."""
    return np.random.default_rng(number).random((channels, *size), np.float32)


def apart(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Returns the largest difference, as a share of the range of the output.

    Where an output hardly varies, rounding is a share of its size: at least a twentieth of that counts as its range.
    """
    return float(np.abs(one - other).max() / max(float(np.ptp(other)), 0.05 * float(np.abs(other).max()), 1e-30))


def drawn_size(data: st.DataObject, planned: Plan) -> tuple[int, ...]:
    """Draws the size of an image: of one pixel, or so large that it can be cut, within what a test can afford."""
    most = int(MOST[planned.dims] ** (1 / planned.dims))
    smallest = laid(planned, (1,) * planned.dims)
    size = []
    for axis, least in enumerate(smallest):
        assume(least.input <= most)
        room = max(1, most - (least.input - least.output) - 2 * planned.preferred_sizes[axis].period)
        size.append(data.draw(st.one_of(st.integers(1, min(8, room)), st.integers(max(1, room // 2), room))))
    assume(np.prod([one.input for one in laid(planned, tuple(size))]) <= 4 * MOST[planned.dims])
    return tuple(size)


def laid(planned: Plan, size: tuple[int, ...]) -> tuple[AxisPadding, ...]:
    """Returns the padding of an image; given up where there is none, or the output has no sample for each pixel."""
    try:
        return frames(planned, size)
    except SizeError as error:
        assert {fault.code for fault in error.faults} <= {"output-resolution", "size-mismatch"}
        reject()


@sharded(EXAMPLES, SHARDS)
def test_tiles_give_what_the_whole_image_gives(data: st.DataObject) -> None:
    spec = any_spec(data, max_depth=4)
    planned = unetkit.plan(spec).for_inference()
    assume(not distant(planned) and all(planned.aligned))
    size = drawn_size(data, planned)
    tile = data.draw(st.integers(1, max(frame.input for frame in frames(planned, size))))
    cut = tiles(planned, size, tile, 0)
    assume(cut.exact and 1 < cut.count <= 60 and cut.macs <= 1 << 29)
    model = built(planned, data.draw(st.sampled_from(["first", "last", "all"])))
    image = picture(spec.in_channels, size)
    given = {name: np.linspace(0, 1, count, dtype=np.float32) for name, count in planned.vectors.items()}

    def predicted(image: NDArray[np.float32], tile: int | None) -> list[NDArray[Any]]:
        found: Any = predict(model, image, tile, vectors=given)
        return list(found) if isinstance(found, tuple) else [found]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outputs = zip(
            planned.outputs,
            *(predicted(*way) for way in ((image, None), (image, tile), (np.nextafter(image, np.float32(2)), None))),
            strict=True,
        )
    for name, whole, tiled, moved in outputs:
        assert whole.shape == (planned.nodes[planned.outputs[name]].channels, *size)
        # a norm over few, nearly equal channels amplifies rounding
        assert apart(tiled, whole) <= max(1e-5, 4 * apart(moved, whole)), name


def small(name: str, *overrides: str) -> Plan:
    """Returns the plan of a shipped network with few channels and four levels."""
    return unetkit.plan(unetkit.load(name, overrides=[SMALL, *overrides]))


@pytest.mark.parametrize("taps", ["first", "last"])
def test_a_halo_too_narrow_by_one_sample_would_be_seen(taps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that the test above can fail."""
    planned = small("unet-2015", *PADDED)
    model, image = built(planned, taps), picture(1, (200, 230))

    def narrow(plan: Plan, axis: int, frame: AxisPadding) -> Any:
        seen = reach(plan, axis, frame)
        assert seen is not None
        moved = {"first": (8, 0), "last": (0, 1)}[taps]  # tiles start at multiples of 8, and may have some to spare
        return seen._replace(first=seen.first - moved[0], last=seen.last + moved[1])

    whole = predict(model, image, None)
    assert apart(predict(model, image, 120), whole) <= 1e-5
    monkeypatch.setattr(importlib.import_module("unetkit.tiling.tiles"), "reach", narrow)
    assert apart(predict(model, image, 120), whole) > 1e-3


@settings(max_examples=examples(60), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_each_output_pixel_belongs_to_one_tile(data: st.DataObject) -> None:
    planned = unetkit.plan(any_spec(data, max_depth=4))
    assume(all(planned.aligned))
    size = drawn_size(data, planned)
    cut = tiles(planned, size, data.draw(st.integers(1, 300)), 0)
    for along, frame in zip(cut.axes, cut.frames, strict=True):
        for one in along.cuts:
            assert 0 <= one.start <= frame.input - along.size
        if cut.exact:
            kept = [n for one in along.cuts for n in range(one.low, one.high)]
            assert kept == list(range(frame.first, frame.first + frame.image))


@settings(max_examples=examples(20), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_tile_has_the_sizes_of_the_whole_less_what_lies_outside(data: st.DataObject) -> None:
    planned = unetkit.plan(any_spec(data, max_depth=4))
    assume(not distant(planned) and all(planned.aligned))
    cut = tiles(planned, drawn_size(data, planned), data.draw(st.integers(1, 300)), 0)
    for axis, (along, frame) in enumerate(zip(cut.axes, cut.frames, strict=True)):
        assert along.size in planned.preferred_sizes[axis]
        whole = sizes_along(planned.nodes, axis, frame.input)[0]
        part = sizes_along(planned.nodes, axis, along.size)[0]
        lost = [n - m for n, m in zip(whole, part, strict=True)]
        for node, missing in zip(planned.nodes, lost, strict=True):
            if node.operation is not None and node.operation.elementwise:
                assert {lost[index] for index in node.inputs} == {missing}


@pytest.mark.parametrize(
    "overrides",
    [(), ("block.padding_mode=reflect",), ("block.padding_mode=replicate",), ("odd_sizes.type=pad",)],
    ids=["zeros", "reflect", "replicate", "odd sizes"],
)
@pytest.mark.parametrize("size", [(1, 1), (7, 130), (131, 90)])
def test_the_whole_image_is_what_the_network_says_of_it(overrides: tuple[str, ...], size: tuple[int, int]) -> None:
    planned = small("unet-same", *overrides)
    model, image = built(planned), picture(1, size)
    aligned = [n if planned.pads else at_or_above(sizes, n) for n, sizes in zip(size, planned.aligned, strict=True)]
    before = [(m - n) // 2 for n, m in zip(size, aligned, strict=True)]
    padded = image[0]
    for axis, (n, m, skipped) in enumerate(zip(size, aligned, before, strict=True)):
        index = np.arange(-skipped, m - skipped) % max(1, 2 * n - 2)
        padded = padded.take(np.minimum(index, 2 * n - 2 - index), axis)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", AlignmentWarning)
        output = model(torch.from_numpy(np.ascontiguousarray(padded))[None, None])[0].numpy()
    expected = output[:, before[0] : before[0] + size[0], before[1] : before[1] + size[1]]
    assert apart(predict(model, image, None), expected) <= 1e-6


def test_a_valid_network_sees_the_mirrored_border_of_the_paper() -> None:
    planned = unetkit.plan(unetkit.load("unet-2015", overrides=["channels=[4,4,4,4,4]"]))
    model, image = built(planned), picture(1, (196, 212))  # 388 − 12·16, 388 − 11·16: output sizes of their own
    bordered = np.pad(image, [(0, 0), (92, 92), (92, 92)], mode="reflect")
    with torch.no_grad():
        expected = model(torch.from_numpy(bordered)[None])[0].numpy()
    assert apart(predict(model, image), expected) <= 1e-6


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_tiles_in_all_dims(dims: int, padding: str) -> None:
    values = {
        "unetkit": 1,
        "dims": dims,
        "in_channels": 2,
        "out_channels": 3,
        "channels": [4, 6],
        "block": {"type": "double_conv", "padding": padding},
        "skip": {"type": "concat", "align": "crop"},
    }
    planned = unetkit.plan(unetkit.load(values))
    model, image = built(planned, "last"), picture(2, ((61, 45) if dims < 3 else (33, 20, 20))[:dims])
    for tile in (1, 24):
        assert tiles(planned, image.shape[1:], tile, 0).count > 1
        assert apart(predict(model, image, tile), predict(model, image, None)) <= 1e-5


@pytest.mark.skipif(not ISBI.is_dir(), reason="the ISBI images are not beside this checkout")
@pytest.mark.parametrize("name", ["unet-2015", "unet-same"])
def test_tiles_give_what_the_whole_image_gives_on_electron_micrographs(name: str) -> None:
    planned = unetkit.plan(unetkit.load(name, overrides=["channels=[4,6,8,8,8]"]))
    model = unetkit.build(planned.spec, seed=0)
    for file in sorted(ISBI.glob("*.png"))[:2]:
        image = np.asarray(Image.open(file).convert("L"), np.float32)[None] / 255
        whole = predict(model, image, None)
        assert tiles(planned, image.shape[1:], 300, 0).count > 1
        assert apart(predict(model, image, 300), whole) <= 1e-5
        assert apart(predict(model, image, memory=7_000_000), whole) <= 1e-5


# --- tiles under a limit of memory ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (10, 5), (9, 40), (12, 100)])
def test_a_network_that_stretches_what_it_pooled_labels_images_of_any_size(size: tuple[int, int]) -> None:
    spec = unetkit.load(
        {
            "unetkit": 1,
            "in_channels": 1,
            "out_channels": 2,
            "channels": [4, 4, 4],
            "down": {"type": "max_pool", "stride": [1, 3], "padding": "same"},
            "skip": {"type": "concat", "align": "resize"},
        }
    )
    model = unetkit.build(spec, seed=0).eval()
    image = np.random.default_rng(0).random((1, *size), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AlignmentWarning)
        whole, tiled = (predict(model, image, tile=tile) for tile in (None, 16))
    assert whole.shape == (2, *size)
    np.testing.assert_allclose(tiled, whole, atol=1e-5)


@pytest.mark.parametrize("tile", [None, "auto", 16])
def test_a_network_whose_output_does_not_grow_with_the_image_is_refused(tile: Any) -> None:
    values = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4], "block": {"type": "global_pool"}}
    model = unetkit.build(values, seed=0).eval()
    with pytest.raises(SizeError, match="the output has 1 sample per axis, not one for each pixel"):
        predict(model, picture(1, (40, 40)), tile)
    assert predict(model, picture(1, (1, 1)), tile).shape == (2, 1, 1)


@pytest.mark.parametrize("tile", ["auto", 128])
def test_planning_the_tiles_of_a_long_axis_takes_no_memory_for_each_tile(tile: int | str) -> None:
    values = {"unetkit": 1, "dims": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 4]}
    planned = unetkit.plan(unetkit.load(values))
    tracemalloc.start()
    try:
        cut = tiles(planned, (500_000,), tile, 20_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert cut.count > 4000
    assert peak < 2_000_000  # bytes
    (only,) = cut.axes
    assert only.cuts[0].low == cut.frames[0].first
    assert all(one.high == other.low for one, other in itertools.pairwise(only.cuts))
    assert only.cuts[-1].high == cut.frames[0].first + 500_000


@pytest.mark.parametrize(
    ("overrides", "most"), [((), 1.13), (tuple(PADDED), 1.31)], ids=["valid network", "padded network"]
)
def test_little_is_computed_twice_in_a_gigabyte(overrides: tuple[str, ...], most: float) -> None:
    planned = unetkit.plan(unetkit.load("unet-2015", overrides=["channels=[16,32,64,128,256]", *overrides]))
    cut = tiles(planned, (4096, 4096), "auto", 1_000_000_000)
    assert cut.exact
    assert tile_bytes(planned, cut.size) <= 1_000_000_000
    assert cut.macs <= most * cut.whole_macs


@settings(max_examples=examples(20))
@given(data=st.data(), memory=st.integers(200_000, 40_000_000))
def test_chosen_tiles_fit_into_the_memory(data: st.DataObject, memory: int) -> None:
    planned = unetkit.plan(any_spec(data, max_depth=3))
    assume(all(planned.aligned))
    try:
        cut = tiles(planned, (97,) * planned.dims, "auto", memory)
    except SizeError as error:  # a block that enlarges leaves an output finer than the image
        assert "needs" in str(error) or error.faults[0].code in ("output-resolution", "size-mismatch")
        return
    assert tile_bytes(planned, cut.size) <= memory


def test_too_little_memory_is_told_with_what_it_takes() -> None:
    planned = small("unet-same")
    with pytest.raises(SizeError, match="unet-same: the smallest tile, 104×104, needs 1 MB, allowed are 0 MB"):
        predict(built(planned), picture(1, (300, 300)), memory=1000)


# --- networks that look at the whole image --------------------------------------------------------------------------


def test_what_looks_at_the_whole_image_is_blended_and_told() -> None:
    planned = small("unet-same", "norm=instance")
    model, image = unetkit.build(planned.spec, seed=0), picture(1, (200, 170))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = predict(model, image)
    with pytest.warns(UserWarning, match="norm1 and .* depend on the whole image, so 12 tiles are blended"):
        blended = predict(model, image, 96)
    with pytest.raises(InferenceError, match="so 12 tiles cannot give what the whole image gives"):
        predict(model, image, 96, exact=True)
    assert np.array_equal(predict(model, image, exact=True), whole)
    assert blended.shape == whole.shape
    assert 0 < np.abs(blended - whole).mean() < 0.25 * whole.std()


def test_circular_padding_is_blended_too() -> None:
    planned = small("unet-same", "block={type: double_conv, padding_mode: circular}")
    model, image = unetkit.build(planned.spec, seed=0), np.ones((1, 150, 211), np.float32)
    with pytest.warns(UserWarning, match="tiles are blended"):
        blended = predict(model, image, 64)
    assert np.abs(blended - predict(model, image, None)).max() <= 1e-6  # constant: each tile is right about its part


def test_weights_of_overlapping_tiles_add_up_to_one() -> None:
    cut = tiles(small("unet-same", "norm=instance"), (150, 211), 64, 0)
    for along in cut.axes:
        total = np.zeros(max(one.high for one in along.cuts))
        for one, share in zip(along.cuts, weights(along.cuts), strict=True):
            total[one.low : one.high] += share
        np.testing.assert_allclose(total[along.cuts[0].low :], 1, rtol=1e-6)


# --- the call -------------------------------------------------------------------------------------------------------


def test_predict_leaves_the_network_as_it_was() -> None:
    model = unetkit.build(small("unet-same").spec, seed=0).train()
    model.get_submodule("encoder").eval()
    before = {name: (weight.clone(), weight.stride()) for name, weight in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    unetkit.predict(model, picture(1, (40, 40)))
    assert [module.training for module in model.modules()] == modes
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, before[name][0])
        assert weight.stride() == before[name][1]


def test_a_tensor_gives_a_tensor_and_an_array_an_array() -> None:
    model, image = built(small("unet-same")), picture(1, (40, 50))
    array, tensor = predict(model, image), predict(model, torch.from_numpy(image))
    assert array.dtype == np.float32
    assert tensor.dtype == torch.float32
    assert np.array_equal(array, tensor.numpy())
    levels = (image * 255).astype(np.uint8)
    assert np.array_equal(predict(model, levels), predict(model, levels.astype(np.float32)))


def test_fewer_bits_give_nearly_the_same() -> None:
    model, image = built(small("unet-same")), picture(1, (64, 64))
    assert apart(predict(model, image, dtype="bf16"), predict(model, image)) < 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dtype": "int3"}, "there is no number type 'int3'"),
        ({"device": "cuda:99"}, "cuda:99 cannot be used"),
        ({"device": "abacus"}, "abacus cannot be used"),
    ],
)
def test_what_cannot_be_run_is_refused(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(InferenceError, match=message):
        predict(built(small("unet-same")), picture(1, (40, 40)), **arguments)  # type: ignore[call-overload]


def test_another_image_or_another_network_is_refused() -> None:
    model = built(small("unet-same"))
    with pytest.raises(SizeError, match=r"takes an image \(1, H, W\), not \(3, 40, 40\)"):
        predict(model, picture(3, (40, 40)))
    with pytest.raises(SizeError, match=r"not \(40, 40\)"):
        predict(model, picture(3, (40, 40))[0])
    with pytest.raises(UnetkitError, match="not built by unetkit"), ready(nn.Identity()):
        pass


def test_a_block_within_another_gives_no_memory_back() -> None:
    with kept_memory():
        with kept_memory():
            assert MALLOC.count == 2 * (glibc() is not None)
        assert MALLOC.count == (glibc() is not None)
    assert MALLOC.count == 0


@given(st.integers(1, 9), st.integers(-25, 25), st.integers(1, 40), st.sampled_from(["reflect", "replicate"]))
def test_what_is_mirrored_in_pieces_is_what_an_index_takes(size: int, start: int, length: int, mode: str) -> None:
    index = source(np.arange(start, start + length), size, mode)
    part = np.arange(2 * (index.max() + 1 - index.min()) * 3).reshape(2, -1, 3)
    assert np.array_equal(take(part, index - index.min(), 1), part.take(index - index.min(), 1))
