"""The union of families of sizes, in the shortest closed form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import lcm

from unetkit.geometry.affine import Affine
from unetkit.geometry.residues import MAX_LISTED, MAX_PERIOD, Run, SizeSet, too_rare

_Range = tuple[int, int]
"""The numbers low … high, both included."""


def collect(runs: list[Run]) -> SizeSet:
    """The union of the runs, with the smallest period and the earliest start that describe it.

    Raises SizeError where it would be too long a list.
    """
    endless = [run for run in runs if run.last is None]
    period, remainders = _shortest(*residues(endless))
    ends = [run.sizes.step * (run.first if run.last is None else run.last) + run.sizes.bounds()[1] for run in runs]
    stop = max(ends, default=0) + 1
    below = _merged(piece for run in runs for piece in _members(run, stop))
    start = _regular_from(below, repeated(period, remainders, stop - 1))
    few = listed((low, min(high, start - 1)) for low, high in below if low < start)
    return SizeSet(few, start, period, listed(remainders))


def residues(endless: list[Run]) -> tuple[int, list[_Range]]:
    """The common period of runs that do not end, and their remainders."""
    period = lcm(*(run.sizes.step for run in endless))
    if period > MAX_PERIOD:
        raise too_rare(f"together they repeat after more than {MAX_PERIOD:,}")
    found: list[_Range] = []
    for run in endless:
        step = run.sizes.step
        copies = checked((low, high) for low, high in _pieces(run.sizes))
        if step < period:
            copies = checked((low + part, high + part) for low, high in copies for part in range(0, period, step))
        for low, high in copies:
            high -= low - low % period
            low %= period
            found += [(low, high)] if high < period else [(low, period - 1), (0, min(high - period, period - 1))]
    return period, _merged(found)


def _pieces(sizes: Affine) -> list[_Range]:
    """The ranges of what digits and offset of a family add up to."""
    length, outer = 1, list[tuple[int, int]]()
    offset = sizes.bounds()[0]
    for weight, width in sorted(
        (abs(weight), width) for weight, width in zip(sizes.weights, sizes.widths, strict=True)
    ):
        if weight <= length and not outer:
            length += weight * (width - 1)
        elif weight:
            outer.append((weight, width))
    starts = [offset]
    for weight, width in outer:
        if len(starts) * width > MAX_LISTED:
            raise too_rare(f"more than {MAX_LISTED:,} remainders")
        starts = [start + weight * digit for start in starts for digit in range(width)]
    return [(start, start + length - 1) for start in starts]


def _shortest(period: int, remainders: list[_Range]) -> tuple[int, list[_Range]]:
    """The smallest divisor of `period` by which the remainders repeat, and the remainders modulo it."""
    for prime in _primes(period):
        while period % prime == 0:
            part = period // prime
            moved = [(low + part, high + part) for low, high in remainders]
            wrapped = [piece for low, high in moved for piece in wrap(low, high, period)]
            if _merged(wrapped) != remainders:
                break
            period, remainders = part, _merged((low, min(high, part - 1)) for low, high in remainders if low < part)
    return period, remainders


def wrap(low: int, high: int, period: int) -> list[_Range]:
    """A range that begins below twice the period modulo the period."""
    if low >= period:
        return [(low - period, high - period)]
    return [(low, high)] if high < period else [(low, period - 1), (0, high - period)]


def _primes(number: int) -> list[int]:
    """The primes that divide a number.

    >>> _primes(360)
    [2, 3, 5]
    """
    found, divisor = [], 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            found.append(divisor)
            while number % divisor == 0:
                number //= divisor
        divisor += 1
    return [*found, number] if number > 1 else found


def _members(run: Run, stop: int) -> list[_Range]:
    """The sizes of a run below `stop`."""
    sizes, first = run.sizes, run.first
    inner = _pieces(sizes)
    if not sizes.step:
        return inner
    last = (stop - 1 - sizes.bounds()[0]) // sizes.step if run.last is None else run.last
    if len(inner) == 1 and inner[0][1] - inner[0][0] + 1 >= sizes.step:  # they touch each other
        shift = sizes.step * first
        return [(inner[0][0] + shift, min(stop - 1, inner[0][1] + sizes.step * last))]
    if (last - first + 1) * len(inner) > 8 * MAX_LISTED:
        raise too_rare(f"more than {8 * MAX_LISTED:,} sizes are exceptions")
    moved = ((low + sizes.step * k, high + sizes.step * k) for k in range(first, last + 1) for low, high in inner)
    return [(low, min(high, stop - 1)) for low, high in moved if low < stop]


def repeated(period: int, remainders: list[_Range], end: int) -> Iterator[_Range]:
    """Yields the numbers 1 … end with such remainders as ranges that do not touch, from the last one down."""
    if not remainders or end < 1:
        return
    if remainders == [(0, period - 1)]:
        yield 1, end
        return
    above: _Range | None = None
    for base in range(end - end % period, -period, -period):
        for low, high in reversed(remainders):
            low, high = max(1, base + low), min(end, base + high)
            if high < low:
                continue
            if above is not None and high + 1 == above[0]:
                above = low, above[1]
                continue
            if above is not None:
                yield above
            above = low, high
    if above is not None:
        yield above


def _regular_from(below: list[_Range], rule: Iterator[_Range]) -> int:
    """The first number from which on two sets, as ranges that do not touch, are the same."""
    for low, high in reversed(below):
        regular = next(rule, None)
        if regular is None or regular[1] != high:
            return max(high, regular[1] if regular else 0) + 1
        if regular[0] != low:
            return max(low, regular[0])
    regular = next(rule, None)
    return regular[1] + 1 if regular else 1


def _merged(ranges: Iterable[_Range]) -> list[_Range]:
    """The union of ranges as ranges that do not touch, in order.

    >>> _merged([(4, 6), (1, 3), (9, 9)])
    [(1, 6), (9, 9)]
    """
    found: list[_Range] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return found


def checked(ranges: Iterable[_Range]) -> list[_Range]:
    """The ranges as a list; raises SizeError where it would be too long."""
    found = []
    for one in ranges:
        found.append(one)
        if len(found) > MAX_LISTED:
            raise too_rare(f"more than {MAX_LISTED:,} remainders")
    return found


def listed(ranges: Iterable[_Range]) -> tuple[int, ...]:
    """The numbers in ranges one by one; raises SizeError where they are too many."""
    whole = list(ranges)
    if sum(high - low + 1 for low, high in whole) > MAX_LISTED:
        raise too_rare(f"more than {MAX_LISTED:,} remainders or exceptions")
    return tuple(n for low, high in whole for n in range(low, high + 1))
