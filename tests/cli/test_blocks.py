"""`unetkit blocks` lists and describes whatever is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import unetkit
from tests.support.commandline import answer, run
from unetkit import registry
from unetkit.block import BASES
from unetkit.language.catalog import ComponentName, describe_component, example, list_components

ALL = list_components()


def test_blocks_lists_all_by_slot() -> None:
    assert [(one["slot"], one["name"]) for one in answer("blocks")] == ALL
    assert {one["slot"] for one in answer("blocks", "norm")} == {"norm"}
    assert "Instance normalisation" in run("blocks", "norm").stdout


@pytest.mark.parametrize("known", ALL, ids="/".join)
def test_each_block_is_described(known: ComponentName) -> None:
    values = answer("blocks", "/".join(known))
    assert values == describe_component(*known) | {"parameters": values["parameters"]}
    file, _, line = values["defined"].rpartition(":")
    assert Path(file).read_text("utf-8").splitlines()[int(line) - 1].startswith("class ")
    assert values["description"] and [one["name"] for one in values["parameters"]] == list(
        registry.find(*known).model_fields
    )
    assert all(one["takes"] for one in values["parameters"])
    assert all(one["description"] for one in values["parameters"]), "each has a text under it"
    text = run("blocks", ".".join(known)).stdout
    assert text.startswith(f"{known.slot}: {known.name}\n") and all(one["name"] in text for one in values["parameters"])


@pytest.mark.parametrize("known", [known for known in ALL if known.slot in BASES], ids="/".join)
def test_the_example_of_each_block_is_valid(known: ComponentName) -> None:
    base = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [8, 16], "up": "transposed_conv"}
    unetkit.plan(unetkit.load(base | yaml.safe_load(example(*known))))


def test_the_texts_under_parameters_are_shown() -> None:
    text = " ".join(run("blocks", "squeeze_excite", code=1).stderr.split())
    assert text.endswith("See: unetkit blocks.")
    parameters = {one["name"]: one for one in answer("blocks", "double_conv")["parameters"]}
    assert parameters["squeeze_excite"]["description"].startswith("Reduction of the channel gate")
    assert parameters["norm"]["inherited"] == "norm" and parameters["norm"]["default"] == "batch"
    assert parameters["dropout"] == {
        "name": "dropout", "takes": "a number from 0, below 1", "required": False, "default": 0.0,
        "description": "Share of values that are zeroed in training.",
    }  # fmt: skip


def test_a_name_in_several_slots_needs_its_slot() -> None:
    told = "error[block-ambiguous]: 'none' is an up, a skip, a norm and a normalization\n"
    told += "   Write up/none, skip/none, norm/none or normalization/none.\n"
    assert run("blocks", "none", code=1).stderr == told
    assert run("blocks", "norm/none").stdout.startswith("norm: none\n")
    assert "Did you mean: residual?" in run("blocks", "residul", code=1).stderr
