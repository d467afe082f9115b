"""Conditions on sizes, as values: they can be tested for one size and solved for a residue class."""

from __future__ import annotations

from typing import NamedTuple

from unetkit.geometry.affine import Affine, Number


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
            raise TypeError("a residue class keeps a limit for some k only: use `solve`")
        return margin == 0 if self.exact else margin >= 0

    def solve(self) -> tuple[int, int | None]:
        """Returns the first and last k ≥ 0 for which a residue class keeps the limit.

        Where there is no last one it is None; where there is none at all, (1, 0).
        """
        margin = self.margin if isinstance(self.margin, Affine) else Affine(0, self.margin)
        step, offset = margin.step, margin.offset
        if step == 0:
            kept = offset == 0 if self.exact else offset >= 0
            return (0, None) if kept else (1, 0)
        if self.exact:
            k = -offset // step
            return (k, k) if k >= 0 and k * step + offset == 0 else (1, 0)
        if step > 0:
            return max(0, -(offset // step)), None
        return 0, offset // -step


def at_least(value: Number, least: Number, rule: str, code: str = "size-too-small") -> Limit:
    """Returns the limit value ≥ least."""
    return Limit(value - least, False, code, rule)


def equal(value: Number, other: Number, rule: str, code: str = "size-mismatch") -> Limit:
    """Returns the limit value = other."""
    return Limit(value - other, True, code, rule)
