"""Runs cases for some time, and counts."""

from __future__ import annotations

import gc
import json
import resource
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.command import SLOW, Answer
from tests.fuzz.findings import keep, within
from tests.fuzz.kind import Kind

SHARES = {
    "texts": 0.4,
    "folders": 0.17,
    "models": 0.22,
    "images": 0.05,
    "networks": 0.04,
    "exports": 0.02,
    "signals": 0.05,
    "checkpoints": 0.05,
}
"""The kinds of input, and the share of the time that each has. Each lies in the module of its name."""
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
    memory: Counter[str] = field(default_factory=Counter)
    """Bytes that a process had resident at the most, by kind."""
    imports: Counter[str] = field(default_factory=Counter)
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
        self.memory |= Counter(other["memory"])
        self.imports |= Counter(other["imports"])


def kind_of(name: str, folder: Path) -> Kind:
    """Returns a kind of input by its name; what it imports, no other kind needs to have in memory."""
    made: Kind = getattr(import_module(f"tests.fuzz.{name}"), name.capitalize())(folder)
    return made


@dataclass
class Campaign:
    """A kind of input, tried for some time."""

    name: str
    seed: str
    work: Path
    """Where inputs are made."""
    kept: Path
    """Where those go that fell."""
    counts: Counts = field(default_factory=Counts)

    def run(self, *, seconds: float = float("inf"), cases: float = float("inf")) -> Counts:
        """Tries inputs for so long, or so many, and returns the counts."""
        start = time.monotonic()
        kind = kind_of(self.name, self.work / self.name)
        gc.collect()
        gc.freeze()  # libraries: to look at them again and again takes a tenth of the time
        self.counts.imports[self.name] = resident()
        while time.monotonic() - start < seconds and self.counts.cases[self.name] < cases:
            self.one(kind)
        gc.unfreeze()
        self.counts.memory[self.name] = resident()
        return self.counts

    def answers(self, kind: Kind, random: Random) -> Iterator[Answer]:
        """Yields the answers to one input; one of ours that cannot be made is told as what fell, and ends nothing."""
        try:
            yield from kind.case(random)
        except Exception:  # noqa: BLE001 - the campaign goes on
            yield Answer(("the campaign itself",), 3, "", "", 0, traceback.format_exc())

    def one(self, kind: Kind) -> None:
        """Tries one input."""
        number = self.counts.cases[self.name]
        self.counts.cases[self.name] += 1
        with within(kind.folder):
            wrong = []
            for found in self.answers(kind, Random(f"{self.seed}:{self.name}:{number}")):
                self.counts.count(self.name, found)
                if found.problems:
                    wrong.append(found)
            if wrong:
                sort = f"{self.name}-{wrong[0].problems[0].replace(' ', '-')}"
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
    lines += [
        f"most memory, {kind}: {most / 1e6:,.0f} MB, {counts.imports[kind] / 1e6:,.0f} MB before the first case"
        for kind, most in counts.memory.items()
    ]
    return lines


def resident() -> int:
    """Returns the bytes that this process had resident at the most; Linux counts them in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def write(counts: Counts, file: Path) -> None:
    """Writes counts for the process that adds them up."""
    file.write_text(json.dumps(counts.json()))
