"""Checkpoints as other programs write them: read without executing anything, or refused in one message with a cure."""

from __future__ import annotations

import argparse
import collections
import io
import os
import pickle
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import unetkit
from tests.model import published
from tests.support.commandline import answer, run
from unetkit.model.importing import ImportWeightsError, import_weights, read_checkpoint
from unetkit.trained import Trained

SPEC = ("unet-milesial", ["channels=[4, 8, 16]"])


class Config:
    """Settings of another program, of a class that is not there where they are read."""

    def __init__(self) -> None:
        self.epochs, self.path = 3, Path("data")


class Call:
    """What calls a function when it is unpickled."""

    def __init__(self, function: Any, *values: Any) -> None:
        self.call = function, values

    def __reduce__(self) -> Any:
        return self.call


def network() -> nn.Module:
    """Returns a published network with random weights."""
    return published.with_random_numbers(published.Milesial())


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    return dict(network().state_dict())


BESIDE: dict[str, Any] = {
    "numpy scalar": np.float64(0.5),
    "numpy scalars": [np.float32(1), np.int64(3), np.bool_(True)],
    "numpy array": np.arange(6.0).reshape(2, 3),
    "numpy structure": np.zeros(2, [("a", "<f4"), ("b", "<i8")]),
    "numpy random": np.random.default_rng(0),
    "settings": Config(),
    "arguments": argparse.Namespace(batch=4, lr=np.float64(0.1)),
    "collections": [collections.Counter("aab"), collections.OrderedDict(a=1), {1, 2}, frozenset({3}), range(4)],
    "paths and slices": [Path("a/b"), slice(1, 2), complex(1, 2), bytearray(b"x"), torch.device("cpu"), torch.float16],
    "callback": re.compile("a+"),
    "optimizer": torch.optim.SGD([torch.zeros(2, requires_grad=True)], 0.1).state_dict(),
    "a whole optimizer": torch.optim.Adam([torch.zeros(2, requires_grad=True)], 0.1),
}
"""What lies beside weights."""


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("what", BESIDE)
def test_what_lies_beside_the_weights_is_read_without_being_made(
    what: str, protocol: int, weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    values = {"epoch": 3, "best": BESIDE[what], "state_dict": weights}
    torch.save(values, tmp_path / "checkpoint.pth", pickle_protocol=protocol)
    found = read_checkpoint(tmp_path / "checkpoint.pth")
    assert found.key == "state_dict" and list(found.tensors) == list(weights)
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in weights.items())


