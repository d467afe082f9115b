"""Main effects and two-way interactions of a factorial study, with seeds as blocks.

The scores are fitted by least squares to the seeds, the factors and their two-way interactions, with contrasts that add
up to zero. The error is that of arms × seeds: what an arm's scores vary over the seeds after removing what each seed
does to all arms. It needs no assumption about the interactions that are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from unetkit.study.results.results import Factors, ScoreTable
from unetkit.study.statistics.analysis import counted
from unetkit.study.statistics.cube import Values, cube, mean
from unetkit.study.statistics.settings import AnalysisSettings
from unetkit.study.statistics.testing import ROUNDING, holm

_MOST_TERMS = 400


@dataclass(frozen=True)
class Effect:
    """An effect: how much the score changes.

    A main effect of two levels is the change from the first to the second, an interaction half the difference of such a
    change between the levels of the other factor. With more levels, `size` is the root mean square of the deviations
    from the mean, and there is no interval. `p` is that of the t-test or F-test, `p_adjusted` adjusted for all effects.
    """

    factors: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...]
    """Other interactions that cannot be told apart from this one."""
    estimate: float | None
    size: float
    interval: tuple[float, float] | None
    p: float | None
    p_adjusted: float | None
    about: str = ""
    """The levels of a main effect, as in "none → concat"; the level of a data set in an effect on that alone."""

    @property
    def name(self) -> str:
        """The factors, and interactions that may be meant instead."""
        own = [" × ".join(self.factors), *(" × ".join(pair) for pair in self.aliases)]
        return " = ".join(own)


@dataclass(frozen=True)
class Effects:
    """All effects of a study; `freedom` are the degrees of freedom of the error, 0 with a single seed.

    `by_data` are the main effects on each data set, `means` the mean scores by pair of factors and their levels.
    """

    effects: tuple[Effect, ...]
    by_data: tuple[Effect, ...]
    error: float | None
    """Standard error of an effect of two levels; None with a single seed."""
    freedom: int
    arms: int
    seeds: int
    means: Mapping[tuple[str, str], Mapping[tuple[str, str], float]]

    def json(self) -> dict[str, Any]:
        """The effects as plain values."""
        return {
            "effects": [asdict(one) | {"name": one.name} for one in self.effects],
            "by_data": [asdict(one) | {"name": one.name} for one in self.by_data],
            "error": self.error,
            "freedom": self.freedom,
            "arms": self.arms,
            "seeds": self.seeds,
        }


def effects_in(scores: ScoreTable, factors: Factors, settings: AnalysisSettings) -> Effects | None:
    """The effects in a score table, at the largest fraction of the training images."""
    found = cube(scores, settings.metric)
    if not found.conditions:
        return None
    means = mean(mean(found.values, 2)[:, :, counted(found.classes, settings)], 2)
    largest = max(condition.fraction for condition in found.conditions)
    own = [k for k, condition in enumerate(found.conditions) if condition.fraction == largest]
    return effects_of(factors, [found.conditions[k].arm for k in own], means[own], settings.confidence)


def effects_of(factors: Factors, names: Sequence[str], means: Values, confidence: float) -> Effects | None:
    """The effects of factors on means (arm, seed); None with too few of them.

    Used are the seeds that all arms with a score have, or if there are none, the arms that have every seed.
    """
    known = np.isfinite(means)
    started = [k for k, name in enumerate(names) if name in factors.arms and known[k].any()]
    used = known[started].all(0) if known[started].all(0).any() else known.any(0)
    whole = [k for k in started if known[k, used].all()]
    if len(whole) < 3 or not used.any():
        return None
    table = means[whole][:, used]
    fit = _Fit(factors, [factors.arms[names[k]] for k in whole], table)
    if not fit.terms:
        return None
    found = [fit.effect(term, confidence) for term in fit.terms]
    adjusted = holm(np.array([np.nan if one.p is None else one.p for one in found]))
    found = [_adjusted(one, p) for one, p in zip(found, adjusted.tolist(), strict=True)]
    on_data = list(fit.by_data(confidence))
    return Effects(
        tuple(found),
        tuple(on_data),
        None if fit.variance is None else 2 * float(np.sqrt(fit.variance / table.size)),
        fit.freedom,
        len(whole),
        table.shape[1],
        {pair: fit.cell_means(pair) for pair in combinations(factors.levels, 2)},
    )


def _adjusted(one: Effect, p: float) -> Effect:
    return replace(one, p_adjusted=None if np.isnan(p) else p)


class _Fit:
    """A least-squares fit of the mean of each arm over the seeds."""

    def __init__(self, factors: Factors, levels: Sequence[tuple[str, ...]], table: Values) -> None:
        self.factors, self.table = factors, table
        self.place = {name: k for k, name in enumerate(factors.levels)}
        self.levels = np.array(
            [[list(factors.levels[n]).index(one[k]) for n, k in self.place.items()] for one in levels]
        )
        self.counts = [len(own) for own in factors.levels.values()]
        self.aliases = {group[0]: group[1:] for group in factors.aliases}
        hidden = {pair for group in factors.aliases for pair in group[1:]}
        terms: list[tuple[str, ...]] = [(name,) for name in factors.levels]
        terms += [pair for pair in combinations(factors.levels, 2) if pair not in hidden][:_MOST_TERMS]
        self.terms: list[tuple[str, ...]] = []
        self.columns: dict[tuple[str, ...], slice] = {}
        design = np.ones((len(levels), 1))
        for term in terms:
            own = self.coded(term, self.levels)
            more = np.hstack([design, own])
            if np.linalg.matrix_rank(more) == more.shape[1]:  # else the arms do not tell it apart from those before
                self.columns[term] = slice(design.shape[1], more.shape[1])
                self.terms.append(term)
                design = more
        self.inverse = np.linalg.inv(design.T @ design)
        self.coefficients = self.inverse @ design.T @ table.mean(1)
        self.freedom, self.variance = self._error()

    def _error(self) -> tuple[int, float | None]:
        """The degrees of freedom and the variance of one score."""
        arms, seeds = self.table.shape
        freedom = (arms - 1) * (seeds - 1)
        rest = self.table - self.table.mean(1, keepdims=True) - self.table.mean(0, keepdims=True) + self.table.mean()
        square = float((rest**2).sum())
        if freedom == 0 or square <= (ROUNDING * max(1.0, float(np.abs(self.table).max()))) ** 2:
            return 0, None
        return freedom, square / freedom

    def coded(self, term: tuple[str, ...], levels: Any) -> Values:
        """The columns of a term: products of contrasts that add up to zero."""
        result = np.ones((len(levels), 1))
        for name in term:
            place = self.place[name]
            count = self.counts[place]
            codes = np.vstack([np.eye(count - 1), -np.ones((1, count - 1))]) if count > 2 else np.array([[-1.0], [1.0]])
            own = codes[levels[:, place]]
            result = (result[:, :, None] * own[:, None, :]).reshape(len(levels), -1)
        return result

    def effect(self, term: tuple[str, ...], confidence: float) -> Effect:
        """The effect of a term."""
        aliases = self.aliases.get(term, ()) if len(term) == 2 else ()
        columns = self.columns[term]
        own = self.coefficients[columns]
        if all(self.counts[self.place[name]] == 2 for name in term):
            weights = np.zeros(len(self.coefficients))
            weights[columns] = 2.0
            return self._contrast(term, aliases, weights, confidence, self._about(term))
        deviations = self.coded(term, self._every(term)) @ own
        size, p = float(np.sqrt((deviations**2).mean())), None
        if self.variance is not None:
            from scipy import stats

            spread = self.inverse[columns, columns] * self.variance / self.table.shape[1]
            f = float(own @ np.linalg.solve(spread, own)) / len(own)
            p = float(stats.f.sf(f, len(own), self.freedom))
        return Effect(term, aliases, None, size, None, p, None, self._about(term))

    def _about(self, term: tuple[str, ...]) -> str:
        own = self.factors.levels[term[0]]
        return " → ".join(own) if len(term) == 1 and len(own) == 2 else ", ".join(own) if len(term) == 1 else ""

    def _every(self, term: tuple[str, ...]) -> Any:
        """All combinations of the levels of a term's factors; other factors have their first."""
        grid = np.indices([self.counts[self.place[name]] for name in term]).reshape(len(term), -1).T
        levels = np.zeros((len(grid), len(self.counts)), int)
        levels[:, [self.place[name] for name in term]] = grid
        return levels

    def _contrast(
        self,
        term: tuple[str, ...],
        aliases: tuple[tuple[str, str], ...],
        weights: Values,
        confidence: float,
        about: str,
    ) -> Effect:
        """A linear function of the coefficients, with its interval and test."""
        estimate = float(weights @ self.coefficients)
        if self.variance is None:
            return Effect(term, aliases, estimate, abs(estimate), None, None, None, about)
        from scipy import stats

        error = float(np.sqrt(weights @ self.inverse @ weights * self.variance / self.table.shape[1]))
        half = float(stats.t.ppf((1 + confidence) / 2, self.freedom)) * error
        p = min(1.0, 2 * float(stats.t.sf(abs(estimate) / error, self.freedom)))
        return Effect(term, aliases, estimate, abs(estimate), (estimate - half, estimate + half), p, None, about)

    def by_data(self, confidence: float) -> Iterator[Effect]:
        """Yields the effect of each factor with two levels on each data set."""
        for data in self.factors.data:
            for name in self.factors.levels:
                pair = (data, name) if (data, name) in self.columns else (name, data)
                if name in self.factors.data or self.counts[self.place[name]] != 2 or pair not in self.columns:
                    continue
                for number, label in enumerate(self.factors.levels[data]):
                    levels = np.zeros((2, len(self.counts)), int)
                    levels[:, self.place[data]] = number
                    levels[1, self.place[name]] = 1
                    weights = np.zeros(len(self.coefficients))
                    for term in ((name,), pair):
                        first, second = self.coded(term, levels)
                        weights[self.columns[term]] = second - first
                    yield self._contrast((name,), (), weights, confidence, label)

    def cell_means(self, pair: tuple[str, str]) -> dict[tuple[str, str], float]:
        """The mean score at each combination of the levels of two factors, over the arms that have it."""
        first, second = (self.place[name] for name in pair)
        found = {}
        for i, one in enumerate(self.factors.levels[pair[0]]):
            for j, other in enumerate(self.factors.levels[pair[1]]):
                there = (self.levels[:, first] == i) & (self.levels[:, second] == j)
                if there.any():
                    found[one, other] = float(self.table[there].mean())
        return found


def pseudo_error(sizes: Sequence[float]) -> float:
    """The pseudo standard error of effects most of which are zero (Lenth, 1989).

    >>> round(pseudo_error([0.1, 0.2, 0.1, 0.3, 5.0]), 3)
    0.225
    """
    values = np.sort(np.asarray(sizes, float))
    rough = 1.5 * float(np.median(values))
    return 1.5 * float(np.median(values[values <= 2.5 * rough])) if rough > 0 else 0.0
