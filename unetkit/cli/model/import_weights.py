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

_File = Annotated[
    Path,
    typer.Argument(
        metavar="STATE_DICT",
        help="Weights: a file of torch.save with any name, or .safetensors.",
        show_default=False,
    ),
]
_SpecOption = Annotated[
    str, typer.Option("--spec", metavar="SPEC", help="The network of the weights.", show_default=False)
]
_Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="The model file, .safetensors.", show_default=False)
]
_Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="OLD=NEW",
        help="Assign a layer of the file to one of the network. Can be repeated.",
        show_default=False,
    ),
]
_Drop = Annotated[
    list[str] | None,
    typer.Option(help="Ignore a layer of the file, or all with this prefix. Can be repeated.", show_default=False),
]
Key = Annotated[
    str | None,
    typer.Option(help="The key of the weights in the checkpoint, as in params or ema.model.", show_default=False),
]
Classes = Annotated[
    str | None,
    typer.Option(metavar="NAMES", help="Names of the classes, as in 'background, cell'. Needed for prediction.",
                 show_default=False),
]  # fmt: skip
_Normalize = Annotated[
    str | None,
    typer.Option("--normalization", metavar="TYPE", show_default=False,
                 help="The normalization of images: image, or '{type: dataset, mean: [127.5], std: [64]}'."),
]  # fmt: skip


def import_weights(  # noqa: PLR0913 - one parameter per option
    weights: _File,
    spec: _SpecOption,
    output: _Output,
    maps: _Maps = None,
    drop: _Drop = None,
    key: Key = None,
    classes: Classes = None,
    normalization: _Normalize = None,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Import weights of another program. Layers are matched by the order of execution and by shape.

    Those of a model file of unetkit are matched by name, so that a pruned network takes what it has.

    The import is refused if layers do not match, or match in several ways. Nothing in the file is executed. With
    --classes and --normalization, the model can predict. A run can start from it by training.weights.
    """
    from unetkit.language import load
    from unetkit.overwriting import check_outputs
    from unetkit.planning import plan

    fixed = _parse_maps(maps or [])
    loaded = load(spec, overrides or ())
    check_outputs([output], inputs=[weights, *source_files(loaded)], overwrite=overwrite)
    plan(loaded)  # reports errors of the spec before torch is imported
    if classes is not None and normalization is None:
        raise typer.BadParameter("prediction also needs the normalization of the images: give --normalization.")

    from unetkit.model import save
    from unetkit.model.importing import import_weights, read_checkpoint
    from unetkit.trained.imported import read_description, with_description

    options = (
        OptionValue("--classes", classes, "classes", "[{}]"),
        OptionValue("--normalization", normalization, "normalization"),
    )
    with shown_at(*options):
        data = None if normalization is None else read_description(loaded, classes, normalization)
    checkpoint = read_checkpoint(weights, key)
    imported = import_weights(checkpoint, loaded, fixed=fixed, drop=drop or ())
    if data is None:
        save(imported.model, output)
    else:
        with_description(imported.model, data).save(output)
    if as_json:
        from unetkit.cli.output import print_json

        print_json(_values(imported, checkpoint, output))
    else:
        _print_imported(imported, checkpoint, output)


def _parse_maps(texts: list[str]) -> dict[str, str]:
    """Parses pairs of layers.

    >>> _parse_maps(["outc.conv=head.conv1"])
    {'outc.conv': 'head.conv1'}
    """
    pairs: dict[str, str] = {}
    for text in texts:
        old, sign, new = text.partition("=")
        if not (old and sign and new):
            raise typer.BadParameter(f"{text!r} is not a pair: write OLD=NEW, as in outc.conv=head.conv1.")
        if old in pairs:
            raise typer.BadParameter(f"{old} is assigned to {pairs[old]} and to {new}.")
        pairs[old] = new
    return pairs


def _values(imported: Imported, checkpoint: Checkpoint, output: Path) -> dict[str, object]:
    return {
        "file": str(output),
        "key": checkpoint.key,
        "other_keys": list(checkpoint.others),
        "layers": [{"file": old, "network": new} for old, new in imported.pairs],
        "copies": dict(imported.copies),
        "spare_heads": list(imported.spare),
        "dropped": list(imported.dropped),
        "left_over": list(imported.left),
        "untrained": list(imported.untrained),
    }


def _print_imported(imported: Imported, checkpoint: Checkpoint, output: Path) -> None:
    from unetkit.cli.output import print_rich, table

    state = imported.model.state_dict()
    paired = table("file", "network", "weight")
    for old, new in imported.pairs:
        weight = next(value for name, value in state.items() if name.rpartition(".")[0] == new)
        paired.add_row(old, new, size_text(weight.shape))
    print_rich(paired, "")
    for names, reason in (
        (tuple(imported.copies), "copies of other layers"),
        (imported.spare, "heads for deep supervision"),
        (imported.dropped, "by --drop"),
        (imported.left, "this network has none of these"),
    ):
        if names:
            say(f"ignored, {reason}: {listed(names, 4)}")
    if imported.untrained:
        say(f"not in the file, for training only: {listed(imported.untrained, 4)}")
    under = f", key {checkpoint.key!r}" if checkpoint.key else ""
    if checkpoint.others:
        say(f"other weights in the file, selected by --key: {listed(checkpoint.others, 4)}")
    say(f"{output}: {len(imported.pairs)} layers of {checkpoint.file}{under}")
