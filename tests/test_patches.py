"""Patches: always of a size that the network takes, with the labels under its output, the n-th always the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import unetkit
from unetkit.data import Normalization, Pair, Pairs
from unetkit.data.augmentation import Flip
from unetkit.data.patches import Patches, PatchSettings

MODES = ("unet-crop", "unet-pad", "unet-same")


def discs(count: int = 4, size: tuple[int, int] = (40, 33), channels: int = 1) -> Pairs:
    """Bright discs in noise: class 1 is what lies within."""
    random = np.random.default_rng(0)
    rows, columns = np.indices(size)
    items = []
    for index in range(count):
        y, x = random.integers(10, 24, 2)
        labels = ((rows - y) ** 2 + (columns - x) ** 2 < 64).astype(np.int64)
        image = 100 + 60 * labels + random.normal(0, 20, (channels, *size))
        items.append(Pair(f"disc{index}", image.astype(np.float32), labels))
    return Pairs(tuple(items), ("outside", "disc"), "discs + added noise")


@pytest.mark.parametrize("flips", [(), (0,), (0, 1)], ids=str)
@pytest.mark.parametrize("size", [(12, 20), (60, 60)], ids=str)
@pytest.mark.parametrize("name", MODES)
def test_the_labels_of_a_patch_are_those_under_the_output(
    name: str, size: tuple[int, int], flips: tuple[int, ...]
) -> None:
    labels = np.arange(40 * 33).reshape(40, 33)
    pairs = Pairs((Pair("numbered", labels[None].astype(np.float32), labels),), ("a", "b"))
    plan = unetkit.plan(unetkit.load(name, ["channels=[4, 8]"]))
    patches = Patches(
        pairs,
        Normalization("dataset", (0,), (1,)),
        plan,
        PatchSettings(size, augmentation=(Flip(axes=flips),) if flips else (), count=20),
    )
    for image, target in (patches[index] for index in range(20)):
        output = plan.output_size(tuple(image.shape[1:]))
        assert tuple(target.shape) == output
        assert all(n >= least for n, least in zip(output, size, strict=True))
        assert torch.equal(image[0][plan.crop_target(tuple(image.shape[1:]))].long(), target)


def test_the_nth_patch_depends_on_the_seed_and_nothing_else() -> None:
    plan = unetkit.plan(unetkit.load("unet-same", ["channels=[4, 8]"]))
    one, two, other = (
        Patches(
            discs(),
            Normalization("dataset", (0,), (1,)),
            plan,
            PatchSettings((8, 8), seed, (Flip(axes=(1,)),), count=9),
        )
        for seed in (0, 0, 1)
    )
    for index in range(5):
        one[index]
    assert torch.equal(one[5][0], two[5][0])
    assert not torch.equal(one[5][0], other[5][0])
