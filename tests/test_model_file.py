"""A model file: what goes in comes out, and whatever does not fit is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import unetkit
from unetkit.errors import FileError
from unetkit.model import read_header

SMALL = ["channels=[4, 8, 8]"]


def saved(folder: Path, *overrides: str) -> Path:
    model = unetkit.build(unetkit.load("unet-small", [*SMALL, *overrides]), seed=1)
    return unetkit.save(model, folder / "model.safetensors", {"author": "Çiçek"})


@pytest.mark.parametrize(
    "overrides",
    [[], ["levels.0.skip=add"], ["levels.1.decoder.block=residual", "odd_sizes=pad"], ["init=orthogonal"]],
    ids=" ".join,
)
def test_a_loaded_model_is_the_saved_one(tmp_path: Path, overrides: list[str]) -> None:
    model = unetkit.build(unetkit.load("unet-small", [*SMALL, *overrides]), seed=1).eval()
    again = unetkit.load_model(unetkit.save(model, tmp_path / "model.safetensors"))
    image = torch.rand(2, 1, 16, 24)
    with torch.no_grad():
        assert torch.equal(again(image), model(image))
    assert list(again.state_dict()) == list(model.state_dict())
    assert not again.training


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    header = read_header(saved(tmp_path))
    assert header["author"] == "Çiçek"
    assert header["digest"] == unetkit.plan(unetkit.load("unet-small", SMALL)).digest
    assert header["spec"].startswith("unetkit: 1\nname: unet-small\n")
    assert "torch" in header["requirements"]


def test_the_same_seed_gives_the_same_weights_and_leaves_the_random_state_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    one, two, other = (unetkit.build(unetkit.load("unet-small", SMALL), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    weights = [model.state_dict()["encoder.0.block.conv1.weight"] for model in (one, two, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_file_whose_spec_makes_another_network_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with safe_open(path, framework="pt") as opened:
        metadata = opened.metadata()
    metadata["spec"] = metadata["spec"].replace("kernel: 3", "kernel: 5")
    save_file(load_file(path), path, metadata)
    with pytest.raises(FileError, match="makes another network here"):
        unetkit.load_model(path)


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with safe_open(path, framework="pt") as opened:
        metadata = opened.metadata()
    weights = load_file(path)
    weights["head.conv1.bias"] = torch.zeros(9)
    save_file(weights, path, metadata)
    with pytest.raises(FileError, match=r"head\.conv1\.bias: \(9,\) in the file, \(4,\) in the network"):
        unetkit.load_model(path)


@pytest.mark.parametrize("content", [b"", b"no tensors here", b"\x80\x04pickle"], ids=["empty", "text", "pickle"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileError, match="cannot be read"):
        unetkit.load_model(path)


def test_safetensors_of_others_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(FileError, match="was not written by unetkit"):
        unetkit.load_model(path)


def test_a_module_of_others_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="was not built by unetkit"):
        unetkit.save(torch.nn.Conv2d(1, 1, 1), tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file where a folder should be")
    model = unetkit.build(unetkit.load("unet-small", SMALL))
    with pytest.raises(FileError, match="cannot be written"):
        unetkit.save(model, tmp_path / "folder" / "model.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_the_network_refuses_what_is_no_image() -> None:
    model = unetkit.build(unetkit.load("unet-small", SMALL))
    with pytest.raises(unetkit.SizeError, match=r"takes a tensor \(N, 1, H, W\), not \(1, 16, 16\)"):
        model(torch.zeros(1, 16, 16))
    with pytest.raises(unetkit.SizeError, match=r"not \(1, 3, 16, 16\)"):
        model(torch.zeros(1, 3, 16, 16))
