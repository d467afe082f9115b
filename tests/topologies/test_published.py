"""Published networks that are more than one U, as YAML alone: their parameters to the last one."""

import pytest

import unetkit
from unetkit.language import from_text

UNET = """
unetkit: 1
in_channels: 3
out_channels: 1
channels: [32, 64, 128, 256, 512]
block: {type: double_conv, bias: true}
up: interpolate
"""
"""The U-Net with which its repository compares U-Net++."""
UNET_PLUS_PLUS = f"{UNET}topology: unet_plus_plus\n"
DEEP = """
heads:
  mask: {at: 0}
  column_1: {at: column_1, when: training}
  column_2: {at: column_2, when: training}
  column_3: {at: column_3, when: training}
"""
UNET_PLUS_PLUS_ZJU = """
unetkit: 1
in_channels: 3
out_channels: 1
channels: {base: 64, levels: 5}
topology: unet_plus_plus
block: {type: double_conv, bias: true}
up: {type: transposed_conv, kernel: 4}
decoder: {norm: none}
"""
UNET_3_PLUS = """
unetkit: 1
in_channels: 3
out_channels: 1
channels: {base: 64, levels: 5}
topology: unet_3_plus
block: {type: double_conv, bias: true}
skip: {bias: true}
decoder: {channels: [320, 320, 320, 320], block: {type: single_conv, bias: true}}
head: {kernel: 3}
"""
ALL_LEVELS = """
heads:
  mask: {at: 0}
  side_1: {at: 1, when: training}
  side_2: {at: 2, when: training}
  side_3: {at: 3, when: training}
  side_4: {at: 4, when: training}
"""
DDPM = """
unetkit: 1
in_channels: 3
out_channels: 3
channels: [128, 256, 256, 256]
inputs:
  time:
    channels: 1
    vector: true
    width: 512
    embed:
      - {type: sinusoidal, channels: 128}
      - {type: single_conv, kernel: 1, norm: none}
      - {type: single_conv, kernel: 1, norm: none, act: identity}
topology: {type: skip_per_block, blocks: 2, stem: {type: single_conv, norm: none, act: identity}}
define:
  res: {type: residual, order: norm_act_conv, condition: time, shortcut_norm: false}
norm: {type: group, groups: 32, eps: 1e-6}
act: silu
block: res
down: strided_conv
up: {type: interpolate, method: nearest, conv: 3}
levels:
  1: {block: [res, self_attention]}
bottleneck: {block: [res, self_attention, res]}
head: [norm, act, {type: conv, kernel: 3}]
"""


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (UNET, 7_852_545),
        (UNET_PLUS_PLUS, 9_163_329),
        (UNET_PLUS_PLUS + DEEP, 9_163_428),
        (UNET_PLUS_PLUS_ZJU + DEEP, 47_176_132),
        (UNET_3_PLUS, 26_971_777),
        (UNET_3_PLUS + ALL_LEVELS, 26_989_637),
        (DDPM, 35_746_307),
    ],
    ids=[
        "U-Net",
        "U-Net++",
        "U-Net++, supervised",
        "U-Net++ (ZJU)",
        "UNet 3+",
        "UNet 3+, supervised",
        "DDPM for CIFAR-10",
    ],
)
def test_parameters_are_those_of_the_publication(text: str, count: int) -> None:
    import torch

    spec = from_text(text, "published")
    assert unetkit.load(spec.resolve()) == spec
    assert unetkit.plan(spec).parameters == count
    with torch.device("meta"):
        network = unetkit.build(spec)
    assert sum(weight.numel() for weight in network.parameters()) == count
