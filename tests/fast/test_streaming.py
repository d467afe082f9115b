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
from unetkit.errors import SizeError
from unetkit.fast import PASSES
from unetkit.fast.streaming import StreamedNetwork, StreamingError, make_schedule
from unetkit.planning import Plan
from unetkit.testing.strategies import sizes, specs

EXAMPLES = 120
SHARDS = 2
CLOSE = 1e-5
"""Of the range of the output."""
pytestmark = pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")


def streamed(network: StreamedNetwork, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """All outputs, put together from their rows."""
    names = list(network.plan.outputs)
    rows: dict[str, list[torch.Tensor]] = {name: [] for name in names}
    for name, low, found in network(lambda low, high: inputs[0][:, :, low:high], inputs[1:]):
        assert low == sum(one.shape[2] for one in rows[name]), "rows come in order, each once"
        rows[name].append(found)
    return [torch.cat(rows[name], 2) for name in names]


def check(model: nn.Module, network: Any, inputs: list[torch.Tensor], strip: int, folder: Path | None = None) -> None:
    """Fails unless streaming gives what the whole image gives, at the cost that was predicted."""
    size = tuple(inputs[0].shape[2:])
    wanted = outputs(model.double(), [each.double() for each in inputs])
    own = max(map(far, outputs(model.float(), inputs), wanted))
    stream = StreamedNetwork(network, size, strip=strip, folder=folder)
    predicted = make_schedule(stream.graph, strip)
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
    strip = data.draw(st.integers(1, 24))
    names = data.draw(st.sampled_from([(), tuple(PASSES)]))
    try:
        check(model, applied(model, names), inputs, strip)
    except StreamingError as error:
        assert "needs the whole map at once" in str(error)
