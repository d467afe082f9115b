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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz.campaign import SHARES, Campaign, Counts, told, write
from tests.fuzz.findings import again

LIMIT = 6 * 10**9
"""Bytes of data that a process may have: a bomb shall not take the machine with it."""


def main() -> int:
    """Runs a campaign in several processes, or one kind of it in this process, or what fell before."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", default=secrets.token_hex(4), help="of all that is drawn; a new one unless given")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=tuple(SHARES), action="append", help="this kind of input; can be repeated")
    parser.add_argument("--kept", type=Path, default=Path(".fuzz"), help="where inputs go that fell")
    parser.add_argument("--again", type=Path, nargs="+", help="folders of inputs that fell, to be tried again")
    parser.add_argument("--counts", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.again:
        return repeat(asked.again)
    names = tuple(dict.fromkeys(asked.only or SHARES))
    if asked.counts:
        resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
        with tempfile.TemporaryDirectory(prefix="unetkit-fuzz-") as work:
            campaign = Campaign(names[0], asked.seed, Path(work), asked.kept.absolute())
            write(campaign.run(seconds=asked.minutes * 60), asked.counts)
        return 0
    return several(asked.seed, asked.minutes, asked.workers, asked.kept, names)


def several(seed: str, minutes: float, workers: int, kept: Path, names: tuple[str, ...]) -> int:
    """Runs a campaign, so many processes at once, and returns the exit code."""
    print(f"seed {seed}; what falls is kept in {kept}/; repeat with: python -m tests.fuzz --again FOLDER", flush=True)  # noqa: T201
    start, counts = time.monotonic(), Counts()
    with ThreadPoolExecutor(workers) as pool:
        turned = [names[number % len(names) :] + names[: number % len(names)] for number in range(workers)]
        jobs = [pool.submit(in_turn, f"{seed}.{number}", minutes, kept, turned[number]) for number in range(workers)]
        for job in jobs:
            counts.add(job.result().json())
    print("\n".join(told(counts, (time.monotonic() - start) / 60)))  # noqa: T201
    return 1 if counts.problems else 0


def in_turn(seed: str, minutes: float, kept: Path, names: tuple[str, ...]) -> Counts:
    """Tries kinds of input one after the other, each in a process of its own for its share of the time."""
    end, counts = time.monotonic() + minutes * 60, Counts()
    for number, name in enumerate(names):
        share = SHARES[name] / sum(SHARES[one] for one in names[number:])
        rest = max(0, end - time.monotonic()) / 60
        with tempfile.TemporaryDirectory(prefix="unetkit-fuzz-") as folder:
            file = Path(folder) / "counts.json"
            command = [sys.executable, "-m", "tests.fuzz", "--only", name, "--minutes", str(rest * share)]
            code = subprocess.call([*command, "--kept", str(kept), "--seed", seed, "--counts", str(file)])
            if code or not file.exists():
                counts.problems[f"{name}: the process ended with {code}"] += 1
            else:
                counts.add(json.loads(file.read_text()))
        print(f"{seed} {name}: {counts.cases[name]:,} cases in {rest * share:.1f} minutes", flush=True)  # noqa: T201
    return counts


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
