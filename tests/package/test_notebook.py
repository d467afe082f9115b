"""What notebooks show of values: HTML and SVG in which no name is more than text, and errors without a traceback."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unetkit
from tests.study.studies import study
from tests.study.study_results import results
from unetkit.comparison import compare
from unetkit.scoring import Scores
from unetkit.study.report import settings_for, write_report
from unetkit.study.report.summary import sentences
from unetkit.study.report.view import View
from unetkit.study.report.writing import StudyReport

HOSTILE = "</text></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
SMALL = {"extends": "unet-small", "channels": [4, 8]}


class Tags(HTMLParser):
    """The tags of a text and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags = set[str]()
        self.attributes = set[str]()
        self.open = list[str]()
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def harmless(text: str) -> None:
    found = Tags(text)
    assert not found.tags & {"script", "img", "iframe", "link", "a"}
    assert not any(name.startswith(("on", "src", "href")) for name in found.attributes)


def test_a_spec_a_plan_and_a_plan_at_a_size_show_drawing_facts_and_levels() -> None:
    spec = unetkit.load("unet-2015")
    planned = unetkit.plan(spec)
    for value in (spec, planned, planned.at((572, 572))):
        page = value._repr_html_()
        harmless(page)
        assert (value._repr_svg_() or "no drawing") in page
        for text in (
            "unet-2015",
            "31,030,658",
            "572×572 → 388×388",
            "<td>4</td>".replace("<td>", '<td class="number">'),
        ):
            assert text in page
    assert "align: crop" in spec._repr_html_()


def test_the_text_of_a_plan_at_a_size_is_one_line() -> None:
    sized = unetkit.plan(unetkit.load(SMALL)).at((64, 64))
    assert repr(sized) == f"<{sized.plan.spec} at 64×64 -> 64×64; {sized.macs:,} multiply-adds>"


def test_a_size_that_drops_pixels_is_told() -> None:
    assert (
        "3 samples at the far end are dropped" in unetkit.plan(unetkit.load("unet-2015")).at((570, 570))._repr_html_()
    )


def test_a_spec_without_a_plan_shows_its_faults() -> None:
    spec = unetkit.load("unet-small", ["up=[]"])
    with pytest.raises(unetkit.UnetkitError):
        unetkit.plan(spec)
    assert "error[block-wiring]" in spec._repr_html_()
    assert spec._repr_svg_() is None


def test_a_plan_that_no_size_fits_shows_its_faults() -> None:
    planned = unetkit.plan(unetkit.load("unet-small", ["block.padding=valid", "skip.align=same"]))
    assert "error[size-mismatch]" in planned._repr_html_()
    assert planned._repr_svg_() is None


@given(name=st.text(min_size=1, max_size=30))
@settings(max_examples=20)
def test_no_name_of_a_spec_is_more_than_text(name: str) -> None:
    try:
        spec = unetkit.load(SMALL | {"name": name + HOSTILE, "description": name, "paper": HOSTILE})
    except unetkit.SpecError:
        return
    harmless(spec._repr_html_())
    harmless(spec._repr_svg_() or "")


def test_no_text_of_faults_is_more_than_text() -> None:
    with pytest.raises(unetkit.SpecError) as caught:
        unetkit.load(SMALL | {HOSTILE: 1})
    text = "\n".join(caught.value._render_traceback_())
    assert text.startswith("SpecError:\n") and "Traceback" not in text and "\x1b" not in text


def test_a_fault_is_shown_with_its_place_and_its_remedy(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("extends: unet-small\nskip: {type: concat, alignn: pad}\n", encoding="utf-8")
    with pytest.raises(unetkit.SpecError) as caught:
        unetkit.load(file)
    lines = caught.value._render_traceback_()
    assert lines[1].startswith(f"{file}:2:") and lines[-1].strip() == "Did you mean: align?"


def test_a_comparison_shows_both_networks_and_what_differs() -> None:
    first, second = unetkit.load("unet-same"), unetkit.load("unet-same", overrides=["skip=add"])
    text = compare(unetkit.plan(first), unetkit.plan(second))._repr_html_()
    assert {"svg", "table"} <= Tags(text).tags and "decoder.*.skip.type" in text and "add" in text


def test_a_study_and_its_arms_show_what_they_change_and_cost(tmp_path: Path) -> None:
    found = study(tmp_path, "axes: {skip: [none], block.kernel: [4, 5]}\n")
    page = found._repr_html_()
    harmless(page)
    assert found.base.facts and f"{found.base.facts.parameters:,}" in page
    assert all(arm.name in page for arm in found.arms)
    (skipped,) = found.skipped
    for arm in found.arms:
        harmless(arm._repr_html_())
        assert ("skipped: " in arm._repr_html_()) == (arm is skipped)


def test_no_name_of_a_study_is_more_than_text(tmp_path: Path) -> None:
    axes = {HOSTILE: {HOSTILE: {"skip": "none"}, "b": {}}}
    harmless(study(tmp_path, json.dumps({"axes": axes})[1:-1] + "\n")._repr_html_())


def test_scores_show_the_means_of_each_class() -> None:
    rows: list[dict[str, Any]] = [
        {"image": HOSTILE, "class": HOSTILE, "dice": 0.5},
        {"image": "b", "class": HOSTILE, "dice": 0.75},
        {"image": "b", "class": "nothing", "dice": None},
    ]
    scores = Scores.of((HOSTILE, "nothing"), ("dice",), rows)
    page = scores._repr_html_()
    harmless(page)
    assert "0.625" in page and "–" in page
    harmless(Scores((), ("dice",), ())._repr_html_())


def test_a_report_shows_its_sentences_and_verdicts(tmp_path: Path) -> None:
    found = results(tmp_path / "runs")
    analysis = write_report(found, tmp_path / "report", settings_for(found))
    report = StudyReport(tmp_path / "report" / "report.html", sentences(View(found, analysis)), analysis)
    page = report._repr_html_()
    harmless(page)
    assert "better" in page and "norm=group" in page
    assert all(sentence[:40].replace("“", "") in page.replace("“", "") for sentence in report.summary)
