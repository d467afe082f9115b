"""Whatever tensors torch.save writes are read as torch.load reads them, or refused in words."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn

from unetkit.checkpoint import ImportWeightsError, open_state_dict
from unetkit.checkpoint.values import ITEM_SIZES
from unetkit.model.importing import read_checkpoint

BASE = torch.arange(60.0).reshape(3, 4, 5)


def saved(values: Any, folder: Path, **options: Any) -> Path:
    """Returns a file of torch.save."""
    file = folder / "weights.pt"
    torch.save(values, file, **options)
    return file


def loaded(file: Path) -> dict[str, Tensor]:
    """Returns what torch reads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other protocols than the default
        tensors: dict[str, Tensor] = torch.load(file, weights_only=False)  # which reads all protocols
    return tensors


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """The tensors are equal bit for bit, and lie alike in memory."""
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        mine = found[name]
        assert (mine.dtype, mine.shape) == (tensor.dtype, tensor.shape)
        if tensor.numel():
            assert (mine.stride(), mine.storage_offset()) == (tensor.stride(), tensor.storage_offset())
            assert mine.untyped_storage().nbytes() == tensor.untyped_storage().nbytes()
        assert bytes_of(mine) == bytes_of(tensor)


def bytes_of(tensor: Tensor) -> list[int]:
    """Returns the bytes of the elements, in order."""
    values: list[int] = (
        torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor).flatten().view(torch.uint8).tolist()
        if tensor.numel()
        else []
    )
    return values


@pytest.mark.parametrize("name", ITEM_SIZES)
def test_every_data_type_is_read(name: str, tmp_path: Path) -> None:
    dtype: torch.dtype = getattr(torch, name)
    assert dtype.itemsize == ITEM_SIZES[name]
    numbers = torch.arange(48, dtype=torch.uint8) % (2 if name == "bool" else 255)
    tensors = {"a": numbers.view(dtype), "b": numbers.clone().view(dtype)[1:]}
    file = saved(tensors, tmp_path)
    assert_same(read_checkpoint(file).tensors, loaded(file))
    assert open_state_dict(file).tensors["a"].dtype == name


SPECIAL: dict[str, Callable[[], dict[str, Any]]] = {
    "views": lambda: {"a": BASE, "b": BASE[1], "c": BASE[:, 1:3], "d": BASE.flatten()[7:]},
    "transposed": lambda: {"a": BASE.permute(2, 0, 1), "b": BASE[0].T},
    "every other one": lambda: {"a": BASE[::2, ::3, ::2]},
    "channels last": lambda: {"a": torch.rand(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)},
    "expanded": lambda: {"a": torch.ones(1, 3).expand(4, 3), "b": torch.zeros(()).expand(1000, 1000)},
    "empty": lambda: {"a": torch.zeros(0), "b": torch.zeros(3, 0, 2), "c": BASE[3:]},
    "scalars": lambda: {"a": torch.tensor(3.5), "b": torch.tensor(7), "c": torch.tensor(True)},
    "parameters": lambda: {"a": nn.Parameter(BASE.clone()), "b": torch.zeros(2, requires_grad=True)},
    "shared": lambda: {"a": BASE, "b": BASE, "c": nn.Parameter(BASE)},
    "ordered": lambda: OrderedDict(b=torch.ones(2), a=torch.zeros(2)),
    "a network": lambda: dict(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.LSTM(2, 2)).state_dict()),
    "not finite": lambda: {"a": torch.tensor([float("nan"), float("inf"), -0.0])},
    "many": lambda: {f"layer.{index}": torch.tensor([index]) for index in range(400)},
}  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("what", SPECIAL)
def test_every_kind_of_view_is_read(what: str, protocol: int, tmp_path: Path) -> None:
    file = saved(SPECIAL[what](), tmp_path, pickle_protocol=protocol)
    assert_same(read_checkpoint(file).tensors, loaded(file))


def test_tensors_that_share_a_storage_share_memory(tmp_path: Path) -> None:
    found = read_checkpoint(saved({"a": BASE, "b": BASE[1:], "c": BASE.clone()}, tmp_path)).tensors
    found["a"][1, 0, 0] = -1
    assert found["b"][0, 0, 0] == -1
    assert found["c"][1, 0, 0] == 20


def test_classes_and_attributes_of_tensors_are_left_out(tmp_path: Path) -> None:
    from monai.data.meta_tensor import MetaTensor

    tensor, parameter = torch.ones(2), nn.Parameter(torch.zeros(2))
    tensor.note, parameter.note = "a", "b"  # type: ignore[attr-defined]
    file = saved({"a": tensor, "b": parameter, "c": MetaTensor(torch.ones(3))}, tmp_path)
    found = read_checkpoint(file).tensors
    assert {name: (type(value), value.sum().item()) for name, value in found.items()} == {
        "a": (Tensor, 2), "b": (Tensor, 0), "c": (Tensor, 3)
    }  # fmt: skip


UNSUPPORTED: dict[str, Callable[[], Any]] = {
    "quantized": lambda: torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.qint8),
    "sparse": lambda: torch.eye(3).to_sparse(),
    "sparse ": lambda: torch.eye(3).to_sparse_csr(),
    "nested": lambda: torch.nested.nested_tensor([torch.zeros(2)]),
    "without numbers": lambda: torch.zeros(3, device="meta"),
    "a conjugated or negated view": lambda: torch.zeros(3, dtype=torch.complex64).conj(),
    "of the data type bits8": lambda: torch.zeros(3, dtype=torch.uint8).view(torch.bits8),
    "of the data type of quantized numbers": lambda: torch.zeros(3, dtype=torch.uint8).view(torch.quint8),
}


@pytest.mark.parametrize("what", UNSUPPORTED)
def test_other_kinds_of_tensors_are_refused_by_name(what: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of formats that are new to torch
        file = saved({"layer.weight": torch.ones(1), "layer.other": UNSUPPORTED[what]()}, tmp_path)
    with pytest.raises(ImportWeightsError, match=rf"layer.other is a tensor {what.strip()}.*\n   Load it with"):
        read_checkpoint(file)


@given(
    shape=st.lists(st.integers(0, 5), max_size=5),
    axes=st.randoms(use_true_random=False),
    steps=st.lists(st.integers(1, 3), min_size=5, max_size=5),
)
def test_random_views_are_read(
    shape: list[int], axes: Any, steps: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    order = list(range(len(shape)))
    axes.shuffle(order)
    view = torch.rand(shape).permute(order)[tuple(slice(axes.randrange(2), None, step) for step in steps[: len(shape)])]
    file = saved({"a": view}, tmp_path_factory.mktemp("views"))
    assert_same(read_checkpoint(file).tensors, loaded(file))


def test_a_file_without_checksums_is_read(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        file = saved({"a": BASE}, tmp_path)
    finally:
        torch.serialization.set_crc32_options(True)
    assert torch.equal(read_checkpoint(file).tensors["a"], BASE)


def test_names_and_shapes_are_known_without_the_numbers(tmp_path: Path) -> None:
    tensors = {"b.10": torch.zeros(2, 3, dtype=torch.bfloat16), "b.9": torch.zeros(())}
    save_file(tensors, tmp_path / "weights.safetensors")
    shapes = {name: one.shape for name, one in open_state_dict(tmp_path / "weights.safetensors").tensors.items()}
    assert list(shapes.items()) == [("b.9", ()), ("b.10", (2, 3))]
    assert {name: one.shape for name, one in open_state_dict(saved(tensors, tmp_path)).tensors.items()} == shapes
