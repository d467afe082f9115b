"""Random networks: streamed as the whole image, each pass alone and all together as eager, buffers as predicted.

`python -m tests.fast.random_networks 500 1` tries 500 networks from seed 1, and prints the counts and what differs.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter

import torch
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import unetkit
from tests.fast.test_optimize import CLOSE, applied, far, outputs, trained_looking
from tests.fast.test_streaming import check, random_image
from unetkit.fast import PASSES
from unetkit.fast.streaming import StreamingError
from unetkit.testing.strategies import specs

_BATCH = 20


class Trials:
    """Networks one after the other, with what became of them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.topologies: Counter[str] = Counter()
        self.faults: list[str] = []

    def one(self, data: st.DataObject) -> None:
        """Draws a network and an image, and compares."""
        spec = data.draw(specs(max_depth=4))
        inputs = random_image(unetkit.plan(spec).for_inference(), data)
        if inputs is None:
            return
        self.counts["networks"] += 1
        self.topologies[type(spec.topology).__name__] += 1
        strip, size = data.draw(st.integers(1, 24)), tuple(inputs[0].shape[2:])
        axis = data.draw(st.integers(0, len(size) - 1))
        model = unetkit.model.for_inference(trained_looking(spec))
        wanted = outputs(model.double(), [each.double() for each in inputs])
        tolerance = max(CLOSE, 20 * max(map(far, outputs(model.float(), inputs), wanted)))
        for names in (*((name,) for name in PASSES), tuple(PASSES)):
            found = max(map(far, outputs(applied(model, names), inputs), wanted))
            self.counts["optimised"] += 1
            if not found <= tolerance:
                self.fail(f"{'+'.join(names)} differs by {found:.1e}", spec, size)
        for names in ((), tuple(PASSES)):
            try:
                check(model, applied(model, names), inputs, strip, axis=axis)
                self.counts["streamed"] += 1
            except StreamingError:
                self.counts["refused"] += 1
            except AssertionError as error:
                self.fail(
                    f"strips of {strip} rows along axis {axis}, passes {names}: {str(error).splitlines()[:1]}",
                    spec,
                    size,
                )

    def fail(self, what: str, spec: unetkit.Spec, size: tuple[int, ...]) -> None:
        """Notes what differs, with the network."""
        self.counts["differ"] += 1
        keys = spec.keys.model_dump(mode="json", exclude_defaults=True)
        self.faults.append(f"{what}\n  at {size}: {keys}")


def main(count: int = 500, start: int = 0) -> None:
    """Tries networks until there are so many."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    trials, number = Trials(), start * 10_000
    how = settings(max_examples=_BATCH, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    while trials.counts["networks"] < count:
        seed(number)(how(given(st.data())(trials.one)))()
        number += 1
        print(dict(trials.counts), flush=True)  # noqa: T201
    print(dict(trials.topologies), *trials.faults, sep="\n")  # noqa: T201
    sys.exit(bool(trials.faults))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
