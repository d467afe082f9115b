"""How long it takes to check a pair of compressed volumes, beside decoding both files once."""

import tempfile
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmarks.comparison import FOLDER, Comparison, interleave, report, timed
from unetkit.data.loading import load_data
from unetkit.data.opening import check_data
from unetkit.data.overview.summary import summary
from unetkit.wording import size_text

ROUNDS = 5
SIZE, SMALL = (240, 240, 155), (24, 24, 16)
nib: Any = nibabel


def main(*, small: bool = False, folder: Path = FOLDER) -> None:
    """Compares `unetkit data`, without the start of Python, with nibabel: as one volume, and slice by slice."""
    with tempfile.TemporaryDirectory() as name:
        home, size = Path(name), SMALL if small else SIZE
        files = write_pair(home, size)
        theirs = timed(lambda: [np.asarray(nib.load(file).dataobj) for file in files])
        found = []
        for dims in (3, 2):
            ours = timed(lambda dims=dims: checked(home, dims))  # type: ignore[misc]
            times = interleave(ours, theirs, rounds=0 if small else ROUNDS)
            found.append(Comparison(f"{size_text(size)}, dims: {dims}", *times, wanted=2))
    report("unetkit data / decode image and mask", found, folder)


def write_pair(folder: Path, size: tuple[int, ...]) -> list[Path]:
    """Writes a smooth volume with noise, and a mask of its bright parts."""
    random = np.random.default_rng(0)
    smooth = gaussian_filter(random.normal(0, 1, size), 2) * 4000 + 500
    image = (smooth + random.normal(0, 20, size)).astype(np.int16)
    arrays: dict[str, NDArray[Any]] = {"images": image, "masks": (image > 560).astype(np.uint8)}
    for kind, array in arrays.items():
        (folder / kind).mkdir()
        nib.save(nib.Nifti1Image(array, np.eye(4)), folder / kind / "a.nii.gz")
    return [folder / kind / "a.nii.gz" for kind in arrays]


def checked(folder: Path, dims: int) -> dict[str, Any]:
    """Returns what `unetkit data` says of a folder."""
    folders = {"type": "folders", "images": "images", "masks": "masks"}
    data = load_data({"unetkit": 1, "dims": dims, "dataset": folders}, folder=folder)
    return summary(data, check_data(data))


if __name__ == "__main__":
    main()
