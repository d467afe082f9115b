"""unetkit study report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unetkit.cli.arguments import AsJson

StudyFolder = Annotated[
    Path, typer.Argument(metavar="STUDY_FOLDER", help="The folder of a study that has run.", show_default=False)
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="Where to. [default: STUDY_FOLDER/report]", show_default=False),
]
Metric = Annotated[
    str | None, typer.Option(help="What decides, in place of the study's metric.", metavar="NAME", show_default=False)
]
Margin = Annotated[
    float | None,
    typer.Option(help="Differences below it count as none, in place of the study's margin.", show_default=False),
]


def report(
    folder: StudyFolder,
    output: Output = None,
    metric: Metric = None,
    margin: Margin = None,
    as_json: AsJson = False,
) -> None:
    """Say what a study found: one HTML page, and the tables that its numbers come from."""
    from unetkit.cli.output import print_json
    from unetkit.study.collecting import results_in
    from unetkit.study.report import View, sentences, settings_for, write_report

    results = results_in(folder)
    target = output or folder / "report"
    analysis = write_report(results, target, settings_for(results, metric, margin))
    page = target / "report.html"
    summary = sentences(View(results, analysis))
    if as_json:
        print_json({"report": str(page), "summary": list(summary), **analysis.json()})
        return
    print("\n".join(summary))
    print(f"\n{page}")
