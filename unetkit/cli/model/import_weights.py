"""unetkit import-weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unetkit.cli.arguments import AsJson, OptionValue, Overrides, Overwrite, shown_at, source_files
from unetkit.cli.output import say
from unetkit.wording import listed, size_text

if TYPE_CHECKING:
    from unetkit.model.importing import Checkpoint, Imported

File = Annotated[
    Path,
    typer.Argument(
        metavar="STATE_DICT",
        help="Weights: a file of torch.save, whatever its name, or .safetensors.",
        show_default=False,
    ),
]
SpecOption = Annotated[
    str, typer.Option("--spec", metavar="SPEC", help="The network that they belong to.", show_default=False)
]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="The model file, .safetensors.", show_default=False)
]
Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="OLD=NEW", help="A layer of the file, and of the network. Can be repeated.", show_default=False
    ),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(help="Leave out a layer of the file, or all that begin so. Can be repeated.", show_default=False),
]
Key = Annotated[
    str | None,
    typer.Option(help="Where the checkpoint keeps its weights, as in params or ema.model.", show_default=False),
]
Classes = Annotated[
    str | None,
    typer.Option(metavar="NAMES", help="What it predicts, as in 'background, cell': predict then runs it.",
                 show_default=False),
]  # fmt: skip
Normalize = Annotated[
    str | None,
    typer.Option("--normalization", metavar="TYPE", show_default=False,
                 help="How its images are normalised, as in image or '{type: dataset, mean: [127.5], std: [64]}'."),
]  # fmt: skip


def import_weights(  # noqa: PLR0913 - one parameter per option
    weights: File,
    spec: SpecOption,
    output: Output,
    maps: Maps = None,
    drop: Drop = None,
    key: Key = None,
    classes: Classes = None,
    normalization: Normalize = None,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Turn the weights of another program into a model file: paired by the order of execution, and by shape.

    Refused where they do not pair, or in more than one way. Nothing in the file is executed. With its classes and its
    normalization the network predicts; training.weights of a run begins from its weights.
    """
    from unetkit.language import load
    from unetkit.overwriting import check_outputs
    from unetkit.planning import plan

    fixed = parse_maps(maps or [])
    asked = load(spec, overrides or ())
    check_outputs([output], inputs=[weights, *source_files(asked)], overwrite=overwrite)
    plan(asked)  # a spec at fault is told at once, before torch is imported
    if classes is not None and normalization is None:
        raise typer.BadParameter("to predict, it must be known how images are normalised too: give --normalization.")

    from unetkit.model import save
    from unetkit.model.importing import import_weights, read_checkpoint
    from unetkit.trained.imported import read_description, with_description

    options = (
        OptionValue("--classes", classes, "classes", "[{}]"),
        OptionValue("--normalization", normalization, "normalization"),
    )
    with shown_at(*options):
        data = None if normalization is None else read_description(asked, classes, normalization)
    checkpoint = read_checkpoint(weights, key)
    made = import_weights(checkpoint, asked, fixed=fixed, drop=drop or ())
    if data is None:
        save(made.model, output)
    else:
        with_description(made.model, data).save(output)
    if as_json:
        from unetkit.cli.output import print_json

        print_json(as_values(made, checkpoint, output))
    else:
        print_made(made, checkpoint, output)


def parse_maps(texts: list[str]) -> dict[str, str]:
    """Returns what stands for pairs of layers; raises BadParameter where one is none, or names a layer twice.

    >>> parse_maps(["outc.conv=head.conv1"])
    {'outc.conv': 'head.conv1'}
    """
    found: dict[str, str] = {}
    for text in texts:
        old, sign, new = text.partition("=")
        if not (old and sign and new):
            raise typer.BadParameter(f"{text!r} is no pair: write OLD=NEW, as in outc.conv=head.conv1.")
        if old in found:
            raise typer.BadParameter(f"{old} is to become {found[old]} and {new}.")
        found[old] = new
    return found


def as_values(made: Imported, checkpoint: Checkpoint, output: Path) -> dict[str, object]:
    """Returns what was imported as plain values."""
    return {
        "file": str(output),
        "key": checkpoint.key,
        "other_keys": list(checkpoint.others),
        "layers": [{"file": old, "network": new} for old, new in made.pairs],
        "copies": dict(made.copies),
        "spare_heads": list(made.spare),
        "dropped": list(made.dropped),
    }


def print_made(made: Imported, checkpoint: Checkpoint, output: Path) -> None:
    """Prints which layer became which, and what was left out."""
    from unetkit.cli.output import print_rich, table

    state = made.model.state_dict()
    paired = table("in the file", "in the network", "weight")
    for old, new in made.pairs:
        weight = next(value for name, value in state.items() if name.rpartition(".")[0] == new)
        paired.add_row(old, new, size_text(weight.shape))
    print_rich(paired, "")
    for names, reason in (
        (tuple(made.copies), "again what another layer is"),
        (made.spare, "heads for deep supervision in training"),
        (made.dropped, "as asked"),
    ):
        if names:
            say(f"left out, {reason}: {listed(names, 4)}")
    under = f", kept under {checkpoint.key!r}" if checkpoint.key else ""
    if checkpoint.others:
        say(f"further weights in the file, which --key chooses: {listed(checkpoint.others, 4)}")
    say(f"{output}: {len(made.pairs)} layers of {checkpoint.file}{under}")
