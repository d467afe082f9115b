"""The work of a run: training, scoring, and pictures of a few predictions."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unetkit.train import RunSpec

_EXAMPLES = 2
"""Number of test images that are drawn."""


def train(folder: Path) -> None:
    """Trains the run in the folder's run.yaml on one thread, unless its result exists, and draws its predictions."""
    from unetkit.train import Machine, load_run, train_run  # torch takes seconds, and a run may be done

    run = load_run(folder / "run.yaml")
    train_run(run, folder, machine=Machine("cpu", threads=1), progress=False)
    draw(run, folder)


def draw(run: RunSpec, folder: Path) -> None:
    """Writes pictures of the first test images and their predictions."""
    from unetkit.data import open_data
    from unetkit.data.labels.classes import COLOURS
    from unetkit.scoring import Example, label
    from unetkit.study.results.pictures import write_pictures
    from unetkit.trained import Trained

    splits = open_data(run.data)
    pairs = splits.test or splits.validation or splits.train
    trained = Trained.load(folder / "best.safetensors")
    labelled = label(trained.model, islice(pairs, _EXAMPLES), trained.preprocessing)
    examples = [Example.of(pair, predicted) for pair, predicted in labelled]
    colours = pairs.colours or tuple(COLOURS[number % len(COLOURS)] for number in range(len(pairs.classes)))
    write_pictures(folder, examples, dict(zip(pairs.classes, colours, strict=True)))
