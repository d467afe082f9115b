"""Spec: what was asked for. YAML to validated, immutable values; no torch."""

from unetkit.spec.canonical import resolve
from unetkit.spec.compare import Difference, differences
from unetkit.spec.find import find_spec, shipped, specs_folder
from unetkit.spec.loading import from_text, load, to_text
from unetkit.spec.spec import Spec

__all__ = [
    "Difference",
    "Spec",
    "differences",
    "find_spec",
    "from_text",
    "load",
    "resolve",
    "shipped",
    "specs_folder",
    "to_text",
]
