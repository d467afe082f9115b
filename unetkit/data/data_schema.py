"""The JSON Schema of data files, by which editors complete and check them."""

from __future__ import annotations

from pydantic.json_schema import JsonSchemaValue

from unetkit.data.data_keys import DataKeys, NormalizationKeys
from unetkit.data.splits.split import SPLITS, Split
from unetkit.language.spec_schema import first_line, kinds_schema, model_schema, refer_to_slots, slot_schema, titled


def schema() -> JsonSchemaValue:
    """Returns the JSON Schema. It may accept a file that does not load, but refuses none that does."""
    form = model_schema(DataKeys)
    definitions = form.pop("definitions")
    definitions["dataset"] = slot_schema("dataset", definitions, changes=False)
    definitions["normalization"] = kinds_schema(NormalizationKeys)
    definitions["split"] = {"oneOf": [{"enum": list(SPLITS)}, *map(split_schema, SPLITS.values())]}
    refer_to_slots(form["properties"], ("dataset", "normalization", "split"))
    form["required"] = ["unetkit", *form["required"]]
    return titled("unetkit data", form, definitions)


def split_schema(model: type[Split]) -> JsonSchemaValue:
    """Returns the schema of a split as a map with its type."""
    form = model_schema(model)
    del form["definitions"]
    form["description"] = first_line(model)
    form["properties"] = {"type": {"const": model.type}, **form["properties"]}
    form["required"] = ["type", *form.get("required", ())]
    return form
