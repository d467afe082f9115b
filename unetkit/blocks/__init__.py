"""The built-in blocks, one slot per file. They are found by name through the registry, like anybody else's."""

from __future__ import annotations

COMPONENTS = {
    "block": {
        "single_conv": "unetkit.blocks.conv:SingleConv",
        "double_conv": "unetkit.blocks.conv:DoubleConv",
        "residual": "unetkit.blocks.residual:Residual",
        "bottleneck": "unetkit.blocks.residual:Bottleneck",
        "recurrent": "unetkit.blocks.residual:Recurrent",
        "dense": "unetkit.blocks.dense:Dense",
        "film": "unetkit.blocks.condition:Film",
        "sinusoidal": "unetkit.blocks.condition:Sinusoidal",
        "self_attention": "unetkit.blocks.attention:SelfAttention",
        "transformer": "unetkit.blocks.attention:Transformer",
        "learned_positions": "unetkit.blocks.attention:LearnedPositions",
        "convnext": "unetkit.blocks.convnext:ConvNeXt",
        "parallel": "unetkit.blocks.parallel:Parallel",
    },
    "down": {
        "max_pool": "unetkit.blocks.down:MaxPool",
        "avg_pool": "unetkit.blocks.down:AvgPool",
        "strided_conv": "unetkit.blocks.down:StridedConv",
        "blur_pool": "unetkit.blocks.down:BlurPool",
        "patch_merging": "unetkit.blocks.down:PatchMerging",
    },
    "up": {
        "transposed_conv": "unetkit.blocks.up:TransposedConv",
        "interpolate": "unetkit.blocks.up:Interpolate",
        "pixel_shuffle": "unetkit.blocks.up:PixelShuffleUp",
        "none": "unetkit.blocks.up:NoUp",
    },
    "skip": {
        "concat": "unetkit.blocks.skip:Concat",
        "add": "unetkit.blocks.skip:Add",
        "attention": "unetkit.blocks.skip:Attention",
        "difference": "unetkit.blocks.skip:Difference",
        "full_scale": "unetkit.blocks.full_scale:FullScale",
        "rescale": "unetkit.blocks.full_scale:Rescale",
        "unpool": "unetkit.blocks.skip:Unpool",
        "none": "unetkit.blocks.skip:NoSkip",
    },
    "norm": {
        "batch": "unetkit.blocks.norm:Batch",
        "instance": "unetkit.blocks.norm:Instance",
        "group": "unetkit.blocks.norm:Group",
        "layer": "unetkit.blocks.norm:LayerNorm",
        "none": "unetkit.blocks.norm:NoNorm",
    },
    "act": {
        "relu": "unetkit.blocks.act:ReLU",
        "relu6": "unetkit.blocks.act:ReLU6",
        "leaky_relu": "unetkit.blocks.act:LeakyReLU",
        "prelu": "unetkit.blocks.act:PReLU",
        "elu": "unetkit.blocks.act:ELU",
        "gelu": "unetkit.blocks.act:GELU",
        "silu": "unetkit.blocks.act:SiLU",
        "hard_swish": "unetkit.blocks.act:HardSwish",
        "hard_sigmoid": "unetkit.blocks.act:HardSigmoid",
        "sigmoid": "unetkit.blocks.act:Sigmoid",
        "tanh": "unetkit.blocks.act:Tanh",
        "mish": "unetkit.blocks.act:Mish",
        "identity": "unetkit.blocks.act:Identity",
    },
    "head": {
        "conv": "unetkit.blocks.head:Conv",
    },
    "init": {
        "default": "unetkit.blocks.init:TorchDefault",
        "kaiming_normal": "unetkit.blocks.init:KaimingNormal",
        "kaiming_uniform": "unetkit.blocks.init:KaimingUniform",
        "xavier_normal": "unetkit.blocks.init:XavierNormal",
        "xavier_uniform": "unetkit.blocks.init:XavierUniform",
        "orthogonal": "unetkit.blocks.init:Orthogonal",
        "normal": "unetkit.blocks.init:Normal",
        "trunc_normal": "unetkit.blocks.init:TruncatedNormal",
    },
    "odd_sizes": {
        "error": "unetkit.blocks.odd_sizes:RefuseOddSizes",
        "pad": "unetkit.blocks.odd_sizes:PadOddSizes",
    },
}
"""The built-in components: slot → name → module:Class."""
