"""Whole-image prediction: the image is mirrored to a size that the network accepts, and the output cut back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from unetkit import tiling
from unetkit.data.images import image_files, read_image, write_levels
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
    files = {images.stem: images} if images.is_file() else image_files(images)
    for stem, file in files.items():
        image = read_image(file, plan_of(trained.model).spec.in_channels)
        target = folder / f"{stem}.png"
        write_levels(classify(predict(trained.model, trained.normalization.apply(image))), target)
        yield target
