"""Reading YAML text: values, places, limits, refusals."""

import math
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.document.yamltrees import MAPS, block, flow, paths, spot
from unetkit.document import text as yamltext
from unetkit.document.document import parse
from unetkit.document.text import scalar
from unetkit.errors import Fault, SpecError


def value(text: str) -> Any:
    return parse(f"value: {text}").values()["value"]


def fault(text: str) -> Fault:
    """Returns the only fault of a text."""
    with pytest.raises(SpecError) as caught:
        parse(text, "f.yaml")
    (only,) = caught.value.faults
    return only


CORE = {
    "1e-3": 0.001, ".5": 0.5, "1.": 1.0, "-1.5E+3": -1500.0, "+.5": 0.5, "1e3": 1000.0, "-0.0": -0.0,
    ".inf": math.inf, "-.Inf": -math.inf, "+.INF": math.inf,
    "0": 0, "010": 10, "-010": -10, "+7": 7, "0o10": 8, "0x1F": 31, "0xff": 255,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
    "no": "no", "yes": "yes", "on": "on", "off": "off", "y": "y", "tRUE": "tRUE", "nULL": "nULL",
    "1_000": "1_000", "12:30": "12:30", "2024-01-31": "2024-01-31", "0b1": "0b1", "-0x1F": "-0x1F", "0o8": "0o8",
    "1e": "1e", "e3": "e3", ".": ".", "+": "+", "-.": "-.", "1.2.3": "1.2.3", ".iNF": ".iNF", "inf": "inf", "0x": "0x",
    "nan": "nan", "+.nan": "+.nan", "\u0661": "\u0661", "=": "=", "'1'": "1", '"true"': "true", "''": "",
    "!!str 1": "1", "!!int '3'": 3, "!!float 3": 3.0, "!!null ''": None, "!!bool true": True, "! 12": "12",
    "!!map {a: 1}": {"a": 1}, "!!seq [1]": (1,), "|\n  1\n": "1\n", "&a 3": 3,
}  # fmt: skip


@pytest.fixture(params=["CBaseLoader", "BaseLoader"])
def _each_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamltext, "_LOADER", getattr(yaml, request.param))


@pytest.mark.usefixtures("_each_parser")
@pytest.mark.parametrize("text", CORE)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text: str) -> None:
    assert repr(value(text)) == repr(CORE[text])


def test_nan_is_a_float() -> None:
    assert all(math.isnan(value(text)) for text in (".nan", ".NaN", ".NAN"))


@given(st.text("0123456789+-.eExoabF_:", max_size=8))
def test_numbers_are_those_of_the_tables_in_the_yaml_standard(text: str) -> None:
    integer = re.fullmatch(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", text)
    real = re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text)
    try:
        kind = type(scalar(text))
    except ValueError:  # such as 1e999
        kind = float
    assert kind is (int if integer else float if real else type(None) if not text else str)


@given(MAPS)
def test_values_survive_being_written_and_read(values: dict[Any, Any]) -> None:
    assert repr(parse(flow(values)).values()) == repr(values)
    assert repr(parse(block(values)).values()) == repr(values)


def test_keys_are_texts_or_integers() -> None:
    assert parse("2: a\n'3': b\n0x10: c\nno: d").values() == {2: "a", "3": "b", 16: "c", "no": "d"}


def test_an_alias_stands_for_its_value_and_an_anchor_may_be_used_again() -> None:
    text = "a: &x [1, 2]\nb: {c: *x}\nd: &x 3\ne: *x\n*x : 4"
    assert parse(text).values() == {"a": (1, 2), "b": {"c": (1, 2)}, "d": 3, "e": 3, 3: 4}


@pytest.mark.parametrize("text", ["\ufeffa: 1", "---\na: 1\n...\n", "a: 1\r\n", "%YAML 1.2\n---\na: 1"])
def test_byte_order_mark_document_marks_and_line_ends_are_accepted(text: str) -> None:
    assert parse(text).values() == {"a": 1}


def test_the_limits_themselves_are_allowed() -> None:
    parse("a: " + "[" * 31 + "]" * 31)
    parse("a: [" + "1," * 9_997 + "]")
    parse("a: 1\n#" + " " * (256 * 1024 - 6))


@given(MAPS)
def test_the_text_at_a_place_reads_as_the_value_there(values: dict[Any, Any]) -> None:
    one_line, many_lines = parse(flow(values)), parse(block(values))
    for path, child in paths(values):
        assert repr(value(spot(one_line, path))) == repr(child)
        if not isinstance(child, dict):
            assert repr(value(spot(many_lines, path))) == repr(child)
        for document in (one_line, many_lines):
            key = value(spot(document, path, key=True))
            parent: Any = values
            for part in path[:-1]:
                parent = parent[part]
            assert repr(key) == repr(path[-1] if isinstance(parent, dict) else parent[path[-1]])


