"""What is bought with what: the arms that no other beats in score at the same or a lower cost."""

from __future__ import annotations

from collections.abc import Sequence


def front(costs: Sequence[float | None], scores: Sequence[float]) -> list[bool]:
    """Returns which points are on the Pareto front: no other is better in one of the two and as good in both.

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
