"""Every statistic against scipy and statsmodels, and against simulated studies whose truth is known."""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.anova import AnovaRM
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import ttost_paired

from unetkit.study.results.results import ScoreTable, StudyError
from unetkit.study.results.tidy import read_scores, write_scores
from unetkit.study.statistics import AnalysisSettings, analyse
from unetkit.study.statistics.crossed import crossed_interval, draw, resampled
from unetkit.study.statistics.modes import lower_mode
from unetkit.study.statistics.pareto import front
from unetkit.study.statistics.power import detectable, detectable_again
from unetkit.study.statistics.spread import spread
from unetkit.study.statistics.testing import (
    equivalence_test,
    holm,
    hommel,
    moments,
    sign_flip_test,
    spread_test,
    t_interval,
    t_test,
)

Numbers = NDArray[np.float64]
STUDIES = 1000
SEEDS = 5
EFFECT = 0.02


CLASSES = ("cell", "edge", "nucleus", "wall")


def table(values: Numbers, classes: Sequence[str] = CLASSES) -> ScoreTable:
    """Returns the tidy table of values (arm, seed, image, class); NaN over a whole run is a run that is not there."""
    rows = [
        (f"arm{arm}", seed, 1.0, f"image{image}", classes[label], values[arm, seed, image, label])
        for arm, seed, image, label in np.ndindex(values.shape)
        if not np.isnan(values[arm, seed]).all()
    ]
    arm, seed, fraction, images, labels, dice = zip(*rows, strict=True)
    return ScoreTable(arm, seed, fraction, images, labels, {"dice": array("d", dice)})


def picked(scores: ScoreTable, rows: Sequence[int], fraction: float = 1.0) -> ScoreTable:
    """Returns some rows of a table in another order."""
    arm, image, label = ([column[row] for row in rows] for column in (scores.arm, scores.image, scores.label))
    dice = array("d", [scores.metrics["dice"][row] for row in rows])
    return ScoreTable(arm, [scores.seed[row] for row in rows], [fraction] * len(rows), image, label, {"dice": dice})


def study(seed: int, num_arms: int = 4, num_images: int = 8, classes: int = 2) -> Numbers:
    """Returns scores in which arms, seeds and images each have an effect."""
    rng = np.random.default_rng(seed)
    parts = [
        rng.normal(0, scale, shape)
        for scale, shape in [
            (0.02, (num_arms, 1, 1, 1)),
            (0.01, (1, SEEDS, 1, 1)),
            (0.05, (1, 1, num_images, classes)),
            (0.01, (num_arms, SEEDS, 1, 1)),
            (0.02, (num_arms, SEEDS, num_images, classes)),
        ]
    ]
    return 0.7 + sum(parts, np.zeros(()))


def differences(count: int, rng: np.random.Generator, seeds: int = SEEDS) -> Numbers:
    return rng.normal(EFFECT, 0.01, (count, seeds))


@pytest.mark.parametrize("seeds", [2, 3, 5, 12])
def test_the_t_test_and_its_interval_are_those_of_scipy(seeds: int) -> None:
    rng = np.random.default_rng(seeds)
    first, second = rng.normal(0.8, 0.02, (2, 20, seeds))
    expected = stats.ttest_rel(first, second, axis=1)
    found = moments(first - second)
    interval = expected.confidence_interval(0.9)
    np.testing.assert_allclose(t_test(found), expected.pvalue, rtol=1e-9)
    np.testing.assert_allclose(t_interval(found, 0.9), (interval.low, interval.high), rtol=1e-9)


def test_a_seed_without_a_pair_is_left_out_of_its_row_alone() -> None:
    sample = np.array([[0.1, np.nan, 0.3, 0.2], [0.1, 0.5, 0.3, 0.2]])
    rows = [row[np.isfinite(row)] for row in sample]
    assert t_test(moments(sample)).tolist() == pytest.approx([float(stats.ttest_1samp(row, 0).pvalue) for row in rows])
    assert sign_flip_test(sample, 14, 0).tolist() == pytest.approx([flips(row) for row in rows])


