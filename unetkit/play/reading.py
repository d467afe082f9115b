"""Specs as texts of the page: what they may extend, and the plans of texts that are asked for again and again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from unetkit.document.document import Document, Find, override, parse
from unetkit.document.kinds import expect_kind
from unetkit.errors import Fault, SpecError
from unetkit.language import find_spec, shipped, spec_of, specs_folder
from unetkit.language.find import SUFFIXES
from unetkit.planning import Plan, plan

UNSAVED = "spec.yaml"
"""What a text is called that belongs to no file."""


class Source(NamedTuple):
    """A text, the file that it belongs to if any, and assignments over it."""

    text: str
    file: Path | None = None
    overrides: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.file.name if self.file else UNSAVED


def read(source: Source) -> Document:
    """The document of a text. Raises SpecError."""
    document = parse(source.text, source.name, find=finder(source.file))
    expect_kind(document, "spec")
    return override(document, source.overrides)


def planned(source: Source) -> Plan:
    """The plan of a text. Raises SpecError."""
    return plan(spec_of(read(source), Path(source.name).stem))


@lru_cache(8)
def planned_before(source: Source) -> Plan:
    """The plan of a text that stays the same for a while, such as the one that another is compared with."""
    return planned(source)


def example(name: str) -> str:
    """The text of a shipped spec. Raises SpecError where there is none of the name."""
    known = shipped()
    path = known[name] if name in known else find_spec(name)  # which raises the fault for an unknown name
    if name not in known:
        raise SpecError(Fault("unknown-spec", f"there is no shipped spec {name!r}", cure="See: unetkit specs."))
    return path.read_text(encoding="utf-8")


def finder(file: Path | None) -> Find:
    """Finds what a text extends: a shipped spec, or a YAML file in the folder of its own file or below."""

    def find(reference: str, base: Path | None) -> Path:
        path = find_spec(reference, base or file)
        if not _is_within(path, specs_folder()) and not (file and _is_within(path, file.parent)):
            message = f"{reference!r} is neither a shipped spec nor a file beside this one"
            raise SpecError(Fault("extends-outside", message, cure="Extend a shipped spec. See: unetkit specs."))
        return path

    return find


def _is_within(path: Path, folder: Path) -> bool:
    """Whether a path is a YAML file in a folder or below it, after all links."""
    real, home = os.path.realpath(path), os.path.realpath(folder)
    return Path(real).suffix in SUFFIXES and Path(real).is_relative_to(home)


def size_of(given: object, dims: int) -> tuple[int, ...] | None:
    """The size in a request; None where there is none of so many axes."""
    if isinstance(given, Sequence) and not isinstance(given, str) and len(given) == dims:
        sizes = tuple(n for n in given if type(n) is int and 0 < n < 1 << 31)
        return sizes if len(sizes) == dims else None
    return None
