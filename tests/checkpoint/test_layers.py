"""Layers of state dicts: which are duplicates of others."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from unetkit.checkpoint import layers as module
from unetkit.checkpoint.layers import copies, layers


def test_layers_that_share_memory_or_hold_equal_numbers_that_vary_are_duplicates() -> None:
    weight, ones = torch.rand(2, 2), torch.ones(3)
    tensors = {
        "a.weight": weight, "b.weight": weight, "c.weight": weight.clone(), "d.weight": torch.rand(2, 2),
        "e.weight": ones, "f.weight": ones, "g.weight": ones.clone(), "h.weight": weight.T,
    }  # fmt: skip
    assert copies(tensors, layers(tensors)) == {"b": "a", "c": "a", "f": "e"}


def test_layers_of_several_tensors_are_duplicates_where_all_are() -> None:
    scale, shift = torch.rand(3), torch.rand(3)
    tensors = {"a.weight": scale, "a.bias": shift, "b.weight": scale.clone(), "b.bias": shift.clone()}
    assert copies(tensors, layers(tensors)) == {"b": "a"}
    assert copies({**tensors, "b.bias": shift + 1}, layers(tensors)) == {}


def test_every_layer_is_read_once_however_many_have_equal_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    digest = module._digest

    def counted(own: Sequence[Tensor]) -> bytes:
        read.append(len(own))
        return digest(own)

    monkeypatch.setattr(module, "_digest", counted)
    tensors = {f"{number}.weight": torch.tensor([number, -1.0]) for number in range(500)}
    assert copies(tensors, layers(tensors)) == {}
    assert read == [1] * 500
