"""Escaping of foreign text for messages, terminals and tables: names, keys, values, errors of libraries."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable

LONGEST = 2_000
"""Characters of one message; a longer one loses its middle."""


def visible(text: str) -> str:
    r"""A text on one line, with control and invisible characters escaped.

    Those are line breaks, terminal controls, marks of the writing direction, and bytes that are not UTF-8.

    >>> print(visible("conv\x1b[2J\n\u202e\x9b"), visible("z\udcfcrich"))
    conv\x1b[2J\n\u202e\x9b z\xfcrich
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escape(each) for each in text)


def _escape(character: str) -> str:
    """The escape of a character; of a byte that is not UTF-8, kept as U+DC80 to U+DCFF, that of the byte."""
    number = ord(character)
    return f"\\x{number - 0xDC00:02x}" if 0xDC80 <= number <= 0xDCFF else ascii(character)[1:-1]


def one_line(text: str) -> str:
    """A `visible` text of about LONGEST characters at most; a longer one loses its middle.

    >>> one_line("a" * 2000 + "b") == "a" * 1500 + " … (2,001 characters) … " + "a" * 299 + "b"
    True
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST * 3 // 4]} … ({len(text):,} characters) … {text[-LONGEST * 3 // 20 :]}"
    return visible(text)


def printable_lines(text: str) -> str:
    r"""A text for a page: lines and tabs stay, other invisible characters are escaped.

    >>> printable_lines("a\n\tb\x00\u202e") == "a\n\tb" + r"\x00\u202e"
    True
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else visible(each) for each in text)


def table_text(rows: Iterable[Iterable[object]]) -> str:
    """A table as CSV (RFC 4180, but lines end with a line feed).

    A text that a spreadsheet would read as a formula is prefixed with an apostrophe, which `uncelled` removes. Numbers
    are written as in Python; None is an empty cell.
    """
    lines = LineList()
    csv.writer(lines, lineterminator="\r\n").writerows([*map(_celled, row)] for row in rows)
    return "".join(f"{line[:-2]}\n" for line in lines)


class LineList(list[str]):
    """A list with the interface of a file, to which csv writes lines."""

    write = list.append


def _celled(value: object) -> object:
    """A value that is safe in a cell of a spreadsheet.

    >>> [_celled(each) for each in ("=1+1", "a=1", "-0.5", -0.5, "'=1", None)]
    ["'=1+1", 'a=1', "'-0.5", -0.5, "''=1", None]
    """
    return f"'{value}" if isinstance(value, str) and re.match(r"'*[=+\-@\t\r]", value) else value


def uncelled(text: str) -> str:
    """The text of a cell of `table_text`.

    >>> [uncelled(each) for each in ("'=1+1", "''=1", "'a'")]
    ['=1+1', "'=1", "'a'"]
    """
    return text[1:] if re.match(r"'+[=+\-@\t\r]", text) else text
