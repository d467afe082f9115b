"""The spec language: from YAML to a validated, immutable spec. Nothing here needs torch."""

from unetkit.document.document import to_text
from unetkit.language.canonical import resolve
from unetkit.language.compare import Difference, differences
from unetkit.language.explain import Explanation, explain
from unetkit.language.find import find_spec, shipped, specs_folder
from unetkit.language.loading import from_text, load, spec_of
from unetkit.language.spec import Spec

__all__ = [
    "Difference",
    "Explanation",
    "Spec",
    "differences",
    "explain",
    "find_spec",
    "from_text",
    "load",
    "resolve",
    "shipped",
    "spec_of",
    "specs_folder",
    "to_text",
]
