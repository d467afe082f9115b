"""`python -m tests.fuzz --minutes 10`: tries hostile inputs, says what fell, and ends with 1 if anything did."""

from __future__ import annotations

import argparse
import json
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.campaign import KINDS, Campaign, Counts, told, write
from tests.fuzz.findings import again

LIMIT = 6 * 10**9
"""Bytes of data that a process may have: a bomb shall not take the machine with it."""


def main() -> int:
    """Runs a campaign in several processes, or one share of it, or what fell before."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", default=secrets.token_hex(4), help="of all that is drawn; a new one unless given")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=tuple(KINDS), action="append", help="this kind of input; can be repeated")
    parser.add_argument("--kept", type=Path, default=Path(".fuzz"), help="where inputs go that fell")
    parser.add_argument("--again", type=Path, nargs="+", help="folders of inputs that fell, to be tried again")
    parser.add_argument("--counts", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.again:
        return repeat(asked.again)
    names = tuple(asked.only or KINDS)
    if asked.counts:
        resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
        with tempfile.TemporaryDirectory(prefix="unetkit-fuzz-") as work:
            campaign = Campaign(asked.seed, Path(work), asked.kept.absolute(), names)
            write(campaign.run(seconds=asked.minutes * 60), asked.counts)
        return 0
    return several(asked.seed, asked.minutes, asked.workers, asked.kept, names)


def several(seed: str, minutes: float, workers: int, kept: Path, names: tuple[str, ...]) -> int:
    """Runs a campaign in so many processes, and returns the exit code."""
    print(f"seed {seed}; what falls is kept in {kept}/; repeat with: python -m tests.fuzz --again FOLDER", flush=True)  # noqa: T201
    start, counts = time.monotonic(), Counts()
    with tempfile.TemporaryDirectory(prefix="unetkit-fuzz-") as folder:
        files = [Path(folder) / f"{number}.json" for number in range(workers)]
        command = [sys.executable, "-m", "tests.fuzz", "--minutes", str(minutes), "--kept", str(kept)]
        command += [part for name in names for part in ("--only", name)]
        processes = [
            subprocess.Popen([*command, "--seed", f"{seed}.{number}", "--counts", str(file)])
            for number, file in enumerate(files)
        ]
        codes = [process.wait() for process in processes]
        for number, (code, file) in enumerate(zip(codes, files, strict=True)):
            if code or not file.exists():
                counts.problems[f"worker {number} ended with {code}"] += 1
            else:
                counts.add(json.loads(file.read_text()))
    print("\n".join(told(counts, (time.monotonic() - start) / 60)))  # noqa: T201
    return 1 if counts.problems else 0


def repeat(folders: list[Path]) -> int:
    """Tries again what fell, and returns the exit code."""
    wrong = False
    for folder in folders:
        for found in again(folder):
            wrong |= bool(found.problems)
            print(f"{folder}: {' '.join(found.command)}: {found.problems or 'well'} {found.seconds:.1f} s")  # noqa: T201
            print(found.trace[-1500:] or found.err[:600])  # noqa: T201
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
