"""CPU time and memory of a search over more than a million combinations, beside what is allowed.

`python -m benchmarks.searching 20000` tries the first 20,000 combinations of each space alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.comparison import Comparison, report

AXES = """\
unetkit: 1
name: {name}
base: {{extends: unet-small, name: base}}
training: {{steps: 10, batch: 2, patch: 256}}
axes:
  channels.base: [8, 12, 16, 20, 24, 32, 40, 48, 56, 64, 80, 96]
  channels.levels: {levels}
  block: [double_conv, residual, {block}]
  levels.0.block.kernel: [3, 5]
  levels.1.block.kernel: [3, 5]
  levels.2.block.kernel: [3, 5]
  encoder.norm: [none, batch, instance]
  decoder.norm: [none, batch, instance]
  act: [relu, leaky_relu, gelu]
  skip: [concat, add, attention, none]
  up: [transposed_conv, interpolate, {{type: interpolate, method: linear, conv: 1}}]
  down: [max_pool, avg_pool, strided_conv]
"""
"""1,119,744 combinations."""
SPACES = {
    "nearly all can be built": AXES.format(name="million", levels="[3, 4, 5, 6]", block="single_conv"),
    "half cannot be built": AXES.format(
        name="partial", levels="[2, 3, 4, 5]", block="{type: single_conv, padding: valid}"
    ),
}
SECONDS, BYTES = 300.0, 1e9
"""What is allowed: five minutes of one core, and 1 GB."""


def measured(space: str, candidates: int) -> tuple[float, float]:
    """The CPU seconds and the peak memory in bytes of a search in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "space.yaml"
        file.write_text(space, "utf-8")
        command = ["search", str(file), "--candidates", str(candidates), "-o", str(Path(name) / "front")]
        process = subprocess.Popen([sys.executable, "-m", "unetkit.cli", *command], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0, "the search failed"
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024.0


def main(candidates: int = 10**7) -> None:
    """Prints both as shares of what is allowed."""
    rows = []
    for name, space in SPACES.items():
        seconds, memory = measured(space, candidates)
        rows.append(Comparison(f"CPU time, {name} / 5 minutes", [seconds], [SECONDS], 1.0))
        rows.append(Comparison(f"peak memory, {name} / 1 GB", [memory], [BYTES], 1.0, "B"))
    report("search of 1,119,744 combinations", rows)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
