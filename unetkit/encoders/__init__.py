"""Encoders of published networks, one family per file: written in operations, with the names of their weights."""

from __future__ import annotations

COMPONENTS = {
    "encoder": {
        **{f"resnet{depth}": f"unetkit.encoders.resnet:ResNet{depth}" for depth in (18, 34, 50, 101, 152)},
        "resnext50_32x4d": "unetkit.encoders.resnet:ResNeXt50",
        "resnext101_32x8d": "unetkit.encoders.resnet:ResNeXt101",
        "resnext101_64x4d": "unetkit.encoders.resnet:ResNeXt101Wide",
        "wide_resnet50_2": "unetkit.encoders.resnet:WideResNet50",
        "wide_resnet101_2": "unetkit.encoders.resnet:WideResNet101",
        **{f"vgg{depth}": f"unetkit.encoders.vgg:VGG{depth}" for depth in (11, 13, 16, 19)},
        **{f"vgg{depth}_bn": f"unetkit.encoders.vgg:BatchNormVGG{depth}" for depth in (11, 13, 16, 19)},
    }
}
"""The built-in components: slot → name → module:Class."""
