"""Streaming: strips of rows compute what the whole image does, each row once, with buffers as high as predicted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from torch import nn

import unetkit
from tests.fast.test_optimize import applied, far, noise, outputs, trained_looking
from tests.support.campaign import sharded
from tests.support.narrow import narrow
from unetkit.errors import SizeError
from unetkit.fast import PASSES
from unetkit.fast.streaming import StreamedNetwork, StreamingError, division, make_schedule
from unetkit.fast.streaming.buffers import Rows
from unetkit.fast.streaming.graph import RowGraph
from unetkit.fast.streaming.schedule import Computed
from unetkit.model.interface import plan_of
from unetkit.planning import Plan
from unetkit.testing.strategies import sizes, specs
from unetkit.tiling import InferenceError, Strips, plan_tiles, ready, tiles

EXAMPLES = 120
SHARDS = 2
CLOSE = 1e-5
"""Of the range of the output."""
pytestmark = pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")


def streamed(network: StreamedNetwork, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """All outputs, put together from their rows."""
    names, axis = list(network.plan.outputs), 2 + network.graph.order[0]
    rows: dict[str, list[torch.Tensor]] = {name: [] for name in names}
    image = inputs[0].movedim(axis, 2)
    for name, low, found in network(lambda low, high: image[:, :, low:high], inputs[1:]):
        assert low == sum(one.shape[2] for one in rows[name]), "rows come in order, each once"
        rows[name].append(found)
    return [torch.cat(rows[name], 2).movedim(2, axis) for name in names]


def check(
    model: nn.Module,
    network: Any,
    inputs: list[torch.Tensor],
    strip: int,
    folder: Path | None = None,
    *,
    axis: int = 0,
) -> None:
    """Fails unless streaming gives what the whole image gives, at the cost that was predicted."""
    size = tuple(inputs[0].shape[2:])
    wanted = outputs(model.double(), [each.double() for each in inputs])
    own = max(map(far, outputs(model.float(), inputs), wanted))
    stream = StreamedNetwork(network, size, strip=strip, axis=axis, folder=folder)
    predicted = make_schedule(stream.graph, strip)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(division, "_LEAST", 1)  # so that rows of small maps, too, are computed apart
        found = streamed(stream, inputs)
    assert max(map(far, found, wanted)) <= max(CLOSE, 20 * own)  # networks that amplify rounding
    assert stream.heights == predicted.heights
    assert predicted.macs <= stream.plan.macs(size)


def random_image(plan: Plan, data: st.DataObject) -> list[torch.Tensor] | None:
    """An image of a size that is not padded and not large, and vectors; None where there is none."""
    size = plan.padded_size(data.draw(sizes(plan)))
    try:
        plan.at(size)
    except SizeError:
        return None
    return None if int(np.prod(size)) > 20_000 else [one[:1] for one in noise(plan.spec, size, plan)]


@sharded(EXAMPLES, SHARDS)
def test_streaming_equals_the_whole_image(data: st.DataObject) -> None:
    spec = data.draw(specs(max_depth=4))
    plan = unetkit.plan(spec).for_inference()
    inputs = random_image(plan, data)
    if inputs is None:
        return
    model = unetkit.model.for_inference(trained_looking(spec))
    strip, axis = data.draw(st.integers(1, 24)), data.draw(st.integers(0, plan.dims - 1))
    names = data.draw(st.sampled_from([(), tuple(PASSES)]))
    try:
        check(model, applied(model, names), inputs, strip, axis=axis)
    except StreamingError as error:
        assert "needs the whole map at once" in str(error) or "depends on the order of the axes" in str(error)


NORMED = {"unetkit": 1, "in_channels": 2, "out_channels": 3, "channels": [4, 8, 8]}


@pytest.mark.parametrize("norm", ["instance", {"type": "group", "groups": 2}])
@pytest.mark.parametrize("in_files", [False, True])
def test_norms_over_the_whole_image_are_streamed_in_passes(norm: Any, in_files: bool, tmp_path: Path) -> None:
    block = {"type": "residual", "squeeze_excite": 2}
    model = trained_looking(unetkit.load(NORMED | {"norm": norm, "block": block}))
    inputs = [torch.randn(1, 2, 52, 36) * 3 + 5]
    check(model, applied(model, ()), inputs, 8, tmp_path if in_files else None)
    assert StreamedNetwork(model, (52, 36)).graph.passes[1:]
    assert not list(tmp_path.iterdir()), "files go with what they hold"


def test_memory_does_not_grow_with_the_height() -> None:
    model = unetkit.build(narrow("unet-same"), seed=0)
    predicted = [make_schedule(RowGraph(plan_of(model), (height, 64)), 32) for height in (512, 1024, 2048)]
    assert predicted[0].bytes == predicted[1].bytes == predicted[2].bytes
    assert predicted[0].heights == predicted[2].heights


def test_what_needs_the_whole_map_is_refused() -> None:
    spec = unetkit.load("unet-same", overrides=["block.padding_mode=circular", "channels=[4,8]"])
    with pytest.raises(StreamingError, match=r"encoder\.0\.block\.conv1 .* needs the whole map at once"):
        StreamedNetwork(unetkit.build(spec, seed=0), (64, 64))


@pytest.mark.parametrize("name", ["unet-2015", "unet-same", "attention-unet"])
def test_predict_streams_images_of_any_size(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unetkit.tiling.strips._SAMPLES", 1 << 14)
    model = unetkit.build(narrow(name), seed=0)
    image = np.random.default_rng(0).random((plan_of(model).spec.in_channels, 301, 203), np.float32)
    wanted = unetkit.predict(model, image, tile=None)
    found = unetkit.predict(model, image, tile="stream")
    assert float(np.abs(found - wanted).max()) <= CLOSE * float(np.ptp(wanted))


def test_predict_chooses_strips_where_tiles_differ_from_the_whole_image() -> None:
    model = unetkit.build(NORMED | {"norm": "instance"}, seed=0)
    image = np.random.default_rng(0).random((2, 512, 64), np.float32)
    wanted = unetkit.predict(model, image, tile=None)
    memory = 1_200_000
    with ready(model) as runner:
        chosen = plan_tiles(runner, (512, 64), memory=memory)
        assert str(chosen) == "in strips of 64 rows, 11 passes"
        assert str(plan_tiles(runner, (512, 64))) == "at once"
    found = unetkit.predict(model, image, memory=memory)
    assert float(np.abs(found - wanted).max()) <= CLOSE * float(np.ptp(wanted))


def test_a_small_image_is_one_strip() -> None:
    model = unetkit.build(narrow("unet-same"), seed=0)
    with ready(model) as runner:
        assert str(plan_tiles(runner, (512, 512), "stream")) == "at once"
        assert str(plan_tiles(runner, (2048, 512), "stream")) == "in strips of 1024 rows"


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_a_flat_volume_is_streamed_along_its_longest_axis(norm: str) -> None:
    spec = NORMED | {"dims": 3, "norm": norm, "block": {"type": "double_conv", "kernel": [1, 3, 3]}}
    model = trained_looking(spec)
    image = np.random.default_rng(0).random((2, 8, 96, 40), np.float32)
    with ready(model) as runner:
        memory = 2 * make_schedule(RowGraph(runner.plan, (8, 96, 40), 1), 8).bytes
        assert str(plan_tiles(runner, (8, 96, 40), "stream", memory)).startswith("in strips of 8 rows along H")
        assert str(plan_tiles(runner, (8, 96, 40), "stream")) == "at once"
    wanted = unetkit.predict(model, image, tile=None)
    found = unetkit.predict(model, image, tile="stream", memory=memory)
    assert float(np.abs(found - wanted).max()) <= CLOSE * float(np.ptp(wanted))


def test_strips_are_refused_where_they_do_not_fit() -> None:
    model = unetkit.build(NORMED, seed=0)
    with pytest.raises(InferenceError, match="do not fit into"):
        unetkit.predict(model, np.zeros((2, 64, 64), np.float32), tile="stream", memory=1000)


def test_strips_are_used_where_not_even_the_smallest_tile_fits() -> None:
    model = unetkit.build(NORMED, seed=0)
    image = np.random.default_rng(0).random((2, 1024, 64), np.float32)
    memory = 400_000
    with ready(model) as runner:
        with pytest.raises(SizeError, match="the smallest tile"):
            tiles(runner.plan, (1024, 64), "auto", memory)
        assert isinstance(plan_tiles(runner, (1024, 64), memory=memory), Strips)
    wanted = unetkit.predict(model, image, tile=None)
    found = unetkit.predict(model, image, memory=memory)
    assert float(np.abs(found - wanted).max()) <= CLOSE * float(np.ptp(wanted))


def test_rows_that_read_one_piece_are_computed_apart() -> None:
    graph = RowGraph(unetkit.plan(unetkit.load("unet-same", overrides=["channels=[4,8]"])), (64, 1 << 16))
    conv = next(i for i, strip in enumerate(graph.strips) if strip is not None and graph.reads(i, 8, 9)[0] == (7, 9))
    ((source, _),) = graph.inputs[conv]
    held = Rows()
    for rows in (2, 16):
        held.append(torch.empty(1, graph.nodes[source].channels, rows, 1))
    whole = Computed(conv, 1, 17, tuple(graph.reads(conv, 1, 17)))
    parts = list(division.divided(graph, whole, {source: held}))
    assert [(part.low, part.high) for part in parts] == [(1, 3), (3, 17)]
    assert [part.reads for part in parts] == [((0, 3),), ((2, 17),)]


def test_a_transposed_convolution_gives_rows_after_its_input_ended() -> None:
    spec = {"unetkit": 1, "dims": 1, "in_channels": 2, "out_channels": 3, "channels": [4, 4, 4], "down": []}
    spec |= {"up": [{"type": "mednext", "kernel": 3}], "skip": {"type": "rescale", "method": "linear"}}
    model = trained_looking(spec | {"levels": {2: {"down": {"type": "avg_pool", "stride": 2}}}})
    for strip in (1, 2):
        check(model, applied(model, ()), [torch.randn(1, 2, 6)], strip)
