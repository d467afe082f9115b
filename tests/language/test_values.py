"""Equal settings are read once: what was loaded before changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

import unetkit
from unetkit import registry
from unetkit.block import Act, Block, ByValue, Component
from unetkit.language import loading
from unetkit.planning.planned_block import _planned_block
from unetkit.signal import Signal

SMALL: dict[str, Any] = {"unetkit": 1, "in_channels": 1, "out_channels": 1, "channels": [4]}


@pytest.fixture
def registered() -> Iterator[dict[tuple[str, str], type[Component]]]:
    """The registry, which is as before after the test."""
    before = dict(registry._registered)
    yield registry._registered
    registry._registered.clear()
    registry._registered.update(before)
    registry.find.cache_clear()


def forget() -> None:
    """Empties all caches of values."""
    loading._blocks.clear()
    loading._interned.cache_clear()
    _planned_block.cache_clear()


def test_a_spec_is_the_same_whatever_was_loaded_before() -> None:
    for name, act, kernel in product(("unet-small", "unet-milesial"), ("relu", "gelu"), (3, 5)):
        values = {"extends": name, "act": act, "block": {"kernel": kernel}}
        after = unetkit.load(values)
        planned = unetkit.plan(after)
        forget()
        alone = unetkit.load(values)
        assert after == alone
        assert unetkit.plan(alone).digest == planned.digest
        assert unetkit.plan(alone) == planned


def test_a_fault_is_told_at_its_place_whatever_was_loaded_before() -> None:
    for skip in ("add", "concatt", "concatt"):
        values = {"extends": "unet-small", "skip": skip}
        if skip == "add":
            unetkit.load(values)
            continue
        with pytest.raises(unetkit.SpecError, match=r":2:7: error\[unknown-skip\]"):
            unetkit.load(values)


def test_parameters_that_are_equal_but_of_other_types_are_told_apart(
    registered: dict[tuple[str, str], type[Component]],
) -> None:
    class Scaled(Act):
        """Takes a number of any type."""

        by: int | float | bool = 2

        def wire(self, x: Signal) -> Signal:
            return x.activation("Hardtanh", {"min_val": self.by})

    registered["act", "scaled"] = Scaled
    registry.find.cache_clear()
    plans = [unetkit.plan(unetkit.load(SMALL | {"act": {"type": "scaled", "by": by}})) for by in (1, 1.0, True)]
    assert len({planned.digest for planned in plans}) == 3
    assert [repr(planned.spec.parts["bottleneck.block"].act.by) for planned in plans] == ["1", "1.0", "True"]  # type: ignore[attr-defined]
    assert ByValue(Scaled(by=1)) != ByValue(Scaled(by=1.0))
    assert ByValue(Scaled(by=1)) == ByValue(Scaled(by=1))


def test_a_block_that_is_registered_anew_is_taken(registered: dict[tuple[str, str], type[Component]]) -> None:
    found = []
    for kernel in (1, 3):

        class Own(Block):
            """A convolution."""

            def wire(self, x: Signal, channels: int, kernel: int = kernel) -> Signal:
                return x.conv(channels, kernel)

        registered["block", "own"] = Own
        registry.find.cache_clear()
        found.append(unetkit.plan(unetkit.load(SMALL | {"block": "own"})).parameters)
    assert found[0] < found[1]


def test_a_block_with_a_list_among_its_parameters_is_planned(
    registered: dict[tuple[str, str], type[Component]],
) -> None:
    class Listed(Block):
        """Convolutions of some kernels."""

        kernels: list[int] | tuple[int, ...] = [1]

        def wire(self, x: Signal, channels: int) -> Signal:
            for kernel in self.kernels:
                x = x.conv(channels, kernel)
            return x

    registered["block", "listed"] = Listed
    registry.find.cache_clear()
    planned = [unetkit.plan(unetkit.load(SMALL | {"block": "listed"})) for _ in range(2)]
    assert planned[0].digest == planned[1].digest
