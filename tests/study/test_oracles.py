"""Decisions look by look against AdaStop (Mathieu et al., 2023), a sequential test by permutations of blocks of runs.

With one run of each arm per look, its permutations are our sign flips. What differs by design: it spends its error in
equal parts and for one tail, so that half our level is its level; ours is spent much like O'Brien and Fleming's, which
calls less early, and keeps more for the last look.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from adastop import MultipleAgentsComparator

from unetkit.study.statistics import sequential
from unetkit.study.statistics.cube import Values

Pair = tuple[Values, Values]
LOOKS = tuple(range(1, 8))
LEVEL = 0.05


def theirs(arm: Values, base: Values) -> tuple[int, str]:
    """The look of AdaStop's decision, and the decision."""
    compared = MultipleAgentsComparator(n=1, K=len(LOOKS), B=10**6, alpha=LEVEL / 2)
    for look in LOOKS:
        compared.partial_compare({"arm": arm[:look], "base": base[:look]}, verbose=False)
        (decision,) = compared.decisions.values()
        if decision != "continue":
            return look, decision
    raise AssertionError("the last look decides")


def ours(differences: Values) -> tuple[int, str]:
    """The look of our decision, and the decision."""
    for look in LOOKS:
        if sequential.sign_flip_p(differences[:look], LOOKS[:look], LOOKS, 0) <= LEVEL:
            return look, "larger" if differences[:look].mean() > 0 else "smaller"
    return LOOKS[-1], "equal"


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    """Scores of an arm and of the base, all multiples of 420, whose means AdaStop computes without rounding."""
    rng = np.random.default_rng(0)
    arms = np.round(1e6 * (rng.normal(size=(40, 7)) + rng.choice([-2, -1, 0, 1, 2], (40, 1)))) * 420
    bases = np.round(1e6 * rng.normal(size=(40, 7))) * 420
    return list(zip(arms, bases, strict=True))


def test_with_the_error_in_equal_parts_decisions_are_those_of_adastop(
    pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequential, "spent", lambda times, level: level * times)
    found = [ours(arm - base) for arm, base in pairs]
    assert found == [theirs(arm, base) for arm, base in pairs]
    assert {decision for _, decision in found} == {"larger", "smaller", "equal"}
    assert len(Counter(look for look, decision in found if decision != "equal")) > 1


def test_by_our_spending_no_decision_is_earlier_or_contradicts(pairs: list[Pair]) -> None:
    for arm, base in pairs:
        (look, decision), (own_look, own) = theirs(arm, base), ours(arm - base)
        assert {decision, own} != {"larger", "smaller"}
        assert own == "equal" or decision == "equal" or look <= own_look