def test_a_path_that_does_not_exist_has_the_place_of_its_nearest_ancestor() -> None:
    document = parse("a:\n  b: [1, 2]  # two\n")
    assert str(document.place(("a", "b", 9))) == "<text>:2:6"
    assert str(document.place(("a", "b", "x", "y"), key=True)) == "<text>:2:3"
    assert str(document.place(("x",))) == "<text>:1:1"
    assert spot(document, ("a",)) == "b: [1, 2]"


def test_an_empty_value_has_a_place() -> None:
    place = parse("a:\nb: 1").place(("a",))
    assert place is not None
    assert (place.line, place.column, place.width, place.text) == (1, 3, 1, "a:")


def test_an_alias_has_the_place_of_its_anchor() -> None:
    assert spot(parse("a: &x 5\nb: *x"), ("b",)) == "&x 5"


LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 60))
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 60))
INDENT = "Align it with them, or join it with its value."
COLON = "Write one 'key: value' per line, aligned, with a space after each ':'; put a text that holds ': ' in quotes."

BAD = {
    "empty": ("", "1:1", "yaml-empty", "the file holds no values", "Write at least one line like: name: my-net"),
    "comment": ("# a", "1:1", "yaml-empty", "the file holds no values", "Write at least one line like: name: my-net"),
    "list": ("- 1", "1:1", "yaml-top-level", "the top level is a list, not a map", "Write lines like: name: my-net"),
    "text": ("a", "1:1", "yaml-top-level", "the top level is a single value, not a map",
             "Write lines like: name: my-net"),
    "two documents": ("a: 1\n---\nb: 1", "2:1", "yaml-documents", "a second document starts here",
                      "Write one document per file."),
    "duplicate": ("a: 1\nb: 2\na: 3", "3:1", "yaml-duplicate-key", "'a' is already given at f.yaml:1:1",
                  "Keep one of the two."),
    "same number": ("8: 1\n0o10: 2", "2:1", "yaml-duplicate-key", "'8' is already given at f.yaml:1:1",
                    "Keep one of the two."),
    "true as key": ("true: 1", "1:1", "yaml-key", "a key must be a text or an integer", "Put the key in quotes."),
    "list as key": ("? [a]\n: 1", "1:3", "yaml-key", "a key must be a text or an integer", "Put the key in quotes."),
    "merge key": ("a: &a {}\n<<: *a", "2:1", "yaml-merge-key", "'<<' is not supported", "Use extends: other.yaml"),
    "tab": ("a:\n\tb: 1", "2:1", "yaml-tab", "a tab character stands where YAML wants spaces",
            "Indent with spaces only."),
    "tab after spaces": ("a: 1\n  \tb: 2", "2:3", "yaml-tab", "a tab character stands where YAML wants spaces",
                         "Indent with spaces only."),
    "own tag": ("a: !foo 1", "1:4", "yaml-tag", "the tag !foo cannot stand here",
                "Remove the tag; put a text in quotes."),
    "python tag": ("a: !!python/object:os.system x", "1:4", "yaml-tag",
                   "the tag !!python/object:os.system cannot stand here", "Remove the tag; put a text in quotes."),
    "tag of a map": ("a: !!set {b}", "1:4", "yaml-tag", "the tag !!set cannot stand here",
                     "Remove the tag; put a text in quotes."),
    "wrong tag": ("a: !!int b", "1:4", "yaml-tag", "the value is no !!int", "Remove the tag; put a text in quotes."),
    "huge float": ("a: 1e999", "1:4", "yaml-number", "this number is too large", "Write .inf, or quote it as a text."),
    "huge int": (f"a: {'9' * 5000}", "1:4", "yaml-number", "this number is too large",
                 "Write .inf, or quote it as a text."),
    "deep": (f"a: {'[' * 500}", "1:35", "yaml-nesting", "nested deeper than 32 levels", "Flatten the file."),
    "deep aliases": (CHAIN, "32:12", "yaml-nesting", "*a30 nests deeper than 32 levels", "Flatten the file."),
    "many values": (f"a: [{'1,' * 10_000}]", "1:19999", "yaml-too-large", "more than 10,000 values",
                    "Shorten the file."),
    "billion laughs": (LAUGHS, "5:35", "yaml-alias-limit",
                       "*a3 makes more than 10,000 values when aliases are written out", "Use fewer aliases."),
    "10 MB": ("#" * 10_000_000, "1:1", "yaml-too-large", "the file has 10,000,000 bytes",
              "A spec has at most 262,144 bytes."),
    "recursive alias": ("a: &a\n  b: *a", "2:6", "yaml-alias-recursive", "*a stands inside its own anchor",
                        "Write it out."),
    "unknown alias": ("a: &width 1\nb: *widht", "2:4", "yaml-alias-unknown", "no anchor &widht stands above",
                      "Did you mean: width?"),
    "control character": ("a: 1\nb: \x1bc", "2:4", "yaml-encoding",
                          "not a text in UTF-8: character U+001B at byte offset 8", "Save the file as UTF-8 text."),
    "zero byte": ("ä: \0", "1:4", "yaml-encoding", "not a text in UTF-8: character U+0000 at byte offset 4",
                  "Save the file as UTF-8 text."),
    "line separator": ("a: \u2028", "1:4", "yaml-encoding", "not a text in UTF-8: character U+2028 at byte offset 3",
                       "Save the file as UTF-8 text."),
    "two colons": ("a: b: c", "1:5", "yaml-syntax", "a ':' cannot stand here", COLON),
    "no space": ("a:1\nb: 2", "2:2", "yaml-syntax", "a ':' cannot stand here", COLON),
    "too far right": ("a: 1\n  b: 2", "2:4", "yaml-syntax", "a ':' cannot stand here", COLON),
    "too far left": ("a:\n    b: 1\n  c: 2", "3:3", "yaml-syntax", "this does not belong to the keys above", INDENT),
    "list after map": ("a: 1\n- 2", "2:1", "yaml-syntax", "this does not belong to the keys above", INDENT),
    "after a quote": ('a: "x" y', "1:8", "yaml-syntax", "this does not belong to the keys above", INDENT),
    "no colon": ("a: 1\nfoo\nb: 2", "2:1", "yaml-syntax", "this line has no ': ' after its key", "Write: key: value"),
    "open list": ("a: [1, 2\nb: 3", "1:4", "yaml-syntax", "the list that opens here is not closed",
                  "Put ',' between values, ']' at the end."),
    "open map": ("a: {b: 1\nc: 3", "1:4", "yaml-syntax", "the map that opens here is not closed",
                 "Put ',' between pairs, '}' at the end."),
    "open quote": ('a: "x\nb: 1', "1:4", "yaml-syntax", "the quote that opens here is not closed", "Close the quote."),
    "at": ("a: @x", "1:4", "yaml-syntax", "a text cannot start with this character", "Put the text in quotes."),
    "escape": ('a: "\\q"', "1:5", "yaml-syntax", "this '\\' sequence means nothing in YAML",
               "Write '\\\\', or use single quotes."),
    "star": ("a: *", "1:5", "yaml-syntax", "'&' and '*' need a name", "Put the text in quotes, or name the anchor."),
    "no value": ("a: [1,,2]", "1:7", "yaml-syntax", "a value is missing before this character",
                 "Write a value, or null."),
    "dash": ("a: - 1", "1:4", "yaml-syntax", "a list cannot start on this line",
             "Start it on the next line, or write [1, 2]."),
    "no dash": ("- 1\na: 2", "2:1", "yaml-syntax", "this does not belong to the list above",
                "Start each entry with '- ', all aligned."),
    "block header": ("a: |x", "1:5", "yaml-syntax", "the text of a '|' or '>' starts on the next line",
                     "Start a new line here."),
    "extends list": ("extends: [3]", "1:11", "extends-type", "extends takes the name of a file, or a list of names",
                     "Write extends: other.yaml, or extends: [one.yaml, other.yaml]"),
    "extends nothing": ("extends: []", "1:10", "extends-type", "extends takes the name of a file, or a list of names",
                        "Write extends: other.yaml, or extends: [one.yaml, other.yaml]"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_text_is_refused_with_place_rule_and_cure(name: str) -> None:
    text, place, code, message, cure = BAD[name]
    found = fault(text)
    assert (str(found.place), found.code, found.message, found.cure) == (f"f.yaml:{place}", code, message, cure)


@pytest.mark.parametrize("name", BAD)
def test_the_parser_in_pure_python_refuses_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamltext, "_LOADER", yaml.BaseLoader)
    text, place, code, _, _ = BAD[name]
    found = fault(text)
    assert found.code == code
    assert found.place is not None
    assert found.place.line == int(place.split(":")[0])


def test_all_faults_of_a_text_are_told_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        parse("a: 1\na: 2\nb: !foo 1\ntrue: 1\nc: {d: 1, d: 2}\ne: [1", "f.yaml")
    codes = [(str(found.place), found.code) for found in caught.value.faults]
    assert codes == [
        ("f.yaml:2:1", "yaml-duplicate-key"),
        ("f.yaml:3:4", "yaml-tag"),
        ("f.yaml:4:1", "yaml-key"),
        ("f.yaml:5:11", "yaml-duplicate-key"),
        ("f.yaml:6:4", "yaml-syntax"),
    ]


@given(st.text("ab:-[]{},&*!|>'\"#?%@` \n\t0~<\\", max_size=40))
def test_any_text_is_read_or_refused_with_places(text: str) -> None:
    try:
        parse(text).values()
    except SpecError as error:
        assert all(found.place and found.message for found in error.faults)


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        parse(content.decode("utf-8", "surrogateescape")).values()
    except SpecError as error:
        assert "\x1b" not in str(error)


def test_a_text_that_is_too_deep_for_the_parser_itself_is_refused_alike() -> None:
    found = fault(f"a: {'[' * 100_000}")
    assert (found.code, found.cure) == ("yaml-nesting", "Flatten the file.")
