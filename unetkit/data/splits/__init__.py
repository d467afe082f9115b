"""How images are divided into training, validation and test."""

from __future__ import annotations

COMPONENTS = {
    "split": {
        "block": "unetkit.data.splits.split:BlockSplit",
        "ratio": "unetkit.data.splits.split:RatioSplit",
        "group": "unetkit.data.splits.split:GroupSplit",
        "file": "unetkit.data.splits.split:FileSplit",
    },
}
"""The built-in components: slot → name → module:Class."""
