"""`python -m tests.catalogue [SPEC …]`: tries all that a network shall survive with every shipped spec, made narrow.

Each spec has a process of its own, whose memory is limited. Prints a table, and ends with 1 if anything failed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.catalogue.trials import TRIALS, Trial
from tests.support.narrow import LARGE
from unetkit.language import shipped
from unetkit.wording import plural

LIMIT = 3 * 10**9
"""Bytes of data that the process of a spec may have."""
TIME_LIMIT = 600
"""Seconds that a spec may take."""


def main() -> int:
    """Tries specs one after the other, or one of them in this process."""
    parser = argparse.ArgumentParser(prog="python -m tests.catalogue", description=__doc__)
    parser.add_argument("specs", nargs="*", help="names of shipped specs; all but the largest unless given")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
        asked.one.write_text(json.dumps(outcomes(asked.specs[0])), encoding="utf-8")
        return 0
    names = asked.specs or [name for name in shipped() if name not in LARGE]
    return table(names)


def table(names: list[str]) -> int:
    """Prints a row per spec and what failed, and returns the exit code."""
    width = max(map(len, names))
    print("".ljust(width), *TRIALS, "seconds", sep="  ", flush=True)  # noqa: T201
    failures: list[str] = []
    for name in names:
        start = time.monotonic()
        found = elsewhere(name)
        cells = [("-" if found.get(trial) else "ok").ljust(len(trial)) for trial in TRIALS]
        print(name.ljust(width), *cells, f"{time.monotonic() - start:.0f}", sep="  ", flush=True)  # noqa: T201
        failures += [f"{name}: {trial}: {message}" for trial, message in found.items() if message]
    print(f"{plural(len(names), 'spec')}, {plural(len(failures), 'failure')}", *failures, sep="\n")  # noqa: T201
    return 1 if failures else 0


def elsewhere(name: str) -> dict[str, str]:
    """What failed with a spec, by trial, in a process of its own."""
    with TemporaryDirectory(prefix="unetkit-catalogue-") as folder:
        file = Path(folder, "outcomes.json")
        command = [sys.executable, "-m", "tests.catalogue", name, "--one", str(file)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            return dict.fromkeys(TRIALS, f"took more than {TIME_LIMIT} s")
        if not file.exists():
            last = (done.stderr.strip().splitlines() or [""])[-1]
            return dict.fromkeys(TRIALS, f"the process ended with {done.returncode}: {last}")
        found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return found


def outcomes(name: str) -> dict[str, str]:
    """What failed with a spec, by trial; empty where it passed."""
    warnings.simplefilter("ignore")
    found = {}
    with TemporaryDirectory(prefix="unetkit-catalogue-") as folder:
        for trial, run in TRIALS.items():
            try:
                run(Trial.of(name, Path(folder)))
            except Exception as error:  # noqa: BLE001 - whatever fails is an outcome
                found[trial] = f"{type(error).__name__}: {error}".splitlines()[0]
            else:
                found[trial] = ""
    return found


if __name__ == "__main__":
    raise SystemExit(main())
