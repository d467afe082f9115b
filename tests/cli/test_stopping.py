"""Commands that a signal stops, but for those that go on later: a sentence, its exit code, and no half of a file."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.imagefiles.test_imagefiles import trained
from tests.support.program import HANDLERS
from tests.support.stopping import stopped
from unetkit.writing import PREFIX, write_whole

SENTENCE = "stopped by {}; no file is left incomplete\n"
ENDLESS = {
    "show": ("unetkit.language.load", "show unet-2015"),
    "data": ("unetkit.data.loading.load_data", "data photos"),
    "evaluate": ("unetkit.trained.modelfile.Trained.load", "evaluate m.safetensors photos"),
    "predict": ("unetkit.trained.modelfile.Trained.load", "predict m.safetensors image.png -o out"),
}
"""What each command calls, and a line that does."""


@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    """Imports what takes seconds once, here, so that each process begins at once."""
    import_module("unetkit.scoring.scoring")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a model and an image."""
    trained(classes=2).save(tmp_path / "m.safetensors")
    Image.fromarray(np.zeros((40, 40), np.uint8)).save(tmp_path / "image.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def endless(*given: object, **more: object) -> Any:
    """Says that it was begun, and does not end."""
    Path("begun").touch()
    while True:
        signal.pause()


@pytest.mark.parametrize("number", HANDLERS)
@pytest.mark.parametrize("command", ENDLESS)
def test_a_command_that_is_stopped_says_so_once(
    command: str, number: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called, line = ENDLESS[command]
    monkeypatch.setattr(called, endless)
    assert stopped(line.split(), folder, number, (folder / "begun").exists) == 128 + number
    assert (folder / "err.txt").read_text() == SENTENCE.format(signal.Signals(number).name)


def test_a_prediction_that_is_stopped_keeps_whole_results_and_no_half_of_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = import_module("unetkit.trained.predictor").FilePredictor
    blocks = predictor._blocks
    for name in ("a.png", "b.png"):
        write_whole(folder / name, (folder / "image.png").read_bytes())

    def second(self: Any, images: Any, name: str, *others: Any) -> Iterator[Any]:
        yield from blocks(self, images, name, *others)
        if name == "b":
            endless()

    monkeypatch.setattr(predictor, "_blocks", second)
    line = ["predict", "m.safetensors", "a.png", "b.png", "-o", "out"]
    assert stopped(line, folder, signal.SIGTERM, (folder / "begun").exists) == 143
    assert (folder / "err.txt").read_text() == SENTENCE.format("SIGTERM")
    assert (folder / "out.txt").read_text() == "out/a.png\n"
    assert [path.name for path in (folder / "out").iterdir()] == ["a.png"]
    assert [path.name for path in folder.rglob(f"{PREFIX}*")] == []
