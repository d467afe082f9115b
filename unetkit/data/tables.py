"""Tables as people and spreadsheets write them: CSV or TSV in any usual encoding, with names of columns on top."""

from __future__ import annotations

import csv
from pathlib import Path

from unetkit.errors import Fault, FileError
from unetkit.wording import listed

NAME_COLUMNS = frozenset({
    "name", "names", "image", "images", "img", "file", "files", "filename", "file_name", "filepath", "file_path",
    "path", "id", "image_id", "imageid", "image_name", "imagename", "case", "case_id", "key", "stem",
})  # fmt: skip
"""Names of the column with the names of images, as `column_key` gives them."""
SUFFIXES = (".csv", ".tsv", ".txt", ".lst")
_BYTE_ORDER_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


def text_of(path: Path) -> str:
    """The text of a file in UTF-8, in UTF-16 with a byte order mark, or in the Western code page of Windows."""
    content = path.read_bytes()
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content.decode(encoding)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def rows_of(text: str) -> list[list[str]]:
    """The cells of each row that has any, without the spaces around them."""
    lines = [line for line in text.splitlines() if line.strip(" \t,;\0")]
    if lines and lines[0].lower().startswith("sep="):
        lines = lines[1:]
    first = lines[0] if lines else ""
    delimiter = max(",;\t", key=first.count)  # the comma where there is none
    return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]


def column_key(text: object) -> str:
    """The name of a column in lower case, without spaces.

    >>> column_key(" Image ID ")
    'image_id'
    """
    return "_".join(str(text).casefold().replace("-", " ").replace("_", " ").split())


def read_columns(path: Path, columns: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """The name and the cells of some columns in each row of a table.

    Raises FileError where the table cannot be read, or lacks a column.
    """
    try:
        if path.suffix.lower() not in SUFFIXES:
            raise ValueError(f"it is none of {', '.join(SUFFIXES)}; a spreadsheet can be saved as CSV")
        header, *rows = rows_of(text_of(path)) or [[]]
    except (OSError, ValueError, csv.Error) as error:
        raise FileError(Fault("table", f"{path} cannot be read as a table: {error}")) from error
    keys = [column_key(cell) for cell in header]
    name = next((index for index, key in enumerate(keys) if key in NAME_COLUMNS), None)
    if name is None:
        message = f"{path} has no column of image names, but {listed(header, 8) or 'nothing'}"
        raise FileError(Fault("table", message, cure="Call it name."))
    chosen = []
    for column in columns:
        found = [index for index, key in enumerate(keys) if key == column_key(column)]
        if len(found) != 1:
            message = (
                f"{path} has {len(found) or 'no'} columns {column!r}" if found else f"{path} has no column {column!r}"
            )
            raise FileError(Fault("table", message, cure=f"It has {listed(header, 8)}."))
        chosen += found
    filled = [row + [""] * (len(header) - len(row)) for row in rows]
    return [(row[name], tuple(row[index] for index in chosen)) for row in filled]
