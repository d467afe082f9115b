"""The score table as tidy CSV: one row for each run, image and class. Every number of a report follows from it."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator, Sequence
from math import nan
from pathlib import Path

from unetkit.errors import Fault, Place
from unetkit.quoting import table_text, uncelled
from unetkit.study.results.results import KEYS, ScoreTable, StudyError
from unetkit.writing import write_whole


def write_scores(scores: ScoreTable, path: Path) -> None:
    """Writes the table atomically. Numbers are read back exactly; NaN is an empty field."""
    write_whole(path, table_text([(*KEYS, *scores.metrics), *rows(scores)]).encode())


def rows(scores: ScoreTable) -> Iterator[tuple[object, ...]]:
    """Yields the rows of the table."""
    values = ([("" if value != value else value) for value in column] for column in scores.metrics.values())
    columns = (scores.arm, scores.seed, scores.fraction, scores.image, scores.label, *values)
    return zip(*columns, strict=True)


def read_scores(path: Path) -> ScoreTable:
    """Reads a file written by `write_scores`; raises StudyError with the faulty line."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *body = ([*map(uncelled, row)] for row in csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no CSV table"
        raise StudyError(Fault("scores-unreadable", f"{path} cannot be read: {reason}")) from error
    names = header[len(KEYS) :]
    if tuple(header[: len(KEYS)]) != KEYS or not names or len(set(header)) != len(header):
        message = f"the columns are {','.join(header)}"
        cure = f"They have to be {','.join(KEYS)} and the metrics, each once."
        raise StudyError(Fault("scores-columns", message, cure=cure, place=Place(str(path), 1, 1)))
    for number, row in enumerate(body, 2):
        if len(row) != len(header):
            raise broken(path, number, f"{len(row)} values for {len(header)} columns")
    columns = list(zip(*body, strict=True)) or [()] * len(header)
    arm, seed, fraction, image, label, *values = columns
    return ScoreTable(
        arm,
        [int(value) for value in numbers(path, "seed", seed)],
        numbers(path, "fraction", fraction),
        image,
        label,
        {name: numbers(path, name, column, empty=True) for name, column in zip(names, values, strict=True)},
    )


def numbers(path: Path, name: str, column: Sequence[str], *, empty: bool = False) -> array[float]:
    """A column of numbers; an empty field is NaN where `empty` allows it."""
    try:
        return array("d", [nan if empty and not text else float(text) for text in column])
    except ValueError:
        number, text = next(each for each in enumerate(column, 2) if not _is_number(each[1], empty))
        raise broken(path, number, f"{name}: {text!r} is no number") from None


def _is_number(text: str, empty: bool) -> bool:
    """Whether a field is a number."""
    try:
        float(text)
    except ValueError:
        return empty and not text
    return True


def broken(path: Path, line: int, message: str) -> StudyError:
    """The error about a line of the table."""
    return StudyError(Fault("scores-row", message, cure="Write the report anew.", place=Place(str(path), line, 1)))
