"""The methods section of a report, the code that reproduces its numbers, and all settings."""

from __future__ import annotations

from dataclasses import fields

from unetkit.page import Markup, element, join
from unetkit.study.report.tables import pairs_list, plain
from unetkit.study.report.view import View
from unetkit.study.statistics import AnalysisSettings
from unetkit.wording import listed, plural


def method(view: View) -> Markup:
    """The description of the statistics."""
    settings, analysis = view.analysis.settings, view.analysis
    exact = f"all 2ⁿ flips up to {settings.exact_seeds} seeds, that many at random beyond"
    floor = 2 / 2 ** min(len(analysis.seeds), settings.exact_seeds) if analysis.seeds else 1.0
    classes = plain(analysis.counted) or "none"
    looks = settings.looks
    groups = f"The {len(analysis.images):,} images are {plural(analysis.groups, 'group')}" + (
        f" by the pattern {settings.group}." if settings.group else ": images of one file belong together."
    )
    paragraphs = [
        f"Runs are paired by their seed. {view.metric} is averaged over the test images in each class, then over "
        f"the classes ({classes}). The difference to {view.base} is taken from values that both runs of a pair have.",
        f"The main interval is Student’s ({view.percent}) over the seeds. It generalises to new seeds on these test "
        "images, as far as their runs are like those seen: where no run failed to learn, it says nothing about runs "
        "that do.",
        "The thin interval generalises to new images too. A crossed bootstrap draws seeds and groups of images "
        f"independently ({settings.resamples:,} times); its variances, corrected for bias, are combined with a "
        f"quantile of Student’s t with Satterthwaite’s degrees of freedom. {groups} The percentiles of the bootstrap "
        "itself are not used: with few seeds their coverage falls to 75 %.",
        f"A difference is significant where p of the {'sequential ' if looks else 'paired '}t-test, adjusted by "
        f"{view.adjusted} for all {len(analysis.comparisons):,} comparisons, is at most {settings.level:g}. The "
        f"classes are a separate family ({len(analysis.by_class):,} comparisons{', adjusted by Holm' * bool(looks)}). "
        f"The sign-flip test, which assumes only symmetry ({exact}), is reported too; with "
        f"{plural(len(analysis.seeds), 'seed')} its p, before {view.adjusted}, is at least {floor:.2g}.",
        f"Arms are equivalent where two one-sided t-tests, adjusted by {view.adjusted}, show a difference within the "
        f"margin, unless a Pitman-Morgan test (p at most {settings.level:g}) shows that the arm and the base spread "
        "differently over the seeds, or the runs of one of them are seen to fall into two modes (least share of the "
        "sum of squares within two parts, below that of 99 % of normal samples). What is neither different nor "
        "equivalent is undecided: the seeds are too few, or vary too much, to decide. Runs that fail to learn may be "
        "rarer than the seeds can show; the rate that they leave open is an exact binomial bound.",
        *([_looks(view)] if looks else []),
        "An analysis of variance, arms × seeds, over the arms with every seed tests whether the arms differ.",
        "How well each of these claims holds in simulated studies is in the documentation, in docs/statistics.md.",
    ]
    return join([*(element("p", text) for text in paragraphs), element("h3", "Make the numbers again"), code(view)])


def _looks(view: View) -> str:
    """The description of the looks."""
    settings = view.analysis.settings
    return (
        f"The study looks at its comparisons at {listed(settings.looks, 20, last=' and ')} seeds, as fixed "
        f"beforehand; {plural(settings.looked, 'look')} {'has' if settings.looked == 1 else 'have'} been held. The "
        "error is spent over the looks by the power family of Kim and DeMets, much like that of O’Brien and Fleming; "
        "p-values are those of a t-test with all these looks. A comparison that is decided keeps its verdict, and its "
        "further runs are not started. Intervals are repeated confidence intervals, which hold whatever the look. "
        "Estimates of differences that were decided early are, on average, too large."
    )


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
    return join([element("pre", element("code", _snippet(view)), tabindex="0"), pairs_list(files)])


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
        parts += [element("h3", title), element("pre", element("code", text.strip()), tabindex="0")]
    return join(parts)
