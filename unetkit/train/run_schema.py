"""The JSON Schema of run files, by which editors complete and check them."""

from __future__ import annotations

from pydantic.json_schema import JsonSchemaValue

from unetkit.data import data_schema as data
from unetkit.language import spec_schema as spec
from unetkit.language.spec_schema import described, inside, model_schema, refer_to_slots, slot_schema, titled
from unetkit.train.run_keys import RunKeys, Training
from unetkit.train.runspec import SLOTS


def schema() -> JsonSchemaValue:
    """Returns the JSON Schema. It may accept a run that does not load, but refuses none that does."""
    form = model_schema(RunKeys)
    definitions, properties = form.pop("definitions"), form["properties"]
    network, images = spec.schema(), data.schema()
    network["anyOf"][1]["required"].remove("unetkit")  # in a run it stands on top
    images["required"].remove("unetkit")
    parts = {"spec": inside(network, "spec", definitions), "data": inside(images, "data", definitions)}
    parts["training"] = {"$ref": "#/definitions/training"}
    definitions["training"] = training_schema(definitions)
    properties |= {key: described(part, properties[key]["description"]) for key, part in parts.items()}
    return titled("unetkit run", form, definitions)


def training_schema(definitions: JsonSchemaValue) -> JsonSchemaValue:
    """Returns what may stand under training."""
    form = model_schema(Training)
    definitions |= form.pop("definitions")
    for slot in (*SLOTS, "augmentation"):
        definitions[slot] = slot_schema(slot, definitions, changes=slot in SLOTS)
    refer_to_slots(form["properties"], SLOTS)
    form["properties"]["augmentation"]["items"] = {"$ref": "#/definitions/augmentation"}
    return form
