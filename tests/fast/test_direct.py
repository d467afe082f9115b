"""A convolution in one call with a sum and an activation gives what the three give one after the other."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.fast.test_optimize import far
from unetkit.fast.direct import Window, convolution


@pytest.mark.parametrize("activation", [None, nn.ReLU(True), nn.LeakyReLU(0.1, True), nn.SiLU(True)])
@pytest.mark.parametrize("summed", [False, True])
@pytest.mark.parametrize("size", [(9,), (9, 7), (4, 5, 6)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_convolution_with_a_sum_and_an_activation_is_one_after_the_other(
    activation: nn.Module | None, summed: bool, size: tuple[int, ...], dtype: torch.dtype
) -> None:
    dims = len(size)
    x, weight, bias = torch.randn(1, 4, *size), torch.randn(6, 2, *(3,) * dims), torch.randn(6)
    x, weight, bias = x.to(dtype), weight.to(dtype), bias.to(dtype)
    window = Window((1,) * dims, (1,) * dims, (1,) * dims, 2)
    convolve = (functional.conv1d, functional.conv2d, functional.conv3d)[dims - 1]
    plain = convolve(x, weight, bias, 1, 1, 1, 2)
    onto = torch.randn_like(plain) if summed else None
    wanted = plain + onto if onto is not None else plain
    wanted = wanted if activation is None else activation(wanted.clone())
    found = convolution(x, weight, bias, window, onto=onto, activation=activation)
    assert far(found, wanted) < 1e-6
    assert onto is None or found is onto
