"""docs/language.md: its examples load, and build what the page says; every key of a spec is in one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

import unetkit
from tests.support.commandline import run
from unetkit import registry
from unetkit.document.keys import default_types
from unetkit.language.spec_keys import (
    BottleneckKeys,
    ChannelRule,
    DecoderKeys,
    EncoderKeys,
    HeadKeys,
    InputKeys,
    LevelKeys,
    Side,
    SpecKeys,
)
from unetkit.sequence import LIST_SLOTS

TEXT = Path("docs/language.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
FRAME = yaml.safe_load(EXAMPLES[0])
COMMANDS = re.findall(r"```\n\$ unetkit (.*?)\n(.*?)```", TEXT, re.DOTALL)
MODELS = (SpecKeys, EncoderKeys, DecoderKeys, BottleneckKeys, LevelKeys, Side, ChannelRule, InputKeys, HeadKeys)


def section(title: str) -> str:
    return re.split(r"^## ", TEXT, flags=re.MULTILINE)[[*re.findall(r"^## (.*)", TEXT, re.MULTILINE)].index(title) + 1]


def cells(text: str) -> list[list[str]]:
    """The rows of the first table in a text."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def framed(values: dict[str, Any]) -> dict[str, Any]:
    """The keys of an example with those of the page's first that it does not say; null leaves one out."""
    return {key: value for key, value in (FRAME | values).items() if value is not None}


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split("\n")[0])
def test_an_example_loads_and_is_planned(text: str) -> None:
    values = yaml.safe_load(text)
    spec = unetkit.load(values if "extends" in values else framed(values))
    planned = unetkit.plan(spec)
    assert unetkit.load(spec.resolve()) == spec
    assert planned.at((64,) * spec.dims).output_size == (64,) * spec.dims


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yields the models in the type of a field."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


def keys_of(model: type[BaseModel], values: dict[Any, Any]) -> Iterator[tuple[type[BaseModel], str]]:
    """Yields the keys that stand in values, with the model that has them."""
    for key, value in values.items():
        if key not in model.model_fields:
            continue
        yield model, key
        field = model.model_fields[key]
        for inner in models_in(field.annotation):
            for one in (value or {}).values() if "dict" in str(field.annotation) else [value]:
                yield from keys_of(inner, one if isinstance(one, dict) else {})


def test_every_key_of_a_spec_is_in_an_example() -> None:
    shown = {one for text in EXAMPLES for one in keys_of(SpecKeys, yaml.safe_load(text))}
    assert {(model, key) for model in MODELS for key in model.model_fields} == shown
    assert any("extends" in yaml.safe_load(text) for text in EXAMPLES)


def test_every_slot_is_told_with_its_default() -> None:
    defaults = {slot: row[2] for row in cells(section("Slots")) for slot in row[0].split(", ")}
    kinds = [kind for row in cells(section("Slots")) for kind in re.split(", ", row[2].partition(":")[0])]
    assert defaults.keys() == default_types(SpecKeys).keys()
    assert kinds == [default_types(SpecKeys)[slot] for slot in defaults]


def test_every_slot_that_holds_a_list_is_told() -> None:
    assert [row[0].strip("`") for row in cells(section("Lists"))] == list(LIST_SLOTS)


def test_every_topology_is_told() -> None:
    assert [row[0].strip("`") for row in cells(section("Topologies"))] == registry.names("topology")
    for name in registry.names("topology"):
        (row,) = (row for row in cells(section("Topologies")) if row[0] == f"`{name}`")
        assert all(f"`{field}" in row[1] for field in registry.find("topology", name).model_fields)


@pytest.mark.parametrize(("command", "output"), COMMANDS)
def test_a_command_prints_what_the_page_shows(command: str, output: str) -> None:
    assert run(*command.split()).stdout == output


def test_weights_are_numbered_as_the_page_says() -> None:
    (lists,) = (text for text in EXAMPLES if text.startswith("block: [single_conv,"))
    names = unetkit.build(FRAME | yaml.safe_load(lists)).state_dict()
    assert set(re.findall(r"`(encoder[\w.]+weight)`", section("Lists"))) <= names.keys()
