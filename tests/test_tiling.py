"""Tiles against the whole image: the same numbers, each output pixel computed once, within the memory allowed."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, seed, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

import unetkit
from unetkit.planning import Plan
from unetkit.testing import specs
from unetkit.tiling import predict, tiles
from unetkit.tiling.frame import frames
from unetkit.tiling.tiles import distant

EXAMPLES = int(os.environ.get("UNETKIT_TILINGS", "500"))
SHARDS = 4
MOST = {1: 3000, 2: 200_000, 3: 200_000}
"""Input samples of the whole image at most, by dims, so that a case takes a fraction of a second."""

ISBI = Path(__file__).parents[2] / "shared" / "data" / "isbi2012_membrane" / "images"
SMALL = "channels=[4,6,8,8,8]"
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
    """Returns the largest difference, as a share of the range of the output."""
    return float(np.abs(one - other).max() / max(float(np.ptp(other)), 1e-3 * float(np.abs(other).max()), 1e-30))


def drawn_size(data: st.DataObject, planned: Plan) -> tuple[int, ...]:
    """Draws the size of an image: of one pixel, or so large that it can be cut, within what a test can afford."""
    most = int(MOST[planned.dims] ** (1 / planned.dims))
    size = []
    for axis in range(planned.dims):
        least = frames(planned, (1,) * planned.dims)[axis]
        assume(least.input <= most)
        room = max(1, most - (least.input - least.output) - 2 * planned.fitting[axis].period)
        size.append(data.draw(st.one_of(st.integers(1, min(8, room)), st.integers(max(1, room // 2), room))))
    laid = frames(planned, tuple(size))
    assume(np.prod([one.input for one in laid]) <= 4 * MOST[planned.dims])
    return tuple(size)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_tiles_give_what_the_whole_image_gives(shard: int) -> None:
    @seed(shard)
    @settings(max_examples=EXAMPLES // SHARDS, suppress_health_check=list(HealthCheck), deadline=None)
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        spec = data.draw(specs(max_depth=4))
        planned = unetkit.plan(spec)
        assume(not distant(planned) and all(planned.aligned))
        size = drawn_size(data, planned)
        tile = data.draw(st.integers(1, max(frame.input for frame in frames(planned, size))))
        cut = tiles(planned, size, tile, 0)
        assume(cut.exact and 1 < cut.count <= 60)
        model = built(planned, data.draw(st.sampled_from(["first", "last", "all"])))
        image = picture(spec.in_channels, size)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            whole, tiled = predict(model, image, None), predict(model, image, tile)
        assert whole.shape == (spec.out_channels, *size)
        assert apart(tiled, whole) <= 1e-5

    torch.set_num_threads(1)
    check()
