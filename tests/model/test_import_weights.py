"""Weights of other programs compute here what they compute there, or are refused in words."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import unetkit
from tests.model import published
from tests.support.commandline import answer, run
from unetkit.language import Spec
from unetkit.model.importing import ImportWeightsError, import_weights, read_checkpoint

SMALL = ["channels=[4, 8, 16]"]
VGG = ["channels=[4, 8, 16, 16]", "decoder.channels=[2, 4, 8]"]


def basic_unet() -> nn.Module:
    nets = pytest.importorskip("monai.networks.nets")
    made: nn.Module = nets.BasicUNet(spatial_dims=3, in_channels=1, out_channels=2, features=(4, 4, 8, 16, 32, 4))
    return made


FAMILIES: dict[str, tuple[Callable[[], nn.Module], Spec, tuple[int, ...]]] = {
    "milesial": (published.Milesial, unetkit.load("unet-milesial", SMALL), (3, 20, 24)),
    "nnunet": (published.PlainConvUNet, unetkit.load("unet-nnunet", [*SMALL, "out_channels=3"]), (1, 8, 12, 16)),
    "monai": (basic_unet, unetkit.load("unet-monai-basic", ["channels=[4, 4, 8, 16, 32]"]), (1, 32, 16, 32)),
    "smp": (published.SmpVgg, unetkit.load("unet-smp-vgg13", VGG), (3, 16, 24)),
}


NAMES_TELL = ("milesial", "nnunet", "smp")
"""Families whose names leave one order only; in MONAI's, the norm of a layer comes before its convolution."""


