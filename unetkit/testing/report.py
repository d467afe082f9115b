"""The result of a battery: the checks that ran, failed, were skipped, or were expected to fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LEAST = 10
"""The least number of checks that must run, unless some were selected."""


class Failed(AssertionError):
    """A check failed; the text is the observation and the cure."""


class NotHere(Exception):
    """A check cannot run here; the text is the reason."""


@dataclass
class Report:
    """The outcome by check: empty if it passed, else the failure."""

    block: str
    outcomes: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)
    least: int = LEAST

    @property
    def failures(self) -> dict[str, str]:
        """The failures by check, with expected failures that did not occur, and too few checks."""
        found = {name: text for name, text in self.outcomes.items() if text and name not in self.expected}
        for name, reason in self.expected.items():
            if not self.outcomes.get(name):
                found[name] = f"was expected to fail ({reason}), but passed: remove the expectation"
        if len(self.outcomes) < self.least:
            found["count"] = f"only {len(self.outcomes)} checks ran, at least {self.least} must"
        return found

    @property
    def passed(self) -> bool:
        """Whether there are no failures."""
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
