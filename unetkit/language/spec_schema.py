"""The JSON Schema of specs, by which editors complete and check them: the frame, and all blocks that are installed."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from unetkit import registry
from unetkit.block import BASES, Component, insets
from unetkit.errors import BlockError
from unetkit.language.spec_keys import Init, OddSizes, SpecKeys

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The newest that all editors know."""


def schema() -> JsonSchemaValue:
    """Returns the JSON Schema. It may accept a spec that does not load, but refuses none that does."""
    form = model_schema(SpecKeys)
    definitions = form.pop("definitions")
    needed = form.pop("required")
    for slot in BASES:
        definitions[slot] = slot_schema(slot, definitions)
    definitions |= {"init": kinds_schema(Init), "odd_sizes": kinds_schema(OddSizes)}
    for section in (form, *definitions.values()):
        refer_to_slots(section.get("properties", {}), (*BASES, "init", "odd_sizes"))
    form["properties"]["extends"] = {
        "type": "string",
        "description": "The spec that this one changes: a file beside it, or the name of a shipped one.",
    }
    form["anyOf"] = [{"required": ["extends"]}, {"required": needed}]
    return titled("unetkit spec", form, definitions)


def titled(title: str, form: JsonSchemaValue, definitions: JsonSchemaValue) -> JsonSchemaValue:
    """Returns a whole schema."""
    return {"$schema": DRAFT, "title": title, **form, "definitions": definitions}


def inside(whole: JsonSchemaValue, name: str, definitions: JsonSchemaValue) -> JsonSchemaValue:
    """Returns what may stand for a file of its own: its name, or a map as in it, which goes to the definitions."""
    form = {key: value for key, value in whole.items() if key not in ("$schema", "title", "definitions")}
    definitions |= {**whole["definitions"], name: form}
    return {"anyOf": [{"type": "string"}, {"$ref": f"#/definitions/{name}"}]}


def slot_schema(slot: str, definitions: JsonSchemaValue, *, changes: bool = True) -> JsonSchemaValue:
    """Returns what may stand for a slot: a name, a map with its type, or parameters that change one said before."""
    forms: list[JsonSchemaValue] = []
    shared: dict[str, list[JsonSchemaValue]] = {}
    for name in registry.names(slot):
        form = block_schema(slot, name, definitions)
        for key, value in form["properties"].items():
            if key != "type" and value not in shared.setdefault(key, []):
                shared[key].append(value)
        forms.append(form)
    names: JsonSchemaValue = {"enum": registry.names(slot)}
    if not changes:
        return {"oneOf": [names, *forms]}
    change = {
        "type": "object",
        "description": "Changes parameters of what a wider scope or the extended spec has chosen, or of the default.",
        "properties": {key: kinds[0] if len(kinds) == 1 else {"anyOf": kinds} for key, kinds in shared.items()},
        "additionalProperties": False,
    }
    return {"oneOf": [names, *forms, change]}


def block_schema(slot: str, name: str, definitions: JsonSchemaValue) -> JsonSchemaValue:
    """Returns the schema of a block as a map with its type; of one that cannot be imported, only the type counts."""
    kind: JsonSchemaValue = {"const": name}
    try:
        model = registry.find(slot, name)
    except BlockError as error:
        return {"type": "object", "description": str(error), "properties": {"type": kind}, "required": ["type"]}
    form = model_schema(model)
    own = form.pop("definitions")
    for field, inset in insets(model).items():
        form["properties"][field] = {"$ref": f"#/definitions/{inset.slot}"}
    definitions |= {key: value for key, value in own.items() if f"#/definitions/{key}" in repr(form)}
    form["description"] = first_line(model)
    form["properties"] = {"type": kind, **form.get("properties", {})}
    form["required"] = ["type", *form.get("required", ())]
    return form


def kinds_schema(model: type[BaseModel]) -> JsonSchemaValue:
    """Returns what may stand for a model with a type: one of its types, or a map."""
    form = model_schema(model)
    del form["definitions"]
    return {"oneOf": [{"enum": form["properties"]["type"]["enum"]}, form]}


def refer_to_slots(properties: JsonSchemaValue, names: Iterable[str]) -> None:
    """Gives the fields of a frame that hold parts the schema of their slot: the frame itself leaves them open."""
    for name in names:
        found = properties.get(name, {"type": "absent"})
        reference = {"$ref": f"#/definitions/{name}"}
        if {} in found.get("anyOf", ()):  # or null
            found["anyOf"][found["anyOf"].index({})] = reference
        elif not found.keys() - {"default", "description"}:
            properties[name] = described(reference, found.get("description", ""))


class Plain(GenerateJsonSchema):
    """Pydantic's schemas without titles, which repeat the names, and without a word on defaults that are blocks."""

    ignored_warning_kinds = {"non-serializable-default", "skipped-choice"}

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def model_schema(model: type[BaseModel]) -> JsonSchemaValue:
    """Returns the schema of a model; the texts under its fields are their descriptions."""
    form = model.model_json_schema(ref_template="#/definitions/{model}", schema_generator=Plain)
    form["definitions"] = form.pop("$defs", {})
    for part in (form, *form["definitions"].values()):
        part.pop("title", None)
    for field, text in attribute_docs(model).items():
        if field in form.get("properties", {}):
            form["properties"][field] = described(form["properties"][field], text)
    form.setdefault("properties", {})
    return form


def described(form: JsonSchemaValue, text: str) -> JsonSchemaValue:
    """Returns a schema with a description; a reference may have nothing beside it, so it is wrapped."""
    if not text:
        return form
    return {"allOf": [form], "description": text} if "$ref" in form else {**form, "description": text}


def attribute_docs(model: type) -> dict[str, str]:
    """Returns the texts that stand under the attributes of a class and its bases; empty where there is no source.

    >>> attribute_docs(Init)
    {'std': 'Standard deviation of normal and trunc_normal; 0.02 unless given.'}
    """
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, BaseModel) and owner not in (BaseModel, Component):
            try:
                tree = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
            except (OSError, TypeError, SyntaxError):  # made by a program: there is no source to read
                continue
            body = tree.body if isinstance(tree, ast.ClassDef) else []
            for field, text in pairwise(body):
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    match text:
                        case ast.Expr(value=ast.Constant(value=str(words))):
                            found[field.target.id] = inspect.cleandoc(words)
    return found


def first_line(model: type) -> str:
    """Returns the first line of a class's docstring."""
    return (inspect.getdoc(model) or "").partition("\n")[0]
