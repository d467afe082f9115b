"""The tutorial on plugins, followed word by word in a fresh environment."""

from __future__ import annotations

import re

import pytest

from tests.support.places import ROOT, Place

TEXT = (ROOT / "docs" / "plugins.md").read_text("utf-8")
STEPS = re.findall(r"```python\n# (\S+)\n([\s\S]*?)```|^    (\S.*)$", TEXT, re.MULTILINE)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each command of the tutorial printed, after the files before it were written."""
    place, told = Place(tmp_path_factory.mktemp("tutorial")), {}
    for file, code, command in STEPS:
        if file:
            (place.folder / file).write_text(code)
            continue
        program, *arguments = command.split()
        if program == "pip":
            place.pip(*arguments)
        elif program == "unetkit":
            told[command] = place.run(*arguments).stdout
        else:
            call = arguments if program == "python" else ["-m", program, *arguments]
            told[command] = place.python(*call).stdout
    place.close()
    return told


def test_the_tutorial_works_as_it_stands(told: dict[str, str]) -> None:
    assert "27,860,930" in told["unetkit show mine.yaml --set block=gated_conv --plugin my_blocks.py"]
    assert told["unetkit plugin check unetkit-acme"].count(" 0 failed") == 2
    assert "2 passed" in told["pytest unetkit-acme"]
    assert "valid" in told["unetkit validate mine.yaml --set block=acme/wide_conv"]


def test_a_local_module_is_tiled_exactly_and_another_refused(told: dict[str, str]) -> None:
    local, other = told["python tiles.py"].splitlines()[:2]
    assert float(local.split()[-5]) <= 1e-5, local
    assert "squeezed" in other and "cannot give what the whole image gives" in other


def test_torchvisions_layers_become_a_block_in_25_lines() -> None:
    (code,) = [code for file, code, _ in STEPS if file == "inverted.py"]
    assert len(code.strip().splitlines()) <= 25


def test_every_step_of_the_tutorial_was_found() -> None:
    files = ["my_blocks.py", "inverted.py", "squeezed.py", "tiles.py", "decoders.py"]
    assert [file for file, *_ in STEPS if file] == files
    assert len([command for *_, command in STEPS if command]) == 10


def test_the_topology_passes_all_checks(told: dict[str, str]) -> None:
    assert "topology Decoders: 18 checks ran, 0 failed" in told["unetkit plugin check decoders.py"]
