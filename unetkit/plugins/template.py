"""The package that `unetkit plugin new` writes: complete, so that it installs and passes its tests at once."""

from __future__ import annotations

import re
from pathlib import Path

from unetkit.errors import Fault, FileError
from unetkit.overwriting import check_outputs
from unetkit.writing import placed, write_whole

FILES = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "unetkit-NAME"
version = "0.1.0"
description = "Blocks for unetkit."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["unetkit"]

[project.optional-dependencies]
test = ["pytest>=8"]

[project.entry-points."unetkit.plugin"]
api = "v1"

[project.entry-points."unetkit.blocks"]
gated_conv = "unetkit_NAME.wired:GatedConv"
wide_conv = "unetkit_NAME.wrapped:WideConv"

[tool.hatch.build.targets.wheel]
packages = ["unetkit_NAME"]

[tool.pytest.ini_options]
addopts = ["-p", "unetkit.testing.pytest_plugin"]
""",
    "README.md": """\
# unetkit-NAME

Blocks for unetkit. After `pip install unetkit-NAME` a spec can say

```yaml
block: NAME/gated_conv        # or NAME/wide_conv
```

`unetkit blocks NAME/gated_conv` describes one, `unetkit plugin check unetkit-NAME` checks them all.
""",
    "unetkit_NAME/__init__.py": '"""Blocks for unetkit."""\n',
    "unetkit_NAME/wired.py": '''\
"""A block written for unetkit: its forward over signals is all there is, and everything else follows from it."""

from unetkit.plugin import Block, PerAxis, Signal


class GatedConv(Block):
    """A convolution, times a gate that another one opens."""

    source = "Dauphin et al., 2017, arXiv:1612.08083"
    kernel: PerAxis = 3
    """Samples that both convolutions cover; an odd number."""

    def wire(self, x: Signal, channels: int) -> Signal:
        gate = x.conv(channels, self.kernel, name="gate").activation("Sigmoid")
        return x.conv(channels, self.kernel, name="value").gate(gate)
''',
    "unetkit_NAME/wrapped.py": '''\
"""A block made of any torch module: its arguments become the parameters of a spec, its facts are measured."""

from typing import Literal

from torch import Tensor, nn
from unetkit.plugin import wrap


class WideConvModule(nn.Module):
    """A depthwise convolution with a wide kernel, then a pointwise one, norm and activation."""

    def __init__(self, in_channels: int, channels: int, dims: int, kernel: Literal[3, 5, 7, 9, 11] = 7) -> None:
        super().__init__()
        conv = getattr(nn, f"Conv{dims}d")
        self.depthwise = conv(in_channels, in_channels, kernel, padding="same", groups=in_channels)
        self.pointwise = conv(in_channels, channels, 1, bias=False)
        self.norm = getattr(nn, f"BatchNorm{dims}d")(channels)
        self.act = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.pointwise(self.depthwise(x))))


WideConv = wrap(WideConvModule, source="Liu et al., 2022, arXiv:2201.03545")
''',
    "tests/test_blocks.py": '''\
"""Each block passes the battery that unetkit's own blocks pass."""

import pytest
from unetkit.plugin import check_block
from unetkit_NAME.wired import GatedConv
from unetkit_NAME.wrapped import WideConv


@pytest.mark.parametrize("block", [GatedConv, WideConv], ids=["gated_conv", "wide_conv"])
def test_block_passes_the_battery(block):
    report = check_block(block)
    assert report.passed, str(report)
''',
    ".github/workflows/test.yaml": """\
name: test
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.12"}
      - run: pip install . pytest
      - run: pytest
      - run: unetkit plugin check unetkit-NAME
""",
}
"""By path, the text of each file; NAME stands for the name of the plugin."""


def write_package(name: str, folder: Path, *, overwrite: bool = False) -> Path:
    """Writes the package into a new folder, and returns that; raises FileError where it is there, or the name is none.

    Where it may `overwrite`, its files take the places of those of the same names, and others in the folder stay.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
        cure = "Take at most 60 small letters, digits and underscores, a letter first: acme, for unetkit-acme."
        raise FileError(Fault("plugin-name", f"{name!r} is no name for a plugin", cure=cure))
    home = folder / f"unetkit-{name}"
    check_outputs([home], overwrite=overwrite)
    if home.exists():
        _write_files(name, home)
        return home
    with placed(home) as growing:
        _write_files(name, growing)
    return home


def _write_files(name: str, folder: Path) -> None:
    """Writes the files of the package into its folder."""
    for path, text in FILES.items():
        write_whole(folder / path.replace("NAME", name), text.replace("NAME", name).encode())
