"""All settings of the study, of its analysis, and the versions that it ran with."""

from __future__ import annotations

from unetkit.page import Markup, element, join
from unetkit.study.report.tables import pairs_list
from unetkit.study.report.view import View


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
