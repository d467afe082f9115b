"""Whole images through a network: the size is kept, and so are the numbers that the network itself gives."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

import unetkit
from unetkit.data import UNLABELLED, Pair, Pairs, mni
from unetkit.model import build
from unetkit.scoring import Scores, classify, score
from unetkit.tiling import predict

MODES = ("unet-crop", "unet-pad", "unet-same")


def network(name: str = "unet-same", *overrides: str, seed: int = 0) -> nn.Module:
    return build(unetkit.load(name, ["channels=[4, 8]", *overrides]), seed=seed)


def whole(model: nn.Module, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the output for a whole image at once."""
    output: NDArray[np.float32] = predict(model, image, None)
    return output


@pytest.mark.parametrize("size", [(40, 33), (7, 9), (64, 48)], ids=str)
@pytest.mark.parametrize("name", MODES)
def test_a_prediction_has_the_size_of_its_image(name: str, size: tuple[int, int]) -> None:
    assert whole(network(name), np.zeros((1, *size), np.float32)).shape == (2, *size)


def test_a_prediction_at_an_accepted_size_is_the_networks_output() -> None:
    model, image = network().eval(), np.random.default_rng(0).random((1, 16, 24), np.float32)
    with torch.no_grad():
        output = model(torch.from_numpy(image)[None])[0].numpy()
    assert np.allclose(whole(model, image), output, atol=1e-6)  # another memory format rounds otherwise


def test_inside_a_valid_network_predicts_what_it_gives_there() -> None:
    model, image = network("unet-crop").eval(), np.random.default_rng(0).random((1, 40, 48), np.float32)
    inside = model.plan.crop_target((40, 48))  # type: ignore[operator,union-attr]
    with torch.no_grad():
        output = model(torch.from_numpy(image)[None])[0].numpy()
    assert np.allclose(whole(model, image)[(slice(None), *inside)], output, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_predicting_leaves_the_mode_and_the_weights_as_they_were(training: bool) -> None:
    model = network().train(training)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    whole(model, np.ones((1, 16, 16), np.float32))
    assert model.training is training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_single_channel_is_class_one_where_positive() -> None:
    assert classify(np.array([[[-1.0, 2.0]]], np.float32)).tolist() == [[0, 1]]


def grey_levels(pair: Pair) -> NDArray[np.int64]:
    """The mean of the channels, rounded."""
    mean: NDArray[np.float32] = pair.image.mean(0)
    return np.rint(mean).astype(np.int64)


def grey_level_baseline(train: Pairs, test: Pairs) -> Scores:
    """The scores of the most frequent class of each grey level."""
    lowest = min(int(grey_levels(pair).min()) for pair in train)
    highest = max(int(grey_levels(pair).max()) for pair in train)
    counts = np.zeros((len(train.classes), highest - lowest + 1), np.int64)
    for pair in train:
        known = pair.labels != UNLABELLED
        np.add.at(counts, (pair.labels[known], grey_levels(pair)[known] - lowest), 1)
    best = counts.argmax(0)
    found = ((pair, best[np.clip(grey_levels(pair), lowest, highest) - lowest]) for pair in test)
    return score(((pair.name, labels, pair.labels, None) for pair, labels in found), test.classes)


@pytest.mark.skipif(not (find_spec("nilearn") and find_spec("nibabel")), reason="unetkit[demo] only")
def test_grey_levels_alone_reach_the_stated_dice_on_the_head() -> None:
    splits = mni()
    baseline = grey_level_baseline(splits.train, splits.test)
    assert baseline.pooled()[1:] == pytest.approx((0.63, 0.84, 0.76), abs=0.01)
