"""How long it takes to know a network: from its YAML, beside building it without memory and summarising it."""

import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
import torchinfo

from benchmarks.comparison import FOLDER, Comparison, interleave, report, timed
from tests.model import reference
from unetkit import load, plan
from unetkit.language import shipped
from unetkit.study import load_study

ROUNDS = 11

# Each prints the seconds of its first call; what is imported before the clock starts is not part of it.
FIRST_CALL = "from benchmarks import comparison, planning; print(comparison.timed(planning.{})())"


def ours() -> tuple[int, int]:
    """Returns the parameters of unet-2015 and its multiply-adds for an image of 572 × 572, from the YAML file."""
    planned = plan(load("unet-2015"))
    return planned.parameters, planned.at((572, 572)).macs


def theirs() -> tuple[int, int]:
    """Returns the same from a module on the meta device, run once by torchinfo."""
    with torch.device("meta"):
        network = reference.unet_2015(1, 2)
    summary = torchinfo.summary(network, input_size=(1, 1, 572, 572), device="meta", verbose=0)
    return summary.total_params, summary.total_mult_adds


def first_call(name: str) -> float:
    """Returns the seconds that a function of this module takes when it is first called in a process."""
    done = subprocess.run([sys.executable, "-c", FIRST_CALL.format(name)], check=True, capture_output=True, text=True)
    return float(done.stdout)


ARMS = """\
unetkit: 1
base: {extends: unet-small}
design: full
axes:
  levels.0.block.kernel: [1, 3, 5, 7, 9]
  levels.1.block.kernel: [1, 3, 5, 7, 9]
  levels.2.block.kernel: [1, 3, 5, 7, 9]
  levels.3.block.kernel: [1, 3, 5, 7, 9]
  norm: [batch, none, instance, layer]
  act: [relu, gelu, leaky_relu, elu]
"""
"""A study of 10,000 arms, each another network, of 625 different geometries."""
FEW_ARMS = "".join(line for line in ARMS.splitlines(keepends=True) if "kernel" not in line)


def per_spec(rounds: int) -> float:
    """The seconds of the processor to load, plan and count a shipped spec, on average; the least of several rounds."""
    found = []
    for name in shipped():
        call = timed(lambda name=name: plan(load(name)).parameters, clock=time.process_time)  # type: ignore[misc]
        found.append(min(call() for _ in range(rounds)))
    return sum(found) / len(found)


def of_a_study(arms: str) -> float:
    """The seconds of the processor to plan the arms of a study."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "arms.yaml")
        file.write_text(arms)
        return timed(lambda: load_study(file), clock=time.process_time)()


def main(*, small: bool = False, folder: Path = FOLDER) -> None:
    """Compares first calls in fresh processes and later calls in this one; both exclude the imports."""
    rounds = 1 if small else ROUNDS
    rows = [Comparison("later calls", *interleave(timed(ours), timed(theirs), rounds=rounds), wanted=0.01)]
    if not small:
        first = interleave(lambda: first_call("ours"), lambda: first_call("theirs"), rounds=ROUNDS // 2)
        rows = [Comparison("first call", *first, wanted=0.01), *rows]
    report("load, validate, plan and count unet-2015 / build on the meta device and torchinfo", rows, folder)
    print(f"processor: {platform.processor() or platform.machine()}; seconds are the processor's own")
    print(f"load, plan and count a shipped spec: {1000 * per_spec(rounds):.2f} ms on average, wanted at most 1.0")
    seconds, peak = of_a_study(FEW_ARMS if small else ARMS), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    arms = "16" if small else "10,000"
    print(f"{arms} arms of a study: {seconds:.1f} s, wanted at most 8; {peak:,.0f} MB with torch, wanted at most 400")


if __name__ == "__main__":
    main()
