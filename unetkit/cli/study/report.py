"""unetkit study report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unetkit.cli.arguments import AsJson, Overwrite
from unetkit.cli.output import say

StudyFolder = Annotated[
    Path, typer.Argument(metavar="STUDY_FOLDER", help="The folder of an executed study.", show_default=False)
]
_Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="DIR", help="The report's folder. [default: STUDY_FOLDER/report]", show_default=False
    ),
]
_Metric = Annotated[
    str | None,
    typer.Option(help="The primary metric. [default: that of the study]", metavar="NAME", show_default=False),
]
_Margin = Annotated[
    float | None, typer.Option(help="Margin of equivalence. [default: that of the study]", show_default=False)
]


def report(
    folder: StudyFolder,
    output: _Output = None,
    metric: _Metric = None,
    margin: _Margin = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Write the report of a study: an HTML page, and the tables behind its numbers."""
    from unetkit.cli.output import print_json
    from unetkit.study import write_study_report

    written = write_study_report(folder, output, metric, margin, overwrite=overwrite)
    print_json(written.json()) if as_json else say(*written.summary, "", written.page)
