"""All benchmarks, the quick ones first. `python -m benchmarks --small -o FOLDER` tries each in seconds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks import (
    command,
    fast,
    loading,
    network,
    planning,
    plugins,
    reading,
    recomputation,
    results,
    streaming,
    studies,
    tiling,
    training,
)
from benchmarks.comparison import FOLDER

BENCHMARKS = (
    command,
    planning,
    plugins,
    loading,
    reading,
    network,
    fast,
    tiling,
    streaming,
    recomputation,
    training,
    studies,
    results,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs all benchmarks, and writes their results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="tiny networks and images, once: its figures say nothing")
    parser.add_argument("-o", "--output", type=Path, default=FOLDER, metavar="FOLDER", help="where results are kept")
    given = parser.parse_args(arguments)
    for benchmark in BENCHMARKS:
        benchmark.main(small=given.small, folder=given.output)


if __name__ == "__main__":
    main()
