"""A model file: what goes in comes out, and whatever does not fit is refused in words."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import unetkit
from unetkit.errors import FileError, UnetkitError
from unetkit.model import read_header
from unetkit.model.structure import structural_differences

SMALL = ["channels=[4, 8, 8]"]


def changed(path: Path, **metadata: str) -> Path:
    """Returns the file with other metadata."""
    with safe_open(path, framework="pt") as opened:
        known = opened.metadata()
    save_file(load_file(path), path, known | metadata)
    return path


def crafted(path: Path, header: bytes, length: int | None = None, body: bytes = b"") -> Path:
    """Returns a file with a header of one's own, as safetensors lays it out: its length, itself, the weights."""
    path.write_bytes((len(header) if length is None else length).to_bytes(8, "little") + header + body)
    return path


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
    changed(path, spec=read_header(path)["spec"].replace("kernel: 3", "kernel: 5"))
    with pytest.raises(FileError) as caught:
        unetkit.load_model(path)
    assert str(caught.value).splitlines()[1:4] == [
        "   encoder.0.block.conv1: saved nn.Conv2d(1, 4, 3, padding=1, bias=False), "
        "here nn.Conv2d(1, 4, 5, padding=2, bias=False)",
        "   encoder.0.block.conv2: saved nn.Conv2d(4, 4, 3, padding=1, bias=False), "
        "here nn.Conv2d(4, 4, 5, padding=2, bias=False)",
        "   encoder.1.block.conv1: saved nn.Conv2d(4, 8, 3, padding=1, bias=False), "
        "here nn.Conv2d(4, 8, 5, padding=2, bias=False)",
    ]
    assert "and 5 more" in str(caught.value) and "Install the versions it was made with: {" in str(caught.value)


def test_differences_name_what_is_there_on_one_side_only_and_what_is_wired_otherwise() -> None:
    listings = {
        name: unetkit.plan(unetkit.load("unet-small", [*SMALL, change])).listing()
        for name, change in {
            "plain": "dims=2",
            "none": "norm=none",
            "add": "skip=add",
            "seed": "init=orthogonal",
        }.items()
    }
    assert structural_differences(listings["plain"], listings["plain"]) == []
    without = structural_differences(listings["plain"], listings["none"])
    assert "encoder.0.block.norm1: saved nn.BatchNorm2d(4), here nothing" in without
    assert (
        "encoder.0.block.act1: saved nn.ReLU() of encoder.0.block.norm1, here nn.ReLU() of encoder.0.block.conv1"
        in without
    )
    added = structural_differences(listings["plain"], listings["add"])
    assert "decoder.0.skip.add1: saved nothing, here functional.add()" in added
    assert structural_differences(listings["plain"], listings["seed"])[0].endswith("init=orthogonal")


def test_a_file_whose_digest_is_not_that_of_what_it_describes_is_damaged(tmp_path: Path) -> None:
    path = changed(saved(tmp_path), digest="0" * 64)
    with pytest.raises(FileError, match=r"model\.safetensors is damaged: its digest does not match the network"):
        unetkit.load_model(path)


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    path = saved(tmp_path)
    weights = load_file(path)
    weights["head.conv1.bias"] = torch.zeros(9)
    weights["head.conv1.weight"] = weights["head.conv1.weight"].int()
    weights["\x1b[2J"] = torch.zeros(1)
    save_file(weights, path, read_header(path))
    with pytest.raises(FileError) as caught:
        unetkit.load_model(path)
    told = str(caught.value)
    assert "3 weights do not fit" in told
    assert "head.conv1.bias: (9,) in the file, (4,) in the network" in told
    assert "head.conv1.weight: (4, 4, 1, 1) int32 in the file, (4, 4, 1, 1) in the network" in told
    assert r"\x1b[2J: (1,) in the file, nothing in the network" in told and "\x1b" not in told


TENSOR = b'"x": {"dtype": "F32", "shape": %s, "data_offsets": [0, 4]}'