def flips(sample: Numbers) -> float:
    """Returns the p of the sign-flip test by going through all flips."""
    means = [abs(np.mean(sample * signs)) for signs in product((1, -1), repeat=len(sample))]
    return float(np.mean(np.array(means) >= abs(sample.mean()) - 1e-12))


@given(arrays.arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 7)), elements=st.integers(-3, 3).map(float)))
def test_the_sign_flip_test_tries_every_flip_also_with_ties_and_zeros(sample: Numbers) -> None:
    np.testing.assert_allclose(sign_flip_test(sample, 14, 0), [flips(row) for row in sample])


def test_the_sign_flip_test_is_that_of_scipy_and_more_seeds_than_can_be_tried_are_drawn() -> None:
    rng = np.random.default_rng(0)
    sample = rng.normal(0.4, 1, 12)
    expected = stats.permutation_test((sample,), np.mean, permutation_type="samples", n_resamples=10**6)
    assert sign_flip_test(sample, 14, 0) == pytest.approx(expected.pvalue)
    assert sign_flip_test(sample, 10, 0) == pytest.approx(expected.pvalue, abs=0.04)


def test_five_seeds_cannot_reach_five_percent_with_a_sign_flip_test_and_six_can() -> None:
    assert sign_flip_test(np.ones((1, 5)) + np.arange(5) / 10, 14, 0) == 2 / 2**5
    assert sign_flip_test(np.ones((1, 6)) + np.arange(6) / 10, 14, 0) == 2 / 2**6


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12, 40])
def test_holm_and_hommel_are_those_of_statsmodels(count: int) -> None:
    rng = np.random.default_rng(count)
    p = np.round(rng.random(count) ** 3, 2)  # with ties
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])
    np.testing.assert_allclose(hommel(p), multipletests(p, method="hommel")[1])


def test_the_equivalence_test_is_that_of_statsmodels() -> None:
    first, second = np.random.default_rng(3).normal(0.8, 0.01, (2, 6))
    expected = ttost_paired(first, second, -0.01, 0.01)[0]
    assert equivalence_test(moments(first - second), 0.01) == pytest.approx(expected)


def test_the_spread_is_the_analysis_of_variance_of_statsmodels() -> None:
    frames = pytest.importorskip("pandas")
    values = study(5).mean((2, 3))
    rows = [(arm, seed, values[arm, seed]) for arm, seed in np.ndindex(values.shape)]
    frame = frames.DataFrame(rows, columns=["arm", "seed", "score"])
    expected = AnovaRM(frame, "score", "seed", within=["arm"]).fit().anova_table
    found = spread(tuple("abcd"), values)
    assert found is not None
    assert (found.f, found.p) == pytest.approx((expected["F Value"].iloc[0], expected["Pr > F"].iloc[0]))


@pytest.mark.parametrize("pairs", [3, 5, 10])
def test_the_detectable_difference_has_the_power_that_statsmodels_says(pairs: int) -> None:
    shift = detectable(pairs, 0.05, 0.8)
    assert TTestPower().power(shift / np.sqrt(pairs), pairs, 0.05) == pytest.approx(0.8, abs=1e-4)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), max_size=8))
def test_the_front_has_what_no_other_beats(points: list[tuple[int, int]]) -> None:
    def beaten(point: tuple[int, int]) -> bool:
        return any(o != point and o[0] <= point[0] and o[1] >= point[1] for o in points)

    assert front([cost for cost, _ in points], [score for _, score in points]) == [not beaten(p) for p in points]


# --- simulated studies ----------------------------------------------------------------------------------------------


def simulated(rng: np.random.Generator, seeds: int, images: int, shares: Sequence[float]) -> Numbers:
    """Returns differences (study, seed, image) with the true mean EFFECT: effects of seeds, of images, and noise."""
    by_seed, by_image, noise = shares
    each = rng.normal(0, by_seed, (STUDIES, seeds, 1)) + rng.normal(0, by_image, (STUDIES, 1, images))
    result: Numbers = EFFECT + each + rng.normal(0, noise, (STUDIES, seeds, images))
    return result


