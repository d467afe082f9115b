"""Messages say place, value, rule and cure."""

import json

import pytest

from unetkit.errors import Fault, Place, SpecError, UnetkitError, did_you_mean, quote

PLACE = Place("a.yaml", 3, 8, "skip: {align: same}", 5)


def test_a_fault_prints_like_a_compiler() -> None:
    fault = Fault("size-mismatch", "decoder is 71, encoder is 70", "levels.2.skip", "Or: align: pad.", PLACE)
    assert str(fault).splitlines() == [
        "a.yaml:3:8: error[size-mismatch]: levels.2.skip: decoder is 71, encoder is 70",
        "   skip: {align: same}",
        "          ^^^^^",
        "   Or: align: pad.",
    ]


def test_a_fault_without_place_path_and_cure_is_one_line() -> None:
    assert str(Fault("file-missing", "a.yaml does not exist")) == "error[file-missing]: a.yaml does not exist"


def test_at_keeps_a_place_that_is_known() -> None:
    fault = Fault("code", "message")
    assert fault.at(None).place is None
    assert fault.at(PLACE).place == PLACE
    assert fault.at(PLACE).at(Place("other.yaml", 1, 1)).place == PLACE


def test_json_holds_plain_values() -> None:
    values = json.loads(json.dumps(Fault("code", "message", place=PLACE).json()))
    assert values["place"] == {"file": "a.yaml", "line": 3, "column": 8}
    assert Fault("code", "message").json()["place"] is None


@pytest.mark.parametrize("column", [1, 40, 99, 150, 300])
def test_a_long_line_is_cut_around_its_span(column: int) -> None:
    text = "".join(f"{i:04d}" for i in range(75))
    line, underline = quote(Place("a.yaml", 1, column, text, 4))
    start = underline.index("^")
    assert line[start : start + 4] == text[column - 1 : column + 3]
    assert len(line) <= 103


def test_an_error_lists_its_faults() -> None:
    error = SpecError(Fault("one", "first"), Fault("two", "second"))
    assert isinstance(error, UnetkitError)
    assert str(error) == "error[one]: first\nerror[two]: second"


def test_an_unknown_name_is_answered_with_known_ones() -> None:
    assert did_you_mean("kernal", ["kernel", "padding"]) == "Did you mean: kernel?"
    assert did_you_mean("q", ["padding", "kernel"]) == "Known: kernel, padding."
    assert did_you_mean("q", []) == ""
