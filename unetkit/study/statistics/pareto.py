"""The Pareto front of score and cost."""

from __future__ import annotations

from collections.abc import Sequence


def front(costs: Sequence[float | None], scores: Sequence[float]) -> list[bool]:
    """Whether each point is on the Pareto front: no other is at least as good in both and better in one.

    A point without a cost or score (None, NaN) is not.

    >>> front([10, 20, 20, 30, None], [0.7, 0.8, 0.9, 0.9, 1.0])
    [True, False, True, False, False]
    """
    order = sorted(
        (cost, -score, index)
        for index, (cost, score) in enumerate(zip(costs, scores, strict=True))
        if cost is not None and cost == cost and score == score
    )
    best, found, last = float("-inf"), [False] * len(costs), None
    for cost, negative, index in order:
        if -negative > best or (cost, -negative) == last:
            best, last = -negative, (cost, -negative)
            found[index] = True
    return found
