"""How many random examples the tests draw, and from which seed.

`make test` draws the same examples every time. `make test-long` draws ten times as many, from a new seed, which it
prints; `make test-long SEED=…` repeats it.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine, providers
from hypothesis.internal.constants_ast import Constants

TIMES = int(os.environ.get("UNETKIT_TIMES", "1"))
"""Examples for each one of `make test`."""
SEED = int(os.environ.get("UNETKIT_SEED", "0"))

Check = Callable[..., None]


def examples(count: int) -> int:
    """How many examples a test draws that draws `count` in `make test`."""
    return count * TIMES


Case = TypeVar("Case")


def share(cases: Iterable[Case], of: int) -> list[Case]:
    """Returns every `of`-th case in `make test`, all in `make test-long`."""
    return list(cases)[:: of if TIMES == 1 else 1]


def only_long(*cases: Case) -> tuple[Case, ...]:
    """Returns cases that `make test-long` has beside those of `make test`."""
    return () if TIMES == 1 else cases


def register_profiles() -> None:
    """Loads the profile of this run."""
    # A deadline would measure the machine; a database would make what is drawn depend on what was drawn before.
    settings.register_profile("certain", deadline=None, database=None, derandomize=True, print_blob=True)
    certain = settings.get_profile("certain")
    settings.register_profile("long", certain, derandomize=False, max_examples=examples(certain.max_examples))
    settings.load_profile("certain" if TIMES == 1 else "long")


def forget_constants() -> None:
    """Keeps Hypothesis from drawing constants that it finds in the source of all modules imported so far.

    What a test draws would else depend on the tests before it, and on the worker that it runs on.
    """
    nothing = Constants()
    providers._get_local_constants = lambda: nothing


@contextmanager
def distinct() -> Iterator[None]:
    """Keeps Hypothesis from drawing each example several times over with parts of it exchanged.

    It finds faults of equal values, which our strategies draw anyway; here every example is another network.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.ConjectureRunner, "generate_mutations_from", lambda self, data: None)
        yield


def sharded(count: int, shards: int) -> Callable[[Check], Check]:
    """Spreads the examples of a check, which takes `st.data()`, over tests with a seed each, to run side by side."""

    def decorate(check: Check) -> Check:
        @pytest.mark.parametrize("shard", range(shards))
        def test(shard: int) -> None:
            how = settings(max_examples=max(1, examples(count) // shards), suppress_health_check=list(HealthCheck))
            seed(SEED + shard)(how(given(st.data())(check)))()

        test.__name__ = check.__name__
        test.__doc__ = check.__doc__
        return test

    return decorate


def begin_test() -> None:
    """Sets what tests share, and change, to what the first of them finds: generators, and torch's threads."""
    random.seed(0)
    numpy.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.default_generator.manual_seed(0)
        torch.set_num_threads(1)


def repeating() -> str:
    """How to draw the examples of this run again."""
    if TIMES == 1:
        return "random examples: the same in every run"
    return f"random examples: {TIMES} times as many, from seed {SEED}; the same again: make test-long SEED={SEED}"
