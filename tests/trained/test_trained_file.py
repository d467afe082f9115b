"""The file of a trained network: what it says beside the weights, and what it refuses to believe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

import unetkit
from unetkit.data import Normalization
from unetkit.data.preprocessing.intensity import range_of
from unetkit.data.preprocessing.signature import ClassRecord, Signature
from unetkit.errors import FileError
from unetkit.model import read_header
from unetkit.trained import Trained


def trained() -> Trained:
    model = unetkit.build(unetkit.load("unet-same", ["channels=[4, 8]"]), seed=0).eval()
    summary = {"steps": 3, "loss": [[1, 0.5], [3, 0.25]], "scores": {"dice": None}}
    return Trained(
        model,
        signature(),
        data="ab" * 32,
        training=summary,
    )


def signature() -> Signature:
    """What a data file with all keys would give."""
    return Signature(
        channels=3,
        take=(2,),
        axes="YXC",
        modalities=("{name}_0.tif", "t2/*"),
        file_channels=(2, 1),
        orientation="RAS",
        spacing=(0.5, 0.5),
        unit="mm",
        sampled=((0.4, 0.6), (0.5, 0.5)),
        sampled_unit="mm",
        axis_codes=("LPS", "RAS"),
        normalization=Normalization("dataset", (3.0,), (0.1,)),
        greys=(range_of([np.linspace(0, 255, 1000).astype(np.float32)]),),
        dtypes=("uint8",),
        classes=(ClassRecord(name="nothing"), ClassRecord(name="Zelle ü", colour=(230, 159, 0), values=(7, "9..12"))),
    )


def test_what_a_file_says_beside_the_weights_comes_back(tmp_path: Path) -> None:
    one = trained()
    again = Trained.load(one.save(tmp_path / "m.safetensors"))
    assert (again.signature, again.data, again.training) == (one.signature, one.data, one.training)
    others = {"outputs", "vectors"}  # of networks with such, in test_outputs.py and tests/train/test_vectors.py
    assert {*Signature.model_fields} - others == one.signature.model_fields_set, "a new field is to be tried here"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data", "3"),
        ("training", "[]"),
        ("training", "[" * 100_000),
        ("signature", "{}"),
        ("signature", "[1]"),
        ("signature", "not JSON"),
        ("signature", "[" * 100_000),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_not_what_it_must_be_is_refused(tmp_path: Path, name: str, value: str) -> None:
    path = trained().save(tmp_path / "m.safetensors")
    save_file(load_file(path), path, read_header(path) | {name: value})
    with pytest.raises(
        FileError, match=rf"m\.safetensors is damaged: its {name} is invalid(: .+)?\n +Copy or download it again\."
    ):
        Trained.load(path)


def changed(**values: Any) -> str:
    """Returns a signature with other values, as a file has it."""
    return json.dumps(json.loads(signature().to_json()) | values)


ONE = {"name": "a"}
GREY = {"least": 0, "low": 0, "high": 1, "most": 1}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"normalization": {"type": "dataset", "mean": [1, 2, 3], "std": [1, 2, 3]}}, "3 channels for 1"),
        ({"normalization": {"type": "dataset", "mean": [1], "std": [0]}}, "deviations are above 0"),
        ({"normalization": {"type": "none", "more": 1}}, "normalization"),
        ({"take": [3]}, "channel 3 of 3 does not exist"),
        ({"take": [0, 1]}, "1 channels for 2"),
        ({"take": None}, "1 channels for 3"),
        ({"channels": 0}, "channels"),
        ({"channels": "3"}, "channels"),
        ({"classes": [ONE]}, "classes"),
        ({"classes": [ONE, ONE]}, "two classes have the same name"),
        ({"classes": [ONE, {"name": "b"}, {"name": "c"}]}, "3 classes for a network that predicts 2"),
        ({"classes": [ONE, {"name": "\x1b[2J"}]}, "control characters"),
        ({"classes": [ONE, {"name": "\u202eb"}]}, "control characters"),
        ({"classes": [ONE, {"name": "b", "colour": [0, 0, 300]}]}, "colour"),
        ({"classes": [ONE, {"name": "b" * 1000}]}, "name"),
        ({"axes": "YX\n"}, "axes"),
        ({"modalities": ["{name}_0.tif"], "file_channels": []}, "1 files for 3 channels"),
        ({"modalities": ["{name}_0.tif", "", "t2"], "file_channels": []}, "is not a pattern of files"),
        ({"spacing": [1, 1, 1]}, "a spacing of other axes"),
        ({"spacing": [0, 1]}, "spacing"),
        ({"greys": [GREY, GREY]}, "ranges of 2 channels for 1"),
        ({"greys": [GREY | {"most": float("inf")}]}, "greys"),
        pytest.param({"greys": [GREY | {"shape": [0.0] * 1000}]}, "shape", id="1000 shares"),
        ({"unknown": 1}, "unknown"),
    ],
    ids=str,
)
def test_a_signature_that_is_not_of_its_network_is_refused(tmp_path: Path, values: dict[str, Any], reason: str) -> None:
    path = trained().save(tmp_path / "m.safetensors")
    save_file(load_file(path), path, read_header(path) | {"signature": changed(**values)})
    told = f"m.safetensors is damaged: its signature is invalid: .*{reason}"
    with pytest.raises(FileError, match=told) as caught:
        Trained.load(path)
    assert len(str(caught.value).splitlines()) == 2
