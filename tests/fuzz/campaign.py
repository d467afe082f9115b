"""Runs cases for some time, and counts."""

from __future__ import annotations

import json
import resource
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.command import SLOW, Answer
from tests.fuzz.findings import keep, within
from tests.fuzz.folders import Folders
from tests.fuzz.images import Images
from tests.fuzz.kind import Kind
from tests.fuzz.models import Models
from tests.fuzz.networks import Networks
from tests.fuzz.signals import Signals
from tests.fuzz.texts import Texts

KINDS: dict[str, type[Kind]] = {kind.name: kind for kind in (Texts, Folders, Models, Images, Networks, Signals)}
KEPT = 40
"""Findings of one sort that are kept."""


@dataclass
class Counts:
    """What a campaign has done: cases and answers by kind, problems by sort, the slowest answers, the most memory."""

    cases: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    seconds: Counter[str] = field(default_factory=Counter)
    """Of computing, by kind."""
    memory: int = 0
    """Bytes resident at the most."""
    imports: int = 0
    """Of those, what was resident before the first case: libraries."""

    def count(self, kind: str, found: Answer) -> None:
        """Counts an answer."""
        self.answers[kind] += 1
        self.refused[kind] += found.code == 1
        self.seconds[kind] += found.seconds  # type: ignore[assignment]  # a Counter adds what it is given
        self.problems.update(f"{kind}: {problem}" for problem in found.problems)
        self.slowest = sorted([*self.slowest, (round(found.seconds, 2), " ".join(found.command)[:100])])[-5:]

    def json(self) -> dict[str, Any]:
        """The counts as plain values."""
        return dict(vars(self))

    def add(self, other: dict[str, Any]) -> None:
        """Adds the counts of another process."""
        for name in ("cases", "answers", "refused", "problems", "seconds"):
            getattr(self, name).update(other[name])
        self.slowest = sorted([*self.slowest, *map(tuple, other["slowest"])])[-5:]
        self.memory = max(self.memory, other["memory"])
        self.imports = max(self.imports, other["imports"])


@dataclass
class Campaign:
    """Some kinds of input, tried one after the other so that each has its share of the time."""

    seed: str
    work: Path
    """Where inputs are made."""
    kept: Path
    """Where those go that fell."""
    names: tuple[str, ...] = tuple(KINDS)
    counts: Counts = field(default_factory=Counts)

    def run(self, *, seconds: float = float("inf"), cases: int | None = None) -> Counts:
        """Tries inputs for so long, or so many of each kind, and returns the counts."""
        start = time.monotonic()
        kinds = {name: KINDS[name](self.work / name) for name in self.names}
        self.counts.imports = resident()
        spent = dict.fromkeys(self.names, 0.0)
        while time.monotonic() - start < seconds:
            due = [name for name in self.names if cases is None or self.counts.cases[name] < cases]
            if not due:
                break
            name = min(due, key=lambda name: spent[name] / KINDS[name].share)
            begun = time.monotonic()
            self.one(kinds[name])
            spent[name] += time.monotonic() - begun
        self.counts.memory = resident()
        return self.counts

    def answers(self, kind: Kind, random: Random) -> Iterator[Answer]:
        """Yields the answers to one input; one of ours that cannot be made is told as what fell, and ends nothing."""
        try:
            yield from kind.case(random)
        except Exception:  # noqa: BLE001 - the campaign goes on
            yield Answer(("the campaign itself",), 3, "", "", 0, traceback.format_exc())

    def one(self, kind: Kind) -> None:
        """Tries one input."""
        number = self.counts.cases[kind.name]
        self.counts.cases[kind.name] += 1
        with within(kind.folder):
            wrong = []
            for found in self.answers(kind, Random(f"{self.seed}:{kind.name}:{number}")):
                self.counts.count(kind.name, found)
                if found.problems:
                    wrong.append(found)
            if wrong:
                sort = f"{kind.name}-{wrong[0].problems[0].replace(' ', '-')}"
                if sum(1 for path in self.kept.glob(f"{sort}-*")) < KEPT:
                    keep(kind.folder, wrong, self.kept / f"{sort}-{self.seed}-{number}")


def told(counts: Counts, minutes: float) -> list[str]:
    """Returns what a campaign found, in lines."""
    lines = [f"{minutes:.1f} minutes"]
    for kind, cases in counts.cases.items():
        answered = f"{counts.answers[kind]:,} answers ({counts.seconds[kind]:,.0f} s of computing)"
        lines.append(f"{kind}: {cases:,} cases, {answered}, {counts.refused[kind]:,} refusals")
    lines += [f"WRONG {count:,} × {problem}" for problem, count in counts.problems.most_common()]
    slow = sum(count for problem, count in counts.problems.items() if problem.endswith("slow"))
    lines.append(f"{slow:,} answers took more than {SLOW:g} s; the slowest:")
    lines += [f"  {seconds:.2f} s {command}" for seconds, command in reversed(counts.slowest)]
    libraries = f"{counts.imports / 1e6:,.0f} MB before the first case"
    lines.append(f"most memory of one process: {counts.memory / 1e6:,.0f} MB, {libraries}")
    return lines


def resident() -> int:
    """Returns the bytes that this process had resident at the most; Linux counts them in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def write(counts: Counts, file: Path) -> None:
    """Writes counts for the process that adds them up."""
    file.write_text(json.dumps(counts.json()))
