"""Axial slices of the MNI152 head MRI template with added noise: real anatomy with labels, without a download.

The template is the mean of 152 heads in a common shape (Fonov et al., 2011), T1-weighted, without the skull. The
package nilearn has it in its wheel, with the fractions of grey and white matter, in voxels of 1 mm. Noise is added
because the grey level alone identifies the tissue in so clean an image; with noise, context matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unetkit.data.dataset import Dataset, ImageEntry, RawPair, ReadOptions
from unetkit.errors import Fault, FileError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from unetkit.data.pairs import Pair, Pairs, Splits

_CLASSES = ("background", "fluid", "grey", "white")
_ABOUT = "MNI152 template + added noise"
_NOISE = 20.0  # standard deviation, in grey levels of 0 … 255
LEFT_RIGHT, BACK_FRONT = slice(19, 179), slice(21, 213)  # the crop; the head is 144 × 183 mm

# Blocks of slices along z, in mm from the lowest: 20 for training, a gap of 4, 8 held out, a gap of 4, and again.
# Neighbouring slices are similar; the gap keeps a held-out slice 5 mm from the nearest one for training.
FIRST, LAST, PERIOD, TRAIN, GAP, HELD_OUT = 12, 156, 36, 20, 4, 8


class Mni(Dataset):
    """Axial slices of the MNI152 head MRI template with added noise, in three parts that are apart in the head."""

    source = "Fonov et al., NeuroImage 54 (2011)"
    classes = _CLASSES

    def entries(self, options: ReadOptions) -> list[ImageEntry]:
        if (options.dims, options.channels) != (2, 1):
            message = f"mni has 2D images with one channel, not {options.dims}D with {options.channels}"
            raise FileError(Fault("channels", message, "dataset", "Set dims=2 and channels=1."))
        pairs = sorted((pair for part in _parts() for pair in part), key=lambda pair: pair.name)
        return [ImageEntry(pair.name, lambda pair=pair: RawPair(pair.image, pair.labels), pair.name) for pair in pairs]  # type: ignore[misc]

    def parts(self, names: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
        train, validation, test = ([pair.name for pair in part] for part in _parts())
        return train, validation, test


@cache
def _parts() -> tuple[tuple[Pair, ...], ...]:
    splits = mni()
    return tuple(tuple(part) for part in (splits.train, splits.validation, splits.test))


def mni(*, noise: float = _NOISE, seed: int = 0) -> Splits:
    """Images (1, 192, 160) in whole grey levels 0 … 255, front of the head up, with labels 0 … 3.

    Held-out blocks go to test and validation in turn. Raises FileError where nilearn or nibabel is not installed.
    """
    import numpy as np

    from unetkit.data.pairs import Splits

    head = _volume("t1")
    labels = _tissue(head, _volume("gm"), _volume("wm"))
    noisy = head + noise * np.random.default_rng(seed).standard_normal(head.shape, np.float32)
    noisy = np.rint(noisy).clip(0, 255)  # as in an image file
    train = [z for z in range(FIRST, LAST) if (z - FIRST) % PERIOD < TRAIN]
    held_out = [z for z in range(FIRST, LAST) if TRAIN + GAP <= (z - FIRST) % PERIOD < TRAIN + GAP + HELD_OUT]
    test = [z for z in held_out if (z - FIRST) // PERIOD % 2 == 0]
    validation = [z for z in held_out if z not in test]
    return Splits(_slices(noisy, labels, train), _slices(noisy, labels, validation), _slices(noisy, labels, test))


def _tissue(head: NDArray[Any], grey: NDArray[Any], white: NDArray[Any]) -> NDArray[np.int64]:
    """The class with the largest fraction in each voxel inside the head; the rest of 255 is fluid.

    Inside is where the template is not 0. Ties go to grey, then to white.

    >>> import numpy as np
    >>> _tissue(np.array([0, 9, 9, 9]), np.array([255, 0, 85, 51]), np.array([0, 0, 85, 102])).tolist()
    [0, 1, 2, 3]
    """
    import numpy as np

    grey, white = grey.astype(np.int64), white.astype(np.int64)
    order = np.array([2, 3, 1])  # argmax takes the first of equals
    largest = order[np.argmax(np.stack([grey, white, 255 - grey - white]), axis=0)]
    return np.where(head > 0, largest, 0)


def _slices(head: NDArray[np.float32], labels: NDArray[np.int64], positions: list[int]) -> Pairs:
    from unetkit.data.pairs import Pair, Pairs

    items = [Pair(f"z{z:03}", head[None, :, :, z].copy(), labels[:, :, z].copy()) for z in positions]
    return Pairs(tuple(items), _CLASSES, _ABOUT)


def _volume(name: str) -> NDArray[Any]:
    """A volume of the template, t1, gm or wm: uint8 (front to back, left to right, z), cropped to the head."""
    import numpy as np

    file = _template_folder() / f"mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz"
    try:
        import nibabel
    except ImportError as error:
        raise _missing("nibabel") from error
    try:
        stored = np.asarray(nibabel.load(file).dataobj)  # type: ignore[attr-defined]  # left to right, back to front, z
    except (OSError, nibabel.filebasedimages.ImageFileError) as error:
        cure = "pip install --force-reinstall nilearn"
        raise FileError(Fault("no-template", f"{file} cannot be read: {error}", cure=cure)) from error
    return stored[LEFT_RIGHT, BACK_FRONT][:, ::-1].swapaxes(0, 1)


def _template_folder() -> Path:
    """The folder of the installed nilearn with the template; importing nilearn itself takes seconds."""
    package = find_spec("nilearn")
    if package is None or not package.submodule_search_locations:
        raise _missing("nilearn")
    return Path(package.submodule_search_locations[0]) / "datasets" / "data"


def _missing(package: str) -> FileError:
    message = f"the head template needs {package}, which is not installed"
    return FileError(Fault("no-template", message, cure="pip install 'unetkit[demo]'"))
