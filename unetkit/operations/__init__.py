"""The operations under all blocks: one class per operation, one family per file, each with its facts."""

from unetkit.operations.attention import CosineAttention, GlobalAttention, JointAttention, WindowedAttention
from unetkit.operations.convolution import Convolution, TransposedConvolution
from unetkit.operations.inputs import ChannelRange, Sinusoids, VectorInput
from unetkit.operations.merging import (
    AbsoluteDifference,
    Addition,
    Concatenation,
    CropTo,
    Gate,
    MaxUnpooling,
    PadTo,
    ResizeTo,
    SameSize,
    Shift,
    TrimTo,
)
from unetkit.operations.normalization import BatchNorm, ChannelNormalization, GroupNorm, InstanceNorm
from unetkit.operations.operation import Layer, Operation
from unetkit.operations.pointwise import (
    Activation,
    ChannelPadding,
    ChannelScale,
    ChannelSummary,
    Dropout,
    PositionEmbedding,
    StochasticDepth,
)
from unetkit.operations.pooling import (
    AvgPooling,
    BlurPooling,
    FilledUp,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPooling,
    SampleShift,
    SidePadding,
)
from unetkit.operations.resampling import Interpolation, Shrinking, SubpixelShuffle, SubpixelUnshuffle

__all__ = [
    "AbsoluteDifference",
    "Activation",
    "Addition",
    "AvgPooling",
    "BatchNorm",
    "BlurPooling",
    "ChannelNormalization",
    "ChannelPadding",
    "ChannelRange",
    "ChannelScale",
    "ChannelSummary",
    "Concatenation",
    "Convolution",
    "CosineAttention",
    "CropTo",
    "Dropout",
    "FilledUp",
    "Gate",
    "GlobalAttention",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GroupNorm",
    "InstanceNorm",
    "Interpolation",
    "JointAttention",
    "Layer",
    "MaxPooling",
    "MaxUnpooling",
    "Operation",
    "PadTo",
    "PositionEmbedding",
    "SidePadding",
    "SubpixelShuffle",
    "SubpixelUnshuffle",
    "ResizeTo",
    "SameSize",
    "SampleShift",
    "Shift",
    "Shrinking",
    "Sinusoids",
    "StochasticDepth",
    "TrimTo",
    "VectorInput",
    "TransposedConvolution",
    "WindowedAttention",
]
