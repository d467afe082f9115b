"""`unetkit bench`, small: all ways run, their arithmetic is the plan's, and plot and page can be made of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import unetkit
from benchmarks.results import page
from tests.support.commandline import run
from unetkit.bench import Bench, BenchOptions, bench, draw_roofline
from unetkit.bench.peaks import Peaks

TINY = ["channels=[4, 8]", "in_channels=1", "out_channels=2"]
OPTIONS = BenchOptions(
    (32, 32), rounds=1, only=("eager", "torch", "tiled", "streamed", "training"), against=("monai", "smp")
)


@pytest.fixture(scope="module")
def measured() -> Bench:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unetkit.bench.measurement.measured_peaks", lambda clock: Peaks(100.0, 200.0, 120.0, None, 10.0))
        return bench(unetkit.plan(unetkit.load("unet-small", TINY)), OPTIONS)


def test_the_arithmetic_of_each_way_is_that_of_the_plan(measured: Bench) -> None:
    macs = unetkit.plan(unetkit.load("unet-small", TINY)).macs((32, 32))
    times = {"eager": 1, "torch": 1, "tiled": 1, "streamed": 1, "training": 3}
    assert {row.name: row.macs for row in measured.rows[:5]} == {name: count * macs for name, count in times.items()}
    for row in measured.rows:
        assert row.seconds and row.rate and row.memory
        assert row.rate == pytest.approx(2e-9 * row.macs / row.seconds)
    assert measured.rows[0].ratio == 1
    tiled, streamed = (row.cells(measured.peaks)[0] for row in measured.rows[2:4])
    assert re.fullmatch(r"tiled, in \d+ tiles of \d+×\d+", tiled)
    assert re.fullmatch(r"streamed, in strips of \d+ rows", streamed)
    assert measured.rows[1].shares(measured.peaks).keys() == {"direct", "winograd", "matmul"}


def test_plot_and_page_are_made_of_it(measured: Bench, tmp_path: Path) -> None:
    for suffix in ("svg", "png"):
        draw_roofline(measured, tmp_path / f"plot.{suffix}")
        assert (tmp_path / f"plot.{suffix}").stat().st_size > 1000
    ratio = {"median": 0.5, "quartiles": [0.4, 0.6], "wanted": 1.0}
    tables = {"us / them": [{"name": "time", "unit": "s", "unetkit": [1.0], "other": [2.0], "ratio": ratio}]}
    text = page([measured], tables, "plot.svg")
    assert "| smp Unet, ResNet-34 |" in text and "| time | 1 s | 2 s | 0.5 | 0.4-0.6 | 1 |" in text


def test_the_command_prints_a_table_or_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "unetkit.bench.measurement.measured_peaks", lambda clock: Peaks(100.0, 200.0, 120.0, 300.0, 10.0)
    )
    asked = ["bench", "unet-small", "--size", "16", "--rounds", "1", "--only", "eager,bf16 torch"]
    asked += [one for override in TINY for one in ("--set", override)]
    assert "of Winograd" in run(*asked).stdout
    values = json.loads(run(*asked, "--json").stdout)
    assert [way["name"] for way in values["ways"]] == ["eager", "bf16 torch"]
    assert values["peaks"]["direct"] == 100


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--only", "eagre"), "there is no way 'eagre'"),
        (("--against", "nobody"), "there is no 'nobody' to compare with"),
        (("--plot", "plot.gif", "--only", "eager"), "plot.gif is no"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_it_is_measured(given: tuple[str, ...], told: str) -> None:
    assert told in run("bench", "unet-small", "--size", "16", *given, code=1).stderr
