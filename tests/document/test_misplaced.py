"""A key that stands one level too high is told where it belongs."""

from __future__ import annotations

from typing import Any

import pytest

import unetkit
from unetkit.data import load_data
from unetkit.errors import SpecError

SPEC = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8]}


def hint(values: dict[str, Any], load: Any = unetkit.load) -> str:
    """The hint of the only fault."""
    with pytest.raises(SpecError) as raised:
        load(values)
    (fault,) = raised.value.faults
    assert fault.code == "unknown-key"
    return fault.cure


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"align": "crop"}, 'align is a key of skip: write skip: {align: "crop"}.'),
        ({"kernel": 5}, "kernel is a key of block, down, up, head: write block: {kernel: 5}."),
        ({"groups": 4, "norm": "group"}, "groups is a key of norm, block, up: write norm: {type: group, groups: 4}."),
        ({"allign": "crop"}, "Known: "),  # not exactly the name of any
    ],
)
def test_of_a_spec(values: dict[str, Any], said: str) -> None:
    assert hint(SPEC | values).startswith(said)


def test_what_is_proposed_is_accepted() -> None:
    spec = unetkit.load(SPEC | {"norm": {"type": "group", "groups": 4}, "skip": {"align": "crop"}})
    assert spec.channels == (4, 8)


def test_of_a_data_file_without_data_set() -> None:
    with pytest.raises(SpecError) as raised:
        load_data({"unetkit": 1, "images": "a", "masks": "b"})
    hints = {fault.path: fault.cure for fault in raised.value.faults}
    assert hints["images"] == 'images is a key of dataset: write dataset: {type: folders, images: "a"}.'
    assert hints["masks"] == 'masks is a key of dataset: write dataset: {type: folders, masks: "b"}.'
    assert hints["dataset"] == "Give dataset: a component: its name, or a map with type and parameters."
