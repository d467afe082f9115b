"""How long it takes to have a network with its weights: from a file, beside constructing one by hand."""

import tempfile
from pathlib import Path

import unetkit
from benchmarks.comparison import Comparison, interleave, report, timed
from tests.model import reference

ROUNDS = 11


def main() -> None:
    """Compares reading a saved network with constructing one, which PyTorch fills with random numbers."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "unet-2015.safetensors")
        unetkit.save(unetkit.build(unetkit.load("unet-2015")), file)
        ours = timed(lambda: unetkit.load_model(file))
        theirs = timed(lambda: reference.unet_2015(1, 2))
        times = interleave(ours, theirs, rounds=ROUNDS)
    report("load_model / construct by hand", [Comparison("unet-2015, 31 million weights", *times, wanted=0.1)])


if __name__ == "__main__":
    main()
