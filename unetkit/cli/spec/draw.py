"""unetkit draw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unetkit.cli.arguments import Overrides, Overwrite, SizeText, SpecName, chosen_size, read_files


def draw(
    spec: SpecName,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where to: .svg or .png; - prints SVG.", show_default=False
        ),
    ],
    size: SizeText = None,
    title: Annotated[str, typer.Option(help="What stands at the top. [default: the name]", show_default=False)] = "",
    overwrite: Overwrite = False,
    overrides: Overrides = None,
) -> None:
    """Draw a network as the U of the paper's figure, as SVG or PNG."""
    from unetkit.cli.output import print_document, say, size_text
    from unetkit.draw import draw as write
    from unetkit.draw import svg
    from unetkit.language import load
    from unetkit.overwriting import check_outputs
    from unetkit.planning import plan
    from unetkit.writing import is_own_output

    asked = load(spec, overrides or ())
    check_outputs([output], inputs=read_files(asked), overwrite=overwrite)
    planned = plan(asked)
    sized = planned.at(chosen_size(planned, size))
    if str(output) == "-" or is_own_output(output):
        print_document(svg(sized, title=title))
        return
    write(sized, output, title=title)
    say(f"{output}: {planned.spec.name} at {size_text(sized.input_size)}")
