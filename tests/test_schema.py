"""The JSON Schema that editors use: it knows all that is installed, and refuses no spec that loads."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from unetkit import registry
from unetkit.block import BASES, insets
from unetkit.plugins.distributions import Entry
from unetkit.spec import load, resolve, shipped
from unetkit.spec.frame import Frame
from unetkit.spec.schema import schema

START = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [8, 16]}


@pytest.fixture(scope="module")
def validator() -> Any:
    """The schema, ready to judge values."""
    jsonschema = pytest.importorskip("jsonschema")
    made = schema()
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


def test_every_key_block_and_parameter_is_there() -> None:
    made = schema()
    assert made["properties"].keys() == {*Frame.model_fields, "extends"}
    for slot in BASES:
        names, *forms, change = made["definitions"][slot]["oneOf"]
        assert names["enum"] == registry.names(slot) == [form["properties"]["type"]["const"] for form in forms]
        for form in forms:
            model = registry.find(slot, form["properties"]["type"]["const"])
            assert form["properties"].keys() == {"type", *model.model_fields}
            assert change["properties"].keys() >= model.model_fields.keys()
            for field, inset in insets(model).items():
                assert form["properties"][field] == {"$ref": f"#/definitions/{inset.slot}"}


def test_references_lead_somewhere() -> None:
    made = schema()

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            return own + [found for inner in value.values() for found in references(inner)]
        return [found for inner in value for found in references(inner)] if isinstance(value, list) else []

    assert {*references(made)} == {f"#/definitions/{name}" for name in made["definitions"]}


def test_the_texts_under_fields_are_descriptions() -> None:
    made = schema()
    assert made["properties"]["paper"]["description"] == "Where the network was published."
    double_conv = made["definitions"]["block"]["oneOf"][2]["properties"]
    assert double_conv["squeeze_excite"]["description"].startswith("Reduction of the channel gate")


def test_a_block_that_cannot_be_imported_does_not_break_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Entry("norm", "broken", "no_such_module:Norm", "acme")
    monkeypatch.setattr(registry, "installed", lambda slot: {broken.full_name: [broken]} if slot == "norm" else {})
    form = schema()["definitions"]["norm"]["oneOf"][-2]
    assert form["properties"] == {"type": {"const": "acme/broken"}} and "cannot be imported" in form["description"]
    assert set(BASES) <= set(registry.SLOTS)
