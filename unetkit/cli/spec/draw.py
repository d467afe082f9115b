"""unetkit draw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unetkit.cli.arguments import Overrides, Overwrite, SizeText, SpecName, image_size, plan_of, source_files


def draw(
    spec: SpecName,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The drawing, .svg or .png; - prints SVG.", show_default=False
        ),
    ],
    size: SizeText = None,
    title: Annotated[str, typer.Option(help="The title. [default: the name of the spec]", show_default=False)] = "",
    overwrite: Overwrite = False,
    overrides: Overrides = None,
) -> None:
    """Draw a network as a U with its channels and sizes, as SVG or PNG."""
    from unetkit.cli.output import print_document, say, size_text
    from unetkit.draw import draw as write
    from unetkit.draw import svg
    from unetkit.overwriting import check_outputs
    from unetkit.writing import is_own_output

    plan = plan_of(spec, overrides)
    check_outputs([output], inputs=source_files(plan.spec), overwrite=overwrite)
    sized = plan.at(image_size(plan, size))
    if str(output) == "-" or is_own_output(output):
        print_document(svg(sized, title=title))
        return
    write(sized, output, title=title)
    say(f"{output}: {plan.spec.name} at {size_text(sized.input_size)}")
