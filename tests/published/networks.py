"""Networks of other packages, narrow, each with the spec that describes it and sizes that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import nn

Size = tuple[int, ...]


class Published(NamedTuple):
    """A network of another package, and the same as a spec."""

    spec: str
    overrides: tuple[str, ...]
    make: Callable[[], nn.Module]
    sizes: tuple[Size, ...]
    """An odd one among them, unless the package refuses odd sizes."""
    fixed: Mapping[str, str] = {}
    """Layers that names and shapes do not tell apart, with ours."""
    unused: tuple[str, ...] = ()
    """Layers that do not reach the output, or beginnings of their names."""
    vectors: tuple[float, ...] = ()
    """Values of the vectors that it takes after the image."""
    tokens: tuple[int, int] | None = None
    """The tokens and the channels of the sequence that it takes after them."""
    resizes: bool = False
    """Whether it interpolates maps of sizes that do not fit before a convolution, where the spec refuses them."""


def monai(name: str, **arguments: Any) -> Callable[[], nn.Module]:
    """A network of monai.networks.nets."""

    def make() -> nn.Module:
        from monai.networks import nets

        network: nn.Module = getattr(nets, name)(**arguments)
        return network

    return make


def dynamic(name: str, dims: int, **arguments: Any) -> Callable[[], nn.Module]:
    """A network of dynamic_network_architectures, with the settings of nnU-Net."""

    def make() -> nn.Module:
        from dynamic_network_architectures.architectures import unet

        network: nn.Module = getattr(unet, name)(
            conv_op=getattr(nn, f"Conv{dims}d"),
            kernel_sizes=3,
            conv_bias=True,
            norm_op=getattr(nn, f"InstanceNorm{dims}d"),
            norm_op_kwargs={"eps": 1e-5, "affine": True},
            nonlin=nn.LeakyReLU,
            nonlin_kwargs={"inplace": True},
            deep_supervision=False,
            **arguments,
        )
        return network

    return make


def diffusion(name: str = "UNet2DModel", **arguments: Any) -> Callable[[], nn.Module]:
    """A network of diffusers."""

    def make() -> nn.Module:
        import diffusers

        network: nn.Module = getattr(diffusers, name)(**arguments)
        return network

    return make


def smp(name: str, encoder: str, **arguments: Any) -> Callable[[], nn.Module]:
    """A network of segmentation_models_pytorch with an encoder."""

    def make() -> nn.Module:
        import segmentation_models_pytorch

        network: nn.Module = getattr(segmentation_models_pytorch, name)(encoder, encoder_weights=None, **arguments)
        return network

    return make


DYNUNET = {
    "spatial_dims": 3, "in_channels": 1, "out_channels": 2, "filters": (4, 6, 8), "kernel_size": (3, 3, 3),
    "strides": (1, 2, 2), "upsample_kernel_size": (2, 2),
}  # fmt: skip
UNET = {"spatial_dims": 3, "in_channels": 1, "out_channels": 2, "channels": (2, 4, 4, 6, 8), "strides": (2, 2, 2, 2)}

DENSE_LAYERS = {"encoder.features.norm5": "encoder.5.features.norm5"} | {
    f"encoder.{name}": f"encoder.{block + 1}.{name}"
    for block, layers in enumerate((6, 12, 24, 16), 1)
    for layer in range(1, layers + 1)
    for name in (
        f"features.denseblock{block}.denselayer{layer}.{part}" for part in ("norm1", "conv1", "norm2", "conv2")
    )
}
ANY_SIZE = (
    "skip={type: concat, order: up_first, align: resize, method: nearest}",
    "levels.0.skip={type: none, align: resize, method: nearest}",
)
"""How the Unet of smp meets sizes that are no multiple of 32; its other networks refuse them."""
VGG = "{type: single_conv, bias: true, repeat: 3}"
NETWORKS: dict[str, Published] = {
    "MONAI UNet, residual units": Published(
        "monai-unet",
        ("channels=[2,2,4,4,6,8]", "decoder.channels=[2,2,4,4,6]"),
        monai("UNet", num_res_units=2, **UNET),
        ((16, 32, 48), (15, 31, 47)),
    ),
    "MONAI BasicUNet": Published(
        "unet-monai-basic",
        ("channels=[4,4,8,16,32]", "skip={type: concat, align: pad, padding_mode: replicate}"),
        monai("BasicUNet", spatial_dims=3, in_channels=1, out_channels=2, features=(4, 4, 8, 16, 32, 4)),
        ((16, 32, 16), (17, 35, 22)),
    ),
    "MONAI BasicUNetPlusPlus": Published(
        "monai-basic-unetplusplus",
        ("channels=[4,4,8,16,32]",),
        monai("BasicUNetPlusPlus", spatial_dims=3, in_channels=1, out_channels=2, features=(4, 4, 8, 16, 32, 4)),
        ((16, 32, 16), (17, 35, 22)),
        fixed={"final_conv_0_4": "head.conv1"},
    ),
    "MONAI DynUNet": Published("dynunet", ("channels=[4,6,8]",), monai("DynUNet", **DYNUNET), ((8, 12, 16),)),
    "MONAI DynUNet, residual": Published(
        "dynunet",
        (
            "channels=[4,6,8]", "encoder={block: {type: residual, stride: 2}}",
            "bottleneck={block: {type: residual, stride: 2}}",
        ),
        monai("DynUNet", res_block=True, **DYNUNET),
        ((8, 12, 16),),
    ),
    "MONAI AttentionUnet": Published(
        "attention-unet-monai",
        ("channels=[4,8,16]",),
        monai("AttentionUnet", spatial_dims=3, in_channels=1, out_channels=2, channels=(4, 8, 16), strides=(2, 2)),
        ((8, 12, 16),),
    ),
    "MONAI SegResNet": Published(
        "segresnet",
        ("channels=[8,16,32,64]", "in_channels=1", "out_channels=2"),
        monai("SegResNet"),
        ((16, 24, 8),),
    ),
    "MONAI SegResNetDS": Published(
        "segresnet-ds", ("channels=[4,8,16,32]",), monai("SegResNetDS", init_filters=4), ((16, 24, 8),)
    ),
    "MONAI VNet": Published("v-net", (), monai("VNet"), ((16, 32, 16),)),
    "nnU-Net PlainConvUNet, 2D": Published(
        "unet-nnunet",
        ("dims=2", "channels=[4,8,16,24]"),
        dynamic(
            "PlainConvUNet", 2, input_channels=1, n_stages=4, features_per_stage=(4, 8, 16, 24), strides=(1, 2, 2, 2),
            n_conv_per_stage=2, n_conv_per_stage_decoder=2, num_classes=2,
        ),
        ((16, 24),),
    ),
    "nnU-Net PlainConvUNet, 3D": Published(
        "unet-nnunet",
        ("channels=[4,8,16]",),
        dynamic(
            "PlainConvUNet", 3, input_channels=1, n_stages=3, features_per_stage=(4, 8, 16), strides=(1, 2, 2),
            n_conv_per_stage=2, n_conv_per_stage_decoder=2, num_classes=2,
        ),
        ((8, 12, 16),),
    ),
    "nnU-Net ResidualEncoderUNet": Published(
        "unet-nnunet-resenc",
        ("channels=[4,6,8,10,12,14]",),
        dynamic(
            "ResidualEncoderUNet", 3, input_channels=1, n_stages=6, features_per_stage=(4, 6, 8, 10, 12, 14),
            strides=(1, 2, 2, 2, 2, 2), n_blocks_per_stage=(1, 3, 4, 6, 6, 6), n_conv_per_stage_decoder=1,
            num_classes=2,
        ),
        ((32, 32, 64),),
    ),
    "smp Unet, ResNet-18": Published(
        "resnet34-unet", ("encoder=resnet18", *ANY_SIZE), smp("Unet", "resnet18"), ((64, 96), (65, 99))
    ),
    "smp Unet, ResNet-34": Published("resnet34-unet", ANY_SIZE, smp("Unet", "resnet34"), ((64, 96), (65, 99))),
    "smp Unet, ResNet-50": Published(
        "resnet34-unet", ("encoder=resnet50", *ANY_SIZE), smp("Unet", "resnet50"), ((64, 96), (65, 99))
    ),
    "smp Unet, encoder VGG-16": Published(
        "resnet34-unet",
        ("encoder=vgg16_bn", "bottleneck={block: double_conv}", *ANY_SIZE),
        smp("Unet", "vgg16_bn"),
        ((32, 64), (39, 65)),
    ),
    "smp Unet, VGG-13": Published("unet-smp-vgg13", ANY_SIZE, smp("Unet", "vgg13_bn"), ((32, 64), (39, 65))),
    "smp Unet, VGG-16": Published(
        "unet-smp-vgg13",
        (*(f"levels.{level}.encoder={{block: [{VGG}]}}" for level in (2, 3, 4)), *ANY_SIZE),
        smp("Unet", "vgg16_bn"),
        ((32, 64), (39, 65)),
    ),
    "smp Unet, MobileNetV2": Published(
        "mobilenet-v2-unet", ANY_SIZE, smp("Unet", "mobilenet_v2"), ((64, 96), (65, 99))
    ),
    "smp Unet, DenseNet-121": Published(
        "densenet121-unet",
        ANY_SIZE,
        smp("Unet", "densenet121"),
        ((64, 96), (65, 99)),
        fixed=DENSE_LAYERS,
    ),
    "smp Unet, EfficientNet-B0": Published(
        "efficientnet-b0-unet",
        ANY_SIZE,
        smp("Unet", "efficientnet-b0"),
        ((64, 96), (65, 99)),
        unused=("encoder._conv_head", "encoder._bn1"),
    ),
    "smp Linknet, ResNet-34": Published("resnet34-linknet", (), smp("Linknet", "resnet34"), ((64, 96),)),
    "diffusers UNet2DModel, CIFAR-10": Published(
        "ddpm-cifar10",
        (
            "channels=[16,32,32,32]", "inputs.time.width=64", "inputs.time.embed.0.channels=16",
            "topology.blocks=1", "norm.groups=8",
        ),
        diffusion(
            block_out_channels=(16, 32, 32, 32), layers_per_block=1, norm_num_groups=8, norm_eps=1e-6,
            down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
            attention_head_dim=None, downsample_padding=0, flip_sin_to_cos=False, freq_shift=1,
        ),
        ((16, 24),),
        vectors=(7.0,),
    ),
    "diffusers UNet2DModel": Published(
        "ddpm-256",
        (
            "channels=[16,32,32,32]", "inputs.time.width=64", "inputs.time.embed.0.channels=16", "norm.groups=8",
        ),
        diffusion(block_out_channels=(16, 32, 32, 32), norm_num_groups=8),
        ((16, 24),),
        vectors=(7.0,),
    ),
    "diffusers UNet2DConditionModel": Published(
        "stable-diffusion-1",
        (
            "channels=[16,32,32,32]", "inputs.time.width=64", "inputs.time.embed.0.channels=16", "norm.groups=8",
            "inputs.text={channels: 24, tokens: 5}", "define.attend.0.groups=8", "define.attend.2.heads=2",
        ),
        diffusion(
            "UNet2DConditionModel", block_out_channels=(16, 32, 32, 32), norm_num_groups=8, cross_attention_dim=24,
            attention_head_dim=2,
        ),
        ((16, 24),),
        vectors=(7.0,),
        tokens=(5, 24),
        resizes=True,
    ),
    "smp UnetPlusPlus, ResNet-34": Published(
        "resnet34-unetplusplus", (), smp("UnetPlusPlus", "resnet34"), ((64, 96),)
    ),
    "smp MAnet, MobileNetV2": Published(
        "resnet34-manet", ("encoder=mobilenet_v2",), smp("MAnet", "mobilenet_v2"), ((64, 96),)
    ),
    "smp MAnet, ResNet-34": Published("resnet34-manet", (), smp("MAnet", "resnet34"), ((64, 96),)),
    "smp FPN, ResNet-34": Published("resnet34-fpn", (), smp("FPN", "resnet34"), ((64, 96),)),
    "MONAI FlexibleUNet, ResNet-18": Published(
        "flexible-unet-resnet18",
        (),
        monai("FlexibleUNet", in_channels=3, out_channels=2, backbone="resnet18"),
        ((64, 96), (63, 95)),
    ),
    "MONAI UNet, no residual units": Published(
        "monai-unet",
        (
            "channels=[2,2,4,4,6,8]", "decoder.channels=[2,2,4,4,6]", "encoder.block=[{type: unit, stride: 2}]",
            "bottleneck.block=[unit]", "up=[up_conv]", "levels.0.up=[bare_up]", "head=[]",
            "define.bare_up={type: transposed_conv, kernel: 3, bias: true}", "define.bare=null",
        ),
        monai("UNet", **UNET),
        ((16, 32, 48), (15, 31, 47)),
    ),
    "MONAI BasicUNet, interpolation": Published(
        "unet-monai-basic",
        (
            "dims=2", "channels=[4,4,8,16,32]",
            "define.point={type: single_conv, kernel: 1, bias: true, norm: none, act: identity}",
            "up=[point, {type: interpolate, align_corners: true}]",
            "levels={0: {up: {type: interpolate, align_corners: true}}}",
            "skip={type: concat, align: pad, padding_mode: replicate}",
        ),
        monai(
            "BasicUNet", spatial_dims=2, in_channels=1, out_channels=2, features=(4, 4, 8, 16, 32, 4),
            upsample="nontrainable",
        ),
        ((32, 16), (33, 47)),
    ),
    "MONAI SegResNet, 2D": Published(
        "segresnet",
        ("dims=2", "channels=[8,16,32,64]", "in_channels=1", "out_channels=2"),
        monai("SegResNet", spatial_dims=2),
        ((16, 24),),
    ),
    "nnU-Net ResidualEncoderUNet, 2D": Published(
        "unet-nnunet-resenc",
        ("dims=2", "channels=[4,6,8,10,12,14]",),
        dynamic(
            "ResidualEncoderUNet", 2, input_channels=1, n_stages=6, features_per_stage=(4, 6, 8, 10, 12, 14),
            strides=(1, 2, 2, 2, 2, 2), n_blocks_per_stage=(1, 3, 4, 6, 6, 6), n_conv_per_stage_decoder=1,
            num_classes=2,
        ),
        ((64, 96),),
    ),
    "MONAI SwinUNETR, 2D": Published(
        "swin-unetr",
        (
            "dims=2", "channels=[12,12,24,48,96,192]", "decoder.channels=[12,12,24,48,96]",
            "levels.0.skip.0.channels=12", "define.swin.head_channels=4", "define.swin.window=2",
            "define.merge.order=by_sample",
        ),
        monai(
            "SwinUNETR", spatial_dims=2, in_channels=1, out_channels=2, feature_size=12, num_heads=(3, 6, 12, 24),
            window_size=2,
        ),
        ((64, 96),),
    ),
    "MONAI SwinUNETR, 3D": Published(
        "swin-unetr",
        (
            "channels=[12,12,24,48,96,192]", "decoder.channels=[12,12,24,48,96]", "levels.0.skip.0.channels=12",
            "define.swin.head_channels=4", "define.swin.window=2", "define.merge.order=by_sample",
        ),
        monai("SwinUNETR", in_channels=1, out_channels=2, feature_size=12, num_heads=(3, 6, 12, 24), window_size=2),
        ((64, 64, 64),),
    ),
    "MONAI UNETR": Published(
        "unetr",
        (
            "channels=[2,4,8,16,24]", "decoder.channels=[2,4,8,16]", "define.vit.head_channels=8",
            "define.vit.expansion=2", "bottleneck.down.1.size=[2,2,2]",
        ),
        monai(
            "UNETR", in_channels=1, out_channels=2, img_size=32, feature_size=2, hidden_size=24, mlp_dim=48, num_heads=3
        ),
        ((32, 32, 32),),
        unused=tuple(f"vit.blocks.{block}.norm_cross_attn" for block in range(12)),
    ),
}  # fmt: skip
