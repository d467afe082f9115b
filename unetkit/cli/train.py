"""unetkit train."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unetkit.cli.arguments import Overrides, SpecName

Data = Annotated[
    str,
    typer.Argument(
        help="A folder with images/ and masks/ of the same file names, a mask holding class numbers; or mni.",
        show_default=False,
    ),
]
Output = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FILE", help="The model file, .safetensors.", show_default=False),
]
Steps = Annotated[int | None, typer.Option(min=1, help="Stop after so many steps.", show_default=False)]
Minutes = Annotated[float | None, typer.Option(min=0, help="Stop after so many minutes.", show_default=False)]
Epochs = Annotated[
    float | None, typer.Option(min=0, help="Stop when each pixel was seen so often, on average.", show_default=False)
]


def train(  # noqa: PLR0913 - one parameter per option
    spec: SpecName,
    data: Data,
    output: Output,
    steps: Steps = None,
    minutes: Minutes = None,
    epochs: Epochs = None,
    batch: Annotated[int, typer.Option(min=1, help="Patches per step.")] = 8,
    learning_rate: Annotated[float, typer.Option(help="The highest, of AdamW.")] = 3e-3,
    seed: Annotated[int, typer.Option(help="Of weights and patches.")] = 0,
    ignore: Annotated[
        int | None, typer.Option(help="The class of pixels that count nowhere.", show_default=False)
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Train a network on a folder of images, or on `mni`, the demo's; write a model file."""
    from unetkit.planning import plan
    from unetkit.spec import load

    if steps is None and minutes is None and epochs is None:
        raise typer.BadParameter("say how long to train: --steps, --minutes or --epochs.")
    asked = load(spec, overrides or ())
    plan(asked)  # a spec at fault is told at once, before torch is imported

    from unetkit.cli.output import print_rich, table
    from unetkit.data import read_data
    from unetkit.model import build
    from unetkit.scoring import evaluate
    from unetkit.train import Settings, Trained, fit

    splits = read_data(data, channels=asked.in_channels, ignore=ignore)
    settings = Settings(
        steps=steps, minutes=minutes, epochs=epochs, batch=batch, learning_rate=learning_rate, seed=seed
    )
    model = build(asked, seed=seed)
    training = fit(model, splits.train, settings)
    Trained(model, training.normalization, splits.train.classes).save(output)
    print(f"{output}: {asked.name}, {training.steps:,} steps in {training.seconds:.0f} s")
    scores = evaluate(model, splits.test, training.normalization)
    made = table("class", "Dice", right=("Dice",))
    for name, dice in zip(scores.classes, scores.pooled("dice"), strict=True):
        made.add_row(name, f"{dice:.3f}")
    print_rich(made)
