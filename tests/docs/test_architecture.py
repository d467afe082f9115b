"""docs/architecture.md is true: its layers are the enforced ones, its program runs, its files exist."""

import re
import tomllib
from pathlib import Path

from tests.support.places import ROOT

TEXT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
LAYERS = TEXT.partition("## The layers")[2].split("```")[1].strip().splitlines()


def test_layers_are_those_that_the_import_contract_enforces() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    enforced = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    drawn = [modules(re.split(r"\s{2,}", line)[0]) for line in LAYERS]
    assert drawn == [modules(layer) for layer in enforced]


def modules(layer: str) -> set[str]:
    """The modules of one layer, as the contract or the figure writes them."""
    return {name.strip(" ()") for name in layer.split("|")}


def test_every_layer_exists_and_is_described() -> None:
    for line in LAYERS:
        assert re.split(r"\s{2,}", line)[1], line
        for name in modules(re.split(r"\s{2,}", line)[0]):
            package = ROOT / "unetkit" / name
            assert package.is_dir() or package.with_suffix(".py").is_file(), name


def test_the_way_of_a_key_to_the_tensor_runs() -> None:
    program = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert program is not None
    exec(program[1], {})  # noqa: S102 - the text is our own


def test_files_that_a_new_thing_needs_exist() -> None:
    named = re.findall(r"`([a-z_]+/[\w/]*(?:\.py)?)`", TEXT.partition("## Where to add what")[2])
    assert len(named) > 8
    for name in named:
        assert (ROOT / "unetkit" / name).exists() or (ROOT / name).exists(), name


def test_glossary_is_in_order_and_each_word_stands_once() -> None:
    words = [line.split("|")[1].strip() for line in GLOSSARY.splitlines() if line.startswith("| ")][1:]
    assert words == sorted(set(words), key=str.lower)
    assert Path(ROOT / "docs" / "glossary.md").name in TEXT
