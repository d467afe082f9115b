"""The methods section of a report, the code that reproduces its numbers, and all settings."""

from __future__ import annotations

from dataclasses import fields

from unetkit.page import Markup, element, join
from unetkit.study.report.tables import pairs_list, plain
from unetkit.study.report.view import View
from unetkit.study.statistics import AnalysisSettings
from unetkit.wording import plural


def method(view: View) -> Markup:
    """The description of the statistics."""
    settings, analysis = view.analysis.settings, view.analysis
    exact = f"all 2ⁿ flips up to {settings.exact_seeds} seeds, that many at random beyond"
    floor = 2 / 2 ** min(len(analysis.seeds), settings.exact_seeds) if analysis.seeds else 1.0
    classes = plain(analysis.counted) or "none"
    paragraphs = [
        f"Runs are paired by their seed. {view.metric} is averaged over the test images in each class, then over "
        f"the classes ({classes}). The difference to {view.base} is taken from values that both runs of a pair have.",
        f"The main interval is Student’s ({view.percent}) over the seeds. It generalises to new seeds on these test "
        "images. In simulated studies with 5 seeds it covers the truth at its nominal rate.",
        "The thin interval generalises to new images too. A crossed bootstrap draws seeds and images independently "
        f"({settings.resamples:,} times); its variances, corrected for bias, are combined with a quantile of Student’s "
        "t with Satterthwaite’s degrees of freedom. In simulated studies its coverage is 94 to 99 % (nominal: 95 %). "
        "The percentiles of the bootstrap itself are not used: with few seeds their coverage falls to 75 %. Images "
        "that belong together, such as slices of one patient, make the interval too narrow.",
        "A difference is significant where p of the paired t-test, adjusted by Holm for all "
        f"{len(analysis.comparisons):,} comparisons, is at most {settings.level:g}. The classes are a separate family "
        f"({len(analysis.by_class):,} comparisons). The sign-flip test, which assumes only symmetry ({exact}), is "
        f"reported too; with {plural(len(analysis.seeds), 'seed')} its p, before Holm, is at least {floor:.2g}.",
        "Arms are equivalent where two one-sided t-tests, adjusted by Holm, show a difference within the margin. What "
        "is neither different nor equivalent is undecided: the seeds are too few, or vary too much, to decide.",
        "An analysis of variance, arms × seeds, over the arms with every seed tests whether the arms differ.",
    ]
    return join([*(element("p", text) for text in paragraphs), element("h3", "Make the numbers again"), code(view)])


def _snippet(view: View) -> str:
    """Python code that reproduces every number from the score table alone."""
    chosen = ", ".join(
        f"{field.name}={value!r}"
        for field in fields(AnalysisSettings)
        if (value := getattr(view.analysis.settings, field.name)) != field.default
    )
    return "\n".join(
        [
            "from pathlib import Path",
            "from unetkit.study.statistics import AnalysisSettings, analyse",
            "from unetkit.study.results.tidy import read_scores",
            "",
            f'analysis = analyse(read_scores(Path("scores.csv")), {view.base!r}, AnalysisSettings({chosen}))',
        ]
    )


def code(view: View) -> Markup:
    """The snippet, and the contents of the files beside the page."""
    files = {
        "scores.csv": "one row for each run, image and class",
        "arms.csv": "one row for each arm and fraction",
        "runs.csv": "one row for each run: state, seconds, reason",
        "comparisons.csv": "one row for each comparison, over the classes and in each",
        "statistics.json": "everything that was computed, with its settings",
        "table.tex": "the table of arms for a paper",
    }
    return join([element("pre", element("code", _snippet(view))), pairs_list(files)])


def settings(view: View) -> Markup:
    """The settings of the study and its analysis, and the versions used."""
    results = view.results
    parts = [
        element("h3", "Analysis"),
        pairs_list(view.analysis.settings.json()),
        element("h3", "Versions"),
        pairs_list(results.versions) if results.versions else element("p", "Not recorded.", class_="note"),
    ]
    for title, text in results.settings.items():
        parts += [element("h3", title), element("pre", element("code", text.strip()))]
    return join(parts)
