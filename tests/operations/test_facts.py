"""Operations of a plugin: memory, workspace, generated code, tiles and export follow the facts that they state."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

import unetkit
from benchmarks.memory import peak
from unetkit import operations
from unetkit.codegen import code
from unetkit.errors import UnetkitError
from unetkit.export.formats import check_supported
from unetkit.model.interface import last_activation
from unetkit.operations import Operation
from unetkit.operations.onednn import block_size
from unetkit.planning import Execution, needed_memory
from unetkit.tiling.padding import frames
from unetkit.tiling.tiles import distant, reaches

PLUGIN = """
import torch
from torch import nn
from unetkit.geometry import Interval
from unetkit.operations import Layer, Operation
from unetkit.operations.execution import Workspace
from unetkit.operations.operation import facts


class Clip(nn.Module):
    def __init__(self, limit, inplace=False):
        super().__init__()
        self.limit, self.inplace = limit, inplace

    def forward(self, x):
        return nn.functional.hardtanh(x, -self.limit, self.limit, inplace=self.inplace)


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * self.weight.reshape(-1, *(1,) * (x.dim() - 2))


def beside(x):
    return torch.roll(x, 1, -1)


def stacked(signals):
    return torch.cat(signals, 1)


def centre(x, like):
    for axis in range(2, x.dim()):
        x = x.narrow(axis, (x.shape[axis] - like.shape[axis]) // 2, like.shape[axis])
    return x


class Own(Operation):
    def layer(self, inputs, dims):
        return Layer(*self.torch_layer(inputs), home=__name__, arg_names=self.arg_names, joins=self.joins)

    arg_names, joins = (), False


@facts
class ClipOperation(Own):
    limit: float
    kind = "clip"
    keeps_output = True
    overwrites = True
    stateless = True

    def torch_layer(self, inputs):
        return "Clip", (self.limit,)


@facts
class ScaleOperation(Own):
    kind = "scale"
    keeps_input = True
    holds_product = True
    arg_names = ("channels",)

    def parameters(self, inputs):
        return inputs[0]

    def torch_layer(self, inputs):
        return "Scale", (inputs[0],)


@facts
class Beside(Own):
    kind = "beside"
    pointwise = False
    wraps = True

    def needs(self, axis, wanted, sizes):
        return (Interval(wanted.low - 1, wanted.high),)

    def torch_layer(self, inputs):
        return "beside", ()


@facts
class Stacked(Own):
    kind = "stack"
    pointwise = False
    elementwise = True
    passes_gradient = True
    joins = True

    def channels(self, inputs):
        return sum(inputs)

    def torch_layer(self, inputs):
        return "stacked", ()


@facts
class Centre(Own):
    kind = "centre"
    pointwise = False
    is_view = True
    size_inputs = 1

    def size(self, axis, sizes):
        return sizes[1]

    def needs(self, axis, wanted, sizes):
        before = (sizes[0] - sizes[1]) // 2
        return (Interval(wanted.low + before, wanted.high + before), None)

    def grid(self, axis, grids, sizes):
        return grids[0].shifted((sizes[0] - sizes[1]) // 2)

    def workspace(self, source, result, run):
        return Workspace(backward=run.bytes(*source) + run.bytes(result.channels, (result.size[0], source.size[1])))

    def torch_layer(self, inputs):
        return "centre", ()
"""
BLOCKS = """
from unetkit.block import Block
import unetkit
import plugin_operations as own


class Plugged(Block):
    around: bool = False
    built_in: bool = False

    def wire(self, x, channels):
        y = x.conv(channels // 2, 3, padding="valid", name="narrow")
        if self.built_in:
            y = y.activation("PReLU", weights=1)
            x = x.crop_to(y).conv(channels // 2, 1)
            return x.concat(y).conv(channels, 1, name="mix").activation("ReLU")
        y = y.apply(own.ScaleOperation())
        y = y.apply(own.Beside()) if self.around else y
        x = x.apply(own.Centre(), y).conv(channels // 2, 1)
        return x.apply(own.Stacked(), y).conv(channels, 1, name="mix").apply(own.ClipOperation(2.0))


unetkit.register("plugged", Plugged)
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "plugin_operations.py").write_text(PLUGIN)
    (tmp_path / "plugin_blocks.py").write_text(BLOCKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("plugin_blocks")
    unetkit.registry._registered.pop(("block", "plugged"), None)
    unetkit.registry.find.cache_clear()
    for name in ("plugin_blocks", "plugin_operations"):
        sys.modules.pop(name, None)


def planned(**values: Any) -> unetkit.Plan:
    crop = {"type": "concat", "align": "crop"}
    spec = {"unetkit": 1, "in_channels": 2, "out_channels": 2, "channels": [16, 32], "skip": crop}
    return unetkit.plan(unetkit.load(spec | {"block": {"type": "plugged", **values}}))


def operation(plan: unetkit.Plan, kind: str) -> Operation:
    return next(node.operation for node in plan.nodes if node.operation is not None and node.operation.kind == kind)


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("run", [Execution(), Execution(4, threads=1), Execution(channels_last=True)])
def test_an_operation_with_the_facts_of_a_built_in_one_needs_the_same_memory(run: Execution) -> None:
    own, twin = (needed_memory(planned(built_in=built_in), (128, 128), run) for built_in in (False, True))
    assert (own.inference, own.training) == (twin.inference, twin.training)


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("around", [False, True])
def test_memory_is_what_torch_allocates(around: bool) -> None:
    plan = planned(around=around)
    network, image = unetkit.build(plan.spec, seed=0).eval(), torch.rand(1, 2, 128, 128)

    def infer() -> None:
        with torch.no_grad():
            network(image)

    infer()
    needed = needed_memory(plan, (128, 128), Execution(threads=torch.get_num_threads(), channel_block=block_size()))
    assert needed.inference == pytest.approx(peak(infer), rel=0.03)


@pytest.mark.usefixtures("plugin")
def test_a_workspace_counts_at_the_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned()
    before = needed_memory(plan, (128, 128))
    huge = operations.execution.Workspace(1 << 30, 1 << 31)
    monkeypatch.setattr(type(operation(plan, "clip")), "workspace", lambda *_: huge)
    after = needed_memory(plan, (128, 128))
    assert 1 << 30 < after.inference < (1 << 30) + before.inference
    assert 1 << 31 < after.training < (1 << 31) + before.training


@pytest.mark.usefixtures("plugin")
def test_generated_code_is_what_runs() -> None:
    plan = planned(around=True)
    network, text, scope = unetkit.build(plan.spec, seed=0), code(plan), {"__name__": "generated"}
    exec(compile(text, "network.py", "exec"), scope)  # noqa: S102 - what unetkit wrote
    other: Any = scope["UNet"]()  # type: ignore[operator]
    other.load_state_dict(network.state_dict())
    image = torch.rand(1, 2, 64, 64)
    assert torch.equal(other(image), network(image))
    assert "from plugin_operations import Clip" in text and text.count("class Plugged(") == 1
    assert "self.clip1 = Clip(2.0, inplace=True)" in text
    assert "self.scale1 = Scale(channels // 2)" in text
    assert "x = centre(x, y)" in text and "x = stacked([x, y])" in text


@pytest.mark.usefixtures("plugin")
def test_tiles_and_exports_follow_how_an_operation_behaves_at_borders() -> None:
    local, around = planned(), planned(around=True)
    assert distant(local) == () and reaches(local, frames(local, (200, 200))) is not None
    assert "encoder.0.block.beside1" in distant(around) and reaches(around, frames(around, (200, 200))) is None
    check_supported(local, "openvino")
    with pytest.raises(UnetkitError, match="OpenVINO has no circular padding") as refused:
        check_supported(around, "openvino")
    assert [fault.path for fault in refused.value.faults] == list(distant(around))


@pytest.mark.usefixtures("plugin")
def test_exact_tiles_give_what_the_whole_image_gives() -> None:
    network, image = unetkit.build(planned().spec, seed=0), torch.rand(2, 100, 90)
    whole = unetkit.predict(network, image, tile=None)
    assert torch.allclose(unetkit.predict(network, image, tile=48, exact=True), whole, atol=1e-5)


@pytest.mark.usefixtures("plugin")
def test_an_activation_at_the_end_is_recognised_by_its_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned()
    assert last_activation(plan) == ""
    last = plan.nodes[plan.output].operation
    monkeypatch.setattr(type(last), "activation", "Clip")
    assert last_activation(plan) == "Clip"


READERS = {
    "signal.py": "makes the operations",
    "blocks/norm.py": "makes the operations",
    "blocks/condition.py": "makes the operation",
    "encoders/layers.py": "makes the operations",
    "language/inputs.py": "makes the operations",
    "wrapping/block.py": "makes the operation",
    "wrapping/operation.py": "defines an operation",
    "study/matrix/network_facts.py": "leaves arguments out of a key",
}
"""The files outside operations/ that may name a class of operation, each with the reason."""


def test_no_reader_names_an_operation_class() -> None:
    names = {name for name in dir(operations) if isinstance(getattr(operations, name), type)}
    names = {name for name in names if issubclass(getattr(operations, name), Operation)} - {"Operation"} | {"Wrapped"}
    package = Path(unetkit.__file__).parent
    found = set()
    for file in package.rglob("*.py"):
        where = file.relative_to(package).as_posix()
        if where.startswith("operations/"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.alias) and node.name in names
            asked = isinstance(node, ast.Call) and asks_for_class(node)
            if named or asked:
                found.add(where)
    assert found <= READERS.keys()


def asks_for_class(call: ast.Call) -> bool:
    """Whether a call asks for the class or for an attribute of an operation."""
    function = call.func.id if isinstance(call.func, ast.Name) else ""
    if function not in ("isinstance", "issubclass", "getattr", "hasattr", "type") or not call.args:
        return False
    return "operation" in ast.unparse(call.args[0]) or "Operation" in "".join(map(ast.unparse, call.args[1:]))
