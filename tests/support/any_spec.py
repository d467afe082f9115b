"""Random specs of the whole language: all topologies and kinds of constructs, at times with several outputs."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

import unetkit
from unetkit.errors import SizeError, SpecError
from unetkit.testing.strategies import heads
from unetkit.testing.wide_strategies import wide_specs

AFFORDABLE = 1 << 27
"""Multiply-adds of a case that a test computes several times: a fraction of a second."""
_MISFITS = frozenset(("block-wiring", "no-effect", "wrong-value", "unknown-signal"))
"""The codes of the faults of a head that does not fit where it reads, or reads what an encoder does not leave."""


def any_spec(data: st.DataObject, **options: Any) -> unetkit.Spec:
    """Draws a spec; `options` are those of `wide_specs`."""
    spec = data.draw(wide_specs(**options))
    if data.draw(st.integers(0, 5)):
        return spec
    try:
        several = unetkit.load(spec.resolve() | {"heads": data.draw(heads(spec))})
        unetkit.plan(several)
    except SpecError as error:
        assert {fault.code for fault in error.faults} <= _MISFITS
        return spec
    return several


def is_affordable(planned: unetkit.Plan, size: tuple[int, ...]) -> bool:
    """Whether a network computes so little for an image that a test can have it computed; also where it refuses it."""
    try:
        return planned.macs(size) <= AFFORDABLE
    except SizeError:
        return True