def coverage(ends: tuple[Numbers, Numbers], truth: Numbers | float) -> float:
    return float(((ends[0] <= truth) & (truth <= ends[1])).mean())


@pytest.mark.parametrize("shares", [(0.01, 0, 0.02), (0.01, 0.05, 0.02), (0.003, 0.03, 0.06), (0.02, 0, 0)], ids=str)
def test_95_percent_t_intervals_cover_the_truth_about_these_images_in_93_to_97_percent_of_1000_studies(
    shares: tuple[float, ...],
) -> None:
    rng = np.random.default_rng(0)
    by_image = rng.normal(0, shares[1], (STUDIES, 1, 12))
    each = simulated(rng, SEEDS, 12, (shares[0], 0, shares[2])) + by_image
    truth = EFFECT + by_image.mean((1, 2))
    covered = coverage(t_interval(moments(each.mean(2)), 0.95), truth)
    assert 0.93 <= covered <= 0.97
    low, high = proportion_confint(round(covered * STUDIES), STUDIES, 0.001)
    assert low <= 0.95 <= high


def test_95_percent_t_intervals_cover_where_single_seeds_go_astray() -> None:
    skewed = EFFECT + 0.004 * (np.random.default_rng(1).gumbel(size=(STUDIES, 2, SEEDS)) * [[1], [-1]]).sum(1)
    assert 0.93 <= coverage(t_interval(moments(skewed), 0.95), EFFECT) <= 0.97


@pytest.mark.parametrize(
    ("seeds", "images", "shares"),
    [
        (5, 10, (0.01, 0, 0)),
        (5, 10, (0, 0.05, 0.02)),
        (5, 10, (0.01, 0.05, 0.02)),
        (5, 30, (0.02, 0.02, 0.02)),
        (3, 8, (0.01, 0.05, 0.02)),
        (10, 20, (0.01, 0, 0.02)),
    ],
    ids=str,
)
def test_95_percent_crossed_intervals_cover_the_truth_about_new_images_in_93_to_97_percent_of_1000_studies(
    seeds: int, images: int, shares: tuple[float, ...]
) -> None:
    each = simulated(np.random.default_rng(0), seeds, images, shares)[..., None]
    found = crossed_interval(list(each), draw(seeds, images, 500, 0), 0.95)
    assert 0.93 <= coverage(found, EFFECT) <= 0.97


def test_crossed_intervals_are_too_wide_never_too_narrow_where_there_is_nothing_but_noise() -> None:
    each = simulated(np.random.default_rng(0), SEEDS, 10, (0, 0, 0.03))[..., None]
    assert coverage(crossed_interval(list(each), draw(SEEDS, 10, 500, 0), 0.95), EFFECT) > 0.97


def test_percentiles_of_a_bootstrap_over_five_seeds_would_not_cover() -> None:
    """Why the crossed interval does not use them."""
    each = simulated(np.random.default_rng(0), SEEDS, 10, (0.01, 0, 0))[..., None]
    means = resampled(each, *draw(SEEDS, 10, 500, 0))
    assert coverage((np.percentile(means, 2.5, axis=0), np.percentile(means, 97.5, axis=0)), EFFECT) < 0.88


def test_t_intervals_say_nothing_about_new_images() -> None:
    """Why the report shows the crossed interval beside them."""
    each = simulated(np.random.default_rng(0), SEEDS, 10, (0.01, 0.05, 0.02))
    assert coverage(t_interval(moments(each.mean(2)), 0.95), EFFECT) < 0.7


@pytest.mark.parametrize("arms", [2, 5])
def test_studies_of_equal_arms_call_a_difference_in_at_most_5_percent(arms: int) -> None:
    """Over so many studies that the rate is known to 0.2 percent; with one comparison it is 5 percent by design."""
    rng, studies = np.random.default_rng(4), 20_000
    scores = rng.normal(0.8, 0.01, (studies, arms, SEEDS)) + rng.normal(0, 0.01, (studies, 1, SEEDS))
    p = t_test(moments(scores[:, 1:] - scores[:, :1]))
    called = np.mean([holm(each).min() <= 0.05 for each in p])
    assert called <= 0.05 + (0.002 if arms == 2 else 0)


