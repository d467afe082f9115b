"""How long a person waits for `unetkit validate`, beside the import of the libraries that it cannot do without."""

import subprocess
import sys
import sysconfig
from pathlib import Path

from benchmarks.comparison import FOLDER, Comparison, interleave, report, timed

ROUNDS = 21


def run(*command: str) -> None:
    """Runs a command to its end, without its output."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main(*, small: bool = False, folder: Path = FOLDER) -> None:
    """Compares whole processes, from their start to their end."""
    unetkit = str(Path(sysconfig.get_path("scripts"), "unetkit"))
    spec = str(Path(__file__).parents[1] / "specs" / "unet" / "unet-2015.yaml")
    ours = timed(lambda: run(unetkit, "validate", spec))
    theirs = timed(lambda: run(sys.executable, "-c", "import yaml, typer, pydantic.main"))
    times = interleave(ours, theirs, rounds=0 if small else ROUNDS)
    rows = [Comparison("whole process", *times, wanted=1.3)]
    report("unetkit validate / import yaml, typer, pydantic.main", rows, folder)


if __name__ == "__main__":
    main()
