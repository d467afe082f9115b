"""Images with labels: data files, what they ask for, and patches of it. Loading a data file needs no numpy or torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names

if TYPE_CHECKING:
    from unetkit.data.dataset import Dataset, ImageEntry, Raw, ReadOptions
    from unetkit.data.mni import mni
    from unetkit.data.loading import data_of, load_data
    from unetkit.data.normalization import IntensityScale, Normalization
    from unetkit.data.opening import check_data, normalization_of, open_data
    from unetkit.data.pairs import UNLABELLED, Pair, Pairs, Splits
    from unetkit.data.patches.mirror_padding import Cover, cover, window
    from unetkit.data.patches.patches import Patches, PatchSettings
    from unetkit.data.preprocessing.preprocessing import Preparation, preparation_of
    from unetkit.data.source import read_data
    from unetkit.data.spec import DataSpec

__all__ = [
    "UNLABELLED",
    "ReadOptions",
    "Cover",
    "DataSpec",
    "Dataset",
    "ImageEntry",
    "IntensityScale",
    "Normalization",
    "Pair",
    "Pairs",
    "PatchSettings",
    "Patches",
    "Preparation",
    "Raw",
    "Splits",
    "check_data",
    "cover",
    "data_of",
    "load_data",
    "mni",
    "normalization_of",
    "open_data",
    "preparation_of",
    "read_data",
    "window",
]

__getattr__ = lazy_names(
    __name__,
    {
        "dataset": ("ReadOptions", "Dataset", "ImageEntry", "Raw"),
        "head": ("mni",),
        "loading": ("data_of", "load_data"),
        "patches.mirror": ("Cover", "cover", "window"),
        "normalization": ("IntensityScale", "Normalization"),
        "opening": ("check_data", "normalization_of", "open_data"),
        "pairs": ("UNLABELLED", "Pair", "Pairs", "Splits"),
        "patches.patches": ("PatchSettings", "Patches"),
        "preprocessing.preparation": ("Preparation", "preparation_of"),
        "source": ("read_data",),
        "spec": ("DataSpec",),
    },
)