def test_whole_analyses_of_equal_arms_call_a_difference_in_at_most_5_percent() -> None:
    settings = AnalysisSettings(resamples=100, margin=0.01)
    called = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        values = rng.normal(0.8, 0.02, (4, SEEDS, 3, 1)) + rng.normal(0, 0.05, (1, 1, 3, 1))
        found = analyse(table(values), "arm0", settings)
        called += any(each.verdict in ("better", "worse") for each in found.comparisons)
    assert called / 200 <= 0.05


def test_crossed_intervals_cover_where_images_come_in_groups_of_four_that_are_resampled_whole() -> None:
    rng = np.random.default_rng(0)
    by_group = rng.normal(0, 0.05, (STUDIES, 1, 8)).repeat(4, 2)
    each = (simulated(rng, SEEDS, 32, (0.01, 0.01, 0.02)) + by_group)[..., None]
    groups = np.arange(32) // 4
    assert coverage(crossed_interval(list(each), draw(SEEDS, 8, 300, 0), 0.95, groups), EFFECT) >= 0.93
    assert coverage(crossed_interval(list(each), draw(SEEDS, 32, 300, 0), 0.95), EFFECT) < 0.8


def test_the_test_of_equal_spread_is_that_of_a_correlation_and_sees_a_difference() -> None:
    arm, base = np.random.default_rng(0).normal(0, 1, (2, 6, 8)) * [[[3.0]], [[1.0]]]
    expected = [stats.pearsonr(one + other, one - other).pvalue for one, other in zip(arm, base, strict=True)]
    np.testing.assert_allclose(spread_test(arm, base), expected)
    arm[0, 3] = np.nan
    known = np.isfinite(arm[0])
    expected[0] = stats.pearsonr((arm + base)[0, known], (arm - base)[0, known]).pvalue
    np.testing.assert_allclose(spread_test(arm, base), expected)
    assert np.isnan(spread_test(base + 1, base)).all()


def test_a_second_mode_is_seen_in_about_1_percent_of_normal_scores_and_where_runs_fail() -> None:
    rng = np.random.default_rng(5)
    for seeds in (4, 6, 10):
        assert np.mean([lower_mode(one) > 0 for one in rng.normal(size=(1000, seeds))]) <= 0.02
        scores = rng.normal(0.8, 0.01, (100, seeds))
        scores[:, 1] = 0.3
        assert np.mean([lower_mode(one) == 1 for one in scores]) > 0.95


def test_an_arm_whose_spread_is_shown_to_differ_or_of_which_a_run_fails_is_not_equivalent() -> None:
    rng = np.random.default_rng(2)
    base = 0.8 + rng.normal(0, 0.0002, (12, 1, 1))
    wide = 0.8 + rng.normal(0, 0.006, (12, 1, 1))
    fails = 0.8 + rng.normal(0, 0.0002, (12, 1, 1))
    fails[4] -= 0.03
    found = analyse(
        table(np.stack([base, wide - wide.mean() + base.mean(), fails])), "arm0", AnalysisSettings(margin=0.01)
    )
    assert [each.within_margin for each in found.comparisons] == [True, True]
    assert [each.verdict for each in found.comparisons] == ["undecided", "undecided"]
    assert found.comparisons[1].two_modes and found.arms[2].failing == (4,)


@pytest.mark.parametrize("pairs", [3, 6, 12])
def test_a_repetition_calls_the_detectable_difference_at_its_power(pairs: int) -> None:
    rng = np.random.default_rng(pairs)
    first, again = rng.normal(0, 0.01, (2, 20_000, pairs))
    shift = moments(first).error * detectable_again(pairs, 0.0125, 0.8)
    called = (t_test(moments(again + shift[:, None])) <= 0.0125) & ((again.mean(1) + shift) > 0)
    assert called.mean() == pytest.approx(0.825, abs=0.015)


