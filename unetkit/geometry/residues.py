"""Sets of sizes in closed form: a few exceptions below a start, then residues modulo a period."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from unetkit.errors import Fault, SizeError
from unetkit.geometry.affine import Affine, DigitChoice, Refinement, Unsettled
from unetkit.geometry.limits import Limit, WholeRange, at_least

MAX_PERIOD = 1 << 20
"""Samples after which the sizes that fit must repeat: what repeats more rarely has no size of an image."""
MAX_FAMILIES = 400
"""Families of sizes that are looked at for one set: the work that 2 kB of YAML can ask for."""
MAX_LISTED = 1 << 12
"""Sizes or remainders that are listed for one set."""


class Run(NamedTuple):
    """The members of a family of sizes for first ≤ k ≤ last (None: no end)."""

    sizes: Affine
    first: int
    last: int | None

    def parts(self, by: Refinement | DigitChoice) -> Iterator[Run]:
        """Yields the runs of smaller families that make up this one."""
        if isinstance(by, DigitChoice):
            yield from (Run(sizes, self.first, self.last) for sizes in self.sizes.parts(by))
            return
        factor = by.factor
        for part in range(factor):  # k = factor·k' + part: where k begins and ends, not all parts have the same k'
            sizes = self.sizes.refined(Refinement(factor, 0))
            last = None if self.last is None else (self.last - part) // factor
            first = -((part - self.first) // factor)
            if last is None or first <= last:
                yield Run(sizes.chosen(len(sizes.weights) - 1, part), first, last)


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

    @property
    def maximum(self) -> int | None:
        """The largest size in a finite set; None where there is none."""
        return None if self.remainders or not self.few else self.few[-1]

    @property
    def regular(self) -> SizeSet:
        """The sizes from `start` on; of a finite set its largest, and those above it, which are then refused.

        >>> SizeSet((16, 24), 25, 1, ()).regular
        SizeSet(few=(), start=24, period=1, remainders=(0,))
        """
        return self._replace(few=()) if self.remainders else SizeSet((), self.maximum or 1, 1, (0,))

    def _from(self, size: int) -> int | None:
        size = max(size, self.start)
        gaps = [(remainder - size) % self.period for remainder in self.remainders]
        return size + min(gaps) if gaps else None

    def above(self, size: int) -> int | None:
        """The smallest size in the set that is at least `size`."""
        return next((few for few in self.few if few >= size), None) or self._from(size)

    def below(self, size: int) -> int | None:
        """The largest size in the set that is at most `size`."""
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
    """All sizes n ≥ 1 for which every limit holds, as runs.

    `limits` gets a family of sizes and yields the limits; it raises `Unsettled` where the family must be divided
    further. The work depends on how many strides and limits there are, never on a size or on the period. Raises
    SizeError where that would be too much.
    """
    runs: list[Run] = []
    waiting = [Affine(1, 0)]
    looked_at = 0
    while waiting:
        looked_at += 1
        if looked_at + len(waiting) > MAX_FAMILIES:
            raise too_rare(f"more than {MAX_FAMILIES} cases would have to be told apart")
        sizes = waiting.pop()
        if abs(sizes.step) > MAX_PERIOD:
            raise too_rare(f"the strides multiply to more than {MAX_PERIOD:,}")
        try:
            run, further = _settled(sizes, limits)
        except Unsettled as unsettled:
            waiting += sizes.parts(unsettled.step)
        else:
            runs += run
            waiting += further
    return runs


def _settled(sizes: Affine, limits: Callable[[Affine], Iterable[Limit]]) -> tuple[list[Run], list[Affine]]:
    """The run of a family whose members all keep the limits, and those k of it for which only some do."""
    every, some = WholeRange(None, None), WholeRange(None, None)
    for limit in chain([at_least(sizes, 1, "an image has a sample")], limits(sizes)):
        one, other = limit.spans()
        every, some = every.both(one), some.both(other)
        if some.empty:
            return [], []
    if sizes.step == 0:
        return [Run(sizes, 0, 0)], []
    edges = list(some.without(every))
    if sum(map(len, edges)) > MAX_FAMILIES:
        raise too_rare(f"more than {MAX_FAMILIES} sizes are exceptions")
    assert every.first is not None, "sizes begin at 1"
    runs = [] if every.empty else [Run(sizes, every.first, every.last)]
    return runs, [sizes.at(k) for edge in edges for k in edge]


def too_rare(reason: str) -> SizeError:
    """The error for sizes that cannot be listed."""
    message = f"the sizes that fit repeat too rarely to be listed: {reason}"
    return SizeError(Fault("period-too-long", message, cure="Use fewer levels, or smaller strides."))
