"""Encoders of published networks, one family per file: written in operations, with the names of their weights."""

from __future__ import annotations

_REGNETS = {
    "400mf": "400MF",
    "800mf": "800MF",
    "1_6gf": "1600MF",
    "3_2gf": "3200MF",
    "8gf": "8GF",
    "16gf": "16GF",
    "32gf": "32GF",
}
"""The names of RegNet's sizes in specs and in classes."""

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
        **{f"efficientnet_b{number}": f"unetkit.encoders.efficientnet:EfficientNetB{number}" for number in range(8)},
        **{f"efficientnet_v2_{size}": f"unetkit.encoders.efficientnet:EfficientNetV2{size.upper()}" for size in "sml"},
        "mobilenet_v2": "unetkit.encoders.mobilenet:MobileNetV2",
        "mobilenet_v3_large": "unetkit.encoders.mobilenet:MobileNetV3Large",
        "mobilenet_v3_small": "unetkit.encoders.mobilenet:MobileNetV3Small",
        **{f"densenet{depth}": f"unetkit.encoders.densenet:DenseNet{depth}" for depth in (121, 161, 169, 201)},
        **{
            f"regnet_{kind}_{size}": f"unetkit.encoders.regnet:RegNet{kind.upper()}{name}"
            for kind in "xy"
            for size, name in _REGNETS.items()
        },
        "regnet_y_128gf": "unetkit.encoders.regnet:RegNetY128GF",
        **{
            f"convnext_{size}": f"unetkit.encoders.convnext:ConvNeXt{size.title()}"
            for size in ("tiny", "small", "base", "large")
        },
        **{f"swin_{size[0].lower()}": f"unetkit.encoders.swin:Swin{size}" for size in ("Tiny", "Small", "Base")},
        **{f"swin_v2_{size[0].lower()}": f"unetkit.encoders.swin:SwinV2{size}" for size in ("Tiny", "Small", "Base")},
        "timm": "unetkit.encoders.timm.encoder:Timm",
    }
}
"""The built-in components: slot → name → module:Class."""
