"""Analysis of variance: whether the data discriminate between the arms."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unetkit.study.statistics.cube import Values
from unetkit.study.statistics.testing import ROUNDING


@dataclass(frozen=True)
class Spread:
    """An analysis of variance, arms × seeds, over the arms that have every seed.

    `between` is the standard deviation of the arms' true means, `within` that of one arm over its seeds after removing
    the effect of each seed on all arms. `p` is that of the F-test that all means are equal.
    """

    arms: tuple[str, ...]
    left_out: tuple[str, ...]
    seeds: int
    between: float
    within: float
    f: float
    p: float

    def discriminates(self, level: float) -> bool:
        """Whether the F-test is significant."""
        return self.p <= level

    def json(self) -> dict[str, Any]:
        """The spread as plain values."""
        return asdict(self) | {"arms": list(self.arms), "left_out": list(self.left_out)}


def spread(names: tuple[str, ...], means: Values) -> Spread | None:
    """The spread of means (arm, seed).

    None with fewer than two complete arms or two seeds, or where arms do not vary over seeds, so that F is undefined.
    """
    used = np.isfinite(means).any(0)
    whole = np.asarray(np.isfinite(means[:, used]).all(1))
    table = means[whole][:, used]
    num_arms, num_seeds = table.shape
    if num_arms < 2 or num_seeds < 2:
        return None
    between, rest = _mean_squares(table)
    if rest <= (ROUNDING * max(1.0, float(np.abs(table).max()))) ** 2:
        return None
    f, p = _f_test(between, rest, num_arms, num_seeds)
    return Spread(
        arms=tuple(name for name, there in zip(names, whole.tolist(), strict=True) if there),
        left_out=tuple(name for name, there in zip(names, whole.tolist(), strict=True) if not there),
        seeds=num_seeds,
        between=float(np.sqrt(max(0.0, between - rest) / num_seeds)),
        within=float(np.sqrt(rest)),
        f=f,
        p=p,
    )


def _mean_squares(table: Values) -> tuple[float, float]:
    """The mean squares of the arms and of the residual, of a complete table (arm, seed)."""
    num_arms, num_seeds = table.shape
    arms, seeds = table.mean(1, keepdims=True), table.mean(0, keepdims=True)
    rest = table - arms - seeds + table.mean()
    between = num_seeds * float(((arms - table.mean()) ** 2).sum()) / (num_arms - 1)
    return between, float((rest**2).sum()) / ((num_arms - 1) * (num_seeds - 1))


def _f_test(between: float, rest: float, num_arms: int, num_seeds: int) -> tuple[float, float]:
    """The F statistic and its p-value."""
    from scipy import stats

    f = between / rest
    return f, float(stats.f.sf(f, num_arms - 1, (num_arms - 1) * (num_seeds - 1)))