@pytest.mark.parametrize(
    ("header", "length", "body"),
    [
        (b"{}", 1 << 62, b""),
        (b"{}", 200_000_000, b""),
        (b"{}", 500, b""),
        (b"{", None, b""),
        (b"[" * 50_000, None, b""),
        (b'{"__metadata__": {"unetkit": "\xff"}}', None, b""),
        (b'{"__metadata__": {"unetkit": 1}}', None, b""),
        (b'{"__metadata__": ["unetkit"]}', None, b""),
        (b'{"__metadata__": null}', None, b""),
        (b"{%s}" % (TENSOR % b"[NaN]"), None, bytes(4)),
        (b"{%s}" % (TENSOR % b"[-1]"), None, bytes(4)),
        (b"{%s}" % (TENSOR % b"[1e3]"), None, bytes(4)),
        (b"{%s}" % (TENSOR % b"[4611686018427387904, 4]"), None, bytes(4)),
        (b"{%s}" % (TENSOR % b"[1]"), None, b""),
        (b"{%s}" % (TENSOR % b"[1]").replace(b"F32", b"PICKLE"), None, bytes(4)),
        (b"{%s}" % (TENSOR % b"[1]").replace(b"[0, 4]", b"[4, 0]"), None, bytes(4)),
    ],
    ids=lambda value: value.decode("ascii", "replace")[:60] if isinstance(value, bytes) else str(value),
)
def test_a_header_that_lies_is_refused(tmp_path: Path, header: bytes, length: int | None, body: bytes) -> None:
    path = crafted(tmp_path / "model.safetensors", header, length, body)
    with pytest.raises(FileError, match=r"model\.safetensors (cannot be read|was not written by unetkit)"):
        unetkit.load_model(path)


BOMB = "a: &a [1, 1]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}]\n" for old, new in pairwise("abcdefghijklmnopqrstuvwxyz")
)


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("", "yaml"),
        ("[1]", "yaml"),
        ("- !!python/object/apply:os.system [true]", "yaml"),
        (BOMB, "yaml-alias-limit"),
        ("{" * 5000, "yaml"),
        ("x" * 300_000, "yaml-too-large"),
        ("name: \x1b[2J", "yaml-encoding"),
        ("unetkit: 1\nextends: /etc/passwd\n", "model-extends"),
        ("unetkit: 1\nextends: unet-2015\n", "model-extends"),
        ("unetkit: 1\nblock: {type: os.system}\n", "unknown"),
        ("unetkit: 1\nin_channels: 1\nout_channels: 2\nchannels: [.nan]\n", "wrong-type"),
    ],
    ids=lambda text: text[:30],
)
def test_a_spec_that_does_harm_is_refused(tmp_path: Path, spec: str, code: str) -> None:
    path = changed(saved(tmp_path), spec=spec)
    with pytest.raises(FileError) as caught:
        unetkit.load_model(path)
    assert any(code in fault.code for fault in caught.value.faults), caught.value
    assert "model.safetensors" in str(caught.value) and "\x1b" not in str(caught.value)


def test_a_damaged_file_is_refused_or_reads_as_a_model(tmp_path: Path) -> None:
    """Cut anywhere, and with bytes changed anywhere in its header, a file gives a FileError or a network."""
    path, random = saved(tmp_path), np.random.default_rng(0)
    whole = path.read_bytes()
    end = 8 + int.from_bytes(whole[:8], "little")
    for cut in [*range(12), *random.integers(12, len(whole), 60)]:
        path.write_bytes(whole[:cut])
        with pytest.raises(FileError):
            unetkit.load_model(path)
    refused = 0
    for _ in range(150):
        content = bytearray(whole)
        for at in random.integers(0, end, random.integers(1, 4)):
            content[at] = random.integers(256)
        path.write_bytes(content)
        try:
            unetkit.load_model(path)
        except FileError:
            refused += 1
    assert refused > 100


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
    with pytest.raises(UnetkitError, match="was not built by unetkit"):
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


def test_weights_lie_in_memory_as_torchs_own_do_whatever_the_header_is_long(tmp_path: Path) -> None:
    """Elsewhere its kernels take other paths, which round otherwise: a loaded network would not be the one saved."""
    for length in range(1, 20):
        values = {"unetkit": 1, "name": "n" * length, "in_channels": 1, "out_channels": 2, "channels": [3, 5]}
        loaded = unetkit.load_model(unetkit.save(unetkit.build(values), tmp_path / "model.safetensors"))
        assert all(tensor.data_ptr() % 64 == 0 for tensor in loaded.state_dict().values())
