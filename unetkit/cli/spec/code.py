"""unetkit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unetkit.cli.arguments import Overrides, Overwrite, SpecName, read_files


def code(
    spec: SpecName,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write there; - is standard output.", show_default=False),
    ] = None,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
) -> None:
    """Print a network as one PyTorch file that does not need unetkit."""
    from unetkit.cli.output import print_document, write_text
    from unetkit.codegen import code as code_of
    from unetkit.language import load
    from unetkit.overwriting import check_outputs
    from unetkit.planning import plan

    asked = load(spec, overrides or ())
    check_outputs([output] if output else [], inputs=read_files(asked), overwrite=overwrite)
    text = code_of(plan(asked))
    if output is None:
        print_document(text)
    else:
        write_text(output, text)
