"""Images with labels: data files, data sets and patches. Loading a data file needs no numpy or torch.

A new kind of data set, normalization, split or augmentation derives from `Dataset`, `NormalizationMethod`, `Split` or
`Augmentation`, and is listed in the COMPONENTS of its package, or in the entry points of a plugin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names

if TYPE_CHECKING:
    from unetkit.data.dataset import Dataset, ImageEntry, RawPair, ReadOptions
    from unetkit.data.loading import data_of, load_data
    from unetkit.data.mni_template import mni
    from unetkit.data.normalization import IntensityScale, Normalization
    from unetkit.data.opening import check_data, normalization_of, open_data, read_data
    from unetkit.data.pairs import UNLABELLED, Pair, Pairs, Splits
    from unetkit.data.patches.mirror_padding import InputWindow, covering_window, mirrored_window
    from unetkit.data.patches.patches import Patches, PatchSettings
    from unetkit.data.preprocessing.preprocessing import Preprocessing, preprocessing_of
    from unetkit.data.spec import DataSpec

__all__ = [
    "UNLABELLED",
    "ReadOptions",
    "InputWindow",
    "DataSpec",
    "Dataset",
    "ImageEntry",
    "IntensityScale",
    "Normalization",
    "Pair",
    "Pairs",
    "PatchSettings",
    "Patches",
    "Preprocessing",
    "RawPair",
    "Splits",
    "check_data",
    "covering_window",
    "data_of",
    "load_data",
    "mni",
    "normalization_of",
    "open_data",
    "preprocessing_of",
    "read_data",
    "mirrored_window",
]

COMPONENTS = {
    "dataset": {
        "folders": "unetkit.data.files.folders:Folders",
        "mni": "unetkit.data.mni_template:Mni",
    },
    "normalization": {
        "none": "unetkit.data.normalizations:Unnormalized",
        "dataset": "unetkit.data.normalizations:DatasetMoments",
        "image": "unetkit.data.normalizations:ImageMoments",
        "percentile": "unetkit.data.normalizations:ImagePercentiles",
    },
    "target": {
        "classes": "unetkit.data.targets:Classes",
        "regions": "unetkit.data.targets:Regions",
        "distance": "unetkit.data.targets:Distance",
        "presence": "unetkit.data.targets:Presence",
    },
}
"""The built-in components: slot → name → module:Class."""

__getattr__ = lazy_names(
    __name__,
    {
        "dataset": ("ReadOptions", "Dataset", "ImageEntry", "RawPair"),
        "mni_template": ("mni",),
        "loading": ("data_of", "load_data"),
        "patches.mirror_padding": ("InputWindow", "covering_window", "mirrored_window"),
        "normalization": ("IntensityScale", "Normalization"),
        "opening": ("check_data", "normalization_of", "open_data", "read_data"),
        "pairs": ("UNLABELLED", "Pair", "Pairs", "Splits"),
        "patches.patches": ("PatchSettings", "Patches"),
        "preprocessing.preprocessing": ("Preprocessing", "preprocessing_of"),
        "spec": ("DataSpec",),
    },
)
