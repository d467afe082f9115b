"""Whatever stands in a YAML file of any of the four kinds, it loads or is refused with a message."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

import unetkit
from unetkit.data.loading import load_data
from unetkit.errors import UnetkitError
from unetkit.language import load, resolve
from unetkit.planning import natural_size
from unetkit.study.loading import load_study
from unetkit.train.runspec import load_run

ODD: tuple[Any, ...] = (
    None,
    3,
    -1,
    0,
    1.5,
    float("inf"),
    float("nan"),
    10**30,
    True,
    "",
    "a",
    "x" * 3000,
    "\x07\x1b[31m",
    "../..",
    [],
    {},
    [[]],
    [None],
    [3, "a"],
    {3: 4},
    {"type": 3},
    {"type": None},
    {"type": ""},
    {"": ""},
    [{}],
)
"""Values, and where they are plain keys too, that nobody means."""
SPEC: dict[str, Any] = {
    "unetkit": 1,
    "name": "odd",
    "dims": 2,
    "in_channels": 1,
    "out_channels": 2,
    "channels": {"base": 4, "levels": 3, "growth": 2.0, "max": 8},
    "block": {"type": "double_conv", "kernel": [3, 3], "norm": {"type": "group", "groups": 2}},
    "skip": {"type": "concat", "align": "pad"},
    "act": "relu",
    "encoder": {"block": {"kernel": 5}},
    "decoder": {"channels": [4, 4]},
    "levels": {1: {"encoder": {"block": {"dilation": 2}}}},
    "init": {"type": "normal", "std": 0.1},
    "odd_sizes": {"type": "pad", "mode": "zeros"},
    "plugins": {"acme": "1.0"},
}
DATA: dict[str, Any] = {
    "unetkit": 1,
    "name": "odd",
    "dims": 2,
    "dataset": {"type": "folders", "images": "images", "masks": "masks"},
    "classes": ["background", {"name": "cell", "values": [255], "colour": "#ff0000"}],
    "channels": {"count": 1, "take": [0]},
    "split": {"type": "ratio", "validation": 0.2, "test": 0.2, "seed": 1},
    "normalization": {"type": "percentile", "low": 1.0, "high": 99.0},
}
RUN: dict[str, Any] = {
    "unetkit": 1,
    "spec": {"extends": "unet-small", "out_channels": 2},
    "data": {"dataset": {"type": "folders", "images": "images", "masks": "masks"}, "split": "ratio"},
    "training": {
        "steps": 10,
        "batch": 2,
        "patch": [32, 32],
        "optimizer": {"type": "adam", "learning_rate": 0.001},
        "loss": {"type": "dice"},
    },
}
STUDY: dict[str, Any] = {
    "unetkit": 1,
    "name": "odd",
    "base": {"extends": "unet-small", "out_channels": 2},
    "design": "full",
    "axes": {
        "skip.align": ["crop", "pad", "resize"],
        "path": {"mean": {"down": "avg_pool"}, "max": {"down": "max_pool"}},
    },
    "when": {"path": {"skip.align": ["pad", "resize"]}},
    "exclude": [{"skip.align": "resize", "path": "max"}],
    "arms": {"wide": {"channels.base": 16}},
    "seeds": 2,
    "budget": {"steps": 10},
    "training": {"batch": 2, "patch": 32},
    "data": {"dataset": {"type": "folders", "images": "images", "masks": "masks"}, "split": "ratio"},
}


def plan_of(path: Path) -> None:
    spec = load(path)
    planned = unetkit.plan(spec)
    planned.at(natural_size(planned))
    assert unetkit.plan(load(resolve(spec))).digest == planned.digest


KINDS: dict[str, tuple[dict[str, Any], Callable[[Path], Any]]] = {
    "spec": (SPEC, plan_of),
    "data": (DATA, load_data),
    "run": (RUN, load_run),
    "study": (STUDY, load_study),
}


def mutated(values: Any) -> Iterator[Any]:
    """Yields copies in which one value or one key is odd, at every depth."""
    if isinstance(values, dict):
        for key, value in values.items():
            others = {name: item for name, item in values.items() if name != key}
            yield others
            yield from ({**others, key: odd} for odd in ODD)
            yield from ({**others, odd: value} for odd in ODD if isinstance(odd, str | int | float | None))
            yield from ({**others, key: inner} for inner in mutated(value))
    elif isinstance(values, list):
        for index, value in enumerate(values):
            rest = values[:index], values[index + 1 :]
            yield from ([*rest[0], odd, *rest[1]] for odd in ODD)
            yield from ([*rest[0], inner, *rest[1]] for inner in mutated(value))


@pytest.mark.parametrize("kind", KINDS)
def test_one_odd_value_or_key_is_refused_or_taken(kind: str, tmp_path: Path) -> None:
    values, read = KINDS[kind]
    path = tmp_path / "file.yaml"
    for number, odd in enumerate(mutated(deepcopy(values))):
        path.write_text(yaml.dump(odd, sort_keys=False, Dumper=yaml.CSafeDumper))
        try:
            read(path)
        except UnetkitError as error:
            assert error.faults and all(fault.code and fault.message for fault in error.faults)
        except Exception as error:
            raise AssertionError(f"{number}: {odd}") from error


@pytest.mark.parametrize("kind", KINDS)
def test_several_odd_values_are_refused_or_taken(kind: str, tmp_path: Path) -> None:
    values, read = KINDS[kind]
    path, draw = tmp_path / "file.yaml", random.Random(0)
    for _ in range(150):
        odd: Any = deepcopy(values)
        for _ in range(draw.randint(2, 3)):
            odd = draw.choice(list(mutated(odd)) or [odd])
        path.write_text(yaml.dump(odd, sort_keys=False, Dumper=yaml.CSafeDumper))
        try:
            read(path)
        except UnetkitError:
            continue
        except Exception as error:
            raise AssertionError(str(odd)) from error


@pytest.mark.parametrize(
    ("kind", "key", "value", "told"),
    [
        ("spec", "block", {"type": "double_conv", "norm": {"type": 3}}, "type 3 is not the name of a norm"),
        ("spec", "norm", {"type": "group", 3: 4}, "parameters have names, not numbers"),
        ("spec", 3, 4, "there is no key '3' here"),
        ("data", "classes", ["a", ""], "not"),
        ("data", 3, 4, "there is no key '3' here"),
        ("run", "training", {"steps": 1, 3: 4}, "a key is a name, not 3"),
        ("run", "spec", "x" * 3000, "there is no spec"),
        ("study", "base", None, "this is null, not a map with keys"),
        ("study", "axes", {"training": ["x"]}, "there is no axis"),
        ("study", "data", {3: 4}, "there is no key '3' here"),
    ],
)
def test_the_message_says_what_is_wrong(kind: str, key: Any, value: Any, told: str, tmp_path: Path) -> None:
    values, read = KINDS[kind]
    path = tmp_path / "file.yaml"
    path.write_text(yaml.dump({**values, key: value}, sort_keys=False))
    with pytest.raises(UnetkitError) as caught:
        read(path)
    assert any(told in fault.message for fault in caught.value.faults)
