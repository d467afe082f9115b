"""The report on a study: true sentences, a page that stands alone, and tables from which it can be made again."""

from __future__ import annotations

import csv
import json
import re
from array import array
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.draw import browser
from tests.study.study_results import ARMS, results
from unetkit.comparison import changed_components
from unetkit.study.report import settings_for, write_report
from unetkit.study.report.figures.drawings import planned
from unetkit.study.report.latex import escaped
from unetkit.study.report.summary import sentences
from unetkit.study.report.view import View
from unetkit.study.results.results import ArmFacts, Results, RunFacts, ScoreTable
from unetkit.study.statistics import AnalysisSettings, analyse

FILES = {"report.html", "scores.csv", "arms.csv", "runs.csv", "comparisons.csv", "statistics.json", "table.tex"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the report on the made-up study."""
    made = tmp_path_factory.mktemp("study")
    write_report(results(made / "runs"), made / "report")
    return made / "report"


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def made(shift: Sequence[float], *, seeds: int = 5, noise: float = 0.001, **changes: object) -> Results:
    """Returns a study whose arms differ from the base by the given shifts, and by a little noise."""
    names = ["base", *(f"arm {number}" for number in range(1, len(shift) + 1))]
    runs = [RunFacts(f"{name}-{seed}", name, seed, seconds=2.0) for seed in range(seeds) for name in names]
    scored = [
        (
            run,
            [
                {
                    "image": f"i{image}",
                    "class": "cell",
                    "dice": 0.5 + dict(zip(names, (0.0, *shift), strict=True))[run.arm] + wave(run, image) * noise,
                }
                for image in range(6)
            ],
        )
        for run in runs
    ]
    arms = tuple(ArmFacts(name, parameters=10) for name in names)
    return replace(Results("s", "dice", "base", arms, tuple(runs), ScoreTable.gather(scored)), **changes)  # type: ignore[arg-type]


def wave(run: RunFacts, image: int) -> float:
    """Returns a number that looks like chance and is not."""
    number = int(run.arm[-1]) if run.arm != "base" else 0
    return ((37 * run.seed + 101 * number + 61 * image + 7 * run.seed * number) % 19 - 9) / 9


def told(study: Results, settings: AnalysisSettings | None = None) -> tuple[str, str, str]:
    chosen = settings or settings_for(study)
    return sentences(View(study, analyse(study.scores, study.base, chosen, order=[arm.name for arm in study.arms])))


def test_a_report_is_a_page_and_its_tables(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == FILES


def test_equal_results_give_equal_files(folder: Path, tmp_path: Path) -> None:
    write_report(results(tmp_path / "runs"), tmp_path / "report")
    assert all((folder / name).read_bytes() == (tmp_path / "report" / name).read_bytes() for name in FILES)


def test_the_page_refers_to_nothing_outside_it(page: str) -> None:
    places = re.findall(r'(?:src|href|action|data|poster)="([^"]*)"', page)
    assert places and all(place.startswith(("#", "data:image/png;base64,")) for place in places)
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # the name of a language, never fetched
    assert "url(" not in page and "@import" not in page


def test_every_part_of_a_report_is_there_and_reached_from_its_top(page: str) -> None:
    anchors = re.findall(r'<a href="#([^"]+)"', page)
    assert len(anchors) == 10
    for anchor in anchors:
        body = page.split(f'<section id="{anchor}">')[1].split("</section>")[0]
        assert len(re.sub(r"<[^>]*>", "", body)) > 60, anchor


def test_failures_skips_and_gaps_are_named(page: str) -> None:
    body = page.split('<section id="failures">')[1].split("</section>")[0]
    for text in (
        "1 run failed",
        "the loss is not finite at step 412",
        "1 variant could not be built",
        "decoder is 71, encoder is 70",
        "1 run still to come",
        "down=strided_conv with seed 4",
        "3 (block=residual has no scores)",
    ):
        assert text in body, text


def test_what_differs_is_marked_in_the_drawings(page: str) -> None:
    body = page.split('<section id="drawings">')[1].split("</section>")[0]
    drawn = dict(zip(ARMS, body.split("<figure>")[1:], strict=True))
    assert "marked" not in drawn["same"]
    assert drawn["norm=group"].count("own marked") > 10
    assert drawn["up=interpolate"].count('class="stripe"') == 3
    assert drawn["down=strided_conv"].count('class="stripe"') == 3


def test_only_what_is_set_otherwise_counts_as_a_difference() -> None:
    def step_names(*overrides: str) -> set[str]:
        import unetkit

        base = ArmFacts("base", spec=unetkit.load("unet-same").resolve)
        other = ArmFacts("other", spec=unetkit.load("unet-same", list(overrides)).resolve)
        one, two = planned(base), planned(other)
        assert one and two
        return {*changed_components(one, two)}

    assert step_names("skip=add") == {f"decoder.{level}.skip" for level in range(4)}
    assert step_names("levels.2.block.kernel=5") == {"encoder.2.block", "decoder.2.block"}
    assert step_names() == set()


def test_the_snippet_of_the_page_makes_every_number_again(
    folder: Path, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import html

    snippet = html.unescape(
        page.split('<section id="method">')[1].split('<pre tabindex="0"><code>')[1].split("</code>")[0]
    )
    monkeypatch.chdir(folder)
    names: dict[str, object] = {}
    exec(snippet, names)  # noqa: S102 - the text that the page shows, made by us
    again = json.loads(json.dumps(names["analysis"].json()))  # type: ignore[attr-defined]
    known = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    for values in (again, known):
        for arm in values["arms"]:  # what comes from the plan and the clock stands in arms.csv and runs.csv
            del arm["costs"], arm["front"]
    assert again == known


def test_the_tables_beside_the_page_hold_what_it_says(folder: Path) -> None:
    def table(name: str) -> list[dict[str, str]]:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    known = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    comparisons = table("comparisons.csv")
    assert len(comparisons) == len(known["comparisons"]) + len(known["by_class"]) == 6 * (1 + 4)
    for row, each in zip(comparisons, known["comparisons"] + known["by_class"], strict=True):
        assert float(row["p_adjusted"]) == each["p_adjusted"] and row["verdict"] == each["verdict"]
        assert [float(row["crossed_low"]), float(row["crossed_high"])] == each["crossed"]
    assert len(table("runs.csv")) == 35 and {row["state"] for row in table("runs.csv")} == {"done", "failed", "missing"}
    assert [row["arm"] for row in table("arms.csv")] == [*ARMS, "align=same, padding=valid"]


def test_the_latex_table_is_well_formed(folder: Path) -> None:
    text = (folder / "table.tex").read_text(encoding="utf-8")
    body = text.split("\\midrule\n")[1].split("\\bottomrule")[0].splitlines()
    assert len(body) == len(ARMS)
    assert all(line.endswith(r" \\") and line.count("&") - line.count(r"\&") == 7 for line in body)
    assert (
        body[0].startswith("same & ") and body[1].startswith("block=residual & ") and body[-1].startswith("skip=none")
    )
    assert escaped("a_b & 5 % #1 {x} ~ ^ \\") == (
        r"a\_b \& 5 \% \#1 \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{}"
    )


# --- the three sentences ---------------------------------------------------------------------------------------------


def test_the_sentences_tell_what_is_better_worse_equivalent_and_undecided() -> None:
    first, second, third = told(made([0.05, -0.05, 0.0005], noise=0.004))
    assert first == (
        "This study compares 3 variants with “base” by Dice on 6 test images, with 5 seeds each: 20 of 20 runs have "
        "finished."
    )
    assert re.fullmatch(
        r"On these images “arm 1” scores higher than “base” \(\+0\.0\d+, 95 % interval .*\), "
        r"“arm 2” scores lower than “base” \(−0\.0\d+, .*\), and “arm 3” is equivalent to “base” within ±0\.01 "
        r"\(of 5 runs none failed to learn; up to 45 % could\)\.",
        second,
    )
    assert third.startswith("The data discriminate between the arms (standard deviation between arms ")
    assert third.endswith("; the significant differences hold for new images too (95 % intervals).")


def test_the_sentences_claim_no_difference_where_none_is_called() -> None:
    study = made([0.0, 0.001], noise=0.2)
    _, second, third = told(study)
    assert second == "On these images no variant is shown to differ from “base”, and “arm 1” and “arm 2” are undecided."
    assert third.startswith("The data are not shown to discriminate between the arms")
    assert "new images" not in third


def test_a_distance_is_better_where_it_is_lower() -> None:
    study = made([0.05])
    assert "“arm 1” scores higher than “base”" in told(study)[1]
    verdict = told(study, AnalysisSettings(less_is_better=True, margin=0.01))[1]
    assert "“arm 1” scores higher than “base”" in verdict  # the words follow the numbers, the verdict says worse


def test_a_difference_within_the_margin_is_told_as_such() -> None:
    assert "the difference is within the margin" in told(made([0.004], noise=0.001))[1]


def test_one_seed_is_not_tested() -> None:
    _, second, third = told(made([0.05], seeds=1))
    assert second == "Nothing can be tested yet: no variant shares two finished seeds with the base."
    assert third.startswith("Whether the arms differ beyond chance cannot be tested yet")


def unfinished(study: Results, state: str, arm: str = "") -> Results:
    """Returns a study in which runs (of one arm) have not ended well."""
    runs = [replace(run, state=state) if arm in ("", run.arm) else run for run in study.runs]  # type: ignore[arg-type]
    known = study.scores
    rows = [index for index, name in enumerate(known.arm) if arm not in ("", name)]
    dice = array("d", [known.metrics["dice"][row] for row in rows])
    names, images, labels = ([column[row] for row in rows] for column in (known.arm, known.image, known.label))
    scores = ScoreTable(names, [known.seed[row] for row in rows], [1.0] * len(rows), images, labels, {"dice": dice})
    return replace(study, runs=tuple(runs), scores=scores)


@pytest.mark.parametrize(
    ("study", "said"),
    [
        (made([], seeds=2), "Nothing can be compared yet: there is no arm beside “base”."),
        (unfinished(made([0.1]), "failed", "base"), "Nothing can be compared yet: “base” has no finished run."),
        (unfinished(made([0.1]), "missing", "arm 1"), "no variant has finished a run beside “base”."),
        (unfinished(made([0.1]), "missing"), "Nothing can be compared yet: “base” has no finished run."),
        (made([0.1], seeds=1), "Nothing can be tested yet: no variant shares two finished seeds with the base."),
    ],
    ids=["base alone", "base failed", "arm to come", "nothing yet", "one seed"],
)  # fmt: skip
def test_an_unfinished_study_has_a_report_too(study: Results, said: str, tmp_path: Path) -> None:
    write_report(study, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert said in page and page.count("<section") == 10


def test_names_and_reasons_cannot_break_the_page(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>&\"'"
    arms = (ArmFacts("base"), ArmFacts(name, differences=(("a<b", "c>d"),)))
    runs = (RunFacts("r", "base", 0), RunFacts("s", name, 0, state="failed", reason="</td><script>"))
    scores = ScoreTable.gather([(runs[0], [{"image": name, "class": name, "dice": 0.5}])])
    write_report(Results(name, "dice", "base", arms, runs, scores, description=name), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<script") == 1


def test_fractions_of_the_images_are_told_apart(tmp_path: Path) -> None:
    study = results(tmp_path / "runs", seeds=3, images=4, fractions=(0.25, 1.0))
    analysis = write_report(study, tmp_path)
    assert {each.fraction for each in analysis.comparisons} == {0.25, 1.0}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Trained on 100 % of the images" in page and "Trained on 25 % of the images" in page
    assert "block=residual at 25 % of the images" in page


def test_many_arms_are_cut_to_what_can_be_read_and_the_page_says_so(tmp_path: Path) -> None:
    names = ["base", *(f"arm {number}" for number in range(1, 400))]
    runs = tuple(RunFacts(f"{name}-{seed}", name, seed) for seed in (0, 1) for name in names)
    scored = [
        (run, [{"image": "i", "class": "c", "dice": 0.5 + len(run.id) * (run.seed + 1) % 7 / 70}]) for run in runs
    ]
    arms = tuple(ArmFacts(name) for name in names)
    write_report(Results("many", "dice", "base", arms, runs, ScoreTable.gather(scored)), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "40 of 399 comparisons are shown" in page
    assert "200 further arms, nearer to the base, are in arms.csv." in page
    assert len(page) < 1_500_000


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not browser.FOUND, reason="there is no Chromium")
@pytest.mark.parametrize(("width", "dark"), [(360, True), (1440, False)], ids=["narrow and dark", "wide and light"])
def test_in_a_browser_nothing_overflows_text_is_legible_and_tables_sort(
    page: str, width: int, dark: bool, tmp_path: Path
) -> None:
    seen = browser.measured(page, width, tmp_path, dark=dark)
    assert seen["needed"] <= seen["width"] == width
    assert seen["smallest"] >= 10.9
    assert seen["fetched"] == []
    assert seen["background"] == ("rgb(18, 24, 31)" if dark else "rgb(255, 255, 255)")
    rising, falling = next((up, down) for title, up, down in seen["sorted"] if title == "Dice")
    assert rising[0] == "skip=none" and rising[-1] == "block=residual"
    assert falling == rising[::-1]


@pytest.mark.skipif(not browser.FOUND, reason="there is no Chromium")
def test_an_overflow_would_be_seen(tmp_path: Path) -> None:
    seen = browser.measured('<!doctype html><p style="width:900px;font-size:9px">x', 360, tmp_path)
    assert seen["needed"] > seen["width"] and seen["smallest"] == 9
