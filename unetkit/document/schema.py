"""The JSON Schema of a kind of file, with which editors complete and check it: its keys, and all that is installed."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from types import ModuleType
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from unetkit import registry
from unetkit.block import BASES, Component, insets
from unetkit.document.keys import Holds, Keys, default_types, held
from unetkit.errors import BlockError
from unetkit.sequence import CHANNELS, INHERITED, SIZED_SLOTS, item_slots

_DRAFT = "http://json-schema.org/draft-07/schema#"
"""The newest that all editors know."""
_ITEM = "_item"
"""What the definition of an item of a list is called by, after the slot of the list."""


def schema(model: type[Keys]) -> JsonSchemaValue:
    """The JSON Schema of a kind of file. It may accept a file that does not load, but refuses none that does."""
    models = {_name_of(one): one for one in _held_below(model)}
    defaults = {slot for one in (model, *models.values()) for slot in default_types(one)}
    definitions: JsonSchemaValue = {}
    form = _file_schema(model, definitions)
    choices = form["anyOf"][1]["required"]
    form["anyOf"][1]["required"] = ["unetkit", *(key for key in choices if key != "unetkit")]
    while missing := {*_references([form, definitions])} - definitions.keys():
        for name in sorted(missing):
            if name in models:
                inner = _file_schema if "unetkit" in models[name].model_fields else _model_schema
                definitions[name] = inner(models[name], definitions)
            else:
                definitions[name] = _slot_schema(name, definitions, changes=name in defaults)
    return {"$schema": _DRAFT, "title": f"unetkit {_name_of(model)}", **form, "definitions": definitions}


def _held_below(model: type[Keys]) -> Iterator[type[Keys]]:
    """Yields the models of the maps and files that a kind of file holds, at any depth."""
    for inner in held(model).values():
        yield inner.model
        yield from _held_below(inner.model)


def _name_of(model: type[Keys]) -> str:
    """The name of a kind of file, or of a map, as definitions have it.

    >>> class ExampleKeys(Keys):
    ...     pass
    >>> _name_of(ExampleKeys)
    'example'
    """
    return model.__name__.removesuffix("Keys").lower()


def _references(form: Any) -> Iterator[str]:
    """Yields the names of the definitions that a schema refers to."""
    if isinstance(form, dict):
        yield from [form["$ref"].rpartition("/")[2]] if "$ref" in form else []
        form = form.values()
    for inner in form if not isinstance(form, str | int | float | None) else ():
        yield from _references(inner)


def _file_schema(model: type[Keys], definitions: JsonSchemaValue) -> JsonSchemaValue:
    """The schema of a file, or of a map in its place, whose version stands on top of the file that it is in."""
    form = _model_schema(model, definitions)
    text = f"The {_name_of(model)} file that this one changes: a file beside it, or the name of a shipped one."
    name: JsonSchemaValue = {"type": "string"}
    form["properties"]["extends"] = {"anyOf": [name, {"type": "array", "items": name}], "description": text}
    needed = [key for key in form.pop("required") if key != "unetkit"]
    form |= {"anyOf": [{"required": ["extends"]}, {"required": needed}]}
    rules = [_whole_rule(field, value, definitions) for field, value in form["properties"].items()]
    if whole := {field: rule for one in rules for field, rule in one.items()}:
        form["allOf"] = [{"if": {"not": {"required": ["extends"]}}, "then": {"properties": whole}}]
    return form | _without_own_names(model) if "define" in model.model_fields else form


def _whole_rule(field: str, form: JsonSchemaValue, definitions: JsonSchemaValue) -> JsonSchemaValue:
    """The keys that a rule such as that of channels needs in a file that extends none; its definition needs none."""
    rules = [definitions[name] for name in _references(form) if name in definitions and name.endswith("Rule")]
    needed = [key for rule in rules for key in rule.pop("required", ())]
    return {field: {"anyOf": [{"not": {"type": "object"}}, {"required": needed}]}} if needed else {}


def _without_own_names(model: type[Keys]) -> JsonSchemaValue:
    """What holds where a file neither defines names nor extends one that may: its slots have registered names."""
    slots = [slot for slot in BASES if slot in model.model_fields]
    registered = {slot: {"anyOf": [{"not": {"type": "string"}}, {"enum": registry.names(slot)}]} for slot in slots}
    own = {"anyOf": [{"required": ["define"]}, {"required": ["extends"]}]}
    return {"if": {"not": own}, "then": {"properties": registered}}


def _slot_schema(slot: str, definitions: JsonSchemaValue, *, changes: bool) -> JsonSchemaValue:
    """What may fill a slot: a name, or a map with a type; with `changes`, also parameters alone."""
    if slot.endswith(_ITEM):
        return _item_schema(slot.removesuffix(_ITEM), definitions)
    forms = [_component_schema(slot, name, definitions) for name in registry.names(slot)]
    names: JsonSchemaValue = {"enum": registry.names(slot)}
    if slot in BASES:
        names = {"anyOf": [names, {"type": "string", "description": "A name that the file defines."}]}
        forms.append(_own_schema(registry.names(slot)))
    if not changes:
        return {"oneOf": [names, *forms]}
    by_form: dict[str, dict[str, JsonSchemaValue]] = {}
    for form in forms:
        for key, value in form["properties"].items():
            if key != "type":
                bare = {name: part for name, part in value.items() if name != "description"}
                by_form.setdefault(key, {}).setdefault(repr(bare), value)
    shared = {key: list(kinds.values()) for key, kinds in by_form.items()}
    change = {
        "type": "object",
        "description": "Changes parameters of what a wider scope or the extended file has chosen, or of the default.",
        "properties": {key: kinds[0] if len(kinds) == 1 else {"anyOf": kinds} for key, kinds in shared.items()},
        "additionalProperties": False,
    }
    return {"oneOf": [names, *forms, change]}


def _own_schema(names: list[str]) -> JsonSchemaValue:
    """The schema of a component whose type is a name that the file defines, none of the registered `names`."""
    kind: JsonSchemaValue = {"type": "string", "not": {"enum": names}}
    return {"type": "object", "properties": {"type": kind}, "required": ["type"]}


def _item_schema(slot: str, definitions: JsonSchemaValue) -> JsonSchemaValue:
    """What may stand in a list: a name, a list, or a map with a type, channels and repeats."""
    channels: JsonSchemaValue = {
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": CHANNELS}],
        "description": "A number, `input`, in `up` also `skip`, or a multiple of the level's such as `0.5x`.",
    }
    repeat: JsonSchemaValue = {"type": "integer", "minimum": 1, "description": "How often it comes, one after another."}
    of_slot: JsonSchemaValue = {"enum": list(item_slots(slot)), "description": "Its slot, where several know the name."}
    known, forms = dict.fromkeys(INHERITED), list[JsonSchemaValue]()
    for one in item_slots(slot):
        for name in registry.names(one):
            if name not in known:
                known[name] = None
                form = _component_schema(one, name, definitions)
                more = {"repeat": repeat, "slot": of_slot} | ({"channels": channels} if one in SIZED_SLOTS else {})
                forms.append(form | {"properties": more | form["properties"]})
    forms.append({"type": "object", "properties": {"slot": of_slot}, "required": ["slot"]})
    spec: JsonSchemaValue = {"enum": list(INHERITED)}
    forms.append({"type": "object", "properties": {"type": spec, "repeat": repeat}, "additionalProperties": False})
    items: JsonSchemaValue = {"type": "array", "items": {"$ref": f"#/definitions/{slot}{_ITEM}"}}
    return {"anyOf": [{"enum": list(known)}, {"type": "string"}, items, *forms, _own_schema(list(known))]}


def _component_schema(slot: str, name: str, definitions: JsonSchemaValue) -> JsonSchemaValue:
    """The schema of a component as a map with its type; only the type counts where it cannot be imported."""
    kind: JsonSchemaValue = {"const": name}
    try:
        model = registry.find(slot, name)
    except BlockError as error:
        return {"type": "object", "description": str(error), "properties": {"type": kind}, "required": ["type"]}
    form = _model_schema(model, definitions)
    form["description"] = first_line(model)
    form["properties"] = {"type": kind, **form["properties"]}
    form["required"] = ["type", *form.get("required", ())]
    return form


def _model_schema(model: type[BaseModel], definitions: JsonSchemaValue) -> JsonSchemaValue:
    """The schema of a model, in which the texts under its fields are descriptions; models in it become definitions."""
    form = model.model_json_schema(ref_template="#/definitions/{model}", schema_generator=_PlainSchema)
    own = form.pop("$defs", {})
    texts, inner = attribute_docs(model), held(model)
    properties = {
        field: _reference(inner[field]) if field in inner else _referring(value, field)
        for field, value in form.get("properties", {}).items()
    }
    form["properties"] = {
        field: value if value.keys() == {"$ref"} and field in insets(model) else _described(value, texts.get(field))
        for field, value in properties.items()
    }
    for part in own.values():
        part["properties"] = {field: _referring(value, field) for field, value in part.get("properties", {}).items()}
    for part in (form, *own.values()):
        part.pop("title", None)
    definitions |= own
    return form


class _PlainSchema(GenerateJsonSchema):
    """Pydantic's schemas without titles, which repeat the names, and without warnings of defaults that are no JSON."""

    ignored_warning_kinds = {"non-serializable-default", "skipped-choice"}

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _reference(mark: Holds) -> JsonSchemaValue:
    """The schema of a key whose map has keys of its own."""
    form: JsonSchemaValue = {"$ref": f"#/definitions/{_name_of(mark.model)}"}
    return {"anyOf": [{"type": "string"}, form]} if mark.named else form


