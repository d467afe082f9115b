"""How the numbers came about, said so that a reviewer can check it, and how to make them again."""

from __future__ import annotations

from dataclasses import fields

from unetkit.page import Markup, element, join
from unetkit.study.report.tables import pairs_list, plain
from unetkit.study.report.view import View, plural
from unetkit.study.statistics import AnalysisSettings


def method(view: View) -> Markup:
    """Returns the text on the statistics."""
    settings, analysis = view.analysis.settings, view.analysis
    exact = f"all 2ⁿ flips up to {settings.exact_seeds} seeds, that many at random beyond"
    floor = 2 / 2 ** min(len(analysis.seeds), settings.exact_seeds) if analysis.seeds else 1.0
    classes = plain(analysis.counted) or "none"
    paragraphs = [
        f"Runs are paired by their seed. {view.metric} is averaged over the test images in each class, then over "
        f"the classes ({classes}). The difference to {view.base} is taken from values that both runs of a pair have.",
        f"The headline interval is Student’s ({view.percent}) over the seeds. It speaks of these test images and new "
        "seeds. In simulated studies with 5 seeds it covers the truth as often as it says.",
        "The thin interval is for new images too. A crossed bootstrap draws seeds and images independently "
        f"({settings.resamples:,} times); its variances, freed of their bias, stand beside a quantile of Student’s t "
        "with Satterthwaite’s degrees of freedom. In simulated studies it covers the truth in 94 to 99 % (95 % asked "
        "for); the percentiles of the bootstrap itself, which fall to 75 % with few seeds, are not used. Images "
        "that belong together, as slices of one patient, make it too narrow.",
        f"A difference is called where p of the paired t-test, adjusted by Holm for all {len(analysis.comparisons):,} "
        f"comparisons, is at most {settings.level:g}. The classes are a family apart ({len(analysis.by_class):,} "
        f"comparisons). Beside it stands the sign-flip test, which assumes no more than symmetry ({exact}); with "
        f"{plural(len(analysis.seeds), 'seed')} its p, before Holm, is at least {floor:.2g}.",
        "Equivalent is what two one-sided t-tests, adjusted by Holm, show to lie within the margin. What is neither "
        "different nor equivalent is undecided: the seeds are too few, or too far apart, to say.",
        "Whether the data tell the arms apart is an analysis of variance, arms × seeds, over the arms with every seed.",
    ]
    return join([*(element("p", text) for text in paragraphs), element("h3", "Make the numbers again"), code(view)])


def snippet(view: View) -> str:
    """Returns the Python that makes every number again from the tidy table alone."""
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
    """Returns the snippet, and what is in the files beside the page."""
    files = {
        "scores.csv": "one row for each run, image and class",
        "arms.csv": "one row for each arm and fraction",
        "runs.csv": "one row for each run: state, seconds, reason",
        "comparisons.csv": "one row for each comparison, over the classes and in each",
        "statistics.json": "everything that was computed, with its settings",
        "table.tex": "the table of arms for a paper",
    }
    return join([element("pre", element("code", snippet(view))), pairs_list(files)])


def settings(view: View) -> Markup:
    """Returns the settings and versions, open to be read and printed."""
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
