"""docs/language.md: its examples load, and build what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import unetkit
from unetkit.sequence import LIST_SLOTS

TEXT = Path("docs/language.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
FRAME = yaml.safe_load(EXAMPLES[0])


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split("\n")[0])
def test_an_example_loads_and_is_planned(text: str) -> None:
    values = yaml.safe_load(text)
    spec = unetkit.load(values if "extends" in values else FRAME | values)
    planned = unetkit.plan(spec)
    assert unetkit.load(spec.resolve()) == spec
    assert planned.at((64, 64)).output_size == (64, 64)


def test_every_slot_that_holds_a_list_is_told() -> None:
    assert re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE) == list(LIST_SLOTS)


def test_weights_are_numbered_as_the_page_says() -> None:
    names = unetkit.build(FRAME | yaml.safe_load(EXAMPLES[1])).state_dict()
    assert set(re.findall(r"`(encoder[\w.]+)`", TEXT)) <= names.keys()
