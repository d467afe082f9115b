"""Effects and interactions: against known truth, another package, and simulated studies."""

from __future__ import annotations

import json
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from unetkit.study.matrix.fraction import TwoLevelFraction, columns_of
from unetkit.study.report import write_report
from unetkit.study.report.figures.effects import effects_csv
from unetkit.study.results.results import ArmFacts, Factors, Results, RunFacts, ScoreTable
from unetkit.study.statistics.effects import Effects, effects_of

NAMES = "ABCDEFG"


def screening() -> tuple[Factors, NDArray[np.int64]]:
    """Seven factors in sixteen arms, and their levels as -1 and 1."""
    num_basic, columns = columns_of(7, 4)
    design = TwoLevelFraction(num_basic, columns, (0,) * 7)
    points = list(design.points)
    arms = {f"arm {k}": tuple(("low", "high")[level] for level in point) for k, point in enumerate(points)}
    aliases = tuple(tuple((NAMES[i], NAMES[j]) for i, j in group) for group in design.aliases())
    return Factors(dict.fromkeys(NAMES, ("low", "high")), arms, aliases), 2 * np.array(points) - 1


def simulated(rng: np.random.Generator, signs: NDArray[np.int64], effects: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scores (arm, seed) of three seeds, each with an effect on all arms."""
    truth = signs @ effects / 2 + 0.01 * signs[:, 0] * signs[:, 1]
    return truth[:, None] + rng.normal(0, 0.05, 3) + rng.normal(0, 0.02, (len(signs), 3))


def coverage(studies: int) -> float:
    """The share of intervals of main effects that cover the truth."""
    factors, signs = screening()
    rng, covered = np.random.default_rng(5), []
    for _ in range(studies):
        truth = rng.normal(0, 0.02, 7)
        found = effects_of(factors, list(factors.arms), simulated(rng, signs, truth), 0.95)
        assert found is not None
        for one, true in zip(found.effects, truth, strict=False):
            assert one.interval is not None
            covered.append(one.interval[0] <= true <= one.interval[1])
    return float(np.mean(covered))


def test_intervals_cover_the_true_effects() -> None:
    assert 0.9 <= coverage(40) <= 1.0  # 280 intervals; `python -m tests.study.test_effects 2000` for more


def test_effects_without_noise_are_the_true_ones() -> None:
    factors, signs = screening()
    truth = np.arange(7) / 100
    table = (signs @ truth / 2 + 0.015 * signs[:, 2] * signs[:, 5])[:, None] + np.array([0.0, 0.1, 0.2])
    found = effects_of(factors, list(factors.arms), table, 0.95)
    assert found is not None
    assert [one.estimate for one in found.effects[:7]] == pytest.approx(truth)
    (one,) = [one for one in found.effects[7:] if one.size > 1e-9]
    assert one.estimate == pytest.approx(0.03)
    assert "C × F" in one.name
    assert one.name.count("=") == 2
    assert found.error is None and one.interval is None


def test_a_screening_has_half_the_standard_error_of_one_at_a_time() -> None:
    """48 runs: an effect is a difference of two means of 24, and one at a time a difference of two runs of 6 each."""
    factors, signs = screening()
    rng = np.random.default_rng(1)
    errors = [effects_of(factors, list(factors.arms), rng.normal(0, 1, (16, 3)), 0.95) for _ in range(60)]
    mean = np.sqrt(np.mean([found.error**2 for found in errors if found and found.error]))
    assert mean == pytest.approx(2 / np.sqrt(48), rel=0.1)


def full(table: NDArray[np.float64]) -> Effects:
    """The effects of a full design of three data sets, two skips and two norms."""
    levels = {"data": ("one", "two", "three"), "skip": ("none", "concat"), "norm": ("none", "batch")}
    arms = {",".join(point): point for point in product(*levels.values())}
    found = effects_of(Factors(levels, arms, data=("data",)), list(arms), table, 0.95)
    assert found is not None
    return found


def test_factors_of_several_levels_equal_the_analysis_of_variance_of_statsmodels() -> None:
    import pandas as pd  # type: ignore[import-untyped]
    import statsmodels.api as sm
    from statsmodels.formula.api import ols

    table = np.random.default_rng(2).normal(0, 1, (12, 4))
    rows = [
        (y, seed, arm, arm // 4, arm // 2 % 2, arm % 2) for arm, own in enumerate(table) for seed, y in enumerate(own)
    ]
    frame = pd.DataFrame(rows, columns=["y", "seed", "arm", "data", "skip", "norm"])
    formula = "y ~ C(seed) + C(data) * C(skip) * C(norm)"
    tested = sm.stats.anova_lm(ols(formula, frame).fit())
    for one in full(table).effects:
        key = ":".join(f"C({name})" for name in one.factors)
        assert one.p == pytest.approx(tested["PR(>F)"][key]), key


def test_effects_on_each_data_set_average_to_the_main_effect() -> None:
    table = np.random.default_rng(3).normal(0, 1, (12, 4))
    found = full(table)
    skip = [one.estimate or 0.0 for one in found.by_data if one.factors == ("skip",)]
    arms = table.mean(1).reshape(3, 2, 2)
    assert skip == pytest.approx((arms[:, 1] - arms[:, 0]).mean(1))
    assert np.mean(skip) == pytest.approx(next(one.estimate for one in found.effects if one.factors == ("skip",)))


def test_missing_arms_leave_unbiased_effects_and_their_aliases_out() -> None:
    factors, signs = screening()
    table = (signs @ np.arange(7) / 200)[:, None] + np.array([0.0, 0.1])
    table[3] = np.nan
    found = effects_of(factors, list(factors.arms), table, 0.95)
    assert found is not None
    assert found.arms == 15
    assert [one.estimate for one in found.effects[:7]] == pytest.approx(np.arange(7) / 100)


def test_effects_are_plain_values() -> None:
    found = full(np.random.default_rng(4).normal(0, 1, (12, 4)))
    assert json.loads(json.dumps(found.json()))["freedom"] == 33
    assert len(effects_csv(found).splitlines()) == 1 + 6 + 6


def test_the_report_of_a_screening_shows_its_effects_and_aliases(tmp_path: Path) -> None:
    factors, signs = screening()
    table = 0.7 + simulated(np.random.default_rng(6), signs, np.array([0.1, 0, 0, 0, 0, 0, 0]))
    runs = [RunFacts(f"{arm}-{seed}".replace(" ", "-"), arm, seed) for arm in factors.arms for seed in range(3)]
    rows = [[{"image": "one", "class": "cell", "dice": dice}] for dice in table.ravel().tolist()]
    scores = ScoreTable.gather(zip(runs, rows, strict=True))
    arms = tuple(ArmFacts(arm, parameters=10) for arm in factors.arms)
    write_report(Results("s", "dice", "arm 0", arms, tuple(runs), scores, factors=factors), tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert 'id="effects"' in page
    assert "Averaged over the other factors, an effect of A (low → high) on Dice (+0.09" in page
    assert (
        "and an effect of A × B = C × E = D × F on Dice (+0.018" in page
        and "are shown; 12 others are not. On these" in page
    )
    assert "A × B = C × E = D × F" in page
    assert "low → high" in page and "Half-normal plot" in page
    found = json.loads((tmp_path / "statistics.json").read_text())["effects"]
    assert found["effects"][0]["p_adjusted"] < 0.001
    assert (tmp_path / "effects.csv").read_text().startswith("effect,levels,data,estimate")


if __name__ == "__main__":
    sys.stdout.write(f"{coverage(int(sys.argv[1])):.4f}\n")
