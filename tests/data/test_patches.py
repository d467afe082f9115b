"""Patches: always of a size that the network takes, with the labels under its output, the n-th always the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import unetkit
from tests.support.photos import discs
from unetkit.data import Normalization, Pair, Pairs
from unetkit.data.pairs import UNLABELLED
from unetkit.data.patches.augmentation import Augmentation, Flip, Rotation
from unetkit.data.patches.patches import Patches, PatchSettings

MODES = ("unet-crop", "unet-pad", "unet-same")


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
            Pairs(tuple(discs(4)), ("outside", "disc")),
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


@pytest.mark.parametrize("augmentation", [(), (Flip(axes=(0, 1)), Rotation(degrees=180.0))], ids=["still", "moved"])
@pytest.mark.parametrize("labelled", [1, 40])
@pytest.mark.parametrize("name", MODES)
def test_each_patch_has_a_labelled_pixel(name: str, labelled: int, augmentation: tuple[Augmentation, ...]) -> None:
    labels = np.full((96, 80), UNLABELLED)
    labels[-1, :labelled] = 1
    pairs = Pairs((Pair("one", np.zeros((1, 96, 80), np.float32), labels),), ("a", "b"))
    plan = unetkit.plan(unetkit.load(name, ["channels=[4, 8]"]))
    settings = PatchSettings((8, 8), augmentation=augmentation, count=40)
    patches = Patches(pairs, Normalization("dataset", (0,), (1,)), plan, settings)
    assert all((patches[index][1] != UNLABELLED).any() for index in range(40))
    assert torch.equal(patches[7][1], patches[7][1])


def test_patches_of_images_that_are_labelled_throughout_stay_where_they_were() -> None:
    plan = unetkit.plan(unetkit.load("unet-same", ["channels=[4, 8]"]))
    numbers = np.arange(40 * 33).reshape(40, 33)
    pairs = Pairs((Pair("numbered", numbers[None].astype(np.float32), numbers),), ("a", "b"))
    patches = Patches(pairs, Normalization("dataset", (0,), (1,)), plan, PatchSettings((8, 8), count=9))
    assert [int(patches[index][1][0, 0]) for index in range(4)] == [940, 584, 1058, 551]
