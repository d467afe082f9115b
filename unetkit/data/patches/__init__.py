"""Random patches of images: their places, augmentation and class balance."""

from __future__ import annotations

COMPONENTS = {
    "augmentation": {
        "flip": "unetkit.data.patches.augmentation:Flip",
        "rotation": "unetkit.data.patches.augmentation:Rotation",
        "scale": "unetkit.data.patches.augmentation:Scale",
        "elastic": "unetkit.data.patches.augmentation:Elastic",
        "intensity": "unetkit.data.patches.augmentation:Intensity",
        "noise": "unetkit.data.patches.augmentation:Noise",
        "blur": "unetkit.data.patches.augmentation:Blur",
    },
}
"""The built-in components: slot → name → module:Class."""
