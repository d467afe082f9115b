"""What users and plugins may rely on: the public names, and the one module that a plugin imports."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.places import ROOT
from unetkit.plugins.template import FILES

PUBLIC = {
    "unetkit": (
        "AlignmentWarning BlockError Fault FileError ModuleFacts Plan SizeError Spec SpecError UnetkitError build "
        "load load_model optimize plan predict register save wrap"
    ),
    "unetkit.plugin": (
        "Act Augmentation Axes Block BlockError Component Count Dataset Down Encoder EncoderLevel Engine "
        "EngineOptions Execution Fault FileError Filling Grid "
        "Head ImageEntry Init Inset Interval Layer Limit Loss LossInput MapShape ModuleFacts Net Norm Normalization "
        "NormalizationMethod OddSizes Operation Optimizer PerAxis ReadOptions Report Schedule Share Signal Skip Split "
        "Topology Up Workspace at_least check_block equal facts per_axis register wiring_error wrap"
    ),
    "unetkit.testing": "Report at_or_above blocks check_block plugin_blocks sizes specs wide_specs",
}
FACES = {"unetkit", "unetkit.plugin", "unetkit.testing"}


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_these_and_each_can_be_imported(module: str) -> None:
    face = import_module(module)
    assert sorted(face.__all__) == PUBLIC[module].split()
    for name in face.__all__:
        assert getattr(face, name) is not None


def test_plugins_import_nothing_but_the_public_face() -> None:
    example = ROOT / "tests" / "plugin_example" / "unetkit_example"
    texts = [path.read_text("utf-8") for path in example.glob("*.py")]
    texts += [text for name, text in FILES.items() if name.endswith(".py")]
    texts += re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "plugins.md").read_text("utf-8"), re.DOTALL)
    imported = {module for text in texts for module in imports(text) if module.partition(".")[0] == "unetkit"}
    assert imported <= FACES
    assert len(texts) > 8, f"few texts were found below {Path(example).name}"


def imports(text: str) -> list[str]:
    """The modules that a text of Python imports from."""
    nodes = list(ast.walk(ast.parse(text.replace("unetkit_NAME", "unetkit_name"))))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return plain + [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
