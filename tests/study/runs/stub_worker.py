"""A run without a network: it counts, keeps how far it is, and its result depends on its settings alone."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from unetkit.errors import Fault, UnetkitError
from unetkit.study.runs import worker
from unetkit.writing import write_whole

NEEDED = tuple(os.environ.get("STUB_NEEDS", "").split())
"""What each run imports though it needs none of it: what real ones do takes seconds, in which they may be killed."""


def count(folder: Path) -> None:
    """Hashes its settings step by step, from its checkpoint on; notes in `finished` that a result was written."""
    settings = json.loads((folder / "run.yaml").read_text())
    if settings.get("fails"):
        raise UnetkitError(Fault("diverged", "the loss is no number any more"))
    bytearray(settings.get("bytes", 0))
    result, checkpoint = folder / "result.json", folder / "checkpoints" / "last"
    if result.exists():
        return
    step, digest = 0, json.dumps(settings)
    if checkpoint.exists():
        step, digest = json.loads(checkpoint.read_text())
    while step < settings["steps"]:
        for _ in range(settings["work"]):
            digest = sha256(digest.encode()).hexdigest()
        step += 1
        write_whole(checkpoint, json.dumps([step, digest]).encode())
    dice = int(digest[:8], 16) / 2**32
    rows = [{"image": f"i{one}", "class": "cell", "dice": dice * (0.9 + one / 100)} for one in range(4)]
    values = {"steps": step, "loss": [[1, 0.5]], "validation": [], "scores": {"split": "test", "images": rows}}
    write_whole(result, json.dumps(values).encode())
    with (folder / "finished").open("a") as file:
        file.write("once\n")


def main(arguments: Sequence[str]) -> int:
    """Does the work of a run in its folder."""
    return worker.main(arguments, count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
