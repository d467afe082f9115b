"""Distributions for tests: folders with metadata and modules, as an installer leaves them behind."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

WIRED = """
from unetkit.block import Block
from unetkit.signal import Signal


class Conv(Block):
    kernel: int = 3

    def wire(self, x: Signal, channels: int) -> Signal:
        return x.conv(channels, self.kernel)
"""


def distribution(site: Path, name: str, points: dict[str, str], code: str = WIRED, *, api: str = "v1") -> None:
    """Puts a distribution of version 1.0 into a folder: entry points `group/name`, and one module of its name."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    text = f"[unetkit.plugin]\napi = {api}\n"
    for group in dict.fromkeys(key.partition("/")[0] for key in points):
        text += f"\n[unetkit.{group}]\n"
        text += "".join(
            f"{key.partition('/')[2]} = {value}\n" for key, value in points.items() if key.startswith(group)
        )
    (info / "entry_points.txt").write_text(text)
    (site / f"{name.replace('-', '_')}.py").write_text(code)


BROKEN: dict[str, tuple[dict[str, str], str, str, str]] = {
    "unetkit-twin": (
        {"blocks/conv": "unetkit_twin:Conv"},
        WIRED,
        "v1",
        "is offered by twin 1.0 (twin:Conv) and unetkit-twin",
    ),
    "twin": ({"blocks/conv": "twin:Conv"}, WIRED, "v1", "is offered by twin 1.0 (twin:Conv) and unetkit-twin 1.0"),
    "shadow": ({"blocks/double_conv": "shadow:Conv"}, WIRED, "v1", "has the name of a built-in"),
    "absent": (
        {"blocks/one": "absent_module:Conv"},
        WIRED,
        "v1",
        "No module named 'absent_module'",
    ),
    "syntax": ({"blocks/one": "syntax:Conv"}, "def broken(:\n", "v1", "SyntaxError"),
    "raises": ({"blocks/one": "raises:Conv"}, "1 / 0\n", "v1", "ZeroDivisionError: division by zero"),
    "exits": ({"blocks/one": "exits:Conv"}, "import sys\nsys.exit(3)\n", "v1", "SystemExit: 3"),
    "nothing": ({"blocks/one": "nothing:Conv"}, "Conv = 5\n", "v1", "is no block class: 5"),
    "future": ({"blocks/one": "future:Conv"}, WIRED, "v9", "is written for the plugin API v9, this unetkit has v1"),
    "loose": (
        {"blocks/one": "loose:Conv"},
        WIRED.replace("channels: int)", "channels: int, **more: int)"),
        "v1",
        "has a wire that takes anything, by more",
    ),
    "untyped": (
        {"blocks/one": "untyped:Conv"},
        "import unetkit\nfrom torch import nn\n\n\nclass M(nn.Module):\n"
        "    def __init__(self, in_channels: int, channels: int, width=3) -> None:\n        pass\n\n\n"
        "Conv = unetkit.wrap(M)\n",
        "v1",
        "the parameter 'width' has no type",
    ),
    "engine": ({"blocks/one": "engine:Conv"}, WIRED.replace("kernel", "dims"), "v1", "has a parameter 'dims'"),
    "stray": ({"block/one": "stray:Conv"}, WIRED, "v1", "in the group unetkit.block, which does not exist"),
}
"""By distribution: entry points, code, API, and what its fault says."""


def broken_site(site: Path) -> Path:
    """Returns a folder with all the broken distributions, and one that is sound."""
    for name, (points, code, api, _) in BROKEN.items():
        distribution(site, name, points, code, api=api)
    distribution(site, "unetkit-sound", {"blocks/sound_conv": "unetkit_sound:Conv"})
    return site


def unetkit(*arguments: str, site: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Returns what the command line gives in a process that has a folder on its path."""
    script = Path(sysconfig.get_path("scripts"), "unetkit")
    path = os.pathsep.join([str(site), str(Path(__file__).parents[2])])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [sys.executable, str(script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
