"""Equal budgets: the width of an arm is chosen so that it costs what the base does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.study.studies import study
from unetkit.errors import Fault, SpecError
from unetkit.study.matrix.matching import matched, scaled

AXES = "axes:\n  skip: [none, add]\n  block: [residual, convnext]\n  channels.levels: [2, 4]\n"


@pytest.mark.parametrize("match", ["parameters", "macs"])
def test_every_arm_costs_what_the_base_does(match: str, tmp_path: Path) -> None:
    found = study(tmp_path, AXES, f"match={match}", "base.channels.base=16")
    assert len(found.planned) == 7
    assert found.base.facts is not None and found.base.residual is None
    for arm in found.planned[1:]:
        assert arm.facts is not None and arm.residual is not None
        ratio = getattr(arm.facts, match) / getattr(found.base.facts, match)
        assert ratio - 1 == pytest.approx(arm.residual)
        assert abs(arm.residual) < 0.04
        assert dict(arm.settings)["channels"] == tuple(arm.values()["spec"]["channels"])


def test_widths_that_a_norm_does_not_take_are_passed_over(tmp_path: Path) -> None:
    text = "axes: {norm: [{type: group, groups: 8}]}\nmatch: parameters\n"
    (_, arm) = study(tmp_path, text).arms
    assert all(count % 8 == 0 for count in dict(arm.settings)["channels"])


def test_channels_of_the_decoder_grow_with_the_others(tmp_path: Path) -> None:
    text = "axes: {skip: [none]}\nmatch: parameters\n"
    (_, arm) = study(tmp_path, text, "base.decoder.channels=[16, 16]").arms
    settings = dict(arm.settings)
    assert len(settings["decoder.channels"]) == 2
    assert settings["decoder.channels"][0] == scaled((32, 16), settings["channels"][-1])[1]


@given(st.lists(st.integers(1, 64), min_size=1, max_size=5), st.integers(1, 10**7))
def test_no_other_width_is_nearer(channels: list[int], wanted: int) -> None:
    def cost(widths: tuple[int, ...]) -> int:
        return sum(9 * width * width + width for width in widths)

    found = matched(tuple(channels), wanted, cost)
    nearest = min(
        (cost(scaled(tuple(channels), width)) for width in range(1, 1100)), key=lambda value: abs(value - wanted)
    )
    assert abs(cost(found.channels) - wanted) == abs(nearest - wanted)
    assert found.residual == pytest.approx(cost(found.channels) / wanted - 1)


def test_a_network_of_no_width_is_refused() -> None:
    def cost(widths: tuple[int, ...]) -> int:
        raise SpecError(Fault("wrong-value", "never"))

    with pytest.raises(SpecError, match=r"error\[no-match\]"):
        matched((8, 16), 1000, cost)
