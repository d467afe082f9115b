"""Conditions on sizes, as values: they can be tested for one size and solved for a family of sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from unetkit.geometry.affine import Affine, DigitChoice, Number, Unsettled


class WholeRange(NamedTuple):
    """The whole numbers first … last, where None is no end."""

    first: int | None
    last: int | None

    @property
    def empty(self) -> bool:
        """Whether there is no such number."""
        return self.first is not None and self.last is not None and self.last < self.first

    def both(self, other: WholeRange) -> WholeRange:
        """The numbers that are in both."""
        firsts = [first for first in (self.first, other.first) if first is not None]
        lasts = [last for last in (self.last, other.last) if last is not None]
        return WholeRange(max(firsts, default=None), min(lasts, default=None))

    def without(self, inner: WholeRange) -> Iterator[range]:
        """Yields the numbers of this span on both sides of an inner one, or all of it where the inner one is empty."""
        if inner.empty and self.first is not None and self.last is not None:
            yield range(self.first, self.last + 1)
            return
        if self.first is not None and inner.first is not None:
            yield range(self.first, inner.first)
        if self.last is not None and inner.last is not None:
            yield range(inner.last + 1, self.last + 1)


_ALWAYS = WholeRange(None, None)
_NEVER = WholeRange(1, 0)


class Limit(NamedTuple):
    """`margin` must be at least 0, or exactly 0 where `exact`; `code` and `rule` say why."""

    margin: Number
    exact: bool
    code: str
    rule: str

    def holds(self) -> bool:
        """Whether a limit on one size is kept."""
        margin = self.margin
        if isinstance(margin, Affine):
            raise TypeError("a family of sizes keeps a limit for some k only: use `spans`")
        return margin == 0 if self.exact else margin >= 0

    def spans(self) -> tuple[WholeRange, WholeRange]:
        """The k with which every member of a family keeps the limit, and those with which some member does.

        Raises Unsettled where that depends on the digits alone.

        >>> at_least(Affine(2, -9, (1,), (2,)), 0, "").spans()
        (WholeRange(first=5, last=None), WholeRange(first=4, last=None))
        """
        margin = self.margin if isinstance(self.margin, Affine) else Affine(0, self.margin)
        low, high = margin.bounds()
        step = margin.step
        if step == 0:
            return self._by_digits(margin, low, high)
        if step < 0:
            step, low, high = -step, -high, -low  # step·k + [low, high] ≤ 0
        if self.exact:
            some = WholeRange(-(high // step), -low // step)
            return (some if low == high and low % step == 0 else _NEVER), some
        if margin.step > 0:
            return WholeRange(-(low // step), None), WholeRange(-(high // step), None)
        return WholeRange(None, -high // step), WholeRange(None, -low // step)

    def _by_digits(self, margin: Affine, low: int, high: int) -> tuple[WholeRange, WholeRange]:
        if high < 0 or (self.exact and low > 0):
            return _NEVER, _NEVER
        if low == high or (low >= 0 and not self.exact):
            return _ALWAYS, _ALWAYS
        digit, values = margin.widest(margin.weights)
        weight, most = margin.weights[digit], values.stop - 1
        # Without the digit, the others reach from low to high: of its values, those that can still make it.
        low, high = low - min(0, weight * most), high - max(0, weight * most)
        start, stop = -(high // abs(weight)), (-low // abs(weight) if self.exact else most)
        if weight < 0:
            start, stop = (-(-low // -weight) if self.exact else 0), high // -weight
        raise Unsettled(DigitChoice(digit, range(max(0, start), min(most, stop) + 1)))


def at_least(value: Number, least: Number, rule: str, code: str = "size-too-small") -> Limit:
    """The limit value ≥ least."""
    return Limit(value - least, False, code, rule)


def equal(value: Number, other: Number, rule: str, code: str = "size-mismatch") -> Limit:
    """The limit value = other."""
    return Limit(value - other, True, code, rule)
