"""Nothing that a plan is enough for imports torch: its import alone takes seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nnunet.examples import plans

HEAVY = {"filelock", "lightning", "numpy", "psutil", "torch", "torchvision"}
PLAN = "import unetkit; unetkit.plan(unetkit.load('unet-2015'))"
COMMANDS = {
    "validate": "validate unet-2015",
    "show": "show unet-2015",
    "sizes": "sizes unet-2015",
    "draw": "draw unet-2015 -o drawing.png",
    "diff": "diff unet-2015 unet-pad",
    "diff as a page": "diff unet-2015 unet-pad -o diff.html",
    "import-nnunet": "import-nnunet plans.json -o nnunet",
    "guess": "guess weights.pt",
    "resolve": "resolve unet-2015",
    "specs": "specs",
    "blocks": "blocks",
    "blocks NAME": "blocks double_conv",
    "schema": "schema",
    "schema of studies": "schema study",
    "code": "code unet-2015",
    "new": "new mine.yaml --from unet-2015",
    "study plan": "study plan what-makes-a-unet",
    "study run": "study run what-makes-a-unet --dry-run",
    "study status": "study status nowhere",
    "help": "--help",
    "help of train": "train --help",
    "help of evaluate": "evaluate --help",
    "help of push": "push --help",
    "a fault in a card": "card m.safetensors -o card --about nope.yaml",
    "help of study report": "study report --help",
    "a fault": "train nope data -o m.safetensors --steps 1",
}
CLI = """
import sys
from unetkit.cli import main
sys.argv = ["unetkit", *{!r}.split()]
try:
    main()
except SystemExit:
    pass
"""


def imported(code: str, folder: Path) -> set[str]:
    """Returns which of the heavy packages a program has imported at its end."""
    heavy = f"import sys; print('\\n', *({HEAVY} & sys.modules.keys()))"
    (folder / "plans.json").write_text(json.dumps(plans()))
    (folder / "weights.pt").write_bytes(b"no weights")
    command = [sys.executable, "-c", f"{code}\n{heavy}"]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=folder, check=True)
    return set(result.stdout.splitlines()[-1].split())


def test_planning_imports_no_torch(tmp_path: Path) -> None:
    assert imported(PLAN, tmp_path) == set()


def test_loading_a_data_file_imports_no_numpy(tmp_path: Path) -> None:
    data = "{'dataset': {'type': 'folders', 'images': 'a', 'masks': 'b'}, 'split': 'ratio'}"
    names = (
        "from unetkit.registry import find, BUILT_IN; [find('augmentation', one) for one in BUILT_IN['augmentation']]"
    )
    assert imported(f"from unetkit.data import load_data; load_data({data}).resolve(); {names}", tmp_path) == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_needs_no_network_imports_no_torch(command: str, tmp_path: Path) -> None:
    assert imported(CLI.format(COMMANDS[command]), tmp_path) == set()


def test_these_tests_can_fail(tmp_path: Path) -> None:
    (tmp_path / "image.png").touch()
    assert "torch" in imported(f"{PLAN}; unetkit.build", tmp_path)
    assert "torch" in imported(CLI.format("predict nope.safetensors image.png -o out"), tmp_path)
