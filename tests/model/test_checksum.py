"""A bit that flips in the weights of a file is seen, wherever it is."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from safetensors.torch import load_file, save_file

import unetkit
from unetkit.errors import FileError
from unetkit.export.checksum import SUMS, sealed_onnx, verify_onnx, verify_sums, write_sums
from unetkit.model import read_header
from unetkit.model.checksum import KEY, header_of

SPEC = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [2, 4]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a small network."""
    return unetkit.save(unetkit.build(SPEC, seed=0), tmp_path / "m.safetensors")


def test_each_flipped_bit_of_the_weights_is_seen(file: Path) -> None:
    whole, random = file.read_bytes(), Random(0)
    _, start = header_of(whole)
    places = {start, len(whole) - 1, *(random.randrange(start, len(whole)) for _ in range(30))}
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << random.randrange(8)
        file.write_bytes(changed)
        with pytest.raises(FileError, match=r"m\.safetensors is damaged: the checksum of its weights differs"):
            unetkit.load_model(file)


def test_weights_that_change_places_are_seen(file: Path) -> None:
    weights, header = load_file(file), read_header(file)
    one, two = (name for name in weights if weights[name].shape == (2,) and "bias" in name and "encoder" in name)
    weights[one], weights[two] = weights[two] + 1, weights[one]
    save_file(weights, file, header)
    with pytest.raises(FileError, match="checksum"):
        unetkit.load_model(file)


def test_another_order_of_the_same_weights_is_the_same(file: Path) -> None:
    save_file(dict(reversed(load_file(file).items())), file, dict(reversed(read_header(file).items())))
    unetkit.load_model(file)


def test_a_file_without_its_checksum_is_not_ours(file: Path) -> None:
    header = read_header(file)
    del header[KEY]
    save_file(load_file(file), file, header)
    with pytest.raises(FileError, match="was not written by unetkit"):
        unetkit.load_model(file)


def test_a_changed_onnx_file_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    whole = sealed_onnx(bytes(range(256)) * 3)
    path.write_bytes(whole)
    verify_onnx(path)
    for place in (0, 300, len(whole) - 1, len(whole) - 70):
        changed = bytearray(whole)
        changed[place] ^= 4
        path.write_bytes(changed)
        with pytest.raises(FileError, match="its checksum is missing or wrong"):
            verify_onnx(path)
    for broken in (b"", whole[:-1], whole[1:]):
        path.write_bytes(broken)
        with pytest.raises(FileError, match="its checksum is missing or wrong"):
            verify_onnx(path)


def test_the_seal_of_an_onnx_file_is_metadata_of_it() -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], []))
    model.metadata_props.add(key="a", value="b")
    read = onnx.load_from_string(sealed_onnx(model.SerializeToString()))
    assert [(each.key, len(each.value)) for each in read.metadata_props] == [("a", 1), ("sha256", 64)]


@pytest.mark.parametrize("changed", ["model.xml", "model.bin", SUMS, None])
def test_a_changed_file_of_openvino_is_seen(changed: str | None, tmp_path: Path) -> None:
    names = ("model.xml", "model.bin")
    for name in names:
        (tmp_path / name).write_bytes(name.encode() * 9)
    write_sums(tmp_path, names)
    verify_sums(tmp_path, names)
    if changed is None:
        (tmp_path / SUMS).unlink()
    else:
        content = bytearray((tmp_path / changed).read_bytes())
        content[3] ^= 1
        (tmp_path / changed).write_bytes(content)
    with pytest.raises(FileError, match="its checksum is missing or wrong"):
        verify_sums(tmp_path, names)
