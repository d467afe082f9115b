"""Text of others, as it may go into a message or to a terminal: names, keys, values, what a library said."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable

LONGEST = 2_000
"""Characters of one message; a longer one is cut in its middle."""


def visible(text: str) -> str:
    r"""Returns a text on one line, each character that a terminal would obey or not show written as an escape.

    Those are line breaks and other controls, marks that turn the direction of writing, and bytes that are no text.

    >>> print(visible("conv\x1b[2J\n\u202e\x9b"), visible("z\udcfcrich"))
    conv\x1b[2J\n\u202e\x9b z\xfcrich
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else escape(each) for each in text)


def escape(character: str) -> str:
    """Returns a character as an escape; of a byte that is no text, kept as U+DC80 to U+DCFF, that of the byte."""
    number = ord(character)
    return f"\\x{number - 0xDC00:02x}" if 0xDC80 <= number <= 0xDCFF else ascii(character)[1:-1]


def one_line(text: str) -> str:
    """Returns a visible text of at most LONGEST characters, more or less: the middle of a longer one is left out.

    >>> one_line("a" * 2000 + "b") == "a" * 1500 + " … (2,001 characters) … " + "a" * 299 + "b"
    True
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST * 3 // 4]} … ({len(text):,} characters) … {text[-LONGEST * 3 // 20 :]}"
    return visible(text)


def printable_lines(text: str) -> str:
    r"""Returns a text for a page, whose lines stay lines: other characters that are not shown are written as escapes.

    >>> printable_lines("a\n\tb\x00\u202e") == "a\n\tb" + r"\x00\u202e"
    True
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else visible(each) for each in text)


def table_text(rows: Iterable[Iterable[object]]) -> str:
    """Returns a table as CSV (RFC 4180, but lines end with a line feed).

    A text that a spreadsheet would take for a formula has an apostrophe before it; `uncelled` takes it away again.
    Numbers are as Python writes them, None is an empty cell.
    """
    lines = LineList()
    csv.writer(lines, lineterminator="\r\n").writerows([*map(celled, row)] for row in rows)
    return "".join(f"{line[:-2]}\n" for line in lines)


class LineList(list[str]):
    """Lines as a file: the writer quotes a carriage return only where its own lines end with one."""

    write = list.append


def celled(value: object) -> object:
    """Returns a value as it may stand in a cell of a spreadsheet.

    >>> [celled(each) for each in ("=1+1", "a=1", "-0.5", -0.5, "'=1", None)]
    ["'=1+1", 'a=1', "'-0.5", -0.5, "''=1", None]
    """
    return f"'{value}" if isinstance(value, str) and re.match(r"'*[=+\-@\t\r]", value) else value


def uncelled(text: str) -> str:
    """Returns the text that `celled` was given.

    >>> [uncelled(each) for each in ("'=1+1", "''=1", "'a'")]
    ['=1+1', "'=1", "'a'"]
    """
    return text[1:] if re.match(r"'+[=+\-@\t\r]", text) else text
