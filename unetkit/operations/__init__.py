"""The small vocabulary under all blocks: one class per operation, one family per file, five facts each."""

from unetkit.operations.convolution import Conv, TransposedConv
from unetkit.operations.merging import Add, Concat, CropTo, Gate, PadTo, ResizeTo, SameSize
from unetkit.operations.normalization import BatchNorm, ChannelNorm, GroupNorm, InstanceNorm, Normalization
from unetkit.operations.operation import Layer, Operation
from unetkit.operations.pointwise import Activation, Dropout
from unetkit.operations.pooling import AvgPool, GlobalAvgPool, MaxPool
from unetkit.operations.resampling import Interpolate, PixelShuffle

__all__ = [
    "Activation",
    "Add",
    "AvgPool",
    "BatchNorm",
    "ChannelNorm",
    "Concat",
    "Conv",
    "CropTo",
    "Dropout",
    "Gate",
    "GlobalAvgPool",
    "GroupNorm",
    "InstanceNorm",
    "Interpolate",
    "Layer",
    "MaxPool",
    "Normalization",
    "Operation",
    "PadTo",
    "PixelShuffle",
    "ResizeTo",
    "SameSize",
    "TransposedConv",
]