# --- the analysis of a whole table ----------------------------------------------------------------------------------


def test_an_analysis_is_made_of_the_mean_over_images_and_classes_of_each_seed() -> None:
    values = study(0)
    found = analyse(table(values), "arm0", AnalysisSettings())
    for index, each in enumerate(found.comparisons, 1):
        expected = stats.ttest_rel(values[index].mean((1, 2)), values[0].mean((1, 2)))
        assert (each.arm, each.seeds) == (f"arm{index}", tuple(range(SEEDS)))
        assert each.p == pytest.approx(expected.pvalue)
        assert each.interval == pytest.approx(expected.confidence_interval(0.95))
        assert each.crossed is not None and each.crossed[0] < each.crossed[1]
    assert [each.p_adjusted for each in found.comparisons] == pytest.approx(
        multipletests([each.p for each in found.comparisons], method="holm")[1]
    )
    for each in found.by_class:
        index, label = int(each.arm[-1]), found.classes.index(each.label)
        expected = stats.ttest_rel(*values[[index, 0], :, :, label].mean(2))
        assert each.p == pytest.approx(expected.pvalue)


def test_the_background_does_not_count_unless_it_is_all_there_is() -> None:
    values = study(1)
    with_background = analyse(table(values, classes=("background", "cell")), "arm0", AnalysisSettings())
    assert with_background.counted == ("cell",)
    assert with_background.arms[0].mean == pytest.approx(values[0, :, :, 1].mean())
    alone = analyse(table(values[..., :1], classes=("background",)), "arm0", AnalysisSettings())
    assert alone.counted == ("background",)


def test_only_complete_pairs_count_and_what_is_missing_is_named() -> None:
    values = study(2)
    values[1, 3] = np.nan  # a run that failed
    values[0, 4, 2, 1] = np.nan  # a value that only the base lacks
    values[:, :, 5, 0] = np.nan  # a class that an image does not have
    first, second = analyse(table(values), "arm0", AnalysisSettings()).comparisons[:2]
    assert (first.seeds, first.lacking) == ((0, 1, 2, 4), ((3, "arm1"),))
    assert (second.seeds, second.lacking) == (tuple(range(SEEDS)), ())
    assert second.dropped == (("image2", "edge", 1),)
    assert second.values == SEEDS * (8 * 2 - 1) - 1
    gone = values[2, 4] - values[0, 4]
    assert second.differences[4] == pytest.approx(np.nanmean(gone, 0).mean())


def test_a_class_that_lacks_pairs_with_a_seed_does_not_count_in_that_comparison() -> None:
    values = study(3)
    values[1, 2, :, 1] = np.nan
    found = analyse(table(values), "arm0", AnalysisSettings())
    assert [each.classes for each in found.comparisons] == [("cell",), ("cell", "edge"), ("cell", "edge")]


def test_verdicts_know_better_worse_equivalent_and_undecided() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (5, SEEDS, 6, 1))
    scale, shift = np.array([0.001, 0.001, 0.001, 0.001, 0.05]), np.array([0, 0.05, -0.05, 0.0004, 0.01])
    values = 0.7 + noise * scale[:, None, None, None] + shift[:, None, None, None]
    found = analyse(table(values), "arm0", AnalysisSettings(margin=0.01))
    assert [each.verdict for each in found.comparisons] == ["better", "worse", "equivalent", "undecided"]
    turned = analyse(table(values), "arm0", AnalysisSettings(margin=0.01, less_is_better=True))
    assert [each.verdict for each in turned.comparisons] == ["worse", "better", "equivalent", "undecided"]
    without = analyse(table(values), "arm0", AnalysisSettings())
    assert without.comparisons[2].verdict == "undecided"  # nothing is equivalent where no margin says what that is


def test_a_single_seed_is_told_but_not_tested() -> None:
    found = analyse(table(study(0)[:, :1]), "arm0", AnalysisSettings(margin=0.01))
    assert {each.verdict for each in found.comparisons} == {"untested"}
    assert found.spread is None
    each = found.comparisons[0]
    assert each.difference is not None
    assert (each.interval, each.p, each.p_flip) == (None, None, None)


