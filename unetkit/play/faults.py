"""Faults for the page: where they are in the text, and edits that cure them, each tried before it is offered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from unetkit.document.document import Document
from unetkit.errors import Fault, Place, UnetkitError
from unetkit.play.reading import Source, planned, read
from unetkit.play.spans import Edit, Span, edited, entry, of_entry, of_place
from unetkit.wording import size_text

_NEAR = re.compile(r"Did you mean: ([^?]+)\?")
_KNOWN = re.compile(r"Known: ([^.]+)\.")
_ONE_OF = re.compile(r"is not one of ([^.;]+)$")
_ALIGN = re.compile(r"Or: align: (\w+)\.")
_SET = re.compile(r"Set (\w+): ([^.]+)\.")
_SIZES = re.compile(r"Nearest sizes that do: ([0-9, ]+)\.|An image of ([0-9×]+) leaves more")
_NAME = re.compile(r"[A-Za-z_][\w./-]*")
_FIRST_VALUES = {"unetkit": "1", "in_channels": "1", "out_channels": "2", "channels": "[64, 128, 256, 512]"}
"""A value to begin with for the keys that every spec needs."""
_REMOVABLE = ("no-effect", "unknown-level", "unknown-key")
_MOST = 6
"""Edits offered for one fault."""
_MOST_TRIED = 24
"""Edits tried for one text, each of which loads it again."""


class _Fix(NamedTuple):
    """What a click does: edits, or another size."""

    label: str
    edits: tuple[Edit, ...] = ()
    size: tuple[int, ...] = ()

    def json(self) -> dict[str, Any]:
        """The fix as plain values."""
        values: dict[str, Any] = {"label": self.label, "edits": [edit.json() for edit in self.edits]}
        return values | ({"size": list(self.size)} if self.size else {})


def fault_json(fault: Fault, source: Source, *, severity: str = "error") -> dict[str, Any]:
    """A fault as plain values; its place is that in the text, or None."""
    place = fault.place
    own = place is not None and place.file == source.name
    span = _within(source.text, of_place(place)) if place is not None and own else None
    return {
        "severity": severity,
        "code": fault.code,
        "message": fault.message,
        "path": fault.path,
        "cure": fault.cure,
        "lines": list(fault.lines),
        "file": place.file if place else "",
        "place": span is not None,
        **(span or Span(1, 1, 1, 1)).json(),
        "fixes": [],
    }


def faults_json(found: Sequence[Fault], source: Source, size: tuple[int, ...] | None) -> list[dict[str, Any]]:
    """Faults as plain values, with the edits that remove them."""
    rows = []
    left = _MOST_TRIED
    for fault in found:
        fixes: list[dict[str, Any]] = []
        for fix in _fixes(fault, source, size):
            if left == 0 or len(fixes) == _MOST:
                break
            if fix.size:
                fixes.append(fix.json())
                continue
            left -= 1
            if _cures(fix, fault, source, size):
                fixes.append(fix.json())
        rows.append(fault_json(fault, source) | {"fixes": fixes})
    return rows


def _fixes(fault: Fault, source: Source, size: tuple[int, ...] | None) -> Iterator[_Fix]:
    """Yields what might cure a fault, the likeliest first."""
    place = fault.place
    if place is not None and place.file == source.name:
        yield from _names(fault, place)
        if fault.code == "yaml-tab":
            yield _Fix("spaces", (Edit(Span(place.line, place.column, place.line, place.column + 1), "  "),))
    yield from _sizes(fault, size)
    document = _document(source)
    if document is not None:
        yield from _settings(fault, document, source)
    if fault.code == "missing-key" and "." not in fault.path and fault.path in _FIRST_VALUES:
        line = f"{fault.path}: {_FIRST_VALUES[fault.path]}"
        yield _Fix(line, (_insertion(source.text, line, first=fault.path == "unetkit"),))


def _names(fault: Fault, place: Place) -> Iterator[_Fix]:
    """Yields other names in place of the one at the place."""
    found = (_NEAR.search(fault.cure), _KNOWN.search(fault.cure), _ONE_OF.search(fault.message))
    match = next((one for one in found if one), None)
    names = [name.strip() for name in match[1].split(", ")] if match else []
    quoted = place.text[place.column - 1 : place.column]
    for name in dict.fromkeys(names):
        if _NAME.fullmatch(name):
            text = f"{quoted}{name}{quoted}" if quoted in ("'", '"') else name
            yield _Fix(name, (Edit(of_place(place), text),))


def _sizes(fault: Fault, size: tuple[int, ...] | None) -> Iterator[_Fix]:
    """Yields the sizes that a fault of a size names."""
    match = _SIZES.search(fault.cure)
    if match is None or size is None:
        return
    texts = match[1].split(", ") if match[1] else [match[2]]
    for text in texts:
        numbers = tuple(map(int, text.split("×")))
        whole = numbers if len(numbers) == len(size) else numbers * len(size)
        yield _Fix(size_text(whole), size=whole)


def _settings(fault: Fault, document: Document, source: Source) -> Iterator[_Fix]:
    """Yields settings of other keys, and the removal of the key at fault."""
    align, other = _ALIGN.search(fault.cure), _SET.search(fault.cure)
    path = tuple(int(part) if part.isdigit() else part for part in fault.path.split(".")) if fault.path else ()
    if align:
        yield from _set_align(document, align[1], source)
    if other and (found := entry(document, (other[1],))) and found[1].source.name == source.name:
        yield _Fix(f"{other[1]}: {other[2]}", (Edit(of_place(found[1].place()), other[2]),))
    if fault.code in _REMOVABLE and path and (found := entry(document, path)) and found[0].source.name == source.name:
        yield _Fix(f"remove {path[-1]}", (_removal(source.text, of_entry(*found)),))


def _set_align(document: Document, value: str, source: Source) -> Iterator[_Fix]:
    """Yields the setting of `skip.align`, written as the text writes its skip."""
    found = entry(document, ("skip",))
    if found is None:
        yield _Fix(f"skip.align: {value}", (_insertion(source.text, f"skip: {{type: concat, align: {value}}}"),))
    elif found[1].source.name == source.name:
        node = found[1]
        align = entry(document, ("skip", "align"))
        if align is not None:
            yield _Fix(f"align: {value}", (Edit(of_place(align[1].place()), value),))
        elif type(node.value) is str:
            text = f"{{type: {node.value}, align: {value}}}"
            yield _Fix(f"align: {value}", (Edit(of_place(node.place()), text),))


def _insertion(text: str, line: str, *, first: bool = False) -> Edit:
    """A new line of the top level: before the first key, or after the last line."""
    lines = text.split("\n")
    if first:
        number = next((n for n, one in enumerate(lines) if one.strip() and not one.startswith("#")), 0)
        return Edit(Span(number + 1, 1, number + 1, 1), f"{line}\n")
    last = max((n for n, one in enumerate(lines) if one.strip()), default=0)
    end = len(lines[last]) + 1
    return Edit(Span(last + 1, end, last + 1, end), f"\n{line}" if lines[last].strip() else line)


def _removal(text: str, span: Span) -> Edit:
    """The removal of an entry: of whole lines, or of a part of one with a comma beside it."""
    lines = text.split("\n")
    before = lines[span.line - 1][: span.column - 1]
    after = lines[span.end_line - 1][span.end_column - 1 :]
    if not before.strip() and not after.split("#")[0].strip():
        if span.end_line < len(lines):
            return Edit(Span(span.line, 1, span.end_line + 1, 1), "")
        return Edit(Span(span.line, 1, span.end_line, len(lines[span.end_line - 1]) + 1), "")
    if after.lstrip().startswith(","):
        return Edit(span._replace(end_column=span.end_column + len(after) - len(after.lstrip(", "))), "")
    cut = len(before) - len(before.rstrip(", "))
    return Edit(span._replace(column=span.column - cut), "")


def _cures(fix: _Fix, fault: Fault, source: Source, size: tuple[int, ...] | None) -> bool:
    """Whether a text that was edited no longer has the fault, and none that it did not have."""
    try:
        text = edited(source.text, fix.edits)
        made = planned(source._replace(text=text))
        if size is not None and fault.code in ("size-mismatch", "size-too-small"):
            made.output_size(size)
    except UnetkitError as error:
        return not any((one.code, one.path) == (fault.code, fault.path) for one in error.faults) and not any(
            one.code.startswith("yaml") for one in error.faults
        )
    return True


def _document(source: Source) -> Document | None:
    """The document of a text; None where it cannot be read."""
    try:
        return read(source)
    except UnetkitError:
        return None


def _within(text: str, span: Span) -> Span:
    """A range cut to the lines that a text has."""
    lines = text.split("\n")
    line = min(span.line, len(lines))
    end_line = max(line, min(span.end_line, len(lines)))
    column = max(1, min(span.column, len(lines[line - 1]) + 1))
    return Span(line, column, end_line, max(1, min(span.end_column, len(lines[end_line - 1]) + 1)))