@pytest.mark.parametrize("kind", ["stream", "tar"])
def test_formats_of_old_versions_of_torch_are_refused_with_the_way_out(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    if kind == "stream":
        torch.save({"a": torch.ones(1)}, file, _use_new_zipfile_serialization=False)
    else:
        with tarfile.open(file, "w") as archive:
            for name in ("sys_info", "pickle", "storages", "tensors"):
                archive.addfile(tarfile.TarInfo(name))
    with pytest.raises(ImportWeightsError, match=r"format of PyTorch before .*\n   Read it once with PyTorch 2.10"):
        read_checkpoint(file)


def test_a_checkpoint_of_nnunet_is_imported(tmp_path: Path) -> None:
    model = published.with_random_numbers(published.PlainConvUNet())
    values = {
        "network_weights": model.state_dict(),
        "optimizer_state": torch.optim.SGD(model.parameters(), 0.01, momentum=0.99).state_dict(),
        "grad_scaler_state": None,
        "logging": {"mean_fg_dice": [np.float64(0.5)], "epoch_end_timestamps": [np.float64(1e9)]},
        "_best_ema": np.float64(0.7),
        "current_epoch": 5,
        "init_args": {"plans": {}, "configuration": "2d", "fold": 0, "device": torch.device("cpu")},
        "trainer_name": "nnUNetTrainer",
        "inference_allowed_mirroring_axes": (0, 1),
    }
    torch.save(values, tmp_path / "checkpoint_final.pth")
    checkpoint = read_checkpoint(tmp_path / "checkpoint_final.pth")
    assert checkpoint.key == "network_weights" and checkpoint.others == ()
    from tests.model.test_import_weights import FAMILIES

    assert import_weights(checkpoint, FAMILIES["nnunet"][1]).pairs


@pytest.mark.parametrize(
    "name", ["a.pth.tar", "A.PTH", "model.PT", "best.Ckpt", "weights", "epoch=3.model", "x.SafeTensors"]
)
def test_the_name_of_a_file_does_not_matter(name: str, weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    if name.lower().endswith("safetensors"):
        save_file(weights, tmp_path / name)
    else:
        torch.save(weights, tmp_path / name)
    assert read_checkpoint(tmp_path / name).tensors.keys() == weights.keys()


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_weights_of_a_whole_model_are_read_without_its_class(wrapped: bool, tmp_path: Path) -> None:
    model = network()
    torch.save({"model": nn.DataParallel(model)} if wrapped else model, tmp_path / "model.pt")
    found = read_checkpoint(tmp_path / "model.pt")
    state = {f"module.{name}" if wrapped else name: tensor for name, tensor in model.state_dict().items()}
    assert {name: tensor.shape for name, tensor in found.tensors.items()} == {
        name: tensor.shape for name, tensor in state.items()
    }
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in state.items())
    assert import_weights(found, unetkit.load(*SPEC)).pairs


KEPT: list[tuple[str | None, Any, str | None]] = [
    (None, lambda one: {"params": one}, "params"),
    (None, lambda one: {"epoch": 1, "model_state": one, "optimizer": {"state": {"0": one}}}, "model_state"),
    (None, lambda one: {"state": {"model": one}, "scheduler": {"a": torch.zeros(1)}}, "state.model"),
    (None, lambda one: {"model_state_dict": one, "ema": one}, "model_state_dict"),
    (None, lambda one: {"loss": torch.zeros(()), "state_dict": one}, "state_dict"),
    (None, lambda one: one | {"mask_values": [0, 255]}, ""),
    ("ema", lambda one: {"model_state_dict": one, "ema": one}, "ema"),
    ("ema.model", lambda one: {"state_dict": one, "ema": {"model": one, "decay": 0.9}}, "ema.model"),
    (None, lambda one: {"teacher": one, "student": one}, None),
    (None, lambda one: {"state_dict": one, "model": one}, None),
    ("emma", lambda one: {"params": one, "ema": one}, None),
    (None, lambda one: {"epoch": 3}, None),
    (None, lambda one: [one], None),
    (None, lambda one: {"state_dict": {}}, None),
]
"""A key asked for, what a file holds, and the key that is found; None where the file is refused."""


@pytest.mark.parametrize(("key", "make", "expected"), KEPT)
def test_weights_are_found_where_they_are_kept(
    key: str | None, make: Any, expected: str | None, tmp_path: Path
) -> None:
    tensors = {"a.weight": torch.ones(2, 2), "a.bias": torch.ones(2)}
    torch.save(make(tensors), tmp_path / "weights.pth")
    if expected is not None:
        assert read_checkpoint(tmp_path / "weights.pth", key).key == expected
        return
    with pytest.raises(ImportWeightsError) as caught:
        read_checkpoint(tmp_path / "weights.pth", key)
    (fault,) = caught.value.faults
    assert fault.code in ("weights-missing", "weights-several") and fault.cure


BOMBS = {
    "a program": Call(subprocess.run, ["touch", "executed"]),
    "a shell": Call(os.system, "touch executed"),
    "eval": Call(eval, "open('executed', 'w')"),
    "a file": Call(open, "executed", "w"),
    "getattr": Call(getattr, "", "upper"),
    "nested": {"state_dict": {}, "inner": [Config(), Call(os.mkdir, "executed")]},
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("what", BOMBS)
def test_nothing_is_executed(what: str, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values = {"state_dict": {"a.weight": torch.ones(1)}, "other": BOMBS[what]}
    torch.save(values, "weights.ckpt", pickle_protocol=protocol)
    with pytest.raises(ImportWeightsError, match=r"weights-untrusted\].*could execute arbitrary code\n"):
        read_checkpoint(Path("weights.ckpt"))
    assert sorted(os.listdir()) == ["weights.ckpt"]


def test_a_class_with_a_reduce_of_its_own_is_not_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {"a": torch.ones(1)}, "x": Call(make_folder, "executed")}, "weights.pt")
    assert read_checkpoint(Path("weights.pt")).key == "state_dict"
    assert not Path("executed").exists()


def make_folder(name: str) -> None:
    """Leaves a trace."""
    os.mkdir(name)


def other_files() -> dict[str, bytes]:
    """Returns what people take for weights, by the words of the refusal."""
    archive = io.BytesIO()
    np.savez(archive, a=np.zeros(2))
    return {
        "pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "a web page": b"\n <!DOCTYPE html><html>404</html>",
        "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(99),
        "packed with gzip": b"\x1f\x8b" + bytes(99),
        "a tar archive": bytes(257) + b"ustar" + bytes(300),
        "NumPy array": b"\x93NUMPY" + bytes(99),
        "empty": b"",
        "neither a file of torch.save nor safetensors": b"text",
        "no file of torch.save, or damaged": b"PK\x03\x04" + bytes(99),
        "format of PyTorch before 1.6": b"\x80\x02" + bytes(99),
        "cannot be read: ": (99).to_bytes(8, "little") + b"{" + bytes(99),
        "torch.save": archive.getvalue(),
        "another pickle": b"\x80\x02}q\x00." * 3,
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", other_files())
def test_every_other_file_gives_one_message_with_a_cure(what: str, tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(other_files()[what])
    output = tmp_path / "m.safetensors"
    result = run("import-weights", tmp_path / "weights.pth", "--spec", "unet-milesial", "-o", output, code=1)
    told = result.stderr.splitlines()
    assert len(told) == 2 and told[0].startswith("error[weights-") and what in told[0] and told[1].startswith("   ")
    assert not (tmp_path / "m.safetensors").exists()


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.pth"):
        with pytest.raises(ImportWeightsError, match="cannot be read"):
            read_checkpoint(path)


def test_damaged_files_are_refused_in_words(weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    file = io.BytesIO()
    torch.save({"best": np.float64(1), "state_dict": weights}, file)
    content = file.getvalue()
    for index in range(0, len(content), len(content) // 60):
        (tmp_path / "weights.pth").write_bytes(content[:index] + b"\xff\xff\xff" + content[index + 3 :])
        try:
            read_checkpoint(tmp_path / "weights.pth")
        except ImportWeightsError as error:
            assert error.faults[0].cure


# --- classes and normalization --------------------------------------------------------------------------------------


def imported(folder: Path, *options: str) -> tuple[Path, nn.Module]:
    """Imports a published network by the command; returns the model file, and the network."""
    model = network()
    torch.save(model.state_dict(), folder / "weights.pth")
    output = folder / "model.safetensors"
    run("import-weights", folder / "weights.pth", "--spec", SPEC[0], "--set", SPEC[1][0], "-o", output, *options)
    return folder / "model.safetensors", model


def test_imported_weights_with_classes_and_normalization_predict(tmp_path: Path) -> None:
    file, model = imported(tmp_path, "--classes", "outside, cell", "--normalization", "image")
    trained = Trained.load(file)
    assert trained.classes == ("outside", "cell") and trained.normalization.type == "image"
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.allclose(trained.model(image), model.eval()(image), atol=1e-5)
    from PIL import Image

    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 33, 3), np.uint8)).save(tmp_path / "photo.png")
    run("predict", file, tmp_path / "photo.png", "-o", tmp_path / "maps")
    assert len(list((tmp_path / "maps").iterdir())) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--normalization", "none"], {"classes": ("class 0", "class 1"), "type": "none"}),
        (["--normalization", "{type: percentile, low: 1}"], {"type": "percentile", "low": 1}),
        (
            ["--normalization", "{type: dataset, mean: [1, 2, 3], std: [4, 5, 6]}"],
            {"mean": (1, 2, 3), "std": (4, 5, 6)},
        ),
        (["--classes", "a, {name: b, colour: '#ff0000'}", "--normalization", "image"], {"colour": (255, 0, 0)}),
    ],
)
def test_classes_and_normalization_are_written_as_in_a_data_file(
    options: list[str], said: dict[str, Any], tmp_path: Path
) -> None:
    trained = Trained.load(imported(tmp_path, *options)[0])
    normalization = trained.normalization
    known = {"classes": trained.classes, "colour": trained.signature.classes[1].colour, "type": normalization.type}
    known |= {key: getattr(normalization, key) for key in ("low", "mean", "std")}
    assert {key: known[key] for key in said} == said


