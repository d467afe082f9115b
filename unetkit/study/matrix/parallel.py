"""Plans the arms of a large study in several processes: each reads the study file and plans a range of arms.

Arms that a process returns no result for, because they cannot be built or it failed, are planned by the caller.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from unetkit.host import num_cores
from unetkit.study.matrix.arm import NetworkFacts
from unetkit.study.matrix.base_config import MatchedWidth, PlannedNetwork

LEAST = 2000
"""Smallest number of arms for which starting another process saves time."""
MOST = 8
"""Largest number of processes."""
COMMAND = "from unetkit.study.planning_process import main; main()"


class ParallelPlanner:
    """A context in which further processes plan part of the arms; leaving it ends them."""

    def __init__(self, path: Path, overrides: tuple[str, ...], count: int) -> None:
        self.found: dict[int, Any] = {}
        self.processes: dict[range, subprocess.Popen[str]] = {}
        processes = min(MOST, num_cores()) if count >= LEAST else 1
        bounds = [count * share // processes for share in range(processes + 1)]
        for first, last in list(zip(bounds, bounds[1:], strict=False))[1:]:
            process = subprocess.Popen(
                [sys.executable, "-c", COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
            assert process.stdin is not None, "it is a pipe"
            process.stdin.write(json.dumps([str(path), overrides, first, last]))
            process.stdin.close()
            self.processes[range(first, last)] = process

    def __enter__(self) -> ParallelPlanner:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def known(self, index: int) -> PlannedNetwork | None:
        """The network of an arm if another process planned it; else None."""
        for share, process in list(self.processes.items()):
            if index in share:
                del self.processes[share]
                with process:
                    text = process.stdout.read() if process.stdout is not None else ""
                if process.returncode == 0:
                    self.found.update(zip(share, json.loads(text), strict=True))
        values = self.found.pop(index, None)
        return None if values is None else read(values)


@contextmanager
def uncollected() -> Iterator[None]:
    """Pauses Python's cycle collector, which would search thousands of live plans for nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read(values: list[Any]) -> PlannedNetwork:
    """A network from its JSON."""
    facts, match = values
    made = NetworkFacts._make(tuple(value) if isinstance(value, list) else value for value in facts)
    return PlannedNetwork(
        made, match and MatchedWidth({path: tuple(value) for path, value in match[0].items()}, match[1])
    )
