"""How long it takes to know a network: from its YAML, beside building it without memory and summarising it."""

import subprocess
import sys

import torch
import torchinfo

from benchmarks.comparison import Comparison, interleave, report, timed
from tests.model import reference
from unetkit import load, plan

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


def main() -> None:
    """Compares first calls in fresh processes and later calls in this one; both exclude the imports."""
    first = interleave(lambda: first_call("ours"), lambda: first_call("theirs"), rounds=ROUNDS // 2)
    later = interleave(timed(ours), timed(theirs), rounds=ROUNDS)
    report(
        "load, validate, plan and count unet-2015 / build on the meta device and torchinfo",
        [Comparison("first call", *first, wanted=0.01), Comparison("later calls", *later, wanted=0.01)],
    )


if __name__ == "__main__":
    main()
