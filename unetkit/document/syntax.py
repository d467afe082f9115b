"""Translates syntax errors of PyYAML into faults."""

from __future__ import annotations

from typing import Final

import yaml

from unetkit.errors import Fault, Place


def syntax_fault(name: str, text: str, error: yaml.YAMLError) -> Fault:
    """The fault at the place of its cause: an open bracket rather than the end of the file."""
    problem = str(getattr(error, "problem", None) or error)
    start = yaml.Mark(name, 0, 0, 0, None, 0)
    mark = getattr(error, "problem_mark", None) or start
    lines = [*text.splitlines(), ""]  # PyYAML may complain about the end of the text
    line = lines[mark.line]
    tab = line.find("\t", 0, mark.column + 1)
    if tab >= 0 and (tab == mark.column or not line[:tab].strip()):
        message, cure = "a tab character stands where YAML wants spaces", "Indent with spaces only."
        return Fault("yaml-tab", message, cure=cure, place=Place(name, mark.line + 1, tab + 1, line))
    if "nesting depth" in problem:  # libyaml looks ahead of the events that are counted here
        message = "nested deeper than the parser itself can read"
        place = Place(name, mark.line + 1, mark.column + 1, line)
        return Fault("yaml-nesting", message, cure="Flatten the file.", place=place)
    unknown = ("", False, problem, "See the rules of YAML: https://yaml.org/spec/1.2.2/")
    _, at_context, message, cure = next((row for row in _SYNTAX if row[0] in problem), unknown)
    mark = (at_context and getattr(error, "context_mark", None)) or mark
    return Fault("yaml-syntax", message, cure=cure, place=Place(name, mark.line + 1, mark.column + 1, lines[mark.line]))


# Fragment of PyYAML's message (libyaml or pure Python), whether its context is the cause, our message, our cure.
_SYNTAX: Final = (
    (
        "values are not allowed",
        False,
        "a ':' cannot stand here",
        "Write one 'key: value' per line, aligned, with a space after each ':'; put a text that holds ': ' in quotes.",
    ),
    ("find expected ':'", True, "this line has no ': ' after its key", "Write: key: value"),
    ("expected ',' or ']'", True, "the list that opens here is not closed", "Put ',' between values, ']' at the end."),
    ("expected ',' or '}'", True, "the map that opens here is not closed", "Put ',' between pairs, '}' at the end."),
    ("unexpected end of stream", True, "the quote that opens here is not closed", "Close the quote."),
    ("unexpected document", True, "the quote that opens here is not closed", "Close the quote."),
    ("cannot start any token", False, "a text cannot start with this character", "Put the text in quotes."),
    ("expected the node content", False, "a value is missing before this character", "Write a value, or null."),
    ("expected node content", False, "a value is missing before this character", "Write a value, or null."),
    (
        "entries are not allowed",
        False,
        "a list cannot start on this line",
        "Start it on the next line, or write [1, 2].",
    ),
    ("expected key", False, "this does not belong to the keys above", "Align it with them, or join it with its value."),
    ("'-' indicator", False, "this does not belong to the list above", "Start each entry with '- ', all aligned."),
    ("<block end>", False, "this does not belong to what stands above", "Align it with its neighbours."),
    ("<document start>", False, "this does not belong to what stands above", "Align it with its neighbours."),
    ("comment or line break", False, "the text of a '|' or '>' starts on the next line", "Start a new line here."),
    ("chomping", False, "the text of a '|' or '>' starts on the next line", "Start a new line here."),
    ("alphabetic or numeric", False, "'&' and '*' need a name", "Put the text in quotes, or name the anchor."),
    ("unknown escape", False, "this '\\' sequence means nothing in YAML", "Write '\\\\', or use single quotes."),
    ("undefined tag handle", False, "this tag cannot stand here", "Remove the tag."),
    ("incompatible YAML", False, "this version of YAML is not supported", "Remove the %YAML line."),
)
