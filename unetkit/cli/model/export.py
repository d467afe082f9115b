"""unetkit export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from unetkit.cli.arguments import AsJson, Overwrite

if TYPE_CHECKING:
    from unetkit.export import Exported

_Model = Annotated[Path, typer.Argument(help="A model file: .safetensors.", show_default=False)]
Format = Annotated[Literal["onnx", "openvino", "torch"], typer.Option("--to", help="The format.", show_default=False)]
_Output = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="FILE", help="NAME.onnx, NAME.pt2, or a folder for OpenVINO.", show_default=False
    ),
]


def export(model: _Model, to: Format, output: _Output, overwrite: Overwrite = False, as_json: AsJson = False) -> None:
    """Export a model as ONNX, OpenVINO or a torch program, and compare its output with that of the model.

    The file contains the spec, and the normalization if it is the same for all images. OpenVINO does not support
    circular padding; everything else can be exported.
    """
    from unetkit.trained import export_model

    exported = export_model(model, output, to, overwrite=overwrite)
    if as_json:
        from unetkit.cli.output import print_json

        print_json(exported.json())
    else:
        _print_exported(exported)


def _print_exported(exported: Exported) -> None:
    from unetkit.cli.output import facts, print_rich, size_text, table

    axes = [
        f"{one.few[0]} only" if one.few else f"{one.start} + {one.period}·k" if one.period > 1 else f"from {one.start}"
        for one in exported.sizes
    ]
    print_rich(
        facts(
            [
                ("file", str(exported.path)),
                ("input", exported.input),
                ("sizes", axes[0] if len(set(axes)) == 1 else " × ".join(axes)),
            ]
        ),
        "",
    )
    compared = table("size", "largest difference", "output range", right=("largest difference", "output range"))
    for check in exported.checks:
        compared.add_row(size_text(check.size), f"{check.difference:.1e}", f"{check.range:.3g}")
    print_rich(compared)
