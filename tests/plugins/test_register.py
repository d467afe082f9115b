"""Blocks that a program registers: again after a reload, beside others of one name, with an operation of their own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import unetkit
from unetkit import registry
from unetkit.codegen import code
from unetkit.errors import BlockError

CODE = """
import torch
from torch import nn
from unetkit.block import Block
from unetkit.operations import Layer, Operation
from unetkit.operations.operation import facts
from unetkit.signal import Signal
import unetkit


class Sine(nn.Module):
    def __init__(self, frequency: float) -> None:
        super().__init__()
        self.frequency = frequency

    def forward(self, x):
        return torch.sin(self.frequency * x)


@facts
class SineAct(Operation):
    frequency: float

    kind = "act"

    def layer(self, inputs, dims) -> Layer:
        return Layer("Sine", (self.frequency,), home=__name__)


class SineConv(Block):
    frequency: float = 2.0

    def wire(self, x: Signal, channels: int) -> Signal:
        return x.conv(channels, 3).apply(SineAct(self.frequency))


unetkit.register("sine_conv", SineConv)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "siren_blocks.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("siren_blocks")
    registry._registered.pop(("block", "sine_conv"), None)
    registry.find.cache_clear()
    sys.modules.pop("siren_blocks", None)


def test_the_same_class_is_registered_again_after_a_reload(module: Any) -> None:
    first = module.SineConv
    values = {"unetkit": 1, "in_channels": 1, "out_channels": 1, "channels": [2, 4], "block": "sine_conv"}
    assert type(unetkit.load(values).parts["encoder.0.block"]) is first
    again = importlib.reload(module)
    assert again.SineConv is not first and registry.find("block", "sine_conv") is again.SineConv
    assert type(unetkit.load(values).parts["encoder.0.block"]) is again.SineConv


def test_another_class_of_the_name_is_refused(module: Any) -> None:
    class Other(module.SineConv):  # type: ignore[misc]  # made from text
        pass

    with pytest.raises(BlockError, match="block 'sine_conv' is siren_blocks:SineConv already"):
        unetkit.register("sine_conv", Other)


def test_an_operation_of_others_is_planned_built_and_written_as_code(module: Any) -> None:
    spec = unetkit.load("unet-2015", ["block={type: sine_conv, frequency: 3.0}", "channels=[2, 4]"])
    planned, model = unetkit.plan(spec), unetkit.build(spec, seed=0)
    assert planned.output_size((16, 16)) == tuple(model(torch.zeros(1, 1, 16, 16)).shape[2:])
    sines = [part for part in model.modules() if isinstance(part, module.Sine)]
    assert len(sines) == 3 and {part.frequency for part in sines} == {3.0}
    scope: dict[str, Any] = {}
    text = code(planned)
    assert "from siren_blocks import Sine" in text
    exec(compile(text, "network.py", "exec"), scope)  # noqa: S102 - what unetkit wrote
