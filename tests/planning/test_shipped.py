"""The shipped specs: counts, sizes, and outputs equal to networks written by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

import unetkit
from tests.model import reference
from tests.support.narrow import vectors
from unetkit.language import shipped

PARAMETERS = {
    "unet-2015": {(1, 2): 31_030_658, (1, 1): 31_030_593, (3, 2): 31_031_810},
    "unet-crop": {(1, 2): 31_042_434},
    "unet-pad": {(1, 2): 31_042_434},
    "unet-same": {(1, 2): 31_042_434},
    "unet-milesial": {(3, 2): 31_037_698, (3, 1): 31_037_633, (1, 2): 31_036_546, (1, 1): 31_036_481},
    "unet-milesial-bilinear": {(3, 2): 17_263_042, (3, 1): 17_262_977, (1, 1): 17_261_825},
    "unet-monai-basic": {(1, 2): 5_749_410},
    "unet-nnunet": {(1, 2): 31_195_594 - 4 * 2 - 2 * (320 + 256 + 128 + 64)},  # without the heads of deep supervision
    "unet-smp-vgg13": {(3, 1): 18_444_433},
    "unet-nnunet-resenc": {(1, 2): 102_349_770 - 4 * 2 - 2 * (320 + 256 + 128 + 64)},  # without supervision too
    "segresnet": {(4, 3): 4_702_227},
    "resnet34-unetplusplus": {(3, 1): 26_078_609},
    "resnet34-unet": {(3, 1): 24_436_369},
    "mobilenet-v2-unet": {(3, 1): 6_628_945},
    "densenet121-unet": {(3, 1): 13_607_633},
    "efficientnet-b0-unet": {(3, 1): 6_251_469 - (320 * 1280 + 2 * 1280)},  # smp keeps a last convolution, unused
    "resnet34-linknet": {(3, 1): 21_771_937},
    "resnet34-manet": {(3, 1): 31_783_633},
    "resnet34-fpn": {(3, 1): 23_155_393},
    "unet-plus-plus": {(3, 1): 9_163_428},  # with the heads of deep supervision
    "unet-3-plus": {(3, 1): 26_989_637},
    "stable-diffusion-1": {(4, 4): 859_520_964},
    "swin-unet": {(3, 9): 27_168_900},
    "convunext": {(3, 2): 3_505_730, (1, 2): 3_502_594},
    "resunet-a": {(3, 6): 58_037_717},
    "unet-3-plus-cgm": {(3, 1): 26_991_687},
    "u2net": {(3, 1): 44_009_869},
    "u2net-p": {(3, 1): 1_131_181},
    "mednext-s-k3": {(1, 3): 5_550_948 - 1},  # without a number that the original does not use
    "mednext-b-k3": {(1, 3): 10_526_340 - 1},
    "mednext-m-k3": {(1, 3): 17_548_996 - 1},
    "mednext-l-k3": {(1, 3): 61_779_300 - 1},
    "mednext-s-k5": {(1, 3): 5_980_580 - 1},
    "mednext-b-k5": {(1, 3): 10_955_972 - 1},
    "mednext-m-k5": {(1, 3): 18_260_868 - 1},
    "mednext-l-k5": {(1, 3): 62_992_932 - 1},
    "multiresunet": {(3, 2): 7_251_376},
    "attention-unet": {(3, 1): 34_878_573},
    "r2u-net": {(3, 1): 39_091_393},
    "unet-3d": {(3, 3): 19_067_616 + 2_336 + 3 + 2 * 2_336},  # weights, conv biases, head biases, batch norm
}
VARIANTS = (
    ("resnet34-unet", ["encoder=resnet18"], 14_328_209),
    ("resnet34-unet", ["encoder=resnet50"], 32_521_105),
    ("segresnet", ["channels=[8, 16, 32, 64]", "in_channels=1", "out_channels=2"], 1_176_186),
    ("unet-nnunet", ["in_channels=4", "out_channels=4"], 31_199_796 - 4 * 4 - 4 * (320 + 256 + 128 + 64)),
    ("unet-plus-plus", ["topology=unet", "heads=null"], 7_852_545),
)
"""Published networks that are another one with a few changes, and their parameters."""
SIZES: dict[str, dict[tuple[int, ...], tuple[int, ...]]] = {
    "unet-2015": {(572, 572): (388, 388), (188, 188): (4, 4), (572, 700): (388, 516)},
    "unet-crop": {(572, 572): (388, 388)},
    "unet-pad": {(572, 572): (564, 564), (570, 572): (562, 564)},
    "unet-same": {(512, 512): (512, 512), (16, 512): (16, 512)},
    "unet-milesial": {(570, 333): (570, 333)},
    "unet-3d": {(132, 132, 116): (44, 44, 28)},
}
REFUSED: dict[str, list[tuple[int, ...]]] = {
    "unet-2015": [(187, 572)],
    "unet-same": [(570, 512)],
    "unet-milesial": [(15, 16)],
}
BY_HAND: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "unet-2015": (lambda: reference.unet_2015(1, 2), (1, 188, 204)),
    "unet-crop": (lambda: reference.unet_mode(1, 2, "crop"), (1, 188, 190)),
    "unet-pad": (lambda: reference.unet_mode(1, 2, "pad"), (1, 141, 160)),
    "unet-same": (lambda: reference.unet_mode(1, 2, "same"), (1, 48, 64)),
    "unet-milesial": (lambda: reference.milesial(3, 2, bilinear=False), (3, 50, 67)),
    "unet-milesial-bilinear": (lambda: reference.milesial(3, 2, bilinear=True), (3, 50, 67)),
    "unet-3d": (lambda: reference.unet_3d(3, 3), (3, 92, 92, 93)),
}


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_spec_builds_and_is_as_planned(name: str) -> None:
    planned = unetkit.plan(unetkit.load(name))
    with torch.device("meta"):
        model = unetkit.build(unetkit.load(name)).eval()
        size = tuple(sizes.above((sizes.minimum or 0) + 1) or sizes.minimum or 0 for sizes in planned.aligned)
        output = model(torch.zeros(1, planned.spec.in_channels, *size), *vectors(planned.spec))
    first = output if isinstance(output, torch.Tensor) else output[0]
    assert tuple(first.shape[2:]) == planned.output_size(size)
    assert sum(weight.numel() for weight in model.parameters()) == planned.parameters
    assert planned.spec.keys.paper
    assert planned.spec.keys.description


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_those_of_the_publication(name: str) -> None:
    for (in_channels, out_channels), count in PARAMETERS[name].items():
        ends = [f"in_channels={in_channels}", f"out_channels={out_channels}"]
        assert unetkit.plan(unetkit.load(name, ends)).parameters == count


@pytest.mark.parametrize(("name", "changes", "count"), VARIANTS)
def test_published_variants_are_a_few_changes(name: str, changes: list[str], count: int) -> None:
    assert unetkit.plan(unetkit.load(name, changes)).parameters == count


def test_the_residual_encoder_of_nnunet_has_seven_stages_too() -> None:
    """With five supervision heads beside the output, as nnU-Net counts them."""
    stage = "[{type: residual, stride: 2, shortcut: pool, bias: true, repeat: 6}]"
    seven = ["channels.levels=7", f"levels.5={{encoder: {{block: {stage}}}}}"]
    planned = unetkit.plan(unetkit.load("unet-nnunet-resenc", seven))
    assert planned.parameters == 141_889_612 - 5 * 2 - 2 * (320 + 320 + 256 + 128 + 64)


@pytest.mark.parametrize("name", SIZES)
def test_sizes_are_those_of_the_publication(name: str) -> None:
    planned = unetkit.plan(unetkit.load(name))
    for size, output in SIZES[name].items():
        assert planned.output_size(size) == output


@pytest.mark.parametrize("name", REFUSED)
def test_sizes_that_do_not_fit_are_refused(name: str) -> None:
    planned = unetkit.plan(unetkit.load(name))
    for size in REFUSED[name]:
        with pytest.raises(unetkit.SizeError, match="Nearest sizes that do"):
            planned.output_size(size)


def test_a_refusal_names_the_sizes_that_fit() -> None:
    with pytest.raises(unetkit.SizeError, match=r"570 does not fit this network\. Nearest sizes that do: 560, 576\."):
        unetkit.plan(unetkit.load("unet-same")).output_size((570, 512))


@pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")
@pytest.mark.parametrize("name", BY_HAND)
def test_outputs_equal_those_of_the_network_written_by_hand(name: str) -> None:
    """Same weights, same image, float32 on the CPU: maximum absolute difference 0, in evaluation and in training."""
    make, shape = BY_HAND[name]
    torch.manual_seed(0)
    hand = make()
    model = unetkit.build(name)
    reference.copy_weights(hand, model)
    image = torch.randn(1, *shape)
    with torch.no_grad():
        for mode in (False, True):
            wanted, given = hand.train(mode)(image), model.train(mode)(image)
            assert (wanted - given).abs().max() == 0


def test_unet_2015_is_aligned_at_16k_plus_12() -> None:
    aligned = unetkit.plan(unetkit.load("unet-2015")).aligned
    assert [n for n in range(1, 400) if n in aligned[0]] == [16 * k + 12 for k in range(11, 25)]