@pytest.mark.parametrize(
    ("options", "message", "code"),
    [
        (["--classes", "a, b"], "give --normalization", 2),
        (["--classes", "a, b, c", "--normalization", "image"], "predicts 2 classes, 3 names are given", 1),
        (["--classes", "a, a", "--normalization", "image"], "class-twice", 1),
        (["--normalization", "dataset"], "needs mean and std per channel", 1),
        (["--normalization", "{type: dataset, mean: [1], std: [1]}"], "1 numbers for 3 channels", 1),
        (["--normalization", "{type: image, low: 3}"], "there is no key 'low' here", 1),
        (["--normalization", "imag"], "Known: none, dataset, image, percentile", 1),
    ],
)
def test_what_does_not_fit_is_refused_before_the_weights_are_read(
    options: list[str], message: str, code: int, tmp_path: Path
) -> None:
    files = tmp_path / "none.pth", tmp_path / "m.safetensors"
    assert message in re.sub(
        r"[\s│]+",
        " ",
        run("import-weights", files[0], "--spec", "unet-milesial", "-o", files[1], *options, code=code).output,
    )


def test_the_command_names_further_weights(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    torch.save({"model_state_dict": weights, "ema": weights}, tmp_path / "w.pth")
    line = ("import-weights", tmp_path / "w.pth", "--spec", SPEC[0], "--set", SPEC[1][0])
    told = run(*line, "-o", tmp_path / "m.safetensors").stdout
    assert "other weights in the file, selected by --key: ema" in told
    assert answer(*line, "-o", tmp_path / "n.safetensors")["other_keys"] == ["ema"]


def test_a_pickle_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ImportWeightsError):
        read_checkpoint(tmp_path / "w.pth")
