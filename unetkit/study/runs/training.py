"""What a run does: train, measure, and draw what the network says to a few images."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unetkit.train import RunSpec

EXAMPLES = 2
"""Test images that are drawn."""


def train(folder: Path) -> None:
    """Trains the run that the folder's run.yaml says, where its result is missing, on one thread; then draws."""
    from unetkit.train import Machine, load_run, train_run  # torch takes seconds, and a run may be done

    run = load_run(folder / "run.yaml")
    train_run(run, folder, machine=Machine("cpu", threads=1), progress=False)
    draw(run, folder)


def draw(run: RunSpec, folder: Path) -> None:
    """Writes pictures of the first test images as the trained network labels them."""
    from unetkit.data import open_data
    from unetkit.data.colours import COLOURS
    from unetkit.scoring import Example, label
    from unetkit.study.results.pictures import write_pictures
    from unetkit.train import Trained

    splits = open_data(run.data)
    pairs = splits.test or splits.validation or splits.train
    trained = Trained.load(folder / "best.safetensors")
    labelled = label(trained.model, islice(pairs, EXAMPLES), trained.preparation)
    examples = [Example.of(pair, predicted) for pair, predicted in labelled]
    colours = pairs.colours or tuple(COLOURS[number % len(COLOURS)] for number in range(len(pairs.classes)))
    write_pictures(folder, examples, dict(zip(pairs.classes, colours, strict=True)))
