"""The written file of a network that is no U: the same as what is built, and short to read."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import unetkit
from tests.export.test_codegen import assert_same_network, imported
from tests.support.constructs import sound_topology
from unetkit import registry
from unetkit.codegen import code

pytestmark = pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")
TOPOLOGIES = registry.BUILT_IN["topology"]
CHANGES = [
    ["odd_sizes=pad"],
    ["block.padding=valid", "skip.align=crop"],
    ["block.padding=valid", "skip.align=pad", "odd_sizes=pad"],
]


def network(topology: str, depth: int, changes: list[str], **keys: Any) -> unetkit.Spec:
    """Returns a small network."""
    values = {"unetkit": 1, "in_channels": 2, "out_channels": 2, "channels": [3 + level for level in range(depth)]}
    if topology == "siamese":
        keys["inputs"] = {"before": {"channels": 1}, "after": {"channels": 1}}
    return unetkit.load({**values, "block": "double_conv", "topology": sound_topology(topology), **keys}, changes)


def forward(spec: unetkit.Spec) -> list[str]:
    """Returns the lines of the network's forward."""
    lines = code(unetkit.plan(spec)).partition("class UNet(")[2].partition("def forward(self, x: Tensor) -> Tensor:")[2]
    return [line[8:] for line in lines.splitlines() if line.startswith(" " * 8) and "print" not in line]


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize(
    ("depth", "changes"),
    [*[(depth, []) for depth in range(1, 7)], *[(3, changes) for changes in CHANGES]],
    ids=[*map(str, range(1, 7)), "odd", "crop", "pad"],
)
def test_every_topology_computes_the_same(topology: str, depth: int, changes: list[str]) -> None:
    if topology == "unet_3_plus":  # its skip resizes; it neither crops nor pads
        changes = [re.sub("align=.*", "align=resize", change) for change in changes]
    if topology == "double_u_net":  # the mask meets the image as an encoder's map meets the decoder's
        changes = changes + [f"topology.between.{change[5:]}" for change in changes if change.startswith("skip.align")]
    spec = network(topology, depth, changes)
    least = 5 if topology == "kiu_net" else 33  # its maps grow by level
    size = tuple(accepted.above(least) or 1 for accepted in unetkit.plan(spec).accepted)
    assert_same_network(spec, size)


def test_a_network_without_normalization_has_the_same_first_weights() -> None:
    assert_same_network(network("unet_plus_plus", 4, ["init=default", "norm=none"]), (16, 16))


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_file_is_formatted_and_clean(topology: str, tmp_path: Path) -> None:
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    assert ruff is not None
    for depth in (2, 5):
        file = tmp_path / f"network{depth}.py"
        file.write_text(code(unetkit.plan(network(topology, depth, ["odd_sizes=pad"]))), encoding="utf-8")
    options = ["--isolated", "--no-cache", "--line-length=120", "--target-version=py311"]
    for command in (["format", "--diff"], ["check", "--select=E,F,W,I,B,UP,SIM,D1", "--ignore=D102,D107"]):
        done = subprocess.run([ruff, *command, *options, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_forward_of_a_grid_has_a_line_per_node() -> None:
    assert forward(network("unet_plus_plus", 3, [])) == [
        "encoder_0 = self.encoder[0](x)",
        "encoder_1 = self.encoder[1](encoder_0)",
        "bottleneck = self.bottleneck(encoder_1)",
        'decoder_0_1 = self.decoder[0]["1"](encoder_1, encoder_0)',
        'x = self.decoder[1]["1"](bottleneck, encoder_1)',
        'x = self.decoder[0]["2"](x, encoder_0, decoder_0_1)',
        "return self.head(x)",
    ]


def test_the_forward_with_full_scale_skips_has_a_line_per_level() -> None:
    lines = forward(network("unet_3_plus", 4, []))
    assert lines[4] == 'decoder_2 = self.decoder["2"](bottleneck, encoder_2, encoder_0, encoder_1)'
    assert len(lines) == 8


def test_the_forward_of_a_u_loops_over_its_levels() -> None:
    lines = forward(network("unet", 5, []))
    assert [line for line in lines if line.startswith("for")] == [
        "for level in self.encoder:",
        "for level in self.decoder.values():  # the deepest first",
    ]


def test_a_module_that_is_called_twice_is_written_twice_in_the_forward_alone() -> None:
    lines = forward(network("siamese", 2, []))
    assert lines[2:6:2] == ["encoder_0 = self.encoder[0](inputs_before)", "encoder_0b = self.encoder[0](inputs_after)"]


def test_a_vector_is_an_argument(tmp_path: Path) -> None:
    spec = network("unet", 2, [])
    vector = {"channels": 1, "vector": True, "embed": "sinusoidal", "width": 16}
    film = {"type": "film", "condition": "time"}
    changed = unetkit.load(
        {**spec.resolve(), "inputs": {"time": vector}, "channels": [4, 4], "bottleneck": {"block": film}}
    )
    built, source = unetkit.build(changed, seed=0).eval(), code(unetkit.plan(changed))
    assert "def forward(self, x: Tensor, time: Tensor) -> Tensor:" in source
    torch.manual_seed(0)
    written = imported(source, tmp_path).UNet().eval()
    image, time = torch.rand(1, 2, 8, 8), torch.rand(1, 1, 1, 1)
    assert torch.equal(written(image, time), built(image, time))


@pytest.mark.parametrize("changes", [[], ["odd_sizes=pad"]], ids=["", "odd"])
def test_several_outputs_are_a_named_tuple_in_training_and_in_inference(changes: list[str], tmp_path: Path) -> None:
    heads = {"mask": {}, "distance": {"channels": 1}, "level_1": {"at": 1, "when": "training"}}
    spec = network("unet_plus_plus", 3, changes, heads=heads)
    built = unetkit.build(spec, seed=0)
    torch.manual_seed(0)
    written = imported(code(unetkit.plan(spec)), tmp_path).UNet()
    image = torch.rand(1, 2, 16, 16)
    for one, other in [(built.train()(image), written.train()(image)), (built.eval()(image), written.eval()(image))]:
        assert one._fields == other._fields
        assert all(torch.equal(*pair) for pair in zip(one, other, strict=True))
