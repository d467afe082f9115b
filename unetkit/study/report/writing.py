"""Writes a report: the page, and the tables from which it can be reproduced."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from unetkit.overwriting import check_outputs, same_file
from unetkit.page import Column, element, notebook_cell, plain_table
from unetkit.study.deciding import Stage, stage_of, with_unneeded
from unetkit.study.report.figures.effects import effects_csv
from unetkit.study.report.files import arms_csv, comparisons_csv, runs_csv
from unetkit.study.report.latex import latex
from unetkit.study.report.page import page
from unetkit.study.report.summary import sentences
from unetkit.study.report.view import View
from unetkit.study.results.collecting import results_in
from unetkit.study.results.results import Results
from unetkit.study.results.tidy import write_scores
from unetkit.study.statistics import Analysis, AnalysisSettings, analyse
from unetkit.study.statistics.settings import MARGINS
from unetkit.writing import write_whole

_WRITTEN = (
    "scores.csv",
    "arms.csv",
    "runs.csv",
    "comparisons.csv",
    "statistics.json",
    "table.tex",
    "effects.csv",
    "report.html",
)
"""The files of a report."""


@dataclass(frozen=True)
class StudyReport:
    """A report that was written: its page, its summary in three sentences, and the analysis."""

    page: Path
    summary: tuple[str, ...]
    analysis: Analysis

    def _repr_html_(self) -> str:
        """The summary, and the difference of each arm to the base with its verdict."""
        columns = [Column("arm"), Column("difference", True), Column("interval", True), Column("verdict")]
        rows = [
            [each.arm, number_text(each.difference), f"{number_text(low)} … {number_text(high)}", each.verdict]
            for each in self.analysis.comparisons
            for low, high in [each.interval or (None, None)]
        ]
        facts = [("base", self.analysis.base), ("seeds", f"{len(self.analysis.seeds):,}"), ("page", str(self.page))]
        said = [element("div", sentence) for sentence in self.summary]
        return notebook_cell("Report of a study", facts, *said, plain_table(columns, rows))

    def json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {"report": str(self.page), "summary": list(self.summary), **self.analysis.json()}


def number_text(value: float | None) -> str:
    """A difference in three decimals; a dash for None."""
    return "–" if value is None else f"{value:+.3f}".replace("-", "−")


def write_study_report(
    folder: Path,
    output: Path | None = None,
    metric: str | None = None,
    margin: float | None = None,
    *,
    overwrite: bool = False,
) -> StudyReport:
    """Writes the report of a study's folder into the folder `output`, by default its own `report`.

    `metric` and `margin` replace those of the study. Raises StudyError where results are unreadable, and FileError
    where files in another folder exist already.
    """
    if output is not None and not same_file(output, folder / "report"):
        inputs = [path for path in folder.rglob("*") if path.is_file()] if overwrite else [folder / "plan.json"]
        check_outputs((output / name for name in _WRITTEN), inputs=inputs, overwrite=overwrite)
    target = output or folder / "report"
    _, results, settings = judged(results_in(folder), metric, margin)
    analysis = write_report(results, target, settings)
    return StudyReport(target / "report.html", sentences(View(results, analysis)), analysis)


def write_report(
    results: Results, folder: Path, settings: AnalysisSettings | None = None, status: str = ""
) -> Analysis:
    """Writes `report.html` and its tables into a folder, and returns the analysis; `status` is of a running study."""
    chosen = settings or settings_for(results)
    analysis = analyse(
        results.scores, results.base, chosen, costs=costs(results), order=[arm.name for arm in results.arms]
    )
    view = View(results, analysis)
    found = analysis.json() | ({"effects": view.effects.json()} if view.effects else {})
    write_scores(results.scores, folder / "scores.csv")
    files = {
        "arms.csv": arms_csv(view),
        "runs.csv": runs_csv(view),
        "comparisons.csv": comparisons_csv(view),
        "statistics.json": json.dumps(found, ensure_ascii=False, allow_nan=False) + "\n",
        "table.tex": latex(view),
        "report.html": page(view, status),
    }
    if results.factors is not None:
        files["effects.csv"] = effects_csv(view.effects)
    for name, text in files.items():
        write_whole(folder / name, text.encode())
    return analysis


def judged(
    results: Results, metric: str | None = None, margin: float | None = None
) -> tuple[Stage, Results, AnalysisSettings]:
    """The stage of a study, its results with the runs marked that are never started, and the settings of the analysis.

    Raises StudyError for a metric that no run has.
    """
    stage = stage_of(results)
    return stage, with_unneeded(results, stage.unneeded), settings_for(results, metric, margin, stage.settings)


def settings_for(
    results: Results, metric: str | None = None, margin: float | None = None, own: AnalysisSettings | None = None
) -> AnalysisSettings:
    """The analysis settings of a study; `metric` and `margin` override those of the study, `own` if they are known.

    Raises StudyError for a metric that no run has.
    """
    from unetkit.scoring.metrics import METRICS

    name = metric or results.metric
    results.check_metric(name)
    own = own or stage_of(results).settings
    if name != results.metric:
        known = METRICS.get(name)
        less_is_better = known is not None and not known.higher_is_better
        own = replace(own, metric=name, less_is_better=less_is_better, margin=MARGINS.get(name))
    return own if margin is None else replace(own, margin=margin)


def costs(results: Results) -> dict[str, dict[str, float | None]]:
    """The costs of each arm; time is the median over its finished runs at its largest fraction."""
    seconds: dict[str, dict[float, list[float]]] = {}
    for run in results.runs:
        if run.state == "done" and run.seconds is not None:
            seconds.setdefault(run.arm, {}).setdefault(run.fraction, []).append(run.seconds)
    return {
        "parameters": {arm.name: arm.parameters for arm in results.arms},
        "macs": {arm.name: arm.macs for arm in results.arms},
        "seconds": {arm: median(by_fraction[max(by_fraction)]) for arm, by_fraction in seconds.items()},
    }
