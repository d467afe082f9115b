"""Sizes, counts, amounts and lists as text for messages, tables and figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

AMOUNT = r"[0-9]{1,6}(\.[0-9]{1,3})? ?[MGT]i?B"
"""A pattern of amounts of memory."""
_PREFIXES = "kMGTPE"


def size_text(size: Iterable[object]) -> str:
    """A size with × between its axes.

    >>> size_text((572, 388)), size_text((132, 132, 116))
    ('572×388', '132×132×116')
    """
    return "×".join(map(str, size))


def spacing_text(spacing: Iterable[float], unit: str = "") -> str:
    """Distances between samples in four digits, with their unit.

    >>> spacing_text((0.8, 0.8, 2.5), "mm"), spacing_text((1 / 3, 1.0))
    ('0.8×0.8×2.5 mm', '0.3333×1')
    """
    return f"{size_text(f'{step:.4g}' for step in spacing)} {unit}".rstrip()


def plural(number: int, noun: str) -> str:
    """A count with its noun.

    >>> plural(1, "run"), plural(1200, "run"), plural(0, "run")
    ('1 run', '1,200 runs', '0 runs')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def magnitude(number: float, style: str = "#.3g") -> str:
    """A number with an SI prefix, in three digits or in a style of `format`.

    >>> magnitude(167_432_000_000), magnitude(31_030_658), magnitude(999_999), magnitude(640), magnitude(0.5)
    ('167 G', '31.0 M', '1.00 M', '640', '0.5')
    >>> magnitude(150_428_424_448, ".1f"), magnitude(1_500_000, ".3g")
    ('150.4 G', '1.5 M')
    """
    value, power = float(number), 0
    while float(format(abs(value), style)) >= 1000 and power < len(_PREFIXES):
        value, power = value / 1000, power + 1
    return f"{value:{style}}".rstrip(".") + f" {_PREFIXES[power - 1]}" if power else f"{number:.3g}"


def duration(seconds: float | None) -> str:
    """A duration in words, or a dash for None.

    >>> duration(75), duration(7200), duration(0.5), duration(None)
    ('75 s', '2.0 h', '0.5 s', '-')
    """
    if seconds is None:
        return "-"
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def megabytes(num_bytes: float) -> str:
    """A number of bytes in MB.

    >>> megabytes(188_743_680), megabytes(12_345_678_900)
    ('189 MB', '12,346 MB')
    """
    return f"{num_bytes / 1e6:,.0f} MB"


def gigabytes(num_bytes: float) -> str:
    """A number of bytes in GB, with one decimal or, below 1 GB, three.

    >>> gigabytes(12_345_000_000), gigabytes(500_000_000), gigabytes(67_000_000), gigabytes(0)
    ('12.3 GB', '0.5 GB', '0.067 GB', '0.0 GB')
    """
    return f"{round(num_bytes / 1e9, 1 if num_bytes >= 1e9 else 3):,} GB"


def num_bytes(text: str) -> int:
    """A number of bytes with its unit, as in 500 MB, 6GB or 1.5 GiB.

    >>> num_bytes("500 MB"), num_bytes("6GB"), num_bytes("1.5GiB")
    (500000000, 6000000000, 1610612736)
    """
    number, unit = text.rstrip("MGTiB"), text.lstrip("0123456789. ")
    power = 2 + "MGT".index(unit[0])
    base = 1024.0 if "i" in unit else 1000.0
    return round(float(number) * base**power)


def value_text(value: Any) -> str:
    """A value as YAML writes it on one line.

    >>> value_text((8, 16)), value_text({"type": "add", "align": None}), value_text(True), value_text("same")
    ('[8, 16]', '{type: add, align: null}', 'true', 'same')
    """
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {value_text(item)}' for key, item in value.items())}}}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def listed(names: Sequence[object], most: int = 5, *, last: str = ", ") -> str:
    """The first of many names; `last` separates the last if all are listed.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], last=" and "), listed(["a", "b", "c"], most=2)
    ('a, b, c', 'a, b and c', 'a, b and 1 more')
    """
    texts = list(map(str, names))
    if len(texts) > most:
        return f"{', '.join(texts[:most])} and {len(texts) - most:,} more"
    return last.join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else "".join(texts)
