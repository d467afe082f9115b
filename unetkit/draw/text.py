"""Text widths without a font library, and labels of sizes."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from unetkit.wording import size_text

FAMILY = "DejaVu Sans, Verdana, sans-serif"
_ELLIPSIS = "…"

# Advance widths in 1/2048 em, from the `hmtx` tables of the two fonts in `fonts/` (a test compares them).
UNITS = 2048
CHARACTERS = "".join(map(chr, range(32, 127))) + "·×²³µ°±–—…←↑→↓−≈≤≥∞αβγλσÆØßæøð"
_REGULAR = """
    651 821 942 1716 1303 1946 1597 563 799 799 1024 1716 651 739 651 690 1303 1303 1303 1303 1303 1303 1303 1303
    1303 1303 690 690 1716 1716 1716 1087 2048 1401 1405 1430 1577 1294 1178 1587 1540 604 604 1343 1141 1767 1532
    1612 1235 1612 1423 1300 1251 1499 1401 2025 1403 1251 1403 799 690 799 1716 1024 1024 1255 1300 1126 1300 1260
    721 1300 1298 569 569 1186 569 1995 1298 1253 1300 1300 842 1067 803 1298 1212 1675 1212 1212 1075 1303 690 1303
    1716 651 1716 821 821 1303 1024 1716 1024 2048 2048 1716 1716 1716 1716 1716 1716 1716 1716 1706 1350 1307 1212
    1212 1298 1995 1612 1290 2011 1253 1253
"""
_BOLD = """
    713 934 1067 1716 1425 2052 1786 627 936 936 1071 1716 778 850 778 748 1425 1425 1425 1425 1425 1425 1425 1425
    1425 1425 819 819 1716 1716 1716 1188 2048 1585 1561 1503 1700 1399 1399 1681 1714 762 762 1587 1305 2038 1714
    1741 1501 1741 1577 1475 1397 1663 1585 2259 1579 1483 1485 936 748 936 1716 1024 1024 1382 1466 1214 1466 1389
    891 1466 1458 702 702 1362 702 2134 1458 1407 1466 1466 1010 1219 979 1458 1335 1892 1321 1335 1192 1458 748
    1458 1716 778 1716 897 897 1507 1024 1716 1024 2048 2048 1716 1716 1716 1716 1716 1716 1716 1716 1706 1407 1466
    1395 1296 1595 2222 1741 1473 2146 1407 1407
"""


def _advances(table: str) -> dict[str, int]:
    """The advance width of every character of a table."""
    return dict(zip(CHARACTERS, map(int, table.split()), strict=True))


_ADVANCES = {False: _advances(_REGULAR), True: _advances(_BOLD)}


@lru_cache(4096)
def width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of `text` in pixels: an accent adds nothing, an unknown character 1 em.

    >>> round(width("572²", 10), 1)
    23.1
    """
    table = _ADVANCES[bold]
    letters = unicodedata.normalize("NFD", text)
    return sum(table.get(letter, UNITS * (not unicodedata.combining(letter))) for letter in letters) * size / UNITS


def fit(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """`text`, shortened with an ellipsis if it does not fit.

    >>> fit("a long legend", 60, 10)
    'a long leg…'
    """
    if width(text, size, bold=bold) <= room:
        return text
    used, kept = width(_ELLIPSIS, size, bold=bold), 0
    while (used := used + width(text[kept], size, bold=bold)) <= room:
        kept += 1
    return text[:kept].rstrip() + _ELLIPSIS


def size_label(size: tuple[int, ...]) -> str:
    """The label of a size.

    >>> size_label((572, 572)), size_label((132, 132, 116)), size_label((64, 64, 64)), size_label((4096,))
    ('572²', '132×132×116', '64³', '4096')
    """
    powers = {2: "²", 3: "³"}
    if len(set(size)) == 1 and len(size) in powers:
        return f"{size[0]}{powers[len(size)]}"
    return size_text(size)


def parts(counted: Sequence[str]) -> str:
    """The labels in order, with equal neighbours counted, and equal sequences of them too.

    >>> parts(["conv 3×3", "conv 3×3", "add"])
    '2 × conv 3×3, add'
    >>> parts([*["conv 3×3", "conv 3×3", "add"] * 3, "conv 1×1"])
    '3 × (2 × conv 3×3, add), conv 1×1'
    """
    runs = [(label, len(list(same))) for label, same in groupby(counted)]
    texts = [f"{count} × {label}" if count > 1 else label for label, count in runs]
    found: list[str] = []
    index = 0
    while index < len(texts):
        length, times = _repetition(texts[index:])
        while times > 1 and texts[index : index + 1] == texts[index + length * times : index + length * times + 1]:
            found.append(texts[index])  # rather the same sequences later, so that they end with the last text
            index += 1
        sequence = ", ".join(texts[index : index + length])
        found.append(f"{times} × ({sequence})" if times > 1 else sequence)
        index += length * times
    return ", ".join(found)


def _repetition(texts: Sequence[str]) -> tuple[int, int]:
    """The length of the sequence at the start that repeats over the most texts, and how often; (1, 1) for none.

    >>> _repetition(["a", "b", "a", "b", "c"]), _repetition(["a", "b", "c"])
    ((2, 2), (1, 1))
    """
    best = (1, 1)
    for length in range(2, len(texts) // 2 + 1):
        times = 1
        while texts[length * times : length * (times + 1)] == texts[:length]:
            times += 1
        if times > 1 and length * times > best[0] * best[1]:
            best = (length, times)
    return best
