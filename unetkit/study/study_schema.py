"""The JSON Schema of study files, with which editors complete and check them."""

from __future__ import annotations

from pydantic.json_schema import JsonSchemaValue

from unetkit.language.spec_schema import described, inside, model_schema, titled
from unetkit.study.study_keys import StudyKeys


def schema() -> JsonSchemaValue:
    """The JSON Schema. It accepts every study that loads, and some that do not."""
    from unetkit.train import run_schema as train

    form = model_schema(StudyKeys)
    definitions, properties = form.pop("definitions"), form["properties"]
    run = train.schema()
    run["required"].remove("unetkit")  # in a study it stands on top
    parts = {"run": inside(run, "run", definitions), "base": run["properties"]["spec"], "seeds": SEEDS}
    parts |= {key: run["properties"][key] for key in ("data", "training")}
    properties |= {key: described(part, properties[key]["description"]) for key, part in parts.items()}
    properties["extends"] = {
        "type": "string",
        "description": "The study that this one changes: a file beside it, or the name of a shipped one.",
    }
    return titled("unetkit study", form, definitions)


SEEDS = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "array", "items": {"type": "integer", "minimum": 0}}]}
