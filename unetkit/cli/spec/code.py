"""unetkit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unetkit.cli.arguments import Overrides, Overwrite, SpecName, plan_of, source_files


def code(
    spec: SpecName,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The Python file; - for standard output.", show_default=False
        ),
    ] = None,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
) -> None:
    """Write a network as a single PyTorch file that does not depend on unetkit."""
    from unetkit.cli.output import print_document, write_text
    from unetkit.codegen import code as generate
    from unetkit.overwriting import check_outputs

    plan = plan_of(spec, overrides)
    check_outputs([output] if output else [], inputs=source_files(plan.spec), overwrite=overwrite)
    if output is None:
        print_document(generate(plan))
    else:
        write_text(output, generate(plan))
