"""The handwritten networks have the sizes and the parameter counts of the published ones."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from tests.model import reference

COUNTS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "unet-2015 1→2": (lambda: reference.unet_2015(1, 2), 31_030_658),
    "unet-2015 1→1": (lambda: reference.unet_2015(1, 1), 31_030_593),
    "unet-crop 1→2": (lambda: reference.unet_mode(1, 2, "crop"), 31_042_434),
    "unet-pad 1→2": (lambda: reference.unet_mode(1, 2, "pad"), 31_042_434),
    "unet-same 1→2": (lambda: reference.unet_mode(1, 2, "same"), 31_042_434),
    "unet-milesial 3→2": (lambda: reference.milesial(3, 2, bilinear=False), 31_037_698),
    "unet-milesial 3→1": (lambda: reference.milesial(3, 1, bilinear=False), 31_037_633),
    "unet-milesial-bilinear 3→2": (lambda: reference.milesial(3, 2, bilinear=True), 17_263_042),
    "unet-milesial-bilinear 3→1": (lambda: reference.milesial(3, 1, bilinear=True), 17_262_977),
    "unet-3d 3→3": (lambda: reference.unet_3d(3, 3), 19_067_616 + 2_336 + 3 + 2 * 2_336),  # scale and shift last
}

SIZES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], tuple[int, ...]]] = {
    "unet-2015": (lambda: reference.unet_2015(1, 2), (572, 188), (388, 4)),
    "unet-crop": (lambda: reference.unet_mode(1, 2, "crop"), (572, 188), (388, 4)),
    "unet-pad": (lambda: reference.unet_mode(1, 2, "pad"), (572, 570), (564, 562)),
    "unet-same": (lambda: reference.unet_mode(1, 2, "same"), (512, 48), (512, 48)),
    "unet-milesial": (lambda: reference.milesial(1, 2, bilinear=False), (100, 37), (100, 37)),
    "unet-milesial-bilinear": (lambda: reference.milesial(1, 2, bilinear=True), (100, 37), (100, 37)),
    "unet-3d": (lambda: reference.unet_3d(1, 3), (132, 132, 116), (44, 44, 28)),
}


def on_meta(network: Callable[[], nn.Module]) -> nn.Module:
    with torch.device("meta"):
        return network()


@pytest.mark.parametrize(("network", "count"), COUNTS.values(), ids=COUNTS)
def test_parameter_count_is_the_published_one(network: Callable[[], nn.Module], count: int) -> None:
    assert sum(parameter.numel() for parameter in on_meta(network).parameters()) == count


@pytest.mark.parametrize(("network", "size", "expected"), SIZES.values(), ids=SIZES)
def test_output_size_is_the_published_one(
    network: Callable[[], nn.Module], size: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    model = on_meta(network)
    channels = next(model.parameters()).shape[1]
    assert model(torch.empty(1, channels, *size, device="meta")).shape[2:] == expected


def test_size_that_does_not_fit_is_refused() -> None:
    with pytest.raises(RuntimeError):
        on_meta(lambda: reference.unet_mode(1, 2, "same"))(torch.empty(1, 1, 570, 570, device="meta"))
    with pytest.raises(RuntimeError):
        on_meta(lambda: reference.unet_2015(1, 2))(torch.empty(1, 1, 187, 187, device="meta"))


def test_crop_and_pad_leave_an_odd_difference_at_the_end() -> None:
    row = torch.arange(7.0).reshape(1, 1, 7)
    assert reference.cropped(row, row[..., :4]).flatten().tolist() == [1, 2, 3, 4]
    assert reference.padded(row[..., 1:5], row).flatten().tolist() == [0, 1, 2, 3, 4, 0, 0]


def test_weights_are_copied_in_order_of_execution() -> None:
    first, second = (reference.milesial(1, 2, bilinear=True).eval() for _ in range(2))
    reference.copy_weights(first, second)
    image = torch.randn(1, 1, 32, 32)
    assert torch.equal(first(image), second(image))
    with pytest.raises(ValueError, match="differ"):
        reference.copy_weights(first, reference.milesial(1, 2, bilinear=False))
