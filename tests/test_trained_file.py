"""The file of a trained network: what it says beside the weights, and what it refuses to believe."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

import unetkit
from unetkit.data import Normalization
from unetkit.errors import FileError
from unetkit.model import read_header
from unetkit.train import Trained


def trained() -> Trained:
    model = unetkit.build(unetkit.load("unet-same", ["channels=[4, 8]"]), seed=0).eval()
    summary = {"steps": 3, "loss": [[1, 0.5], [3, 0.25]], "scores": {"dice": None}}
    return Trained(
        model,
        Normalization("dataset", (3.0,), (0.1,)),
        ("nothing", "Zelle ü"),
        ((0, 0, 0), (230, 159, 0)),
        "ab" * 32,
        summary,
    )


def test_what_a_file_says_beside_the_weights_comes_back(tmp_path: Path) -> None:
    one = trained()
    again = Trained.load(one.save(tmp_path / "m.safetensors"))
    assert (again.normalization, again.classes, again.colours, again.data) == (
        one.normalization,
        one.classes,
        one.colours,
        one.data,
    )
    assert again.training == one.training


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("classes", '["a"]'),
        ("classes", '"ab"'),
        ("classes", "not JSON"),
        ("classes", '["a", "\\u001b[2J"]'),
        ("colours", "[[1, 2, 3], [4, 5]]"),
        ("colours", "[[1, 2, 300]]"),
        ("data", "3"),
        ("training", "[]"),
        ("training", "[" * 100_000),
        ("orientation", '"up"'),
        ("spacing", "[1]"),
        ("spacing", "[1, -1]"),
        ("spacing", "[1, 1e999]"),
        ("unit", '"\\u001b"'),
        ("normalization", "{}"),
        ("normalization", "[1]"),
        ("normalization", "[" * 100_000),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_not_what_it_must_be_is_refused(tmp_path: Path, name: str, value: str) -> None:
    path = trained().save(tmp_path / "m.safetensors")
    save_file(load_file(path), path, read_header(path) | {name: value})
    with pytest.raises(FileError, match=rf"m\.safetensors is damaged: {name} is not what it must be\n +Get it anew\."):
        Trained.load(path)
