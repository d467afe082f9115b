"""Mistakes of a topology's author: each is told with the name of the place, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import unetkit
from unetkit import registry
from unetkit.plugin import Net, Topology

Wire = Callable[[Net, int], object]


class Mistaken(Topology):
    """Does what a test says."""

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        return WIRE[-1](net, image)  # type: ignore[return-value]  # some of the mistakes


WIRE: list[Wire] = []


@pytest.fixture(autouse=True)
def _mistaken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(registry._registered, ("topology", "mistaken"), Mistaken)
    registry.find.cache_clear()
    yield
    registry.find.cache_clear()
    WIRE.clear()


def told(wire: Wire) -> str:
    """Returns what loading a spec with a topology says."""
    from unetkit import topology

    topology._wired.cache_clear()
    WIRE.append(wire)
    spec = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8], "topology": "mistaken"}
    with pytest.raises(unetkit.SpecError) as caught:
        unetkit.load(spec)
    topology._wired.cache_clear()
    assert "topology: mistaken" in str(caught.value)  # the line of the spec
    return str(caught.value)


def block(net: Net, image: int) -> int:
    """Places a block at level 0."""
    return net.place("encoder.0.block", "block", 0, "encoder", image)


def twice(net: Net, image: int) -> dict[int | str, int]:
    x = block(net, image)
    return {0: net.place("encoder.0.block", "block", 1, "encoder", x)}


def within(net: Net, image: int) -> dict[int | str, int]:
    return {0: net.place("encoder.0.block.more", "block", 0, "encoder", block(net, image))}


def failing(net: Net, image: int) -> dict[int | str, int]:
    return {0: net.place("a", "block", 0, "encoder", image, channels=net.channels[7])}


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (lambda net, image: {}, "Mistaken returns no outputs"),
        (block, "Mistaken returns int instead of its outputs"),
        (lambda net, image: {0: 7}, "the output 0 of Mistaken is the signal 7, which does not exist"),
        (lambda net, image: {1: block(net, image)}, "no output at level 0, only 1"),
        (lambda net, image: {5: block(net, image)}, "names an output 5"),
        (lambda net, image: {"a b": block(net, image)}, "names an output 'a b'"),
        (
            lambda net, image: {0: net.place("a", "block", 2, "encoder", 0)},
            "a is at level 2, and the network has levels 0 to 1",
        ),
        (lambda net, image: {0: net.place("a", "block", 0, "left", 0)}, "a is on the side 'left'"),
        (lambda net, image: {0: net.place("a", "blok", 0, "encoder", 0)}, "a fills the slot 'blok'"),
        (
            lambda net, image: {0: net.place("a", "block", 0, "encoder", 3)},
            "a reads the signal 3, which does not exist",
        ),
        (lambda net, image: {0: net.place("a", "block", 0, "encoder")}, "a reads no signal"),
        (lambda net, image: {0: net.place("a", "up", 0, "decoder", 0)}, "a leads up to no signal"),
        (lambda net, image: {0: net.place("a", "up", 0, "decoder", 0, toward=4)}, "a reads the signal 4"),
        (
            lambda net, image: {0: net.place("a", "down", 0, "encoder", 0, toward=0)},
            "a is no way up, and leads toward one",
        ),
        (lambda net, image: {0: net.place("a", "block", 1, "decoder", 0)}, "no channels at the last level, that of a"),
        (
            lambda net, image: {0: net.place("forward", "block", 0, "encoder", 0)},
            "'forward' cannot be the name of a module",
        ),
        (lambda net, image: {0: net.place("a..b", "block", 0, "encoder", 0)}, "'a..b' cannot be the name of a module"),
        (twice, "encoder.0.block is placed twice, as block of encoder level 0 with 4 channels and as block of encoder"),
        (within, "encoder.0.block.more is within encoder.0.block, which is a block"),
        (failing, "Mistaken fails for 2 levels: IndexError: tuple index out of range"),
    ],
)
def test_a_mistake_in_wire_is_told(wire: Wire, message: str) -> None:
    assert message in told(wire)


@pytest.mark.parametrize("name", ["state_dict", "plan", "keys", "items", "_a", "1a"])
def test_names_of_modules_that_torch_has_cannot_be_taken(name: str) -> None:
    assert "cannot be the name" in told(lambda net, image: {0: net.place(name, "block", 0, "encoder", 0)})