@pytest.mark.parametrize("seeds", [2, SEEDS])
@pytest.mark.parametrize("difference", [0.0, 0.1])
def test_what_does_not_vary_is_not_tested(seeds: int, difference: float) -> None:
    values = np.random.default_rng(0).random((2, seeds, 3, 1))
    values[1] = values[0] + difference  # equal with every seed, but for rounding
    found = analyse(table(values), "arm0", AnalysisSettings(margin=0.01))
    each = found.comparisons[0]
    assert each.difference == pytest.approx(difference)
    assert (each.verdict, each.interval, each.p, each.p_equivalent) == ("untested", None, None, None)
    assert found.spread is None


def test_without_a_run_of_the_base_nothing_is_compared() -> None:
    values = study(0)
    values[0] = np.nan
    found = analyse(table(values), "arm0", AnalysisSettings())
    assert found.comparisons == () and len(found.arms) == 3


def test_no_scores_give_an_empty_analysis() -> None:
    found = analyse(ScoreTable((), (), (), (), (), {}), "arm0", AnalysisSettings())
    assert (found.arms, found.comparisons, found.spread) == ((), (), None)


def test_arms_are_compared_within_their_fraction_of_the_images() -> None:
    half, whole = table(study(0)), table(study(1))
    rows = range(len(half))
    parts = picked(half, rows, 0.5), whole
    both = ScoreTable(
        [*parts[0].arm, *parts[1].arm],
        [*parts[0].seed, *parts[1].seed],
        [*parts[0].fraction, *parts[1].fraction],
        [*parts[0].image, *parts[1].image],
        [*parts[0].label, *parts[1].label],
        {"dice": half.metrics["dice"] + whole.metrics["dice"]},
    )
    found = analyse(both, "arm0", AnalysisSettings())
    assert found.fractions == (1.0, 0.5)
    for fraction, alone in ((0.5, half), (1.0, whole)):
        expected = analyse(alone, "arm0", AnalysisSettings()).comparisons
        assert [e.p for e in found.comparisons if e.fraction == fraction] == pytest.approx([e.p for e in expected])
    assert found.spread is not None
    largest = analyse(whole, "arm0", AnalysisSettings()).spread
    assert largest is not None and found.spread.f == pytest.approx(largest.f)


def test_every_number_is_made_again_from_the_csv_alone(tmp_path: Path) -> None:
    scores = table(study(7))
    write_scores(scores, tmp_path / "scores.csv")
    settings = AnalysisSettings(margin=0.01)
    again = analyse(read_scores(tmp_path / "scores.csv"), "arm0", settings)
    assert json.dumps(again.json()) == json.dumps(analyse(scores, "arm0", settings).json())


def test_the_order_of_the_rows_changes_no_number() -> None:
    scores = table(study(8))
    turned = picked(scores, range(len(scores))[::-1])
    order = [f"arm{index}" for index in range(4)]
    first, second = (analyse(each, "arm0", AnalysisSettings(), order=order).comparisons for each in (scores, turned))
    for one, other in zip(first, second, strict=True):
        assert one.interval == pytest.approx(other.interval)
        assert one.p_adjusted == pytest.approx(other.p_adjusted)


def test_a_table_with_a_row_twice_is_refused() -> None:
    scores = table(study(0, num_arms=2))
    twice = picked(scores, [*range(len(scores)), 0])
    with pytest.raises(StudyError, match=r"arm0, seed 0, image0, cell: 2 rows for one value"):
        analyse(twice, "arm0", AnalysisSettings())


@pytest.mark.parametrize("wrong", [{"confidence": 1.0}, {"margin": 0.0}, {"power": 0.2}, {"resamples": 5}], ids=str)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(StudyError, match=r"error\[study-statistics\]: \w+: .* is out of range"):
        AnalysisSettings(**wrong)  # type: ignore[arg-type]
