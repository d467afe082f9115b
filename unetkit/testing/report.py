"""What a battery found: which checks ran, which failed and why, which were expected to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LEAST = 10
"""Checks that must have run, unless some were chosen; fewer say too little."""


class Failed(AssertionError):
    """A check that a block does not pass; the text says what was seen, and the cure."""


class NotHere(Exception):
    """A check that cannot be made here, with the reason."""


@dataclass
class Report:
    """The outcome by check: empty where it passed, else what is wrong."""

    block: str
    outcomes: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)
    least: int = LEAST

    @property
    def failures(self) -> dict[str, str]:
        """What is wrong, by check: also an expected failure that does not occur, and too few checks."""
        found = {name: text for name, text in self.outcomes.items() if text and name not in self.expected}
        for name, reason in self.expected.items():
            if not self.outcomes.get(name):
                found[name] = f"was expected to fail ({reason}), and did not: take the expectation away"
        if len(self.outcomes) < self.least:
            found["count"] = f"only {len(self.outcomes)} checks ran, at least {self.least} must"
        return found

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.failures

    def json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "block": self.block,
            "passed": self.passed,
            "ran": len(self.outcomes),
            "failures": self.failures,
            "skipped": self.skipped,
            "expected": self.expected,
        }

    def __str__(self) -> str:
        lines = [f"{self.block}: {len(self.outcomes)} checks ran, {len(self.failures)} failed"]
        lines += [f"   {name}: {text}" for name, text in self.failures.items()]
        lines += [f"   {name}: not made here, {reason}" for name, reason in self.skipped.items()]
        return "\n".join(lines)
