"""Wiring: what a block asks of its signals is told in its own terms, and refused where it cannot be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

import unetkit
from unetkit import registry
from unetkit.block import Block
from unetkit.errors import BlockError, SpecError
from unetkit.operations import Activation, GroupNorm, Operation
from unetkit.signal import Signal, Source, Wiring

Wire = Callable[[Signal], Signal]
REFUSED: dict[str, tuple[Wire, str]] = {
    "two operations of one name": (
        lambda x: x.conv(4, 1, name="gate").conv(4, 1, name="gate"),
        "two operations of one block are named 'gate'",
    ),
    "an even kernel with same padding": (
        lambda x: x.conv(4, 2),
        "padding: same cannot centre a kernel of 2 at stride 1",
    ),
    "a kernel that is even along one axis": (
        lambda x: x.conv(4, (3, 4)),
        "padding: same cannot centre a kernel of (3, 4) at stride 1",
    ),
    "a way up that cannot be centred": (
        lambda x: x.transposed_conv(4, 1, 2),
        "a kernel of 2 cannot be centred at stride 1",
    ),
    "groups that do not divide the input": (
        lambda x: x.conv(6, groups=3),
        "3 groups do not divide 4 input and 6 output channels",
    ),
    "groups that do not divide the output": (
        lambda x: x.conv(6, groups=4),
        "4 groups do not divide 4 input and 6 output channels",
    ),
    "groups that do not divide on the way up": (
        lambda x: x.transposed_conv(3, groups=2),
        "2 groups do not divide 4 input and 3 output channels",
    ),
    "norm groups that do not divide": (
        lambda x: x.apply(GroupNorm(3)),
        "3 groups do not divide 4 channels",
    ),
    "three kernels for two axes": (
        lambda x: x.conv(4, (3, 3, 3)),
        "kernel has 3 values, the network has 2 axes",
    ),
    "one stride in a list for two axes": (
        lambda x: x.conv(4, stride=(2,)),
        "stride has 1 values, the network has 2 axes",
    ),
    "three dilations for two axes": (
        lambda x: x.conv(4, dilation=(1, 1, 1)),
        "dilation has 3 values, the network has 2 axes",
    ),
    "three windows for two axes": (
        lambda x: x.max_pool((2, 2, 2)),
        "kernel has 3 values, the network has 2 axes",
    ),
    "no padding for two axes": (
        lambda x: x.avg_pool(2, padding=()),
        "padding has 0 values, the network has 2 axes",
    ),
    "three factors for two axes": (
        lambda x: x.interpolate((2, 2, 2)),
        "factor has 3 values, the network has 2 axes",
    ),
    "factors of a shuffle for one axis": (
        lambda x: x.pixel_shuffle((2,)),
        "factor has 1 values, the network has 2 axes",
    ),
}
NO_NAMES = ["class", "self", "None", "lambda", "1x1", "a b", "a.b", "up-conv", "_hidden", "__class__", "é"]


def wired(wire: Wire) -> Wiring:
    """Returns the wiring of one block for 2D images of 4 channels."""
    wiring = Wiring(2, [Source(4, (1, 1), (1, 1))])
    wire(*wiring.inputs)
    return wiring


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_go_together_is_refused(case: str) -> None:
    wire, message = REFUSED[case]
    with pytest.raises(BlockError) as caught:
        wired(wire)
    (fault,) = caught.value.faults
    assert (fault.code, fault.message) == ("block-wiring", message)


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_python_could_not_write_is_refused(name: str) -> None:
    with pytest.raises(BlockError, match="is no name for an operation") as caught:
        wired(lambda x: x.apply(Activation("ReLU"), name=name))
    assert repr(name) in caught.value.faults[0].message and "letter first" in caught.value.faults[0].cure


def test_a_kind_that_python_could_not_write_is_refused() -> None:
    class Odd(Operation):
        kind = "3×3"

    with pytest.raises(BlockError, match="'3×3' is no name for an operation"):
        wired(lambda x: x.apply(Odd()))


def test_operations_without_a_name_are_numbered_by_kind() -> None:
    graph = wired(lambda x: x.conv(4).conv(4, name="conv3").conv(4).conv(4).transposed_conv(4))
    assert [node.name for node in graph.nodes[1:]] == ["conv1", "conv3", "conv2", "conv4", "conv"]


def test_names_may_come_again_in_another_block() -> None:
    names = [wired(lambda x: x.conv(4, name="gate")).nodes[1].name for _ in range(2)]
    assert names == ["gate", "gate"]


def test_names_in_an_inner_scope_are_counted_anew() -> None:
    def wire(x: Signal) -> Signal:
        x = x.conv(4)
        with x.scope("shortcut"):
            y = x.conv(4).conv(4, name="last")
            with y.scope("0"):
                y = y.conv(4)
        return y.conv(4)

    names = [node.name for node in wired(wire).nodes[1:]]
    assert names == ["conv1", "shortcut.conv1", "shortcut.last", "shortcut.0.conv1", "conv2"]


@pytest.mark.parametrize("name", ["class", "a..b", "a.class", "_hidden", "-1", "²"])
def test_a_scope_has_a_number_or_a_name_that_python_can_write(name: str) -> None:
    with pytest.raises(BlockError, match="is no name for an operation"):
        wired(lambda x: x.place(name, registry.find("norm", "batch")()))


@pytest.mark.parametrize("inside", [True, False])
def test_a_scope_has_not_the_name_of_an_operation(inside: bool) -> None:
    def wire(x: Signal) -> Signal:
        if inside:
            x = x.conv(4, name="gate")
        with x.scope("gate"):
            x = x.conv(4)
        return x.conv(4, name="gate")

    with pytest.raises(BlockError, match="gate"):
        wired(wire)


def test_a_component_may_be_wired_in_a_scope_of_its_own() -> None:
    graph = wired(lambda x: x.place("0", registry.find("block", "single_conv")(), channels=8))
    (inner,) = graph.inner
    assert [node.name for node in graph.nodes[1:]] == ["0.conv1", "0.norm1", "0.act1"]
    assert (inner.scope, inner.start, inner.end, inner.inputs, inner.output) == ("0", 1, 4, (0,), 3)


def test_a_branch_that_nothing_reads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(Block):
        """Forgets its first convolution."""

        def wire(self, x: Signal, channels: int) -> Signal:
            x.conv(channels, name="forgotten").activation("ReLU")
            return x.conv(channels)

    monkeypatch.setitem(registry._registered, ("block", "forgetful"), Forgetful)
    registry.find.cache_clear()
    values = {"unetkit": 1, "in_channels": 4, "out_channels": 1, "channels": [4], "block": "forgetful"}
    try:
        with pytest.raises(SpecError, match="nothing reads what act1 computes"):
            unetkit.plan(unetkit.load(values))
    finally:
        registry.find.cache_clear()


def test_any_number_of_signals_may_be_added() -> None:
    graph = wired(lambda x: x.conv(4).add(x, x.conv(4)))
    assert graph.nodes[-1].inputs == (1, 0, 2)
    with pytest.raises(BlockError, match="signals of 4, 4 and 8 channels cannot be added"):
        wired(lambda x: x.add(x, x.conv(8)))


def test_a_signal_of_another_block_is_refused() -> None:
    other = Wiring(2, [Source(4, (1, 1), (1, 1))]).inputs[0]
    with pytest.raises(BlockError, match="a block reads a signal that it was not given"):
        wired(lambda x: x.concat(other))


def test_a_refusal_inside_a_block_names_where_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Misnamed(Block):
        """Names its convolution like a keyword."""

        def wire(self, x: Signal, channels: int) -> Signal:
            return x.conv(channels, name="class")

    monkeypatch.setitem(registry._registered, ("block", "misnamed"), Misnamed)
    registry.find.cache_clear()
    values = {"unetkit": 1, "in_channels": 4, "out_channels": 1, "channels": [4], "block": "misnamed"}
    try:
        with pytest.raises(SpecError, match=r"block: 'class' is no name for an operation"):
            unetkit.plan(unetkit.load(values))
    finally:
        registry.find.cache_clear()


def test_an_even_kernel_is_taken_where_it_can_be_placed() -> None:
    """At stride 2, and without padding: torch takes both."""
    for arguments in ({"stride": 2}, {"padding": "valid"}):
        graph = wired(lambda x, arguments=arguments: x.conv(4, 4, **arguments))  # type: ignore[misc]
        operation = graph.nodes[1].operation
        assert operation is not None
        layer = operation.layer((4,), 2)
        made = getattr(torch.nn, layer.name.removeprefix("nn."))(*layer.args, **layer.kwargs)
        sizes = tuple(operation.size(axis, (9,)) for axis in range(2))
        assert tuple(made(torch.rand(1, 4, 9, 9)).shape) == (1, 4, *sizes)