def _referring(form: Any, field: str) -> Any:
    """A schema with references to slots in place of their marks; an unnamed slot is that of the field's name."""
    if isinstance(form, list):
        return [_referring(one, field) for one in form]
    if not isinstance(form, dict):
        return form
    if "slot" in form:
        one: JsonSchemaValue = {"$ref": f"#/definitions/{form['slot'] or field}"}
        if form.get("list"):
            one = {
                "anyOf": [one, {"type": "array", "items": {"$ref": f"#/definitions/{form['slot'] or field}{_ITEM}"}}]
            }
        return _described(one, form.get("description"))
    return {key: _referring(value, field) for key, value in form.items()}


def _described(form: JsonSchemaValue, text: str | None) -> JsonSchemaValue:
    """A schema with a description; a reference may have nothing beside it, so it is wrapped."""
    if not text:
        return form
    return {"allOf": [form], "description": text} if "$ref" in form else {**form, "description": text}


def attribute_docs(model: type) -> dict[str, str]:
    """The texts that stand under the attributes of a class and its bases; empty where there is no source.

    >>> from unetkit.blocks.init import Normal
    >>> attribute_docs(Normal)
    {'std': 'Standard deviation; 0.02 unless given.'}
    """
    owners = [one for one in model.__mro__ if issubclass(one, BaseModel) and one not in (BaseModel, Component)]
    return {field: text for owner in reversed(owners) for field, text in _own_docs(owner).items()}


