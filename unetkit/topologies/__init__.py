"""The built-in topologies, one per file."""

from __future__ import annotations

COMPONENTS = {
    "topology": {
        "unet": "unetkit.topologies.unet:UNet",
        "unet_plus_plus": "unetkit.topologies.unet_plus_plus:UNetPlusPlus",
        "unet_3_plus": "unetkit.topologies.unet_3_plus:UNet3Plus",
        "cascade": "unetkit.topologies.cascade:Cascade",
        "double_u_net": "unetkit.topologies.double_u_net:DoubleUNet",
        "skip_per_block": "unetkit.topologies.skip_per_block:SkipPerBlock",
        "unetr": "unetkit.topologies.unetr:UNETR",
        "kiu_net": "unetkit.topologies.kiu_net:KiUNet",
        "siamese": "unetkit.topologies.siamese:Siamese",
    }
}
"""The built-in components: slot → name → module:Class."""
