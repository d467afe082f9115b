"""What a search needs in order to train: steps, seeds, and images for validation and for testing."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from unetkit.errors import Fault, SpecError, UnetkitError
from unetkit.study.search.space import SearchSpace
from unetkit.study.study_keys import SeedRange

_DURATION = ("training.steps", "training.epochs", "training.minutes")


def check_training(space: SearchSpace) -> None:
    """Raises UnetkitError where the networks of a space cannot be trained, before any is planned.

    The data are opened, because what a split leaves for validation depends on the images that are there.
    """
    from unetkit.data import load_data, open_data  # packages of networks are imported where they are needed
    from unetkit.scoring.metrics import check_metrics

    faults = []
    if find_spec("optuna") is None:
        cure = "Install it: pip install 'unetkit[search]'. Or search without training: --plan-only."
        raise UnetkitError(Fault("package-missing", "a search that trains needs the package optuna", cure=cure))
    if _steps(space) is None:
        cure = "Give budget: {steps: 1000}, which the networks of the last round train."
        faults.append(Fault("search-budget", "a search that trains needs a number of steps", "budget", cure))
    for axis in space.axes:
        settings = [one for value in axis.values for one in value.settings]
        fixed = next((one.path for one in settings if one.part == "data" or one.path in _DURATION), None)
        if fixed is not None:
            message = f"{axis.name} changes {fixed}, by which scores of networks cannot be compared"
            cure = "Leave the axis out, or search without training: --plan-only."
            faults.append(Fault("search-axis", message, "axes", cure))
    try:
        check_metrics((space.keys.metric,), space.base.base_plan.dims)
    except UnetkitError as error:
        faults += [replace(fault, path="metric") for fault in error.faults]
    if faults:
        raise SpecError(*faults)
    splits = open_data(load_data(space.base.part("data", ())))
    for name, use in (("validation", "by which networks are chosen"), ("test", "which confirm the choice")):
        if not getattr(splits, name):
            cure = "Give the data a split that has some. Or search without training: --plan-only."
            faults.append(Fault("search-split", f"the data have no {name} images, {use}", "data.split", cure))
    if faults:
        raise SpecError(*faults)


def _steps(space: SearchSpace) -> int | None:
    found: int | None = space.base.part("training", ()).get("steps")
    return found


def steps_of(space: SearchSpace) -> int:
    """The steps of the longest training of a space that `check_training` accepts."""
    steps = _steps(space)
    assert steps is not None, "check_training refuses other budgets"
    return steps


def seeds_of(space: SearchSpace) -> Any:
    """The seeds of the confirming study as plain values: those of the space."""
    seeds = space.keys.seeds
    return dict(seeds._asdict()) if isinstance(seeds, SeedRange) else list(seeds)


def search_seed(space: SearchSpace) -> int:
    """The seed of all trainings of the halving, which the confirming study does not use."""
    seeds = space.keys.seeds
    used = set(range(seeds.at_most) if isinstance(seeds, SeedRange) else seeds)
    return next(seed for seed in range(len(used) + 1) if seed not in used)
