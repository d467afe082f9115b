"""The size that is shown where none is given, and the sizes that messages name: those that they say fit do fit."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import unetkit
from tests.support.commandline import run
from unetkit.codegen.source import shown
from unetkit.errors import Fault, SizeError
from unetkit.planning import natural_size
from unetkit.planning.refusal import AXES
from unetkit.testing.strategies import sizes, specs

SMALL: dict[str, Any] = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 4, 4]}
UNFIT = ["--set", "down=strided_conv", "--set", "down.padding=valid", "--set", "skip.align=same"]


@pytest.mark.parametrize("name", ["unet-2015", "unet-3d", "unet-1d", "unet-same"])
def test_show_draw_code_specs_and_validate_speak_of_one_size(name: str, tmp_path: Any) -> None:
    planned = unetkit.plan(unetkit.load(name))
    size = natural_size(planned)
    answer = json.loads(run("show", name, "--json").stdout)
    assert answer["input_size"] == list(size)
    drawn = run("draw", name, "-o", str(tmp_path / "net.svg"))
    assert f"at {'×'.join(map(str, size))}" in drawn.stdout
    told = shown(planned)
    assert told is not None and told.input_size == size
    listed = {one["name"]: one for one in json.loads(run("specs", "--json").stdout)}
    assert listed[name]["input_size"] == list(size)


def test_the_network_of_the_paper_is_shown_at_the_size_of_the_paper() -> None:
    answer = json.loads(run("show", "unet-2015", "--json").stdout)
    assert (answer["input_size"], answer["output_size"]) == ([572, 572], [388, 388])


@pytest.mark.parametrize("near", ["1", "20", "32", "33", "64", "64x32x32"])
def test_the_sizes_around_one_all_fit(near: str) -> None:
    """Instance norm needs more than one sample of all axes together, which sizes per axis do not tell."""
    answer = json.loads(run("sizes", "unet-nnunet", "--near", near, "--json").stdout)
    planned = unetkit.plan(unetkit.load("unet-nnunet"))
    assert answer["near"]
    for row in answer["near"]:
        assert planned.output_size(tuple(row["input_size"])) == tuple(row["output_size"])


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_the_sizes_that_a_refusal_names_fit(data: st.DataObject) -> None:
    spec = data.draw(specs(max_depth=4))
    planned = unetkit.plan(spec)
    size = data.draw(sizes(planned, most=1 << 14))
    faults: tuple[Fault, ...] = ()
    try:
        planned.at(size)
    except SizeError as error:
        faults = error.faults
    assume(bool(faults))
    for fault in faults:
        assert fault.code != "size-shape"
        near = re.search(r"Nearest sizes that do: ([\d, ]+)\.", fault.cure)
        whole = re.search(r"[Ii]mages? of (?:at least )?([\d×]+) (?:leaves more|have an output)", fault.cure)
        if whole:
            planned.at(tuple(int(n) for n in whole[1].split("×")))
        elif near:
            axis = next(axis for axis, name in enumerate(AXES[spec.dims]) if f"({name})" in fault.message)
            for n in map(int, near[1].split(", ")):
                planned.at(brought(planned, size, axis, n))
        else:
            assert "No size" in fault.cure


def brought(planned: unetkit.Plan, size: tuple[int, ...], axis: int, n: int) -> tuple[int, ...]:
    """Returns a size with n along an axis; others that do not fit are brought to their next in the same direction."""
    found: list[int] = []
    for other, (m, accepted) in enumerate(zip(size, planned.accepted, strict=True)):
        near = n if other == axis else m if m in accepted else (accepted.above if n > size[axis] else accepted.below)(m)
        assert near is not None
        found.append(near)
    return tuple(found)


def test_a_padded_image_is_refused_by_the_size_that_was_given() -> None:
    planned = unetkit.plan(unetkit.load(SMALL | {"norm": "instance", "odd_sizes": "pad"}))
    with pytest.raises(SizeError) as caught:
        planned.at((3, 2))
    (fault,) = caught.value.faults
    assert "an image of 3×2, padded to 4×4, leaves one" in fault.message
    assert fault.cure == "An image of 5×2 leaves more."
    assert planned.output_size((5, 2)) == (5, 2)


@pytest.mark.parametrize("change", [[], ["--set", "odd_sizes=pad"]])
def test_validate_refuses_a_network_that_no_size_fits_as_show_does(change: list[str]) -> None:
    checked, seen = (run(command, "unet-2015", *UNFIT, *change, code=1) for command in ("validate", "show"))
    assert "No size does" in checked.stderr
    assert checked.stderr == seen.stderr
