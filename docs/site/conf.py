"""Settings of Sphinx for the site. `make site` copies this file beside the pages, see `__main__.py`."""

import re
from typing import Any

from unetkit import __version__

project = "unetkit"
author = "The unetkit developers"
project_copyright = "the unetkit developers, MIT licence"
release = version = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["_static"]
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_merge_streams = True

default_role = "code"  # docstrings write code between single backticks
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
nitpicky = True
nitpick_ignore_regex = [
    # Types of Python and of other packages, which document them: by their full names, and as our files name them.
    ("py:class", r"(collections\.abc|fractions|hypothesis\.strategies|nn|np|numpy|os|pathlib|torch)\..*"),
    ("py:class", r"AbstractContextManager|Executor|Fraction|Path|Tensor|TorchOptimizer|dict\[str"),
    ("py:class", r"(.*\.)?(_[A-Z]\w*|T)"),  # private names for types of a field, type variables
]
nitpick_ignore = [  # types of unetkit that users meet as values alone; a new one is documented, or named here
    ("py:class", name)
    for name in (
        "Field",
        "Number",
        "Pair",
        "RawPair",
        "unetkit.data.dataset.RawPair",
        "unetkit.data.normalization.IntensityScale",
        "unetkit.data.spec.DataSpec",
        "unetkit.data.targets.Target",
        "unetkit.document.document.Document",
        "unetkit.errors.Place",
        "unetkit.geometry.affine.Affine",
        "unetkit.geometry.limits.WholeRange",
        "unetkit.geometry.residues.SizeSet",
        "unetkit.language.compare.Difference",
        "unetkit.model.network.Network",
        "unetkit.operations.strip.Strip",
        "unetkit.planning.alignment.Alignment",
        "unetkit.planning.sized.SizedPlan",
        "unetkit.planning.spatial_graph.SpatialGraph",
        "unetkit.planning.wiring.Call",
        "unetkit.planning.wiring.Wired",
        "unetkit.signal.InnerCall",
        "unetkit.signal.Node",
        "unetkit.signal.Wiring",
        "unetkit.study.runs.task.Outcome",
        "unetkit.study.statistics.analysis.Analysis",
        "unetkit.study.study_keys.StudyKeys",
        "unetkit.topology.Backbone",
        "unetkit.topology.Layout",
        "unetkit.topology.Output",
        "unetkit.train.parts.task.OutputTask",
        "unetkit.train.run_keys.Training",
    )
]
suppress_warnings = [
    "config.cache",  # a hook is a function, which is not cached between builds
]

templates_path = ["_templates"]
html_theme = "furo"
html_title = "unetkit"
html_static_path = ["_static"]
html_css_files = ["site.css", "drawings.css"]
html_extra_path = ["_extra"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b62a3", "color-brand-content": "#0b62a3"},
    "dark_css_variables": {"color-brand-primary": "#6cb8f0", "color-brand-content": "#6cb8f0"},
}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def _escape_stars(*event: Any) -> None:
    """Docstrings write (N, C, *spatial), in which reStructuredText would see the start of an emphasis."""
    lines: list[str] = event[-1]
    lines[:] = [
        line if line.lstrip().startswith((">>>", "...")) else re.sub(r"\*+(?=\w)", r"\\\g<0>", line) for line in lines
    ]


def setup(application: Any) -> None:
    """Called by Sphinx."""
    application.connect("autodoc-process-docstring", _escape_stars)
