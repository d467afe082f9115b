"""Sets of sizes in closed form: a few exceptions below a start, then residues modulo a period."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import lcm
from typing import Any, NamedTuple

from unetkit.errors import Fault, SizeError
from unetkit.geometry.affine import Affine, Unsettled
from unetkit.geometry.limits import Limit

MAX_PERIOD = 1 << 16


class Run(NamedTuple):
    """The sizes step·k + offset for first ≤ k ≤ last (None: no end)."""

    step: int
    offset: int
    first: int
    last: int | None


class SizeSet(NamedTuple):
    """A set of sizes along one axis: those in `few`, and every n ≥ `start` with n mod `period` in `remainders`.

    `few` are all below `start`. A set without remainders is finite.
    """

    few: tuple[int, ...]
    start: int
    period: int
    remainders: tuple[int, ...]

    def __contains__(self, size: object) -> bool:
        if not isinstance(size, int):
            return False
        return size in self.few or (size >= self.start and size % self.period in self.remainders)

    def __bool__(self) -> bool:
        return bool(self.few or self.remainders)

    @property
    def minimum(self) -> int | None:
        """The smallest size in the set."""
        if self.few:
            return self.few[0]
        return self._from(self.start)

    def _from(self, size: int) -> int | None:
        size = max(size, self.start)
        gaps = [(remainder - size) % self.period for remainder in self.remainders]
        return size + min(gaps) if gaps else None

    def above(self, size: int) -> int | None:
        """Returns the smallest size in the set that is at least `size`."""
        return next((few for few in self.few if few >= size), None) or self._from(size)

    def below(self, size: int) -> int | None:
        """Returns the largest size in the set that is at most `size`."""
        gaps = [(size - remainder) % self.period for remainder in self.remainders]
        if gaps and size - min(gaps) >= self.start:
            return size - min(gaps)
        return next((few for few in reversed(self.few) if few <= size), None)

    def json(self) -> dict[str, Any]:
        """The set as plain values: minimum, period, remainders, and `also` the exceptions below the regular start."""
        values: dict[str, Any] = {
            "minimum": self.minimum,
            "period": self.period,
            "remainders": list(self.remainders),
        }
        if self.few:
            values["also"] = list(self.few)
            values["from"] = self._from(self.start)
        return values


def solve(limits: Callable[[Affine], Iterable[Limit]]) -> list[Run]:
    """Returns all sizes n ≥ 1 for which every limit holds, as runs.

    `limits` gets a residue class of sizes and yields the limits; it raises `Unsettled` where the class must be
    split further. The work depends on the strides only, never on a size.
    """
    runs: list[Run] = []
    classes = [Affine(1, 1)]
    while classes:
        sizes = classes.pop()
        first, last = 0, None
        try:
            for limit in limits(sizes):
                low, high = limit.solve()
                first = max(first, low)
                last = high if last is None else last if high is None else min(last, high)
                if last is not None and last < first:
                    break
            else:
                runs.append(Run(sizes.step, sizes.offset, first, last))
        except Unsettled as unsettled:
            classes += split(sizes, unsettled.factor)
    return runs


def split(sizes: Affine, factor: int) -> Iterator[Affine]:
    """Yields the `factor` residue classes that make up one."""
    if sizes.step * factor > MAX_PERIOD:
        message = f"the strides multiply to more than {MAX_PERIOD}: the sizes that fit repeat too rarely to be listed"
        raise SizeError(Fault("period-too-long", message, cure="Use fewer levels, or smaller strides."))
    for part in range(factor):
        yield Affine(sizes.step * factor, sizes.offset + part * sizes.step)


def collect(runs: list[Run]) -> SizeSet:
    """Returns the union of the runs, with the smallest period and the earliest start that describe it."""
    endless = [run for run in runs if run.last is None]
    ending = {n for run in runs if run.last is not None for n in members(run, 0)}
    period = lcm(*(run.step for run in endless))
    remainders = {(run.offset + part * run.step) % period for run in endless for part in range(period // run.step)}
    start = max([1, *(run.offset + run.first * run.step for run in endless), *(n + 1 for n in ending)])
    few = ending | {n for run in endless for n in members(run, start)}
    period, remainders = shortest(period, remainders)
    while start > 1 and ((start - 1) in few) == ((start - 1) % period in remainders):
        start -= 1
        few.discard(start)
    return SizeSet(tuple(sorted(few)), start, period, tuple(sorted(remainders)))


def members(run: Run, end: int) -> Iterator[int]:
    """Yields the sizes of a run below `end`, or all of a run that ends."""
    last = run.last if run.last is not None else (end - 1 - run.offset) // run.step
    for k in range(run.first, last + 1):
        yield run.offset + k * run.step


def shortest(period: int, remainders: set[int]) -> tuple[int, set[int]]:
    """Returns the smallest divisor of `period` by which the remainders repeat, and the remainders modulo it."""
    for divisor in range(1, period):
        if period % divisor == 0:
            folded = {remainder % divisor for remainder in remainders}
            if len(folded) * (period // divisor) == len(remainders):
                return divisor, folded
    return period, remainders
