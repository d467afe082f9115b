"""A short campaign of hostile inputs, the same each time, and what earlier ones brought down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.campaign import Campaign
from tests.fuzz.command import Answer, answer
from tests.fuzz.findings import COMMANDS, again, keep

REGRESSIONS = Path(__file__).parents[1] / "regressions"
CASES = {"texts": 150, "folders": 12, "models": 40, "images": 40, "networks": 2, "exports": 1, "checkpoints": 1500}
"""How many of each kind are tried here; the long campaign is `make fuzz`."""


def wrong(answers: list[Answer]) -> list[tuple[object, ...]]:
    """Returns what is wrong with answers, but for the time that they took: a test asserts no seconds."""
    problems = [(each.command, set(each.problems) - {"slow"}, each.trace[-2000:]) for each in answers]
    return [each for each in problems if each[1]]


@pytest.mark.parametrize("kind", CASES)
def test_hostile_inputs_are_answered_or_refused(kind: str, tmp_path: Path) -> None:
    campaign = Campaign(kind, "fixed", tmp_path / "work", tmp_path / "kept")
    counts = campaign.run(cases=CASES[kind])
    assert counts.cases[kind] == CASES[kind]
    fell = {name: number for name, number in counts.problems.items() if not name.endswith("slow")}
    assert fell == {}, [path.read_text() for path in (tmp_path / "kept").glob("*/answers.txt")][:2]


@pytest.mark.parametrize("folder", sorted(path.name for path in REGRESSIONS.iterdir() if path.is_dir()))
def test_what_fell_before_is_answered_or_refused(folder: str) -> None:
    assert wrong(again(REGRESSIONS / folder)) == []


def test_what_falls_is_kept_and_can_be_tried_again(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    (inputs / "a.yaml").write_text("unetkit: 1")
    fallen = Answer(("validate", "a.yaml"), 3, "", "", 0, "trace")
    assert fallen.problems == ["traceback", "exit code"]
    keep(inputs, [fallen], tmp_path / "kept")
    assert (tmp_path / "kept" / COMMANDS).read_text() == "validate a.yaml\n"
    (now,) = again(tmp_path / "kept")
    assert (now.code, now.problems) == (1, [])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (Answer((), 0, "a\x1bb", "", 0), "unprintable"),
        (Answer((), 1, "", "what?", 0), "no message"),
        (Answer((), 0, "", "", 9), "slow"),
        (Answer((), 0, "", "", 0, noted=("overflow",)), "warning"),
        (Answer((), 0, "", "Traceback", 0), "traceback"),
        (Answer((), 1, "", "error[a]: " + "b" * 200_000, 0), "long message"),
    ],
)
def test_what_is_wrong_is_seen(given: Answer, problem: str) -> None:
    assert given.problems == [problem]


def test_commands_run_in_this_process() -> None:
    assert answer("show", "unet-small").problems == []
    assert answer("show", "no\x1bthing").code == 1
    assert answer("no-such-command").code == 2
