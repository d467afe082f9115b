"""unetkit study report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overwrite
from unetkit.cli.output import say

StudyFolder = Annotated[
    Path, typer.Argument(metavar="STUDY_FOLDER", help="The folder of a study that has run.", show_default=False)
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="Where to. [default: STUDY_FOLDER/report]", show_default=False),
]
Metric = Annotated[
    str | None, typer.Option(help="The primary metric, in place of the study's.", metavar="NAME", show_default=False)
]
Margin = Annotated[
    float | None,
    typer.Option(help="Margin of equivalence, in place of the study's.", show_default=False),
]


def report(
    folder: StudyFolder,
    output: Output = None,
    metric: Metric = None,
    margin: Margin = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Write the report of a study: one HTML page, and the tables behind its numbers."""
    from unetkit.cli.output import print_json
    from unetkit.overwriting import check_outputs, same_file
    from unetkit.study.report.writing import WRITTEN

    if output is not None and not same_file(output, folder / "report"):  # which is the study's own
        read = [path for path in folder.rglob("*") if path.is_file()] if overwrite else [folder / "plan.json"]
        check_outputs((output / name for name in WRITTEN), inputs=read, overwrite=overwrite)
    page, summary, values = publish(folder, output, metric, margin)
    if as_json:
        print_json({"report": str(page), "summary": summary, **values})
        return
    say(*summary)
    say("", page)


def publish(
    folder: Path, output: Path | None = None, metric: str | None = None, margin: float | None = None
) -> tuple[Path, list[str], dict[str, Any]]:
    """Writes the report of a study's folder; returns its page, its summary, and all its content as plain values."""
    from unetkit.study.report import View, sentences, settings_for, write_report
    from unetkit.study.results.collecting import results_in

    results = results_in(folder)
    target = output or folder / "report"
    analysis = write_report(results, target, settings_for(results, metric, margin))
    return target / "report.html", list(sentences(View(results, analysis))), analysis.json()
