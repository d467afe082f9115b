"""The JSON Schema that editors use: it knows all that is installed, and refuses no spec that loads."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from unetkit import registry
from unetkit.block import BASES, insets
from unetkit.data import load_data
from unetkit.data.data_keys import DataKeys
from unetkit.document.keys import Keys
from unetkit.document.schema import schema
from unetkit.language import load, resolve, shipped
from unetkit.language.spec_keys import SpecKeys
from unetkit.plugins.distributions import PluginEntry
from unetkit.study.study_keys import StudyKeys
from unetkit.train import load_run
from unetkit.train.run_keys import RunKeys, Training

SPECS = Path(__file__).parents[2] / "specs"

START = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [8, 16]}


@pytest.fixture(scope="module")
def validator() -> Any:
    """The schema, ready to judge values."""
    jsonschema = pytest.importorskip("jsonschema")
    made = schema(SpecKeys)
    jsonschema.Draft7Validator.check_schema(made)
    return jsonschema.Draft7Validator(made)


@pytest.mark.parametrize("name", shipped())
def test_shipped_specs_and_their_canonical_forms_are_valid(name: str, validator: Any) -> None:
    validator.validate(yaml.safe_load(shipped()[name].read_text("utf-8")))
    form = resolve(load(name))
    if "levels" in form:
        form["levels"] = {str(level): value for level, value in form["levels"].items()}  # keys of JSON are texts
    validator.validate(form)


@pytest.mark.parametrize(
    "change",
    [
        {"block": "double"},
        {"block": {"type": "double_conv", "kernal": 3}},
        {"block": {"type": "double_conv", "kernel": 0}},
        {"block": {"type": "double_conv", "bias": "yes"}},
        {"block": {"type": "double_conv", "norm": {"type": "batch", "groups": 4}}},
        {"block": {"kernal": 3}},
        {"dims": 4},
        {"dims": "2"},
        {"channels": []},
        {"channels": {"base": 8}},
        {"unetkit": 2},
        {"blok": "double_conv"},
        {"levels": {"1": {"blok": "double_conv"}}},
        {"encoder": {"skip": "concat"}},
        {"init": "zeros"},
    ],
    ids=str,
)
def test_mistakes_are_marked(change: dict[str, Any], validator: Any) -> None:
    assert validator.is_valid(START) and not validator.is_valid(START | change)


def test_what_extends_may_leave_the_rest_out(validator: Any) -> None:
    assert validator.is_valid({"extends": "unet-2015", "block": {"kernel": 5}, "levels": {"1": {"norm": "group"}}})
    assert not validator.is_valid({"block": {"type": "double_conv"}})
    rule = {"channels": {"levels": 7}}
    assert validator.is_valid({"extends": "unet-2015"} | rule) and not validator.is_valid(START | rule)


def test_every_key_block_and_parameter_is_there() -> None:
    made = schema(SpecKeys)
    assert made["properties"].keys() == {*SpecKeys.model_fields, "extends"}
    for slot in BASES:
        names, *forms, own, change = made["definitions"][slot]["oneOf"]
        assert own["properties"]["type"]["not"] == names["anyOf"][0]
        assert (
            names["anyOf"][0]["enum"] == registry.names(slot) == [form["properties"]["type"]["const"] for form in forms]
        )
        for form in forms:
            model = registry.find(slot, form["properties"]["type"]["const"])
            assert form["properties"].keys() == {"type", *model.model_fields}
            assert change["properties"].keys() >= model.model_fields.keys()
            for field, inset in insets(model).items():
                branches = {"type": "array", "items": {"$ref": f"#/definitions/{inset.slot}_item"}}
                one = {"$ref": f"#/definitions/{inset.slot}"}
                assert form["properties"][field].items() >= (branches if inset.branches else one).items()


@pytest.mark.parametrize("kind", [SpecKeys, DataKeys, RunKeys, StudyKeys])
def test_references_lead_somewhere(kind: type[Keys]) -> None:
    made = schema(kind)

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            return own + [found for inner in value.values() for found in references(inner)]
        return [found for inner in value for found in references(inner)] if isinstance(value, list) else []

    assert {*references(made)} == {f"#/definitions/{name}" for name in made["definitions"]}


@cache
def judge(kind: type[Keys]) -> Any:
    """Returns what judges values by the schema of a kind of file."""
    return pytest.importorskip("jsonschema").Draft7Validator(schema(kind))


@pytest.mark.parametrize(
    ("kind", "folder"), [(DataKeys, "runs/data"), (RunKeys, "runs"), (StudyKeys, "studies")], ids=str
)
def test_shipped_data_runs_and_studies_are_valid(kind: type[Keys], folder: str) -> None:
    files = sorted((SPECS / folder).glob("*.yaml"))
    assert len(files) > 3
    for file in files:
        values = yaml.safe_load(file.read_text("utf-8"))
        judge(kind).validate(values)
        assert not judge(kind).is_valid(values | {"bach": 4})
        if kind is RunKeys:
            judge(kind).validate(load_run(file).resolve())
        if kind is DataKeys:
            judge(kind).validate(load_data(file).resolve())


RUN = {"unetkit": 1, "spec": {"extends": "unet-same"}, "data": "photos", "training": {"steps": 4}}


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({"training": {"steps": 4, "loss": {"type": "dice", "per_image": True}, "augmentation": ["flip"]}}, True),
        ({"training": {"steps": 4, "loss": {"type": "dice", "gamma": 2}}}, False),
        ({"training": {"steps": 4, "loss": {"share": 0.7}}}, True),
        ({"training": {"steps": 4, "loss": {"shear": 0.7}}}, False),
        ({"training": {"steps": 4, "augmentation": ["flop"]}}, False),
        ({"training": {"steps": 0}}, False),
        ({"training": {"steps": 4, "bach": 2}}, False),
        ({"spec": {"extends": "unet-same", "block": {"kernal": 3}}}, False),
        ({"spec": START}, True),
        ({"data": {"dataset": "mni"}}, True),
        ({"data": {"dataset": {"type": "folders", "images": "a", "masks": "b"}, "split": "block"}}, True),
        ({"data": {"dataset": {"type": "folders", "images": "a"}}}, False),
        ({"data": {"dataset": "mni", "split": {"type": "group", "by": "{group}_*", "test": 0.2}}}, True),
        ({"data": {"dataset": "mni", "split": {"type": "group"}}}, False),
        ({"data": {"dataset": "mni", "normalization": "image", "channels": {"count": 5, "take": [0, 4]}}}, True),
        ({"data": {"dataset": "mni", "normalization": {"type": "percentile", "low": -1}}}, False),
    ],
    ids=str,
)
def test_mistakes_in_runs_are_marked(change: dict[str, Any], valid: bool) -> None:
    assert judge(RunKeys).is_valid(RUN)
    assert judge(RunKeys).is_valid(RUN | change) is valid
    study = {"unetkit": 1, "run": RUN, "axes": {"skip": ["add"]}}
    assert judge(StudyKeys).is_valid(study)
    assert judge(StudyKeys).is_valid(study | {"run": RUN | change}) is valid


def test_a_study_may_change_a_part_of_its_run() -> None:
    study = {"unetkit": 1, "run": "mine.yaml", "axes": {"skip": ["add"]}, "seeds": 3}
    assert judge(StudyKeys).is_valid(study | {"training": {"loss": {"share": 0.7}}, "seeds": [4, 7]})
    assert not judge(StudyKeys).is_valid(study | {"seeds": "three"})
    assert not judge(StudyKeys).is_valid(study | {"design": "fractional"})


@pytest.mark.parametrize("kind", [DataKeys, RunKeys, StudyKeys])
def test_every_key_of_data_runs_and_studies_is_there(kind: type[Keys]) -> None:
    assert schema(kind)["properties"].keys() == {*kind.model_fields, "extends"}
    training = schema(RunKeys)["definitions"]["training"]["properties"]
    assert training.keys() == Training.model_fields.keys()
    assert training["batch"]["description"] == "Patches per step, over all processes."


def test_the_texts_under_fields_are_descriptions() -> None:
    made = schema(SpecKeys)
    assert made["properties"]["paper"]["description"] == "Where the network was published."
    double_conv = made["definitions"]["block"]["oneOf"][2]["properties"]
    assert double_conv["squeeze_excite"]["description"].startswith("Reduction of the channel gate")


def test_a_block_that_cannot_be_imported_does_not_break_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = PluginEntry("norm", "broken", "no_such_module:Norm", "acme")
    monkeypatch.setattr(registry, "installed", lambda slot: {broken.full_name: [broken]} if slot == "norm" else {})
    form = schema(SpecKeys)["definitions"]["norm"]["oneOf"][-3]
    assert form["properties"] == {"type": {"const": "acme/broken"}} and "cannot be imported" in form["description"]
    assert set(BASES) <= set(registry.SLOTS)
