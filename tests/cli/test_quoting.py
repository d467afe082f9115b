"""Nothing that a file or its name holds reaches a terminal as a command, breaks a line, or fills the screen."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

import unetkit
from tests.support.commandline import RUNNER, run
from unetkit.cli import show_warning
from unetkit.cli.app import app
from unetkit.cli.output import print_json, print_rich, say, table
from unetkit.draw import svg
from unetkit.errors import Fault, Place
from unetkit.quoting import LONGEST, one_line, table_text, uncelled
from unetkit.study.report.latex import escaped as escaped_latex
from unetkit.trained.card.markdown import escaped as escaped_markdown

HOSTILE = "a\x1b[2J\x9b1m\u202eb\nerror[forged]: c\r\x07\u2028\x7f\udce9"
VISIBLE = r"a\x1b[2J\x9b1m\u202eb\nerror[forged]: c\r\x07\u2028\x7f\xe9"


def test_fault_is_printable_whatever_it_names() -> None:
    fault = Fault("code", HOSTILE, HOSTILE, HOSTILE, Place(HOSTILE, 1, 2, HOSTILE), (HOSTILE,))
    text = str(fault)
    assert text.replace("\n", "").isprintable()
    assert len(text.splitlines()) == 5  # the message, a further line, the quoted line, its mark, the cure
    assert text.count(VISIBLE) == 5
    assert fault.message == VISIBLE


def test_place_is_marked_under_the_letter_whatever_stands_before_it() -> None:
    lines = str(Fault("code", "wrong", place=Place("f", 1, 4, "\x1b\x9b\u202ewrong", 5))).splitlines()
    assert lines[1].index("wrong") == lines[2].index("^")


@given(st.text(max_size=5_000))
def test_line_is_printable_and_short(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= 10 * (LONGEST + 40)  # an escape has up to ten letters


def test_long_name_gives_a_short_message() -> None:
    assert len(str(Fault("code", "weight " + "n" * 1_000_000, cure="c" * 1_000_000))) < 5_000


@pytest.mark.parametrize("to_errors", [False, True])
def test_lines_are_printed_as_lines(to_errors: bool, capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE, Path("a\nb"), to_errors=to_errors)
    printed = capsys.readouterr()
    assert printed[to_errors] == f"{VISIBLE}\na\\nb\n"


def test_tables_print_any_name_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    made = table("name", HOSTILE)
    made.add_row("[bold]x[/bold]", HOSTILE)
    print_rich(made, HOSTILE.replace("\n", ""))
    printed = capsys.readouterr().out
    assert printed.replace("\n", "").isprintable()
    assert "[bold]x[/bold]" in printed
    assert printed.count(VISIBLE) == 2


def test_json_prints_the_same_values(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({HOSTILE: [HOSTILE, "é", 1]})
    printed = capsys.readouterr().out
    assert printed.replace("\n", "").isprintable()
    assert "é" in printed
    assert json.loads(printed) == {HOSTILE: [HOSTILE, "é", 1]}


SPEC = """\
unetkit: 1
name: "{0}"
description: "{0}"
in_channels: 1
out_channels: 2
channels: [4, 8]
"""
YAML = r"a\x1b[2J\x9b\u202eb"
COMMANDS = ("validate", "show", "sizes", "resolve", "code", "draw", "diff")


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_print_hostile_names_as_escapes(command: str, tmp_path: Path) -> None:
    for file in (tmp_path / "x\x1b[2J\n\u202e.yaml", tmp_path / "no\x1b[2J\n\u202e.yaml"):
        if "no" not in file.name:
            file.write_text(SPEC.format(YAML))
        further = {"draw": ("-o", tmp_path / "o\x1b.svg"), "diff": ("unet-small",)}.get(command, ())
        for result in (invoked(command, file, *further), invoked(command, file, "--set", f"q={YAML}", *further)):
            assert result.exit_code in (0, 1)
            assert (result.stdout + result.stderr).replace("\n", "").isprintable()
            assert not any(line.startswith((".yaml", "\u202e")) for line in result.output.split("\n"))


def invoked(*arguments: str | Path) -> Result:
    """Returns what a command gave, whatever its exit code."""
    return RUNNER.invoke(app, list(map(str, arguments)), prog_name="unetkit")


def test_yaml_reads_back_what_is_printed_as_escapes(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(SPEC.format(YAML))
    printed = run("resolve", file).stdout
    assert printed.replace("\n", "").isprintable()
    (tmp_path / "again.yaml").write_text(printed)
    assert run("resolve", tmp_path / "again.yaml").stdout == printed


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4), max_size=4))
def test_cells_hold_any_text_and_no_formula(rows: list[list[str]]) -> None:
    text = table_text(rows)
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert [[uncelled(cell) for cell in row] for row in read] == rows
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in read for cell in row)


@given(st.lists(st.floats(allow_nan=False) | st.integers(), min_size=1))
def test_numbers_in_cells_stay_numbers(numbers: list[float]) -> None:
    (read,) = csv.reader(io.StringIO(table_text([numbers]), newline=""))
    assert [float(cell) for cell in read] == [float(number) for number in numbers]


def test_drawings_cards_and_tables_for_papers_hold_no_name_that_is_obeyed() -> None:
    name = HOSTILE.replace("\udce9", "") + '<script>&"]]>'
    spec = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8]}
    drawing = svg(unetkit.plan(unetkit.load(spec)).at((16, 16)), title=name)
    ElementTree.fromstring(drawing)
    for text in (drawing, escaped_markdown(name), escaped_latex(name)):
        assert not {"\x1b", "\x9b", "\u202e", "\x07", "\r"} & set(text)
    assert "<script" not in drawing
    assert re.search(r"(?<!\\)<script", escaped_markdown(name)) is None
    assert "\n" not in escaped_latex(name) + escaped_markdown(name)


@pytest.mark.parametrize(
    "arguments", [("new", "a\x1b.txt"), ("show", "unet-small", "--size", "\x1b"), ("x\x1b",), ("--x\x1b",)]
)
def test_wrong_usage_is_told_without_controls(arguments: tuple[str, ...]) -> None:
    result = invoked(*arguments)
    assert result.exit_code == 2
    assert "\x1b" not in result.output


def test_warnings_of_a_process_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_warning(UserWarning(HOSTILE), UserWarning, "file.py", 3)
    assert capsys.readouterr().err == f"warning: {VISIBLE}\n"