@pytest.mark.parametrize(
    ("family", "kind"), [*((family, "pth") for family in FAMILIES), *((each, "safetensors") for each in NAMES_TELL)]
)
def test_imported_weights_compute_what_they_computed(family: str, kind: str, tmp_path: Path) -> None:
    make, spec, shape = FAMILIES[family]
    network = published.with_random_numbers(make())
    file = tmp_path / f"weights.{kind}"
    if kind == "pth":
        torch.save(network.state_dict(), file)
    else:  # which keeps no order, and nothing twice
        save_file({name: value.clone() for name, value in network.state_dict().items()}, file)
    made = import_weights(read_checkpoint(file), spec)
    image = torch.rand(2, *shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, found = network(image), made.model(image)
    assert expected.std() > 1e-3
    assert torch.equal(expected, found)


def test_a_copy_of_the_encoder_and_heads_of_deep_supervision_are_told() -> None:
    network = published.with_random_numbers(published.PlainConvUNet())
    checkpoint = in_memory(network.state_dict())
    made = import_weights(checkpoint, FAMILIES["nnunet"][1])
    assert made.copies["decoder.encoder.stages.0.0.convs.0.conv"] == "encoder.stages.0.0.convs.0.conv"
    assert made.copies["encoder.stages.0.0.convs.0.all_modules.1"] == "encoder.stages.0.0.convs.0.norm"
    assert made.spare == ("decoder.seg_layers.0",)
    assert ("decoder.seg_layers.1", "head.conv1") in made.pairs


def in_memory(tensors: dict[str, torch.Tensor]) -> Any:
    from unetkit.model.importing import Checkpoint

    return Checkpoint(Path("weights.pth"), "", tensors)


@pytest.fixture
def milesial() -> dict[str, torch.Tensor]:
    return published.with_random_numbers(published.Milesial()).state_dict()


@pytest.mark.parametrize("kind", ["lightning", "module.", "half"])
def test_wrappings_are_seen_through(kind: str, milesial: dict[str, torch.Tensor], tmp_path: Path) -> None:
    file = tmp_path / "weights.ckpt"
    prefix = "module." if kind == "module." else ""
    weights = {prefix + name: value.half() if kind == "half" else value for name, value in milesial.items()}
    torch.save({"epoch": 3, "state_dict": weights} if kind == "lightning" else weights, file)
    checkpoint = read_checkpoint(file)
    assert checkpoint.key == ("state_dict" if kind == "lightning" else "")
    made = import_weights(checkpoint, FAMILIES["milesial"][1])
    assert made.pairs[0] == (f"{prefix}inc.double_conv.0", "encoder.0.block.conv1")
    weight = made.model.state_dict()["encoder.0.block.conv1.weight"]
    assert weight.dtype == torch.float32
    assert torch.allclose(weight, milesial["inc.double_conv.0.weight"], atol=1e-3)


class Alike(nn.Module):
    """Two containers whose layers have one shape, registered against the order in which they run."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(4, 2, 1)
        self.one, self.two = nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)
        self.first = nn.Conv2d(1, 4, 3)


ALIKE = unetkit.load(
    {
        "unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 4], "norm": "none", "up": "interpolate",
        "skip": "none", "block": "single_conv",
    }
)  # fmt: skip


def test_two_ways_to_pair_are_refused_and_one_is_chosen_by_hand() -> None:
    checkpoint = in_memory(published.with_random_numbers(Alike()).state_dict())
    with pytest.raises(ImportWeightsError) as caught:
        import_weights(checkpoint, ALIKE)
    assert str(caught.value) == (
        "error[weights-ambiguous]: weights.pth: the weights go into this network in more than one way:\n"
        "   bottleneck.block.conv1: one, or two\n"
        "   decoder.0.block.conv1: two, or one\n"
        "   Choose one: --map one=bottleneck.block.conv1, or --map two=bottleneck.block.conv1."
    )
    made = import_weights(checkpoint, ALIKE, fixed={"two": "bottleneck.block.conv1"})
    assert dict(made.pairs)["one"] == "decoder.0.block.conv1"


def test_weights_of_another_network_are_refused_by_shape(milesial: dict[str, torch.Tensor]) -> None:
    milesial["outc.conv.weight"] = torch.zeros(5, 4, 1, 1)
    milesial["loss.weight"] = torch.zeros(2)
    with pytest.raises(ImportWeightsError) as caught:
        import_weights(in_memory(milesial), FAMILIES["milesial"][1])
    assert str(caught.value) == (
        "error[weights-differ]: weights.pth: its weights are not those of this network: layers with weights: "
        "24 in the file, 23 in the network\n"
        "   only in the file: outc.conv (bias [2], weight [5, 4, 1, 1])\n"
        "   only in the file: loss (weight [2])\n"
        "   only in the network: head.conv1 (bias [2], weight [2, 4, 1, 1])\n"
        "   Give the spec of the network that was trained; --drop leaves layers out."
    )


def test_layers_are_left_out_as_asked(milesial: dict[str, torch.Tensor]) -> None:
    milesial["loss.class.weight"] = torch.zeros(2)
    made = import_weights(in_memory(milesial), FAMILIES["milesial"][1], drop=["loss"])
    assert made.dropped == ("loss.class",)
    with pytest.raises(ImportWeightsError, match=r"no layer los, .*\n   Did you mean: loss\?"):
        import_weights(in_memory(milesial), FAMILIES["milesial"][1], drop=["los"])


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"out": "head.conv1"}, "the file has no layer out"),
        ({"outc.conv": "head"}, "the network has no layer head"),
        ({"inc.double_conv.0": "head.conv1"}, "cannot become head.conv1 .* their shapes differ"),
    ],
)
def test_pairs_that_cannot_be_are_refused(
    fixed: dict[str, str], message: str, milesial: dict[str, torch.Tensor]
) -> None:
    with pytest.raises(ImportWeightsError, match=message):
        import_weights(in_memory(milesial), FAMILIES["milesial"][1], fixed=fixed)


class Bomb:
    """An object whose unpickling runs a program."""

    def __reduce__(self) -> Any:
        return subprocess.run, (["touch", "executed"],)


def test_a_checkpoint_never_executes_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {}, "callback": Bomb()}, "weights.ckpt")
    with pytest.raises(ImportWeightsError, match="could execute arbitrary code"):
        read_checkpoint(Path("weights.ckpt"))
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epoch": 3}, "has no weights"),
        ([1, 2], "has no weights"),
        (
            {"model": {"a": torch.zeros(1)}, "state_dict": {"a": torch.zeros(1)}},
            "has weights under state_dict and model",
        ),
    ],
)
def test_a_checkpoint_without_weights_or_with_several_is_refused(values: Any, message: str, tmp_path: Path) -> None:
    torch.save(values, tmp_path / "weights.pt")
    with pytest.raises(ImportWeightsError, match=message):
        read_checkpoint(tmp_path / "weights.pt")


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 broken", b"text"])
def test_files_that_are_no_weights_are_refused(name: str, content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ImportWeightsError, match=r"cannot be read|is no file of torch.save"):
        read_checkpoint(tmp_path / name)


def test_the_command_shows_the_pairs_and_writes_a_model_file(milesial: dict[str, torch.Tensor], tmp_path: Path) -> None:
    torch.save(milesial, tmp_path / "weights.pth")
    command = ("import-weights", tmp_path / "weights.pth", "--spec", "unet-milesial", "--set", SMALL[0])
    shown = run(*command, "-o", tmp_path / "model.safetensors").stdout
    assert shown.splitlines()[2].split() == ["inc.double_conv.0", "encoder.0.block.conv1", "4×3×3×3"]
    assert shown.splitlines()[-1].startswith(f"{tmp_path / 'model.safetensors'}: 23 layers of ")
    values = answer(*command, "-o", tmp_path / "model.safetensors", "--map", "outc.conv=head.conv1", "--overwrite")
    assert values["layers"][-1] == {"file": "outc.conv", "network": "head.conv1"}
    model = unetkit.load_model(tmp_path / "model.safetensors")
    assert torch.equal(model.state_dict()["head.conv1.weight"], milesial["outc.conv.weight"])
    assert "write OLD=NEW" in run(*command, "-o", tmp_path / "m.safetensors", "--map", "outc.conv", code=2).output
