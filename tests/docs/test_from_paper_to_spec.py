"""docs/from-paper-to-spec.md: each step is planned, and the counts and sizes in the text are those of its network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import unetkit
from unetkit.planning import Plan

TEXT = Path("docs/from-paper-to-spec.md").read_text("utf-8")


def steps(title: str, **changed: Any) -> list[tuple[Plan, str]]:
    """The network after each block of YAML of a section, with some keys changed, and the text up to the next block."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found
    values: dict[str, Any] = {}
    made = []
    for text, after in re.findall(r"```yaml\n(.*?)```(.*?)(?=```yaml|\Z)", found[1], re.DOTALL):
        values |= yaml.safe_load(text)
        made.append((unetkit.plan(unetkit.load(values | changed)), after))
    return made


@pytest.mark.parametrize("title", ["3D U-Net", "ResUNet"])
def test_the_counts_after_each_step_are_those_of_its_network(title: str) -> None:
    counted = 0
    for planned, text in steps(title):
        for told in re.findall(r"(\d[\d,]+) parameters", text):
            assert int(told.replace(",", "")) == planned.parameters
            counted += 1
    assert counted >= 2


def test_the_last_step_is_the_network_of_the_paper() -> None:
    volumes = [planned for planned, _ in steps("3D U-Net")]
    assert [planned.output_size((132, 132, 116)) for planned in volumes[1:]] == [(44, 44, 28)] * 3
    assert volumes[-1].digest == unetkit.plan(unetkit.load("unet-3d")).digest
    bare, _ = steps("3D U-Net", norm="none")[-1]
    assert volumes[-1].parameters - bare.parameters == 4_672
    assert bare.parameters == 19_069_955


def test_the_sizes_and_the_shortcuts_are_those_of_the_text() -> None:
    planned, text = steps("ResUNet")[-1]
    levels = planned.describe((224, 224))["levels"]
    assert [level["encoder"]["output_size"][0] for level in levels] == [224, 112, 56, 28]
    pairs = [(3, 64), (64, 128), (128, 256), (256, 512), (768, 256), (384, 128), (192, 64)]
    weights = sum(before * after for before, after in pairs)
    assert f"{weights:,} weights" in text.replace("\n", " ")
    assert round((planned.parameters - weights) / 1e6, 1) == 7.8
