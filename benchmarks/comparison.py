"""One quantity of unetkit beside the same of something else: measured in turn, compared as a ratio."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent
"""Where results are kept."""
RESULTS = "results.json"

Measure = Callable[[], float]


@dataclass(frozen=True)
class Comparison:
    """Pairs of measurements, in seconds or bytes; `wanted` is the ratio that must not be exceeded."""

    name: str
    ours: list[float]
    theirs: list[float]
    wanted: float
    unit: str = "s"

    @property
    def ratios(self) -> list[float]:
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """The first and the third quartile of the ratios; half of the pairs lie between."""
        if len(self.ratios) == 1:
            return self.ratio, self.ratio
        first, _, third = quantiles(self.ratios, n=4, method="inclusive")
        return first, third

    def row(self) -> list[str]:
        first, third = self.spread
        verdict = "[green]yes" if self.ratio <= self.wanted else "[red]no"
        amounts = [amount(median(values), self.unit) for values in (self.ours, self.theirs)]
        return [self.name, *amounts, f"{self.ratio:.4g}", f"{first:.4g} - {third:.4g}", f"{self.wanted:g}", verdict]


def amount(value: float, unit: str) -> str:
    """Returns a number with a unit that suits it.

    >>> amount(0.00042, "s"), amount(3.5e6, "B")
    ('0.42 ms', '3.5 MB')
    """
    scale, prefix = (1e3, "m") if unit == "s" and value < 1 else (1e-6, "M") if unit == "B" else (1.0, "")
    return f"{value * scale:.4g} {prefix}{unit}"


def timed(function: Callable[[], object], *, clock: Measure = time.perf_counter) -> Measure:
    """Returns a measure: the seconds that one call takes by a clock."""

    def measure() -> float:
        start = clock()
        function()
        return clock() - start

    return measure


def interleave(ours: Measure, theirs: Measure, *, rounds: int) -> tuple[list[float], list[float]]:
    """Returns the measurements of both, one of each in a round, after one call to warm up; 0 rounds: of that call."""
    pairs = [(ours(), theirs())]
    if not rounds:
        return [pairs[0][0]], [pairs[0][1]]
    pairs.clear()
    for turn in range(rounds):
        if turn % 2:
            second, first = theirs(), ours()
        else:
            first, second = ours(), theirs()
        pairs.append((first, second))
    return [first for first, _ in pairs], [second for _, second in pairs]


def report(title: str, comparisons: Iterable[Comparison], folder: Path = FOLDER) -> None:
    """Prints the table and puts the numbers into the results file of a folder under the title."""
    table = Table(
        "what", "unetkit", "other", "ratio", "quartiles", "wanted ≤", "met", title=title, title_justify="left"
    )
    rows = []
    for comparison in comparisons:
        table.add_row(*comparison.row())
        ratio, (first, third) = comparison.ratio, comparison.spread
        rows.append(
            {
                "name": comparison.name,
                "unit": comparison.unit,
                "unetkit": comparison.ours,
                "other": comparison.theirs,
                "ratio": {"median": ratio, "quartiles": [first, third], "wanted": comparison.wanted},
            }
        )
    Console(width=120).print(table)
    file = folder / RESULTS
    results = json.loads(file.read_text("utf-8")) if file.exists() else {}
    results["machine"] = f"{platform.machine()}, Python {platform.python_version()}"
    results[title] = rows
    file.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
