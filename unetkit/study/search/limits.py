"""Limits of what a network may cost and must see, such as `<2M` or `>150`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from unetkit.errors import Fault, Place, UnetkitError

_LIMIT = re.compile(
    r"\s*(<=|>=|<|>)\s*([0-9][0-9_,]*(?:\.[0-9]+)?)\s*([kKMGT]?)(i?B)?\s*(?:at\s+([0-9]+(?:x[0-9]+)*)\s*)?"
)
_RULES = {
    "parameters": "a sign and a number: <2M",
    "macs": "a sign and a number, and the size of the image: <5G at 512",
    "memory": "a sign and a number of bytes: <500MB",
    "receptive_field": "a sign and a number of samples: >150",
}


@dataclass(frozen=True)
class CostLimit:
    """One limit: `sign` is one of <, <=, >, >=."""

    sign: str
    number: int
    text: str

    def holds(self, value: float) -> bool:
        """Whether a value is within the limit.

        >>> CostLimit("<", 10, "<10").holds(10), CostLimit(">=", 10, ">=10").holds(10)
        (False, True)
        """
        if self.sign[0] == "<":
            return value < self.number or (self.sign == "<=" and value == self.number)
        return value > self.number or (self.sign == ">=" and value == self.number)


@dataclass(frozen=True)
class CostLimits:
    """The limits of a search, by quantity, and the size of the image for which multiply-adds are counted."""

    by_quantity: Mapping[str, tuple[CostLimit, ...]]
    size: tuple[int, ...] | None = None
    """None: that of a training patch."""

    def within(self, quantity: str, value: float) -> bool:
        """Whether a value is within all limits of a quantity."""
        return all(limit.holds(value) for limit in self.by_quantity.get(quantity, ()))

    def json(self) -> dict[str, list[str]]:
        """The limits as they were written."""
        return {name: [limit.text for limit in limits] for name, limits in self.by_quantity.items()}


def limits_of(written: Mapping[str, str | None]) -> CostLimits:
    """The limits in texts by quantity; several of one quantity are separated by commas, as in `>50, <200`.

    Raises UnetkitError with every fault.

    >>> limits_of({"macs": "<5G at 512", "memory": None}).size
    (512,)
    """
    found: dict[str, tuple[CostLimit, ...]] = {}
    faults: list[Fault] = []
    sizes: set[tuple[int, ...]] = set()
    for quantity, text in written.items():
        if text is None:
            continue
        limits = []
        for column, part in _parts(text):
            limit = _limit(quantity, part, Place(_option(quantity), 1, column, text, max(1, len(part))))
            if isinstance(limit, Fault):
                faults.append(limit)
                continue
            limits.append(limit[0])
            sizes |= {limit[1]} if limit[1] else set()
        found[quantity] = tuple(limits)
        faults += _empty(quantity, found[quantity], text)
    if len(sizes) > 1:
        message = "multiply-adds are limited at two sizes"
        faults.append(Fault("search-limit", message, cure="Give one size."))
    if faults:
        raise UnetkitError(*faults)
    return CostLimits(found, next(iter(sizes), None))


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Yields the limits in a text, each with its column; a comma within a number is part of it."""
    column = 1
    for part in re.split(r",(?=\s*[<>])", text):
        yield column, part
        column += len(part) + 1


def _option(quantity: str) -> str:
    return f"--{quantity.replace('_', '-')}"


def _limit(quantity: str, text: str, place: Place) -> tuple[CostLimit, tuple[int, ...] | None] | Fault:
    """A limit and its size of the image, or what is wrong with it."""
    found = _LIMIT.fullmatch(text)
    rule = f"Write {_RULES[quantity]}."
    if found is None:
        return Fault("search-limit", f"{text.strip()!r} is no limit", cure=rule, place=place)
    sign, digits, prefix, unit, size = found.groups()
    if unit and quantity != "memory":
        return Fault("search-limit", f"{quantity.replace('_', ' ')} has no unit {unit}", cure=rule, place=place)
    if size and quantity != "macs":
        return Fault("search-limit", "only multiply-adds depend on a size of the image", cure=rule, place=place)
    step = 1024 if unit == "iB" else 1000
    factor = float(step) ** " kMGT".index((prefix or " ").replace("K", "k"))
    number = round(float(digits.replace("_", "").replace(",", "")) * factor)
    if number < 1:
        return Fault("search-limit", f"{text.strip()!r} is no limit: the number is 0", cure=rule, place=place)
    return CostLimit(sign, number, text.strip()), tuple(map(int, size.split("x"))) if size else None


def _empty(quantity: str, limits: tuple[CostLimit, ...], text: str) -> Iterator[Fault]:
    """Yields a fault where no number is within all limits of a quantity."""
    lower = max((one.number + (one.sign == ">") for one in limits if one.sign[0] == ">"), default=0)
    upper = min((one.number - (one.sign == "<") for one in limits if one.sign[0] == "<"), default=None)
    if upper is not None and upper < lower:
        place = Place(_option(quantity), 1, 1, text, len(text))
        message = f"nothing is {' and '.join(one.text for one in limits)}"
        yield Fault("search-limit", message, cure="Give limits that leave something between them.", place=place)
