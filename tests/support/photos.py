"""A tiny run on bright discs in noise, for the tests of training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unetkit.data import Pair
from unetkit.data.overview.pictures import write_image
from unetkit.train import Machine, RunResult, load_run, train_run

CPU = Machine("cpu", threads=1)


def discs(count: int = 6, size: tuple[int, int] = (40, 33)) -> list[Pair]:
    """Bright discs in noise: class 1 is what lies within."""
    random = np.random.default_rng(0)
    rows, columns = np.indices(size)
    items = []
    for index in range(count):
        y, x = random.integers(10, 24, 2)
        labels = ((rows - y) ** 2 + (columns - x) ** 2 < 64).astype(np.int64)
        image = 100 + 60 * labels + random.normal(0, 20, (1, *size))
        items.append(Pair(f"disc{index}", image.astype(np.float32), labels))
    return items


def write_levels(levels: NDArray[Any], file: Path) -> None:
    """Writes whole numbers 0 … 255 (height, width), classes or grey levels, as a grey PNG."""
    write_image(Image.fromarray(levels.astype(np.uint8)), file)


def write_photos(folder: Path) -> Path:
    """Writes the discs into a folder of images and masks, and returns it."""
    for pair in discs():
        write_levels(pair.image[0].clip(0, 255), folder / "images" / f"{pair.name}.png")
        write_levels(pair.labels, folder / "masks" / f"{pair.name}.png")
    return folder


def values(photos: Path, name: str = "unet-same", **training: Any) -> dict[str, Any]:
    """Returns a run of a tiny network."""
    quick = {"steps": 4, "batch": 4, "patch": 16, "log_every": 1, "logger": []} | training
    return {
        "unetkit": 1,
        "spec": {"extends": name, "name": "tiny", "channels": [4, 8]},
        "data": str(photos),
        "training": quick,
    }


def trained(said: dict[str, Any], folder: Path, *overrides: str) -> RunResult:
    """Returns the result of a run."""
    return train_run(load_run(said, overrides), folder, machine=CPU, progress=False)
