"""Axial slices of the MNI152 head MRI template with added noise: real anatomy, labelled, and no download.

The template is the mean of 152 heads, brought to a common shape (Fonov et al., 2011), T1-weighted, without the skull.
The package nilearn carries it in its wheel, with the shares of grey and white matter, in voxels of 1 mm.
Noise is added because tissue in so clean an image is known by its grey level alone; with it, context matters.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.data.pairs import Pair, Pairs, Splits
from unetkit.errors import Fault, FileError

CLASSES = ("background", "fluid", "grey", "white")
ABOUT = "MNI152 template + added noise"
NOISE = 20.0  # standard deviation, in grey levels of 0 … 255
LEFT_RIGHT, BACK_FRONT = slice(19, 179), slice(21, 213)  # what is kept; the head is 144 × 183 mm

# Blocks of slices along z, in mm from the lowest: 20 to train, a gap of 4, 8 held out, a gap of 4, and again.
# Neighbouring slices resemble one another; the gap keeps a held-out slice 5 mm from the nearest one trained with.
FIRST, LAST, PERIOD, TRAIN, GAP, HELD_OUT = 12, 156, 36, 20, 4, 8


def mni(*, noise: float = NOISE, seed: int = 0) -> Splits:
    """Returns images (1, 192, 160) in whole grey levels 0 … 255, front of the head up, and their labels 0 … 3.

    Held-out blocks go to test and validation in turn. Raises FileError where nilearn or nibabel is not installed.
    """
    head = volume("t1")
    labels = tissue(head, volume("gm"), volume("wm"))
    noisy = head + noise * np.random.default_rng(seed).standard_normal(head.shape, np.float32)
    noisy = np.rint(noisy).clip(0, 255)  # as an image file holds it
    train = [z for z in range(FIRST, LAST) if (z - FIRST) % PERIOD < TRAIN]
    held_out = [z for z in range(FIRST, LAST) if TRAIN + GAP <= (z - FIRST) % PERIOD < TRAIN + GAP + HELD_OUT]
    test = [z for z in held_out if (z - FIRST) // PERIOD % 2 == 0]
    validation = [z for z in held_out if z not in test]
    return Splits(slices(noisy, labels, train), slices(noisy, labels, validation), slices(noisy, labels, test))


def tissue(head: NDArray[Any], grey: NDArray[Any], white: NDArray[Any]) -> NDArray[np.int64]:
    """Returns the class that holds the largest share of each voxel inside the head; the rest of 255 is fluid.

    Inside is where the template is not 0. Ties go to grey, then to white.

    >>> tissue(np.array([0, 9, 9, 9]), np.array([255, 0, 85, 51]), np.array([0, 0, 85, 102])).tolist()
    [0, 1, 2, 3]
    """
    grey, white = grey.astype(np.int64), white.astype(np.int64)
    order = np.array([2, 3, 1])  # argmax takes the first of equals
    largest = order[np.argmax(np.stack([grey, white, 255 - grey - white]), axis=0)]
    return np.where(head > 0, largest, 0)


def slices(head: NDArray[np.float32], labels: NDArray[np.int64], positions: list[int]) -> Pairs:
    """Returns the slices at these z as pairs."""
    items = [Pair(f"z{z:03}", head[None, :, :, z].copy(), labels[:, :, z].copy()) for z in positions]
    return Pairs(tuple(items), CLASSES, ABOUT)


def volume(name: str) -> NDArray[Any]:
    """Returns one of the template's volumes, t1, gm or wm: uint8 (front to back, left to right, z), cut to the head."""
    file = template_folder() / f"mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz"
    try:
        import nibabel
    except ImportError as error:
        raise missing("nibabel") from error
    try:
        stored = np.asarray(nibabel.load(file).dataobj)  # type: ignore[attr-defined]  # left to right, back to front, z
    except (OSError, nibabel.filebasedimages.ImageFileError) as error:
        cure = "pip install --force-reinstall nilearn"
        raise FileError(Fault("no-template", f"{file} cannot be read: {error}", cure=cure)) from error
    return stored[LEFT_RIGHT, BACK_FRONT][:, ::-1].swapaxes(0, 1)


def template_folder() -> Path:
    """Returns the folder of the installed nilearn that holds the template; importing nilearn itself takes seconds."""
    package = find_spec("nilearn")
    if package is None or not package.submodule_search_locations:
        raise missing("nilearn")
    return Path(package.submodule_search_locations[0]) / "datasets" / "data"


def missing(package: str) -> FileError:
    """Returns the error that says what to install."""
    return FileError(
        Fault(
            "no-template",
            f"the head template needs {package}, which is not installed",
            cure="pip install 'unetkit[demo]'",
        )
    )