def _own_docs(owner: type) -> dict[str, str]:
    """The texts that stand under the attributes of a class itself."""
    module = sys.modules.get(owner.__module__)
    return _docs_of_classes(module).get(owner.__qualname__, {}) if module else {}


@cache
def _docs_of_classes(module: ModuleType) -> dict[str, dict[str, str]]:
    """The texts that stand under the attributes of the classes of a module: its source is read once."""
    try:
        return dict(_docs_below(ast.parse(inspect.getsource(module))))
    except (OSError, TypeError, SyntaxError):  # there is no source, as of a class that a program makes
        return {}


def _docs_below(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Yields the qualified names of the classes below a node, and the texts under their attributes."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.ClassDef):
            yield prefix + inner.name, dict(_docs_in(inner))
            yield from _docs_below(inner, f"{prefix}{inner.name}.")
        elif isinstance(inner, ast.FunctionDef):
            yield from _docs_below(inner, f"{prefix}{inner.name}.<locals>.")
        elif isinstance(inner, ast.stmt):
            yield from _docs_below(inner, prefix)


def _docs_in(definition: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Yields the attributes of a class under which a text stands, and the texts."""
    for field, text in pairwise(definition.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match text:
                case ast.Expr(value=ast.Constant(value=str(words))):
                    yield field.target.id, inspect.cleandoc(words)


def first_line(model: type) -> str:
    """The first line of a class's docstring."""
    return (inspect.getdoc(model) or "").partition("\n")[0]
