"""What the golden files are held against: the public behaviour of now, asked from outside.

Only the command line, `unetkit.load`, `unetkit.plan` and `unetkit.build` are used, so that the inside may change.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from contextlib import chdir
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import typer

import unetkit
from tests.golden import record, scene
from tests.golden.shapes import shape_of
from tests.support.commandline import RUNNER, answer, run
from unetkit.cli.app import app

FACTS = ("digest", "dims", "parameters", "macs", "receptive_field", "input_size", "output_size", "sizes")
ENDS = 4
"""Names of weights at either end that a golden file shows."""


def networks(folder: Path) -> dict[str, Any]:
    """Each shipped network: its facts at the usual size, and its weights by name and shape."""
    return {one["name"]: network(one["name"]) for one in answer("specs")}


def network(name: str) -> dict[str, Any]:
    import torch

    shown = answer("show", name)
    with torch.device("meta"):
        state = unetkit.build(unetkit.load(name)).state_dict()
    lines = sorted(f"{key} {'x'.join(map(str, value.shape))}" for key, value in state.items())
    weights = {
        "count": len(lines),
        "sha256": sha256("\n".join(lines).encode()).hexdigest(),
        "first": lines[:ENDS],
        "last": lines[-ENDS:],
    }
    return {key: json.dumps(shown[key]) for key in FACTS} | {"weights": weights}


def commands(folder: Path) -> dict[str, Any]:
    """Each command: its arguments and options by name."""
    return dict(signatures(typer.main.get_command(app), "unetkit"))


def signatures(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    yield (
        name,
        {
            f"argument {arguments.index(one)}"
            if one in arguments
            else " ".join(one.opts + one.secondary_opts): parameter(one)
            for one in command.params
        },
    )
    if hasattr(command, "list_commands"):
        for inner in command.list_commands(None):
            yield from signatures(command.commands[inner], f"{name} {inner}")


def parameter(one: Any) -> dict[str, Any]:
    """What a user may write for a parameter."""
    annotation = one.type_descriptor.annotation
    values: dict[str, Any] = {
        "type": getattr(annotation, "__name__", "") if isinstance(annotation, type) else "",
        "choices": [str(choice) for choice in get_args(annotation) if not isinstance(choice, type)],
        "required": one.required,
        "repeatable": one.multiple or one.nargs == -1,
        "flag": getattr(one, "is_flag", False),
        "default": str(one.default) if one.default else "",
        "minimum": one.min,
        "maximum": one.max,
        "environment": one.envvar,
    }
    return {key: value for key, value in values.items() if value not in (None, False, "", [])}


def answers(folder: Path) -> dict[str, Any]:
    """Each reading command with --json: keys and types of what it prints; and of the files that a training leaves."""
    with chdir(folder):
        scene.write()
        found = {" ".join(line): shape_of(answer(*line)) for line in scene.READING}
        errors = json.loads(run("show", "bad.yaml", "--json", code=1).stderr)
        return found | {"errors on stderr": shape_of(errors)} | scene.files()


CODE = re.compile(r"[a-z]+(-[a-z0-9]+)+|[a-z]+")
RAISING = re.compile(r"(?<!de)fault|error|finding|misfit|stop|limit|at_least|equal", re.IGNORECASE)
"""Names of the functions that are given codes."""


def codes(folder: Path) -> list[str]:
    """The codes of errors in the source: those known already, and those that a function of errors is given."""
    texts, given = set(), set()
    for node in nodes():
        match node:
            case ast.Constant(value=str(text)):
                texts.add(text)
            case ast.Call(args=[ast.Constant(value=str(code)), *_]) if RAISING.search(ast.unparse(node.func)):
                given.add(code)
            case ast.keyword(arg="code", value=ast.Constant(value=str(code))):
                given.add(code)
            case ast.FunctionDef(args=ast.arguments(args=[*_, ast.arg(arg="code")], defaults=[*_, last])):
                given.add(ast.literal_eval(last))
    known = set(record.read("codes")["entries"])
    return sorted({code for code in given if CODE.fullmatch(code)} | (known & texts))


def nodes() -> Iterator[ast.AST]:
    for file in Path(unetkit.__file__).parent.rglob("*.py"):
        yield from ast.walk(ast.parse(file.read_text("utf-8")))


def exits(folder: Path) -> dict[str, Any]:
    """Command lines: how they exit, and the codes of the errors that they print."""
    with chdir(folder):
        scene.write()
        return {" ".join(line): ending(line) for line in scene.ENDINGS}


def ending(line: tuple[str, ...]) -> dict[str, Any]:
    done = RUNNER.invoke(app, list(line), prog_name="unetkit")
    found = re.findall(r"error\[([a-z0-9-]+)\]", done.stderr)
    return {"exit": done.exit_code, "codes": list(dict.fromkeys(found))}


TODAY: dict[str, Callable[[Path], Any]] = {
    "networks": networks,
    "commands": commands,
    "answers": answers,
    "codes": codes,
    "exits": exits,
}
"""By golden file, what it holds; each may write into the folder that it is given."""
