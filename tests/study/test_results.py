"""The values that a study is reported from, and the tidy table on disk."""

from __future__ import annotations

from array import array
from math import isnan, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unetkit.study.results.results import ArmFacts, Results, RunFacts, ScoreTable, StudyError
from unetkit.study.results.tidy import read_scores, write_scores

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), min_size=1, max_size=9)
ROWS = st.lists(
    st.tuples(NAMES, st.integers(0, 2**53), st.floats(0.01, 1), NAMES, NAMES, st.floats(0, 1) | st.just(nan)),
    max_size=8,
)


def plain(scores: ScoreTable) -> list[tuple[object, ...]]:
    values = [list(column) for column in scores.metrics.values()]
    columns = (scores.arm, scores.seed, scores.fraction, scores.image, scores.label, *values)
    return [tuple("nan" if cell != cell else cell for cell in row) for row in zip(*columns, strict=True)]


@given(ROWS)
def test_the_tidy_table_is_read_back_exactly(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple]) -> None:  # type: ignore[type-arg]
    arm, seed, fraction, image, label, dice = zip(*rows, strict=True) if rows else [()] * 6
    scores = ScoreTable(arm, seed, fraction, image, label, {"dice": array("d", dice), "iou": array("d", dice)})
    file = tmp_path_factory.mktemp("tidy") / "scores.csv"
    write_scores(scores, file)
    assert plain(read_scores(file)) == plain(scores)


def test_gathered_runs_keep_their_order_and_a_metric_that_is_missing_has_no_value() -> None:
    first, second = RunFacts("a", "base", 0), RunFacts("b", "deep", 3, 0.5)
    scores = ScoreTable.gather(
        [
            (first, [{"image": "x", "class": "cell", "dice": 0.5}]),
            (second, [{"image": "x", "class": "cell", "dice": None, "iou": 0.25}]),
        ]
    )
    assert (list(scores.arm), list(scores.seed), list(scores.fraction)) == (["base", "deep"], [0, 3], [1.0, 0.5])
    dice, iou = scores.metrics["dice"], scores.metrics["iou"]
    assert dice[0] == 0.5 and isnan(dice[1]) and isnan(iou[0]) and iou[1] == 0.25


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "error[scores-unreadable]: {} cannot be read: it is no CSV table"),
        ("arm,seed\n", "{}:1:1: error[scores-columns]: the columns are arm,seed"),
        (
            "arm,seed,fraction,image,class,dice\na,0,1.0,x,cell,0.5\na,1,1.0,x,cell,high\n",
            "{}:3:1: error[scores-row]: dice: 'high' is no number",
        ),
        ("arm,seed,fraction,image,class,dice\na,0\n", "{}:2:1: error[scores-row]: 2 values for 6 columns"),
    ],
    ids=["empty", "columns", "word", "short"],
)
def test_a_broken_table_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "scores.csv"
    file.write_text(text)
    with pytest.raises(StudyError) as caught:
        read_scores(file)
    assert str(caught.value).splitlines()[0] == message.format(file)


def test_results_refuse_an_arm_and_a_metric_that_nothing_has() -> None:
    scores = ScoreTable.gather([(RunFacts("a", "base", 0), [{"image": "x", "class": "cell", "dice": 0.5}])])
    with pytest.raises(StudyError, match=r"error\[study-arm\]: s: no arm is called bass\n   Known: base\."):
        Results("s", "dice", "bass", (ArmFacts("base"),), (), scores)
    with pytest.raises(StudyError, match=r"error\[study-metric\]: s: no run has the metric hd\n   Known: dice\."):
        Results("s", "hd", "base", (ArmFacts("base"),), (), scores)
