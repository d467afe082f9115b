"""How long it takes to have a network with its weights: from a file, beside constructing one by hand."""

import tempfile
from pathlib import Path

import unetkit
from benchmarks.comparison import FOLDER, Comparison, interleave, report, timed
from tests.model import reference

ROUNDS = 11


def main(*, small: bool = False, folder: Path = FOLDER) -> None:
    """Compares reading a saved network with constructing one, which PyTorch fills with random numbers."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "unet-2015.safetensors")
        unetkit.save(unetkit.build(unetkit.load("unet-2015")), file)
        ours = timed(lambda: unetkit.load_model(file))
        theirs = timed(lambda: reference.unet_2015(1, 2))
        times = interleave(ours, theirs, rounds=0 if small else ROUNDS)
    report("load_model / construct by hand", [Comparison("unet-2015, 31 million weights", *times, wanted=0.1)], folder)


if __name__ == "__main__":
    main()
