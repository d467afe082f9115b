"""The keys of a study file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue

from unetkit.block import Count
from unetkit.data.data_keys import DataKeys
from unetkit.document.keys import Holds, Keys, Reference
from unetkit.language.spec_keys import SpecKeys
from unetkit.train.run_keys import RunKeys, Training

DESIGNS = ("one_at_a_time", "full", "paired", "screening", "interactions")
_MAX_SEED = 2**32 - 1
SEEDS: JsonSchemaValue = {
    "anyOf": [{"type": "integer", "minimum": 1}, {"type": "array", "items": {"type": "integer", "minimum": 0}}]
}


def _as_seeds(value: object) -> tuple[int, ...]:
    """The seeds that a list or a number stands for; a number n means 0 to n - 1.

    >>> _as_seeds(3), _as_seeds((7, 8))
    ((0, 1, 2), (7, 8))
    """
    if type(value) is int and 1 <= value <= 10_000:
        return tuple(range(value))
    if not isinstance(value, tuple | list) or not value or not all(type(seed) is int for seed in value):
        raise ValueError(f"{value!r} gives no seeds: write how many there are, or list them")
    if min(value) < 0 or max(value) > _MAX_SEED:
        raise ValueError(f"a seed lies between 0 and {_MAX_SEED}")
    return _distinct(tuple(value))


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values unchanged; raises ValueError where one is repeated."""
    twice = next((value for value in values if values.count(value) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is given twice")
    return values


def as_map(value: object) -> dict[str, Any]:
    """The value unchanged; raises ValueError where it is not a map with text keys."""
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return value
    raise ValueError("this is no map of paths and values")


Fraction = Annotated[float, Field(gt=0, le=1)]
_SettingsMap = Annotated[dict[str, Any], PlainValidator(as_map)]


class StudyBudget(Keys):
    """How long every arm trains: steps, epochs or minutes."""

    steps: Count | None = None
    epochs: Annotated[float, Field(gt=0)] | None = None
    minutes: Annotated[float, Field(gt=0)] | None = None


class StudyKeys(Keys):
    """The keys of a study. What is inside `axes`, `arms`, `when` and `exclude` is checked where it is expanded."""

    unetkit: Literal[1]
    """Version of the language."""
    name: str = ""
    description: str = ""
    run: Annotated[Reference | None, Holds(RunKeys)] = None
    """The RUN.yaml to begin with, or a map as in one: its data, its training and, unless `base` is given, its spec."""
    base: Annotated[Reference | None, Holds(SpecKeys)] = None
    """The spec that arms are compared with: a path, the name of a shipped spec, or a map as in a spec."""
    data: Annotated[Reference | None, Holds(DataKeys)] = None
    """The data, in place of the run's."""
    training: Annotated[_SettingsMap | None, Holds(Training, named=False)] = None
    """Settings of the training, over those of the run."""
    budget: StudyBudget | None = None
    """How long every arm trains, in place of what the run says."""
    seeds: Annotated[tuple[int, ...], PlainValidator(_as_seeds), WithJsonSchema(SEEDS)] = (0, 1, 2, 3, 4, 5)
    """How many seeds there are, from 0; or a list of them."""
    fractions: Annotated[tuple[Fraction, ...], Field(min_length=1), AfterValidator(_distinct)] | None = None
    """Fractions of the training data, each a subset of the next."""
    design: Literal["one_at_a_time", "full", "paired", "screening", "interactions"] = "one_at_a_time"
    """How axes combine: each alone against the base, all with all, the first values, the second, and so on, or a
    fraction of all combinations of two values each, of resolution IV (screening) or V (interactions)."""
    follow_up: tuple[str, ...] = ()
    """Axes of a screening on which it is folded over, which separates their interactions from all others."""
    axes: dict[str, Any] = Field(default_factory=dict)
    """What varies: a dotted path and its values, or a name and, by label, the paths that are set."""
    arms: dict[str, Any] = Field(default_factory=dict)
    """Arms given one by one: by name, the paths that are set."""
    when: dict[str, Any] = Field(default_factory=dict)
    """By axis, the condition under which it applies; where it does not, it is left as the base has it."""
    exclude: tuple[Any, ...] = ()
    """Conditions: an arm that meets all paths of one of them is left out."""
    match: Literal["none", "parameters", "macs"] = "none"
    """Whether the width of every arm is chosen so that it has as many parameters, or MACs, as the base."""
    metric: str = "dice"
    """What arms are compared by."""
    margin: Annotated[float, Field(gt=0)] | None = None
    """The difference in the metric below which arms count as equal."""
    group: str = ""
    """Pattern of the names of test images that belong together, as in `{group}_*`; by default that of a group split."""
