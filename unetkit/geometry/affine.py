"""Numbers step·k + Σ weight·digit + offset: a family of sizes, pushed through the same formulas as a single size.

k is any integer, and each digit runs from 0 to its width − 1 on its own. A floor division by a stride gives the family
a further digit, the remainder. So a network of many strides needs one family, not one for each remainder of their
product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd
from typing import NamedTuple


class Refinement(NamedTuple):
    """k = factor·k' + digit − shift, with a new digit of `factor` values."""

    factor: int
    shift: int


class DigitChoice(NamedTuple):
    """The values that a digit may take; the digit is gone in the families for each of them."""

    digit: int
    values: range


class Unsettled(ArithmeticError):
    """A question whose answer is not the same for a whole family; `step` says which smaller families to ask."""

    def __init__(self, step: Refinement | DigitChoice) -> None:
        super().__init__(step)
        self.step = step


@dataclass(slots=True, unsafe_hash=True)
class Affine:
    """step·k + Σ weight·digit + offset; not frozen, which would take three times as long, but never changed.

    >>> (Affine(16, 12) - 4) // 2
    Affine(step=8, offset=4, weights=(), widths=())
    >>> Affine(4, 5, (1,), (2,)) // 4, Affine(2, 5) % 2
    (Affine(step=1, offset=1, weights=(0,), widths=(2,)), 1)
    """

    step: int
    offset: int
    weights: tuple[int, ...] = ()
    widths: tuple[int, ...] = ()
    """How many values each digit has."""

    def __add__(self, other: Number) -> Affine:
        if not isinstance(other, Affine):
            return Affine(self.step, self.offset + other, self.weights, self.widths)
        step, offset = self.step + other.step, self.offset + other.offset
        if not self.weights:
            return Affine(step, offset)
        weights = tuple([one + two for one, two in zip(self.weights, other.weights, strict=True)])
        return Affine(step, offset, weights, self.widths)

    __radd__ = __add__

    def __neg__(self) -> Affine:
        return self * -1

    def __sub__(self, other: Number) -> Affine:
        return self + -other

    def __rsub__(self, other: int) -> Affine:
        return -self + other

    def __mul__(self, factor: int) -> Affine:
        weights = tuple([weight * factor for weight in self.weights]) if self.weights else ()
        return Affine(self.step * factor, self.offset * factor, weights, self.widths)

    __rmul__ = __mul__

    def __floordiv__(self, divisor: int) -> Affine:
        return self.divided(divisor)[0]

    def __mod__(self, divisor: int) -> Number:
        return self.divided(divisor)[1]

    def __divmod__(self, divisor: int) -> tuple[Affine, Number]:
        return self.divided(divisor)

    def __lt__(self, other: Number) -> bool:
        return (self - other).sign() < 0

    def __gt__(self, other: Number) -> bool:
        return (self - other).sign() > 0

    def divided(self, divisor: int) -> tuple[Affine, Number]:
        """Returns quotient and remainder, where the remainder does not depend on k; raises Unsettled where it does."""
        step, offset = self.step, self.offset
        if step % divisor:
            raise Unsettled(self.refinement(divisor))
        if not self.weights:
            return Affine(step // divisor, offset // divisor), offset % divisor
        half = (divisor - 1) // 2
        rests = [(weight + half) % divisor - half for weight in self.weights]
        found = self._quotient(divisor, rests)
        if found is None and divisor % 2 == 0:  # half of it may as well count downwards
            found = self._quotient(divisor, [-rest if 2 * rest == divisor else rest for rest in rests])
        if found is None:
            raise Unsettled(DigitChoice(*self.widest(rests)))
        return found

    def _quotient(self, divisor: int, rests: list[int]) -> tuple[Affine, Number] | None:
        """Returns quotient and remainder where all values of Σ rest·digit + offset have the same quotient."""
        low, high = _extremes(self.offset, rests, self.widths)
        whole = low // divisor
        if whole != high // divisor:
            return None
        weights = tuple([(weight - rest) // divisor for weight, rest in zip(self.weights, rests, strict=True)])
        quotient = Affine(self.step // divisor, whole, weights, self.widths)
        left = self.offset - whole * divisor
        return quotient, Affine(0, left, tuple(rests), self.widths) if any(rests) else left

    def refinement(self, divisor: int) -> Refinement:
        """How to divide k so that a division is settled by the new digit, or comes nearer to that."""
        factor = divisor // gcd(self.step, divisor)
        for shift in range(factor):
            finer = self.refined(Refinement(factor, shift))
            half = (divisor - 1) // 2
            rests = [(weight + half) % divisor - half for weight in finer.weights]
            if finer._quotient(divisor, rests):
                return Refinement(factor, shift)
        return Refinement(factor, 0)

    def refined(self, by: Refinement) -> Affine:
        """The same numbers, with one digit more."""
        factor, shift = by
        weights, widths = (*self.weights, self.step), (*self.widths, factor)
        return Affine(self.step * factor, self.offset - self.step * shift, weights, widths)

    def chosen(self, digit: int, value: int) -> Affine:
        """The numbers of one value of a digit."""
        offset = self.offset + self.weights[digit] * value
        weights = self.weights[:digit] + self.weights[digit + 1 :]
        return Affine(self.step, offset, weights, self.widths[:digit] + self.widths[digit + 1 :])

    def at(self, k: int) -> Affine:
        """The numbers of one k."""
        return Affine(0, self.offset + self.step * k, self.weights, self.widths)

    def parts(self, by: Refinement | DigitChoice) -> Iterator[Affine]:
        """Yields the smaller families that make up this one, as far as they are wanted."""
        if isinstance(by, Refinement):
            yield self.refined(by)
        else:
            yield from (self.chosen(by.digit, value) for value in by.values)

    def bounds(self) -> tuple[int, int]:
        """The least and the most that digits and offset add up to."""
        return _extremes(self.offset, self.weights, self.widths)

    def widest(self, weights: list[int] | tuple[int, ...]) -> tuple[int, range]:
        """The digit on which most depends, by the given weights, and its values."""
        digit = max(range(len(weights)), key=lambda one: abs(weights[one]) * (self.widths[one] - 1))
        return digit, range(self.widths[digit])

    def sign(self) -> int:
        """Returns −1, 0 or 1; raises Unsettled where it differs within the family, and Drifting where it grows."""
        if self.step:
            raise Drifting(self)
        low, high = self.bounds()
        if low > 0 or high < 0 or low == high:
            return (low > 0) - (low < 0)
        raise Unsettled(DigitChoice(*self.widest(self.weights)))


def _extremes(offset: int, weights: list[int] | tuple[int, ...], widths: tuple[int, ...]) -> tuple[int, int]:
    """The least and the most that offset and weighted digits add up to."""
    low = high = offset
    for weight, width in zip(weights, widths, strict=True):
        if weight > 0:
            high += weight * (width - 1)
        else:
            low += weight * (width - 1)
    return low, high


Number = int | Affine


class Drifting(ArithmeticError):
    """A number that should be the same for all sizes of a family, and is not."""


def fixed(number: Number) -> int:
    """A number that is the same for a whole family; raises Drifting or Unsettled where it is not."""
    if not isinstance(number, Affine):
        return number
    if number.step:
        raise Drifting(number)
    low, high = number.bounds()
    if low != high:
        raise Unsettled(DigitChoice(*number.widest(number.weights)))
    return low
