"""Two-level designs: their resolution, their aliases, and fractions whose every combination can be built."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from tests.study.studies import names, study
from unetkit.errors import SpecError
from unetkit.study.advice import warnings
from unetkit.study.matrix.fraction import TwoLevelFraction, columns_of

SIZES = {  # the fewest runs: Box, Hunter and Hunter (2005), Statistics for Experimenters, tables 6.22 and 7.3 ff.
    4: {2: 4, 3: 8, 4: 8, 5: 16, 6: 16, 7: 16, 8: 16, 9: 32, 10: 32, 11: 32},
    5: {2: 4, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 8: 64, 9: 128, 10: 128, 11: 128},
}
AXES = """\
axes:
  norm: [none, batch]
  act: [relu, gelu]
  up: [interpolate, transposed_conv]
  block.kernel: [3, 5]
  down: [max_pool, strided_conv]
  skip: [none, concat]
  training.batch: [2, 4]
"""


@pytest.mark.parametrize("resolution", SIZES)
@pytest.mark.parametrize("factors", range(2, 12))
def test_designs_have_their_resolution_in_the_fewest_runs(factors: int, resolution: int) -> None:
    num_basic, columns = columns_of(factors, resolution)
    design = TwoLevelFraction(num_basic, columns, (0,) * factors)
    signs = 1 - 2 * np.array(list(design.points))
    assert len(signs) == SIZES[resolution][factors]
    assert design.resolution is None or design.resolution >= resolution
    effects = [signs[:, list(word)].prod(1) for size in (1, 2) for word in combinations(range(factors), size)]
    mixed = np.array(effects[:factors]) @ np.array(effects).T  # main effects with all: orthogonal
    assert (mixed == len(signs) * np.eye(factors, len(effects))).all()
    if resolution == 5:
        assert design.aliases() == []


def test_aliases_are_the_interactions_with_equal_columns() -> None:
    design = TwoLevelFraction(3, (1, 2, 4, 7), (0, 0, 0, 1))
    assert design.aliases() == [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]


def test_folding_over_on_a_factor_separates_its_interactions() -> None:
    num_basic, columns = columns_of(7, 4)
    folded = TwoLevelFraction(num_basic, columns, (0,) * 7, (3,))
    assert len(list(folded.points)) == 32
    assert folded.aliases() and not any(3 in pair for group in folded.aliases() for pair in group)


def test_a_screening_of_seven_axes_has_sixteen_combinations_beside_the_base(tmp_path: Path) -> None:
    planned = study(tmp_path, AXES + "design: screening\n")
    assert not any("sign-flip" in text for text in warnings(planned))
    assert planned.factors is not None
    assert len(planned.factors["points"]) == 16
    assert planned.factors["resolution"] == 4
    assert {*names(planned)} <= {"base", *planned.factors["points"]}
    assert len(planned.factors["aliases"]) == 7


def test_combinations_that_cannot_be_built_are_answered_by_another_fraction(tmp_path: Path) -> None:
    text = "design: screening\naxes:\n  norm: [none, batch]\n  act: [relu, gelu]\n  block.kernel: [3, 5]\n"
    usual = study(tmp_path, f"{text}  down: [max_pool, strided_conv]\n")
    assert usual.factors is not None
    barred = next(iter(usual.factors["points"].values()))
    excluded = ", ".join(f"{k}: {level}" for k, level in zip(usual.factors["axes"], barred, strict=True))
    other = study(tmp_path, f"{text}  down: [max_pool, strided_conv]\nexclude: [{{{excluded}}}]\n")
    assert other.factors is not None
    assert len(other.factors["points"]) == 8
    assert barred not in other.factors["points"].values()
    assert not other.skipped and not other.excluded


def test_an_axis_with_one_value_is_compared_with_the_base(tmp_path: Path) -> None:
    planned = study(tmp_path, "design: interactions\naxes: {norm: [none], act: [gelu]}\n")
    assert planned.factors is not None
    assert planned.factors["axes"] == {"norm": ["base", "none"], "act": ["base", "gelu"]}
    assert names(planned) == ["base", "norm=none", "act=gelu", "norm=none,act=gelu"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("design: screening\naxes: {norm: [none, batch, instance], act: [relu, gelu]}\n", "norm has 3 values"),
        ("design: screening\nfollow_up: [nrm]\naxes: {norm: [none, batch], act: [relu, gelu]}\n", "no axis 'nrm'"),
        (
            "design: full\nfollow_up: [norm]\naxes: {norm: [none, batch], act: [relu, gelu]}\n",
            "without design: screening",
        ),
    ],
)
def test_faults_of_two_level_designs_are_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        study(tmp_path, text)


def test_a_follow_up_keeps_the_runs_of_the_screening(tmp_path: Path) -> None:
    first = study(tmp_path, AXES + "design: screening\n")
    second = study(tmp_path, AXES + "design: screening\nfollow_up: [skip]\n")
    assert {run.id for run in first.runs} < {run.id for run in second.runs}
