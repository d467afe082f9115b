"""The process that plans some arms of a large study, started by `unetkit.study.matrix.parallel`."""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from unetkit.errors import UnetkitError
from unetkit.study.loading import StudyLoader
from unetkit.study.matrix.parallel import uncollected


def main() -> None:
    """Reads a range of arms from standard input; writes the network of each, or null where it cannot be built."""
    path, overrides, first, last = json.load(sys.stdin)
    loader = StudyLoader(Path(path), tuple(overrides))
    base_config, design_matrix = loader.design_matrix(loader.frame())
    found: list[Any] = []
    with uncollected():
        for candidate in islice(design_matrix.candidates(), first, last):
            try:
                found.append(base_config.network(tuple(candidate.settings)))
            except UnetkitError:
                found.append(None)
    json.dump(found, sys.stdout)
