"""Successive halving (Jamieson & Talwalkar, 2016): all networks train briefly, and the better ones for longer.

Optuna decides which networks go on, by their scores on the validation images. Each training is a run of its own from
the beginning, so that its learning rate follows its own schedule, and is executed by the engines of studies. A round is
decided when all its runs have ended. The decisions follow from the results alone, so that a search that was interrupted
takes the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from unetkit.study.matrix.arm import Arm, StudyRun
from unetkit.study.results.exit_status import state_of
from unetkit.study.results.records import ResultRecord, read_record
from unetkit.study.runs.study_folder import StudyFolder
from unetkit.study.search.searching import FoundFront
from unetkit.study.study import Study

REDUCTION = 3
"""One network in so many goes on, and trains for so many times as many steps."""


class TrainedNetwork(NamedTuple):
    """A network of the front: its number, the steps of its longest training, and the validation score of that."""

    number: int
    steps: int
    score: float


def rounds_of(steps: int, networks: int) -> tuple[int, ...]:
    """The steps of each round, of which the last has all; there are as many as the number of networks allows.

    >>> rounds_of(900, 16), rounds_of(900, 2)
    ((100, 300, 900), (900,))
    """
    rounds = 1
    while REDUCTION**rounds <= networks and steps // REDUCTION**rounds >= 1:
        rounds += 1
    return tuple(steps // REDUCTION**left for left in reversed(range(rounds)))


def halving_study(found: FoundFront, steps: int, seed: int) -> Study:
    """The study of all trainings that there may be: each network with the steps of each round."""
    arms = [
        _trained(network.arm, number, most)
        for most in rounds_of(steps, len(found.networks))
        for number, network in enumerate(found.networks, 1)
    ]
    keys = found.space.keys.model_copy(update={"seeds": (seed,)})
    return Study(f"{found.space.name}-trials", keys, tuple(arms), path=found.space.path)


def _trained(arm: Arm, number: int, steps: int) -> Arm:
    """An arm with other steps."""
    return replace(
        arm,
        name=f"{number:02} for {steps:,} steps",
        also=(),
        identity=sha256(f"{arm.identity} {steps}".encode()).hexdigest(),
        training={**arm.training, "steps": steps},
        values=partial(_with_steps, arm.values, steps),
    )


def _with_steps(values: Callable[[], dict[str, Any]], steps: int) -> dict[str, Any]:
    found = values()
    return found | {"training": found["training"] | {"steps": steps}}


@dataclass
class Halving:
    """The runs of `halving_study` in a folder: those of the present round, and the networks trained so far."""

    study: Study
    folder: StudyFolder
    networks: int
    trained: dict[int, TrainedNetwork] = field(default_factory=dict)

    def due(self) -> list[StudyRun]:
        """The runs of the first round that has not ended; none after the last. A network whose run failed is out."""
        runs = self.study.runs
        going = list(range(1, self.networks + 1))
        for start in range(0, len(runs), self.networks):
            present = {number: runs[start + number - 1] for number in going}
            states = {number: state_of(self.folder.run(run.id)) for number, run in present.items()}
            waiting = [run for number, run in present.items() if states[number] == "waiting"]
            if waiting:
                return waiting
            scores = {number: self.score(run) for number, run in present.items() if states[number] == "done"}
            for number, score in scores.items():
                self.trained[number] = TrainedNetwork(number, present[number].arm.training["steps"], score)
            going = promoted(scores)
        return []

    def score(self, run: StudyRun) -> float:
        """The best validation score of a run, which is that of the weights that it kept."""
        result = read_record(ResultRecord, self.folder.run(run.id) / "result.json")
        return max((value for _, value in (result.validation if result else ()) if value is not None), default=0.0)

    def best(self, most: int) -> list[TrainedNetwork]:
        """The networks that trained longest, and of these the best, in order."""
        return sorted(self.trained.values(), key=lambda one: (-one.steps, -one.score))[:most]


def promoted(scores: Mapping[int, float]) -> list[int]:
    """The networks that go on to the next round: about one in three, by Optuna's pruner; equal scores go together.

    >>> promoted({1: 0.7, 2: 0.9, 3: 0.8})
    [2]
    """
    if not scores:
        return []
    import optuna
    from optuna.trial import create_trial

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruner = optuna.pruners.PercentilePruner(100 / REDUCTION, n_startup_trials=0)
    trials = optuna.create_study(direction="maximize", pruner=pruner)
    trials.add_trials([create_trial(value=score, intermediate_values={1: score}) for score in scores.values()])

    def goes_on(score: float) -> bool:
        trial = trials.ask()
        trial.report(score, 1)
        return not trial.should_prune()

    return [number for number, score in scores.items() if goes_on(score)]
