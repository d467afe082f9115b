"""Numbers step·k + offset: one residue class of sizes, pushed through the same formulas as a single size."""

from __future__ import annotations

from dataclasses import dataclass


class Unsettled(ArithmeticError):
    """A floor division whose result is not affine in k; `factor` more residue classes settle it."""

    def __init__(self, factor: int) -> None:
        super().__init__(factor)
        self.factor = factor


@dataclass(slots=True, unsafe_hash=True)
class Affine:
    """step·k + offset for k = 0, 1, 2 …; not frozen, which would take three times as long, but never changed.

    >>> (Affine(16, 12) - 4) // 2
    Affine(step=8, offset=4)
    """

    step: int
    offset: int

    def __add__(self, other: Number) -> Affine:
        if isinstance(other, Affine):
            return Affine(self.step + other.step, self.offset + other.offset)
        return Affine(self.step, self.offset + other)

    __radd__ = __add__

    def __neg__(self) -> Affine:
        return Affine(-self.step, -self.offset)

    def __sub__(self, other: Number) -> Affine:
        return self + -other

    def __rsub__(self, other: int) -> Affine:
        return -self + other

    def __mul__(self, factor: int) -> Affine:
        return Affine(self.step * factor, self.offset * factor)

    __rmul__ = __mul__

    def __floordiv__(self, divisor: int) -> Affine:
        if self.step % divisor:
            raise Unsettled(divisor)
        return Affine(self.step // divisor, self.offset // divisor)

    def __mod__(self, divisor: int) -> int:
        if self.step % divisor:
            raise Unsettled(divisor)
        return self.offset % divisor


Number = int | Affine


class Drifting(ArithmeticError):
    """A number that should be the same for all sizes of a residue class, and is not."""


def fixed(number: Number) -> int:
    """Returns a number that is the same for every k; raises Drifting where it is not."""
    if not isinstance(number, Affine):
        return number
    if number.step:
        raise Drifting(number)
    return number.offset
