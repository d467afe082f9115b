"""Group-sequential tests against gsDesign's boundaries, enumeration and simulated studies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from tests.study.simulations import false_calls, intervals, new_images, run_looks
from unetkit.study.statistics import boundaries as boundaries_module
from unetkit.study.statistics.boundaries import boundaries, sequential_p, spent, t_boundary
from unetkit.study.statistics.sequential import sign_flip_p
from unetkit.study.statistics.testing import moments, sign_flip_test, t_test

GSDESIGN = {  # as published for gsDesign(k, test.type=2, alpha=0.025, sfu=sfLDOF)$upper$bound
    (1, 2, 3): [3.7103, 2.5114, 1.9930],
    (4, 8, 12, 16): [4.3326, 2.9631, 2.3590, 2.0141],
    (1, 2, 3, 4, 5): [4.8769, 3.3569, 2.6803, 2.2898, 2.0310],
}


@pytest.mark.parametrize("looks", GSDESIGN)
def test_boundaries_of_many_seeds_are_those_of_gsdesign(
    looks: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def like_o_brien_and_fleming(time: float, level: float) -> float:
        return float(4 * special.ndtr(special.ndtri(level / 4) / np.sqrt(time))) if time else 0.0

    monkeypatch.setattr(boundaries_module, "spent", np.vectorize(like_o_brien_and_fleming))
    many = tuple(1000 * look // looks[-1] for look in looks)
    found = stats.norm.isf(boundaries(many, np.array([0.05]))[:, 0] / 2)
    np.testing.assert_allclose(found, GSDESIGN[looks], atol=3e-3)


def test_t_tests_of_few_seeds_cross_each_boundary_as_often_as_the_error_is_spent() -> None:
    looks = (3, 4, 6, 10, 16)
    values = np.random.default_rng(0).normal(size=(100_000, 16))
    ends = boundaries(looks, np.array([0.05]))[:, 0]
    crossed = np.array([t_test(moments(values[:, :look])) <= end for look, end in zip(looks, ends, strict=True)])
    found = np.maximum.accumulate(crossed).mean(1)
    wanted = spent(np.array(looks) / 16, 0.05)
    assert (np.abs(found - wanted) <= 3 * np.sqrt(wanted / 100_000)).all()


@pytest.mark.parametrize("looks", [(2, 3), (4, 5), (4, 6), (8, 10), (20, 40), (400, 600)])
def test_p_values_of_later_looks_are_uniform(looks: tuple[int, int]) -> None:
    edges = boundaries_module._EDGES
    found = (np.diff(edges) @ boundaries_module._transition(*looks)).cumsum()
    known = edges[1:] >= 1e-4
    np.testing.assert_allclose(found[known], edges[1:][known], rtol=0.05)


def test_the_spent_error_grows_from_nothing_to_the_level() -> None:
    times = np.linspace(0, 1, 50)
    assert (np.diff(spent(times, 0.05)) > 0).all() and spent(times, 0.05)[[0, -1]] == pytest.approx([0, 0.05])


def test_a_sequential_p_is_at_most_the_level_where_a_look_crosses_its_boundary() -> None:
    looks = (4, 8, 12, 16)
    for level in (0.05, 0.0125):
        for look in range(1, 4):
            at = t_boundary(looks, level, look)
            inside, outside = sequential_p(np.array([at * 0.97, at * 1.03]), looks, look)
            assert inside <= level <= outside


def test_with_one_look_the_sign_flip_test_is_the_usual_one() -> None:
    rng = np.random.default_rng(0)
    for sample in rng.normal(0.8, 1, (20, 9)):
        known = float(sign_flip_test(sample[None], 14, 0)[0])
        found = sign_flip_p(sample, [9], (9,), 0)
        assert known <= found <= max(0.002, 1.3 * known + 0.01)


def test_sequential_sign_flips_spend_no_more_than_the_level() -> None:
    rng = np.random.default_rng(1)
    p = [sign_flip_p(sample, [4, 6, 8, 10], (4, 6, 8, 10), 0) for sample in rng.standard_t(3, (300, 10))]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.parametrize("arms", [1, 4])
def test_sequential_studies_of_equal_arms_call_a_difference_in_about_5_percent(arms: int) -> None:
    rng = np.random.default_rng(arms)
    scores = rng.normal(size=(300, arms + 1, 16))
    called = [(run_looks(one[1:] - one[:1])[0] == "different").any() for one in scores]
    assert np.mean(called) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_large_effects_are_called_with_little_more_than_half_of_the_seeds() -> None:
    differences = np.random.default_rng(0).normal(1.5, 1, (200, 1, 16))
    made = [run_looks(one) for one in differences]
    assert np.mean([verdict == "different" for verdict, _, _ in made]) > 0.98
    assert np.mean([ends.mean() for _, ends, _ in made]) <= 0.6 * 16


@pytest.mark.parametrize("part", [intervals, new_images, false_calls])
def test_the_claims_of_a_report_hold_in_simulated_studies(part: object) -> None:
    rows = list(part(250, np.random.default_rng(0)))  # type: ignore[operator]
    assert [row for row in rows if not row.holds(125)] == []
