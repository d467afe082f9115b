"""The headers of the shipped specs, and lists of these."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import unetkit
from tests.headers.__main__ import written
from tests.support.commandline import answer, run
from unetkit.errors import SpecError
from unetkit.language import shipped, specs_folder
from unetkit.language.headers import Selection, read_shipped, select
from unetkit.planning import describe


@pytest.mark.parametrize("name", shipped())
def test_the_header_of_a_spec_states_the_facts_of_its_plan(name: str) -> None:
    """`python -m tests.headers FILE` writes them."""
    path = shipped()[name]
    text = path.read_text(encoding="utf-8")
    assert text == written(path, text)
    spec = read_shipped(path)
    assert spec.verified.removeprefix("not verified:").strip()
    assert min(map(len, (spec.about, spec.description, spec.paper))) > 0


@pytest.mark.parametrize("name", ["unet-2015", "unet-3d", "unet-1d", "segresnet"])
def test_facts_are_read_as_they_were_written(name: str) -> None:
    spec = read_shipped(shipped()[name])
    planned = unetkit.plan(unetkit.load(name))
    row, size = spec.json(), spec.facts.inputs[0].size
    shown = describe(planned, size)
    keys = ("dims", "in_channels", "out_channels", "parameters", "macs", "input_size", "output_size", "receptive_field")
    assert {key: row[key] for key in keys} == {key: shown[key] for key in keys}


def test_no_two_specs_have_one_name() -> None:
    folders = ("fragments", "runs", "studies")
    paths = [
        path for path in specs_folder().rglob("*.yaml") if path.relative_to(specs_folder()).parts[0] not in folders
    ]
    assert sorted(path.stem for path in paths) == sorted(shipped())


def test_a_header_without_a_fact_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text("# A network.\n# Input: 1 channel, 8×8\nunetkit: 1\n", encoding="utf-8")
    with pytest.raises(SpecError, match="the header does not say: Output, Parameters, Multiply-adds"):
        read_shipped(file)


def test_specs_are_chosen_and_sorted() -> None:
    found = select(Selection(dims=3, max_parameters=10_000_000, families=("monai",)), "parameters")
    assert found
    assert all(spec.dims == 3 and spec.family == "monai" and spec.facts.parameters <= 10_000_000 for spec in found)
    counts = [spec.facts.parameters for spec in found]
    assert counts == sorted(counts)
    named = [spec.name for spec in select(Selection(words=("isensee", "plain network"), dims=3))]
    assert "unet-nnunet" in named and "unet-nnunet-resenc" not in named


def test_the_command_takes_what_is_wanted(tmp_path: Path) -> None:
    rows = answer(
        "specs", "ronneberger", "--dims", "1", "--max-parameters", "2M", "--max-macs", "50M", "--sort", "name"
    )
    assert [row["name"] for row in rows] == ["unet-1d"]
    assert json.loads(run("specs", "no such words", "--json").stdout) == []
    file = tmp_path / "sheet.svg"
    run("specs", "--family", "unet", "--dims", "1", "--sheet", str(file))
    assert "unet-1d" in file.read_text(encoding="utf-8")
    assert "nnunet" in run("specs", "--family", "nnunett", code=2).stderr
