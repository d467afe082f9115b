"""Small networks that register their layers under the names, and in the order, of well-known programs."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (4, 8, 16)


def twice(channels: int, out: int) -> nn.Sequential:
    """Two convolutions without bias, each followed by batch norm and ReLU."""
    layers: list[nn.Module] = []
    for inputs in (channels, out):
        layers += [nn.Conv2d(inputs, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
    return nn.Sequential(*layers)


class Named(nn.Module):
    """A module with children under given names, which calls them one after the other."""

    def __init__(self, **children: nn.Module) -> None:
        super().__init__()
        for name, child in children.items():
            self.add_module(name, child)

    def forward(self, x: Tensor) -> Tensor:
        for child in self.children():
            x = child(x)
        return x


class Milesial(nn.Module):
    """Like milesial/Pytorch-UNet: inc, down1 …, up1 …, outc, in the order in which they run."""

    def __init__(self) -> None:
        super().__init__()
        self.inc = Named(double_conv=twice(3, WIDTHS[0]))
        for number, (inputs, out) in enumerate(pairwise(WIDTHS), start=1):
            pooled = nn.Sequential(nn.MaxPool2d(2), Named(double_conv=twice(inputs, out)))
            self.add_module(f"down{number}", Named(maxpool_conv=pooled))
        for number, (inputs, out) in enumerate(pairwise(WIDTHS[::-1]), start=1):
            up = nn.ConvTranspose2d(inputs, out, 2, stride=2)
            self.add_module(f"up{number}", Named(up=up, conv=Named(double_conv=twice(inputs, out))))
        self.outc = Named(conv=nn.Conv2d(WIDTHS[0], 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        maps = [self.inc(x)]
        for number in (1, 2):
            maps.append(self.get_submodule(f"down{number}")(maps[-1]))
        x = maps.pop()
        for number in (1, 2):
            block = self.get_submodule(f"up{number}")
            x = block.get_submodule("conv")(torch.cat([maps.pop(), block.get_submodule("up")(x)], 1))
        output: Tensor = self.outc(x)
        return output


class ConvNormAct(nn.Module):
    """A convolution, norm and activation of nnU-Net, each registered by its name and once more in a list."""

    def __init__(self, inputs: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inputs, out, 3, stride, 1)
        self.norm = nn.InstanceNorm3d(out, affine=True)
        self.nonlin = nn.LeakyReLU()
        self.all_modules = nn.Sequential(self.conv, self.norm, self.nonlin)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.all_modules(x)
        return output


def stage(inputs: int, out: int, stride: int) -> Named:
    """Two convolutions of nnU-Net, the first of which moves by a stride."""
    return Named(convs=nn.Sequential(ConvNormAct(inputs, out, stride), ConvNormAct(out, out, 1)))


class PlainDecoder(nn.Module):
    """The decoder of nnU-Net: it holds the encoder too, and a head for each level."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        steps = list(pairwise(WIDTHS[::-1]))
        self.stages = nn.ModuleList([stage(2 * out, out, 1) for _, out in steps])
        self.transpconvs = nn.ModuleList([nn.ConvTranspose3d(inputs, out, 2, 2) for inputs, out in steps])
        self.seg_layers = nn.ModuleList([nn.Conv3d(out, 3, 1) for _, out in steps])


class PlainConvUNet(nn.Module):
    """Like the plain network of nnU-Net: blocks, transposed convolutions and heads stand in lists of their own."""

    def __init__(self) -> None:
        super().__init__()
        steps = zip((1, *WIDTHS), WIDTHS, (1, 2, 2), strict=False)
        self.encoder = Named(stages=nn.Sequential(*(nn.Sequential(stage(*step)) for step in steps)))
        self.decoder = PlainDecoder(self.encoder)

    def forward(self, x: Tensor) -> Tensor:
        maps = []
        for block in self.encoder.get_submodule("stages").children():
            x = block(x)
            maps.append(x)
        maps.pop()
        for up, block in zip(self.decoder.transpconvs, self.decoder.stages, strict=True):
            x = block(torch.cat([up(x), maps.pop()], 1))
        output: Tensor = self.decoder.seg_layers[-1](x)
        return output


class SmpBlock(nn.Module):
    """A decoder block of segmentation_models.pytorch: nearest interpolation, then two convolutions."""

    def __init__(self, inputs: int, out: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = twice(inputs, out)[:3], twice(out, out)[3:]

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
        output: Tensor = self.conv2(self.conv1(x if skip is None else torch.cat([x, skip], 1)))
        return output


class SmpVgg(nn.Module):
    """Like the Unet of segmentation_models.pytorch over a VGG encoder, with its center block."""

    def __init__(self) -> None:
        super().__init__()
        features: list[nn.Module] = []
        for inputs, out in pairwise((3, *WIDTHS)):
            for channels in (inputs, out):
                features += [nn.Conv2d(channels, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
            features.append(nn.MaxPool2d(2))
        self.encoder = Named(features=nn.Sequential(*features))
        blocks = nn.ModuleList([SmpBlock(32, 8), SmpBlock(16, 4), SmpBlock(4, 2)])
        self.decoder = Named(center=twice(16, 16), blocks=blocks)
        self.segmentation_head = nn.Sequential(nn.Conv2d(2, 1, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        maps: list[Tensor | None] = []
        for layer in self.encoder.get_submodule("features").children():
            if isinstance(layer, nn.MaxPool2d):
                maps.append(x)
            x = layer(x)
        x = self.decoder.get_submodule("center")(x)
        maps[0] = None
        for block in self.decoder.get_submodule("blocks").children():
            x = block(x, maps.pop())
        output: Tensor = self.segmentation_head(x)
        return output


def with_random_numbers(network: nn.Module) -> nn.Module:
    """Returns a network all of whose weights and running values are random, in evaluation mode."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=generator) * 0.5 + 0.1)
    return network.eval()
