"""`python -m tests.catalogue [SPEC …]`: tries all that a network shall survive with every shipped spec, made narrow.

Each spec has a process of its own, whose memory and processor time are limited. Prints a table, and ends with 1 if
anything failed. With `--results FILE` outcomes are added to a file, and a spec is tried again only where it failed: to
go on after a stop.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.catalogue.trials import TRIALS, Trial
from unetkit.language import shipped
from unetkit.wording import plural

LIMIT = 3 * 10**9
"""Bytes of data that the process of a spec may have."""
TIME_LIMIT = 600
"""Seconds of processor time that a spec may take: those of the clock depend on what else the machine does."""


def main() -> int:
    """Tries specs one after the other, or one of them in this process."""
    parser = argparse.ArgumentParser(prog="python -m tests.catalogue", description=__doc__)
    parser.add_argument("specs", nargs="*", help="names of shipped specs; all unless given")
    parser.add_argument("--results", type=Path, metavar="FILE", help="a JSON file of outcomes, read and added to")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
        resource.setrlimit(resource.RLIMIT_CPU, (TIME_LIMIT, TIME_LIMIT + 1))
        asked.one.write_text(json.dumps(outcomes(asked.specs[0])), encoding="utf-8")
        return 0
    names = asked.specs or list(shipped())
    return table(names, asked.results)


Outcomes = dict[str, str]
"""What failed with a spec, by trial; empty where it passed."""


def table(names: list[str], results: Path | None) -> int:
    """Prints a row per spec, how many pass, and what failed; returns the exit code."""
    known: dict[str, Outcomes] = json.loads(results.read_bytes()) if results and results.exists() else {}
    width = max(map(len, names))
    print("".ljust(width), *TRIALS, "seconds", sep="  ", flush=True)  # noqa: T201
    for name in names:
        start, before = time.monotonic(), known.get(name, {"": "not tried"})
        if any(before.values()):
            known[name] = elsewhere(name)
            if results:
                results.write_text(json.dumps(known, indent=1), encoding="utf-8")
        cells = [("-" if known[name].get(trial) else "ok").ljust(len(trial)) for trial in TRIALS]
        seconds = f"{time.monotonic() - start:.0f}" if any(before.values()) else "before"
        print(name.ljust(width), *cells, seconds, sep="  ", flush=True)  # noqa: T201
    failures = [f"{name}: {trial}: {text}" for name in names for trial, text in known[name].items() if text]
    passed = sum(not any(known[name].values()) for name in names)
    print(f"{passed} of {plural(len(names), 'spec')} pass", *failures, sep="\n")  # noqa: T201
    return 1 if failures else 0


def elsewhere(name: str) -> Outcomes:
    """What failed with a spec, by trial, in a process of its own."""
    with TemporaryDirectory(prefix="unetkit-catalogue-") as folder:
        file = Path(folder, "outcomes.json")
        command = [sys.executable, "-m", "tests.catalogue", name, "--one", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == -signal.SIGXCPU:
            return dict.fromkeys(TRIALS, f"took more than {TIME_LIMIT} s of processor time")
        if not file.exists():
            last = (done.stderr.strip().splitlines() or [""])[-1]
            return dict.fromkeys(TRIALS, f"the process ended with {done.returncode}: {last}")
        found: Outcomes = json.loads(file.read_text(encoding="utf-8"))
        return found


def outcomes(name: str) -> Outcomes:
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
