"""The JSON Schema of run files, by which editors complete and check them."""

from __future__ import annotations

from pydantic.json_schema import JsonSchemaValue

from unetkit.data import schema as data
from unetkit.spec import schema as spec
from unetkit.spec.schema import inside, model_schema, refer_to_slots, slot_schema, titled
from unetkit.train.frame import RunFrame, Training

SLOTS = ("loss", "optimizer", "schedule")


def schema() -> JsonSchemaValue:
    """Returns the JSON Schema. It may accept a run that does not load, but refuses none that does."""
    form = model_schema(RunFrame)
    definitions = form.pop("definitions")
    texts = {key: form["properties"][key]["description"] for key in ("spec", "data", "training")}
    parts = parts_schemas(definitions)
    form["properties"] |= {key: {**part, "description": texts[key]} for key, part in parts.items()}
    return titled("unetkit run", form, definitions)


def parts_schemas(definitions: JsonSchemaValue) -> JsonSchemaValue:
    """Returns what may stand under spec, data and training."""
    own = data.schema()
    own["required"].remove("unetkit")  # in a run it stands on top
    network = spec.schema()
    network["anyOf"][1]["required"].remove("unetkit")
    found = {"spec": inside(network, "spec", definitions), "data": inside(own, "data", definitions)}
    form = model_schema(Training)
    definitions |= form.pop("definitions")
    for slot in (*SLOTS, "augmentation"):
        definitions[slot] = slot_schema(slot, definitions, changes=slot in SLOTS)
    refer_to_slots(form["properties"], SLOTS)
    form["properties"]["augmentation"]["items"] = {"$ref": "#/definitions/augmentation"}
    definitions["training"] = form
    return found | {"training": {"allOf": [{"$ref": "#/definitions/training"}]}}
