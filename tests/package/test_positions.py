"""Nobody but topologies and the language knows how a network is joined: others read positions as data.

A test of the text, since types cannot say it: no name of a position is built or parsed, no side is asked for, and no
level is counted.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import unetkit

PACKAGE = Path(unetkit.__file__).parent
KNOWING = ("topologies", "topology.py", "language")
"""What may know it. `module_tree.py` nests modules by the dots in any names, as torch does: no part has a meaning."""
ALLOWED = {
    "study/matrix/base_config.py": "changes a key of a spec, decoder.channels",
    "wiring_rules.py": "checks that torch can have modules of these names",
    "comparison/merging.py": "joins positions to the ranges that a person reads",
    "guessing/fitting.py": "fits the sides of a network to the layers of a file",
    "guessing/guess.py": "names of layers in files of other programs",
    "guessing/encoders.py": "writes keys of a spec, and asks for the slot that has the name of a side",
    "study/search/partwise.py": "knows a key of a spec, decoder.channels",
    "encoders/regnet.py": "torchvision's own names, which end so",
    "play/spans.py": "finds the keys of a text that decide what stands at a position",
    "testing/subject.py": "asks for the slot of a component, which has the name of a side",
    "codegen/stages.py": "the keys by which torch finds a module that is within no other",
}
SIDES = re.compile(r"encoder|decoder|bottleneck")
POSITION = re.compile(r"^(encoder|decoder|bottleneck)\d*\.\S*$|^\S*\.(block|down|up|skip)$")
COUNTED = re.compile(r"\.level\b|\.depth\b|len\(.*channels\)")
PARSERS = {"split", "rsplit", "partition", "rpartition", "startswith", "endswith", "removeprefix", "removesuffix"}


def files() -> list[str]:
    """Returns the modules that must not know it."""
    found = (path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py")))
    return [path.as_posix() for path in found if path.parts[0] not in KNOWING]


def docstrings(tree: ast.Module) -> set[int]:
    """Returns the ids of strings that stand alone: docstrings of modules, classes, functions and attributes."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def offences(text: str) -> Iterator[str]:
    """Yields what a module knows of how networks are joined."""
    tree = ast.parse(text)
    alone = docstrings(tree)
    for node in ast.walk(tree):
        source = ast.unparse(node) if isinstance(node, ast.expr) else ""
        match node:
            case ast.Constant(value=str(value)) if id(node) not in alone and POSITION.search(value):
                yield f"{node.lineno}: the name of a position: {source}"
            case ast.Call(func=ast.Attribute(value=read, attr=name)) if name in PARSERS:
                if re.search(r"\bscope\b", ast.unparse(read)):
                    yield f"{node.lineno}: a name is parsed: {source}"
            case ast.Compare() if any(is_side(one) for one in (node.left, *node.comparators)):
                yield f"{node.lineno}: a side is asked for: {source}"
            case ast.Call(func=ast.Name(id="range")) if COUNTED.search(source):
                yield f"{node.lineno}: levels are counted: {source}"


def is_side(node: ast.expr) -> bool:
    """Returns whether an expression is the name of a side, or holds some."""
    held = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return any(isinstance(one, ast.Constant) and SIDES.fullmatch(str(one.value)) for one in held)


@pytest.mark.parametrize("file", files())
def test_no_position_is_built_or_parsed_and_no_level_is_counted(file: str) -> None:
    found = list(offences((PACKAGE / file).read_text(encoding="utf-8")))
    assert bool(found) == (file in ALLOWED), found


@pytest.mark.parametrize(
    "text",
    [
        "x = f'decoder.{level}.block'",
        "x = name + '.skip'",
        "x = call.scope.partition('.')",
        "x = step.scope.endswith('block')",
        "x = call.side == 'decoder'",
        "x = side in ('encoder', 'bottleneck')",
        "for level in range(1 + max(step.level for step in steps)): pass",
        "for level in range(spec.depth): pass",
        "for level in range(len(spec.channels)): pass",
    ],
)
def test_an_offence_would_be_found(text: str) -> None:
    assert list(offences(text))


@pytest.mark.parametrize(
    "text",
    [
        '"""The blocks, such as decoder.0.block."""',
        "x = level['encoder']",
        "x = {'decoder': last}",
        "x = call.level == 0",
        "x = layer.name.partition('.')",
    ],
)
def test_what_reads_positions_as_data_is_none(text: str) -> None:
    assert not list(offences(text))
