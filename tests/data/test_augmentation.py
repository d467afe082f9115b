"""Augmented patches: image, labels and weights stay together, chance is repeatable, and nothing is invented."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

import unetkit
from unetkit import registry
from unetkit.data import UNLABELLED, Normalization, Pair, Pairs, Patches, PatchSettings
from unetkit.data.patches.augmentation import Augmentation, Blur, Elastic, Flip, Intensity, Noise, Rotation, Scale
from unetkit.data.patches.boundary_weight import BoundaryWeight
from unetkit.data.patches.warp import PatchArrays, moved_points, sample_points

MOVES = {"flip": Flip(), "rotation": Rotation(), "scale": Scale(), "elastic": Elastic(sigma=3)}
SIZES = {1: (300,), 2: (61, 48), 3: (23, 30, 26)}
PLANS = {1: "unet-1d", 2: "unet-crop", 3: "unet-3d"}
PATCH = {1: (40,), 2: (20, 20), 3: (8, 8, 8)}
NONE = Normalization("none")


def halves(dims: int, spacing: tuple[float, ...] | None = None) -> Pairs:
    """One image that is its own mask and its own weight: a slanted half of it is 1."""
    position = sum(axis * (number + 1) for number, axis in enumerate(np.indices(SIZES[dims])))
    labels = (position > np.median(position)).astype(np.int64)
    return Pairs((Pair("half", labels[None].astype(np.float32), labels, spacing=spacing),), ("low", "high"))


def drawn(pairs: Pairs, *augmentation: Augmentation, **settings: object) -> Patches:
    dims = len(pairs[0].size)
    plan = unetkit.plan(unetkit.load(PLANS[dims], ["channels=[2, 4]", "in_channels=1"]))
    return Patches(pairs, NONE, plan, PatchSettings(PATCH[dims], augmentation=augmentation, count=12, **settings))  # type: ignore[arg-type]


def items(patches: Patches) -> list[tuple[torch.Tensor, ...]]:
    return [patches[index] for index in range(len(patches))]


def own_weight(pair: Pair) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return pair.labels.astype(np.float32)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("moves", [*MOVES, "all"])
def test_image_labels_and_weights_move_together(moves: str, dims: int) -> None:
    chosen = tuple(one for name, one in MOVES.items() if moves in (name, "all") and (dims > 1 or name != "rotation"))
    patches = drawn(halves(dims, tuple(range(1, dims + 1))), *chosen, maps=(own_weight,))
    for image, labels, weight in items(patches):
        inside = image[0][tuple(part for part in patches.target)]
        share = 0.5**dims - 1e-4  # of the nearest sample in an interpolated one, at least
        assert (inside[labels == 1] >= share).all()
        assert (inside[labels == 0] <= 1 - share).all()
        assert torch.allclose(weight, inside, atol=1e-5)


@pytest.mark.parametrize("dims", [2, 3])
def test_no_patch_has_a_corner_that_is_not_of_the_image(dims: int) -> None:
    labels = np.ones(SIZES[dims], np.int64)
    pairs = Pairs((Pair("one", labels[None].astype(np.float32), labels),), ("a", "b"))
    for image, target in items(drawn(pairs, *MOVES.values())):
        assert torch.allclose(image, torch.ones(()), atol=1e-5)
        assert bool((target == 1).all())


def test_the_nth_patch_depends_on_seed_and_number_alone() -> None:
    every = (*MOVES.values(), Intensity(gamma=0.3), Noise(), Blur(probability=0.5))
    one, two = (drawn(halves(2), *every, balance=0.5) for _ in range(2))
    first = [one[index] for index in range(12)]
    torch.manual_seed(5)  # has no say
    np.random.seed(5)  # has no say
    for index in reversed(range(12)):
        assert all(torch.equal(a, b) for a, b in zip(first[index], two[index], strict=True))
    assert not torch.equal(first[0][0], drawn(halves(2), *every, balance=0.5, seed=1)[0][0])


def test_unlabelled_pixels_stay_so() -> None:
    pair = halves(2)[0]
    labels = np.where(pair.labels == 1, UNLABELLED, 0)
    for _, target in items(drawn(Pairs((Pair("x", pair.image, labels),), ("a", "b")), *MOVES.values())):
        assert set(target.ravel().tolist()) <= {UNLABELLED, 0}


def test_a_mirrored_patch_is_not_interpolated() -> None:
    image = np.random.default_rng(0).random((1, 40, 31), np.float32)
    pairs = Pairs((Pair("noise", image, np.zeros((40, 31), np.int64)),), ("a", "b"))
    plain, flipped = drawn(pairs), drawn(pairs, Flip(axes=(1,)))
    values = set(image.ravel().tolist())
    assert all(set(patch[0].ravel().tolist()) <= values for patch in items(flipped))
    assert any(not torch.equal(a[0], b[0]) for a, b in zip(items(plain), items(flipped), strict=True))


class Turned(np.random.Generator):
    """Always draws one number."""

    def __init__(self, value: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.value = value

    def uniform(self, *_: object) -> float:  # type: ignore[override]
        return self.value


@pytest.mark.parametrize("degrees", [-70.0, 15.0, 90.0])
def test_a_turned_patch_is_what_torchvision_turns(degrees: float) -> None:
    rows, columns = np.indices((41, 41))
    image = (np.sin(rows / 5) + np.cos(columns / 7))[None].astype(np.float32)
    points = moved_points((41, 41), None, [Rotation()], Turned(degrees))
    found = sample_points(PatchArrays(image, np.zeros((41, 41), np.int64)), (0, 0), points).image
    bilinear = functional.InterpolationMode.BILINEAR
    expected = functional.rotate(torch.from_numpy(image), degrees, bilinear).numpy()
    disc = (rows - 20) ** 2 + (columns - 20) ** 2 < 19**2
    assert np.abs(found - expected)[0][disc].max() < 1e-4


def test_the_shifts_of_elastic_have_the_stated_strength_and_are_smooth() -> None:
    random = np.random.default_rng(0)
    points = torch.zeros(64, 64, 2)
    fields = torch.stack([Elastic().move(points, random) for _ in range(300)])
    corners = fields[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.std().item() == pytest.approx(10, rel=0.05)
    assert (fields[:, 1:] - fields[:, :-1]).abs().max() < 3


def test_rare_classes_are_drawn_as_often_as_common_ones() -> None:
    labels = np.zeros((100, 100), np.int64)
    labels[70:72, 20:22] = 1
    pairs = Pairs((Pair("rare", labels[None].astype(np.float32), labels),), ("common", "rare"))
    shares = []
    for balance in (0.0, 1.0):
        patches = drawn(pairs, balance=balance)
        shares.append(sum(bool((patches[index][1] == 1).any()) for index in range(12)) / 12)
    assert shares[0] < 0.2
    assert shares[1] > 0.3


def test_weights_are_largest_between_objects_that_nearly_touch() -> None:
    labels = np.zeros((40, 40), np.int64)
    labels[5:35, 5:18] = labels[5:35, 20:35] = 1
    pair = Pair("two", labels[None].astype(np.float32), labels)
    weight = BoundaryWeight()(pair)
    d1, d2 = 1, 2  # at column 18: the objects end at 17 and begin at 20
    assert weight[20, 18] == pytest.approx(1 + 10 * np.exp(-((d1 + d2) ** 2) / 50))
    assert weight[20, 10] == 1
    assert weight[0, 0] < 1.1
    numbered = Pair("two", pair.image, labels, np.where(np.indices(labels.shape)[1] > 19, 2 * labels, labels))
    assert np.array_equal(BoundaryWeight()(numbered), weight)
    alone = Pair("one", pair.image, np.where(np.indices(labels.shape)[1] > 19, 0, labels))
    assert (BoundaryWeight()(alone) == 1).all()


@pytest.mark.parametrize("name", registry.BUILT_IN["augmentation"])
def test_an_augmentation_is_refused_where_it_cannot_be_done(name: str) -> None:
    model = registry.find("augmentation", name)
    refused = {dims for dims in (1, 2, 3) if list(model().faults(dims))}
    assert refused == {"rotation": {1}, "blur": {1, 3}}.get(name, set())


def test_what_augmentations_do_to_numbers_stays_within_bounds() -> None:
    image = torch.rand(2, 30, 30)
    random = np.random.default_rng(0)
    for one in (Intensity(brightness=0, contrast=0), Noise(sigma=0)):
        assert torch.allclose(one.change(image.clone(), random), image, atol=1e-6)
    noisy = torch.stack([Noise(sigma=0.1).change(torch.zeros(1, 9, 9), random) for _ in range(400)])
    assert noisy.std().item() == pytest.approx(0.1 / 3**0.5, rel=0.1)
    change = partial(Intensity(brightness=0.2, contrast=0, gamma=0).change, random=random)
    assert max(abs((change(image) - image).mean().item()) for _ in range(50)) <= 0.2 + 1e-6
    assert Blur().change(image, random).std() < image.std()
