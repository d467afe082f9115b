"""Writes the golden files anew."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.golden import record
from tests.golden.today import TODAY

parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
parser.add_argument("--reason", default="", help="why entries are changed or removed")
parser.add_argument("names", nargs="*", default=list(TODAY), help=f"of the files: {', '.join(TODAY)}")
arguments = parser.parse_args()
for name in arguments.names:
    with tempfile.TemporaryDirectory() as folder:
        record.write(name, TODAY[name](Path(folder)), arguments.reason)
