"""Every shipped spec, as wide and deep as it is, as ONNX, OpenVINO and torch program beside the network itself.

Run it by `make exports`: it takes some ten minutes. Narrow networks are tested in tests/export/test_export.py.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import unetkit
from unetkit.errors import UnetkitError
from unetkit.export import FORMATS, export
from unetkit.language import shipped

NAMES = {"onnx": "model.onnx", "openvino": "model", "torch": "model.pt2"}


def main() -> None:
    """Prints for each spec and format the largest difference, as a part of the range of the output."""
    print(f"{'spec':<24}{''.join(f'{to:>12}' for to in FORMATS)}")
    for name in sys.argv[1:] or shipped():
        model = unetkit.build(name, seed=0)
        found = []
        for to in FORMATS:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    made = export(model, Path(folder) / NAMES[to], to)
                except UnetkitError as error:
                    found.append(error.faults[0].code)
                else:
                    found.append(f"{max(check.difference / check.range for check in made.checks):.0e}")
        print(f"{name:<24}{''.join(f'{text:>12}' for text in found)}", flush=True)


if __name__ == "__main__":
    main()
