"""The keys of a study file."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue

from unetkit.block import Count
from unetkit.data.data_keys import DataKeys
from unetkit.document.keys import Holds, Keys, Reference
from unetkit.language.spec_keys import SpecKeys
from unetkit.train.run_keys import RunKeys, Training

DESIGNS = ("one_at_a_time", "full", "paired", "screening", "interactions")
_MAX_SEED = 2**32 - 1
_MOST_LOOKS = 7
_LOOKS = {
    "type": "object",
    "properties": {
        "at_least": {"type": "integer", "minimum": 2},
        "at_most": {"type": "integer", "minimum": 3, "maximum": 1000},
        "error": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5},
    },
    "required": ["at_most"],
    "additionalProperties": False,
}
SEEDS: JsonSchemaValue = {
    "anyOf": [{"type": "integer", "minimum": 1}, {"type": "array", "items": {"type": "integer", "minimum": 0}}, _LOOKS]
}


class SeedRange(NamedTuple):
    """Seeds from 0, until each comparison is decided, or there are `at_most`.

    `error` is the probability that some arm is called different though none is.
    """

    at_most: int
    at_least: int = 4
    error: float = 0.05

    @property
    def looks(self) -> tuple[int, ...]:
        """The numbers of seeds at which the study looks at its comparisons: at most 7, at equal distances to the last.

        >>> SeedRange(16).looks, SeedRange(6, 3).looks
        ((4, 6, 8, 10, 12, 14, 16), (3, 4, 5, 6))
        """
        step = ceil((self.at_most - self.at_least) / (_MOST_LOOKS - 1))
        return (self.at_least, *sorted(range(self.at_most, self.at_least, -step)))


def _as_range(value: dict[object, object]) -> SeedRange:
    """The range that a map stands for.

    >>> _as_range({"at_least": 4, "at_most": 16})
    SeedRange(at_most=16, at_least=4, error=0.05)
    """
    unknown = [key for key in value if key not in SeedRange._fields]
    if unknown or "at_most" not in value:
        raise ValueError(f"{unknown[0]!r} is not known here" if unknown else "at_most is missing")
    found = SeedRange(**{str(key): one for key, one in value.items()})  # type: ignore[arg-type]
    if type(found.at_least) is not int or type(found.at_most) is not int or type(found.error) not in (int, float):
        raise ValueError("at_least and at_most are numbers of seeds, error is a probability")
    if not 2 <= found.at_least < found.at_most <= 1000:
        raise ValueError("at_least must be 2 or more, at_most more than at_least, and 1,000 at most")
    if not 0 < found.error < 0.5:
        raise ValueError("error must be above 0 and below 0.5")
    return found


def _as_seeds(value: object) -> tuple[int, ...] | SeedRange:
    """The seeds that a list or a number stands for; a number n means 0 to n - 1. A map is a range.

    >>> _as_seeds(3), _as_seeds((7, 8))
    ((0, 1, 2), (7, 8))
    """
    if isinstance(value, dict):
        return _as_range(value)
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
    seeds: Annotated[tuple[int, ...] | SeedRange, PlainValidator(_as_seeds), WithJsonSchema(SEEDS)] = (0, 1, 2, 3, 4, 5)
    """How many seeds there are, from 0; or a list of them; or a map with at_least, at_most and error."""
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
