"""A folder of images/ and masks/ with the same stems becomes pairs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from unetkit.data.images import image_files, read_image, read_labels
from unetkit.data.pairs import UNLABELLED, Pair, Pairs, Splits
from unetkit.errors import Fault, FileError

HELD_OUT = 0.2  # of the pairs, for validation, where a folder has no splits.json


def folder(path: Path, *, channels: int = 1, ignore: int | None = None) -> Splits:
    """Returns the pairs of a folder, split by its splits.json: lists of stems under train, validation (or val), test.

    Without that file the last fifth by name is held out, as validation and test alike: neighbours in a stack or a film
    resemble one another, so a random split would flatter. Pixels of the class `ignore` count nowhere.
    Raises FileError where a mask is missing, has another size, or a file cannot be read.
    """
    images, masks = image_files(path / "images"), image_files(path / "masks")
    alone = sorted(images.keys() ^ masks.keys())
    if alone:
        raise FileError(
            Fault("no-partner", f"{path}: {', '.join(alone[:5])} of {len(alone)} in images/ or masks/ only",
                  cure="Each image needs a mask with the same stem.")
        )  # fmt: skip
    pairs = {stem: read_pair(images[stem], masks[stem], channels, ignore) for stem in images}
    labels = np.unique(np.concatenate([np.unique(pair.labels) for pair in pairs.values()]))
    classes = tuple(f"class {index}" for index in range(max(2, int(labels.max()) + 1)))
    return Splits(
        *(Pairs(tuple(pairs[stem] for stem in stems), classes, str(path)) for stems in split(path, list(pairs)))
    )


def read_pair(image_file: Path, mask_file: Path, channels: int, ignore: int | None) -> Pair:
    """Returns one image with its labels."""
    image, labels = read_image(image_file, channels), read_labels(mask_file)
    if image.shape[1:] != labels.shape:
        raise FileError(
            Fault(
                "mask-size",
                f"{mask_file} is {labels.shape[0]}×{labels.shape[1]}, its image {image.shape[1]}×{image.shape[2]}",
            )
        )
    if ignore is not None:
        labels[labels == ignore] = UNLABELLED
    return Pair(image_file.stem, image, labels)


def split(path: Path, stems: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Returns the stems to train with, to validate with and to test with."""
    file = path / "splits.json"
    if not file.exists():
        held_out = max(1, round(len(stems) * HELD_OUT)) if len(stems) > 1 else 0
        first, last = stems[: len(stems) - held_out], stems[len(stems) - held_out :]
        return first, last or first, last or first
    try:
        named: dict[str, Any] = json.loads(file.read_text("utf-8"))
        parts = [[str(stem) for stem in named.get(key, named.get(short, []))] for key, short in KEYS]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise FileError(Fault("no-splits", f"{file} cannot be read: {error}")) from error
    known = set(stems)
    train, validation, test = ([stem for stem in part if stem in known] for part in parts)
    if not train:
        raise FileError(Fault("no-splits", f"{file} names no image under 'train'"))
    return train, validation or test or train, test or validation or train


KEYS = (("train", "train"), ("validation", "val"), ("test", "test"))
