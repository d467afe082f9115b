"""The guide to training names every key and part there is, with the defaults they have, and its files load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from unetkit import registry
from unetkit.data import load_data
from unetkit.data.data_keys import DataKeys
from unetkit.data.splits.split import AmountSplit
from unetkit.train import load_run
from unetkit.train.run_keys import Training

TEXT = (Path(__file__).parents[2] / "docs" / "training.md").read_text("utf-8")
DATA, *OTHERS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
RUNS = [text for text in OTHERS if text.startswith("unetkit:")]
ROWS = dict(re.findall(r"^\| (`[^|]*`) \| ([^|]*) \|", TEXT, re.MULTILINE))
TICKED = set(re.findall(r"`([a-z0-9_]+)", TEXT))


@pytest.mark.parametrize("text", RUNS, ids=["scenes", "cells", "outputs"])
def test_a_run_of_the_guide_loads_and_so_do_its_data(text: str, tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text(DATA, "utf-8")
    (tmp_path / "run.yaml").write_text(text, "utf-8")
    run = load_run(tmp_path / "run.yaml")
    assert run.data.split is not None and isinstance(run.data.split, AmountSplit) and run.data.split.validation
    assert load_data(tmp_path / "data.yaml").take == (0, 1, 4)


def test_every_key_and_part_is_told() -> None:
    in_files = {key for text in (DATA, *RUNS) for key in re.findall(r"(\w+):", text)}
    assert {*Training.model_fields} <= TICKED
    assert {*DataKeys.model_fields} - {"description", "source"} <= TICKED | in_files
    for slot in ("split", "normalization", "target", "loss", "optimizer", "schedule", "augmentation"):
        assert {*registry.BUILT_IN[slot]} <= TICKED


def test_the_defaults_are_those_there_are() -> None:
    told: dict[str, str] = {}
    for keys, defaults in ROWS.items():
        names = re.findall(r"`(\w+)`", keys)
        values = [one.strip().strip("`") for one in defaults.split(", ")]
        if names and names[0] in Training.model_fields and len(names) == len(values):
            told |= {name: value for name, value in zip(names, values, strict=True) if value}
    words = {"none": (), "never": None, "at the end": None, "tensorboard": ("tensorboard",)}
    assert len(told) > 15
    for name, value in told.items():
        default = Training.model_fields[name].get_default(call_default_factory=True)
        if isinstance(default, dict):
            default = default["type"] if default else ()
        assert default == words.get(value, yaml.safe_load(value)), name
