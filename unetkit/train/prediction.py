"""Whole-image prediction: the image is mirrored to a size that the network accepts, and the output cut back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from unetkit import tiling
from unetkit.data.folders import read_numbers
from unetkit.data.images import write_levels
from unetkit.imagefiles import find_images
from unetkit.scoring import classify
from unetkit.train.modelfile import Trained
from unetkit.train.network import plan_of


def predict(model: nn.Module, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the output (out_channels, *spatial) for a scaled image (channels, *spatial), in the same spatial size.

    The whole image passes through the network at once, on the device that holds the network.
    """
    output: NDArray[np.float32] = tiling.predict(model, image, None)
    return output


def predict_folder(trained: Trained, images: Path, folder: Path) -> Iterator[Path]:
    """Writes a class map for each image of a folder, or for one image file, and yields each file once it is written."""
    for file in find_images([images]):
        image = read_numbers(file, 0, 2, plan_of(trained.model).spec.in_channels)
        target = folder / f"{file.stem}.png"
        write_levels(classify(predict(trained.model, trained.normalization.apply(image))), target)
        yield target
