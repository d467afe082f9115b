"""How well the claims of a study's report hold in simulated studies: `python -m tests.study.simulations`.

It writes the table in docs/statistics.md. Each row is a claim, a case, and how often the claim held.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unetkit.study.statistics import AnalysisSettings
from unetkit.study.statistics.crossed import crossed_interval, draw
from unetkit.study.statistics.modes import lower_mode
from unetkit.study.statistics.power import detectable_again
from unetkit.study.statistics.sequential import confidence_at, decide
from unetkit.study.statistics.testing import (
    equivalence_test,
    holm,
    moments,
    spread_test,
    t_interval,
    t_test,
)
from unetkit.study.study_keys import SeedRange

Numbers = NDArray[np.float64]
PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
BEGIN, END = "<!-- simulated: begin -->\n", "<!-- simulated: end -->\n"
SD = 0.01
MARGIN = 0.01
FAILS, DEPTH = 0.1, 0.3
"""How often a run fails to learn, and by how much its score is lower then."""
LEVEL = 0.05


class Row(NamedTuple):
    """A claim, the simulated case, how often it held, and between which figures it should."""

    claim: str
    case: str
    figure: float
    least: float = 0.0
    most: float = 1.0

    def holds(self, studies: int) -> bool:
        """Whether a frequency is as it should, within twice the error of the simulation; a share, without allowance."""
        if "as a share" in self.claim:
            return self.figure >= self.least if self.least else self.figure <= self.most
        slack = 2 * np.sqrt(max(self.figure * (1 - self.figure), 0.01) / studies)
        return bool(self.least - slack <= self.figure <= self.most + slack)


def scores(case: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
    """Scores of runs around 0 with the standard deviation SD, unless runs fail (`failing`)."""
    if case == "heavy-tailed":
        return np.asarray(rng.standard_t(3, shape) * SD / np.sqrt(3))
    if case == "skewed":
        return (1 - rng.exponential(1, shape)) * SD
    if case == "failing":
        return rng.normal(0, SD, shape) - DEPTH * (rng.random(shape) < FAILS)
    if case == "ties":
        return np.round(rng.normal(0, SD, shape), 2)
    found = rng.normal(0, SD, shape)
    if case == "missing runs":
        found[rng.random(shape) < 0.15] = np.nan
    return found


CASES = ("normal", "heavy-tailed", "skewed", "failing", "ties", "missing runs")


def paired(case: str, rng: np.random.Generator, studies: int, arms: int, seeds: int) -> tuple[Numbers, Numbers]:
    """Differences (study, arm, seed) without a true difference, and the scores of the base (study, 1, seed)."""
    shared = rng.normal(0, SD, (studies, 1, seeds))
    base = scores("normal" if case == "unequal spreads" else case, rng, (studies, 1, seeds))
    arm = scores("normal" if case == "unequal spreads" else case, rng, (studies, arms, seeds))
    if case == "unequal spreads":
        base = 3 * base
    return arm - base, base + shared


def intervals(studies: int, rng: np.random.Generator) -> Iterator[Row]:
    """The main interval, for these images."""
    claim = "main interval covers the difference"
    for case in (*CASES, "unequal spreads"):
        for seeds in (5, 10):
            low, high = t_interval(moments(paired(case, rng, studies, 1, seeds)[0][:, 0]), 0.95)
            tested = np.isfinite(low)
            yield Row(claim, f"{case}, {seeds} seeds", float(((low <= 0) & (high >= 0))[tested].mean()), 0.93)
    arm = scores("failing", rng, (studies, 6))
    low, high = t_interval(moments(arm), 0.95)
    every = -DEPTH * FAILS
    seen = arm.min(1) < -DEPTH / 2
    truth = np.where(seen, every, 0.0)
    claim = "the same, only the arm fails, 6 seeds"
    yield Row(claim, "over runs like those seen", float(((low <= truth) & (truth <= high)).mean()), 0.93)
    yield Row(claim, "over all runs, which the report does not claim", float(((low <= every) & (every <= high)).mean()))


def new_images(studies: int, rng: np.random.Generator) -> Iterator[Row]:
    """The interval for new images."""
    claim = "thin interval covers the difference on new images"
    for case, seeds, groups, each in (
        ("normal", 5, 12, 1),
        ("normal, 3 images", 5, 3, 1),
        ("heavy-tailed", 5, 12, 1),
        ("skewed", 5, 12, 1),
        ("failing", 6, 12, 1),
        ("groups of 4", 5, 8, 4),
        ("groups of 4, failing", 6, 8, 4),
        ("3 groups of 8", 5, 3, 8),
    ):
        kind = "failing" if "failing" in case else case if case in CASES else "normal"
        arm = scores(kind, rng, (studies, seeds, 1))
        base = scores(kind, rng, (studies, seeds, 1))
        images = rng.normal(0, 0.03, (studies, 1, groups)).repeat(each, 2)
        images = images + rng.normal(0, 0.01, (studies, 1, groups * each))
        values = (arm - base + images + rng.normal(0, 0.02, (studies, seeds, groups * each)))[..., None]
        numbers = np.arange(groups * each) // each
        low, high = crossed_interval(list(values), draw(seeds, groups, 200, 0), 0.95, numbers)
        yield Row(claim, f"{case}, {seeds} seeds", float(((low <= 0) & (high >= 0)).mean()), 0.93)


def false_calls(studies: int, rng: np.random.Generator) -> Iterator[Row]:
    """Differences that are called where there are none."""
    for case in ("normal", "heavy-tailed", "skewed", "failing", "unequal spreads", "missing runs"):
        for arms in (1, 4, 9):
            p = t_test(moments(paired(case, rng, studies, arms, 6)[0]))
            called = float(np.mean([np.nanmin(holm(one), initial=1.0) <= LEVEL for one in p]))
            yield Row("a difference is called, 6 seeds, no arm differs", f"{case}, {arms} arms", called, 0, 0.05)


def equivalences(studies: int, rng: np.random.Generator) -> Iterator[Row]:
    """Arms that are called equivalent and are not."""
    claim = "equivalent is said, 6 seeds"
    sd = MARGIN / 3
    for case, shift, factor in (("true difference 1.5 margins", 1.5, 1.0), ("the same, arm spreads 3 ×", 1.5, 3.0)):
        base, arm = rng.normal(0, sd, (2, studies, 6))
        yield Row(claim, case, float(_equivalent(factor * arm + shift * MARGIN - base, base).mean()), 0, 0.05)
    base, arm = rng.normal(0, sd, (2, studies, 6))
    arm -= DEPTH * (rng.random(arm.shape) < FAILS)
    said = _equivalent(arm - base, base)
    seen = arm.min(1) < -DEPTH / 2
    yield Row(claim, "a tenth of the runs fail, none did: the sentence says that up to 39 % could", float(said.mean()))
    yield Row(claim, "a tenth of the runs fail, and one did", float((said & seen).mean()), 0, 0.05)
    arm = rng.normal(0, sd, (studies, 6))
    yield Row("equivalent is said of equal arms, 6 seeds", "normal", float(_equivalent(arm - base, base).mean()))


def _equivalent(differences: Numbers, base: Numbers) -> NDArray[np.bool_]:
    """Whether studies of one arm call it equivalent."""
    found = moments(differences)
    alike = ~(spread_test(base + differences, base) <= LEVEL) & ~(t_test(found) <= LEVEL)
    modes = [lower_mode(a, MARGIN) or lower_mode(b, MARGIN) for a, b in zip(base + differences, base, strict=True)]
    return np.asarray(alike & (equivalence_test(found, MARGIN) <= LEVEL) & ~np.array(modes, bool))


def detected(studies: int, rng: np.random.Generator) -> Iterator[Row]:
    """True differences that are called in 80 % of studies."""
    claim = "the detectable difference is called in a repetition"
    for case in (
        "normal",
        "unequal spreads",
        "heavy-tailed",
        "skewed",
        "failing, in studies without failures: normal again",
        "ties",
    ):
        for arms in (1, 4):
            for seeds in (5, 10):
                kind = "normal" if case.startswith("failing") else case
                first, again = (paired(kind, rng, studies, arms, seeds)[0] for _ in range(2))
                shift = moments(first[:, 0]).error * detectable_again(seeds, LEVEL / arms, 0.8)
                again[:, 0] += shift[:, None]
                called = [holm(one)[0] <= LEVEL for one in t_test(moments(again))]
                yield Row(claim, f"{case}, {arms} arms, {seeds} seeds", float(np.mean(called)), 0.75, 0.85)


def sequential(studies: int, rng: np.random.Generator) -> Iterator[Row]:
    """Studies that decide while they run: seeds 4 to 16."""
    for case in ("normal", "heavy-tailed", "skewed", "failing", "missing runs"):
        for arms in (1, 4, 9) if case == "normal" else (4,):
            differences = paired(case, rng, studies, arms, 16)[0]
            called = [(run_looks(one)[0] == "different").any() for one in differences]
            claim = "sequential: a difference is called, no arm differs"
            yield Row(claim, f"{case}, {arms} arms", float(np.mean(called)), 0, 0.05)
    for effect in (0.75, 1.0, 1.5, 2.0, 3.0):
        for arms in (1, 4, 9):
            differences = rng.normal(effect, 1, (studies // 2, arms, 16))
            made = [run_looks(one) for one in differences]
            fixed = np.mean([holm(one) <= LEVEL for one in t_test(moments(differences))])
            power = np.mean([verdict == "different" for verdict, _, _ in made])
            case = f"effect {effect:g} sd, {arms} arms"
            yield Row("sequential: power, as a share of 16 fixed seeds", case, float(power / fixed), 0.95)
            runs = np.mean([(ends.sum() + ends.max()) / (16 * (arms + 1)) for _, ends, _ in made])
            yield Row(
                "sequential: runs, as a share of 16 fixed seeds", case, float(runs), 0, 0.6 if effect > 1.4 else 1
            )
            held = np.mean([(low <= effect) & (effect <= high) for _, _, (low, high) in made])
            yield Row("sequential: repeated interval covers", case, float(held), 0.93)
    differences = rng.normal(1.5 * MARGIN, MARGIN / 2, (studies, 4, 16))
    said = [(run_looks(one, MARGIN)[0] == "equivalent").any() for one in differences]
    yield Row("sequential: equivalent is said", "true difference 1.5 margins, 4 arms", float(np.mean(said)), 0, 0.05)


def run_looks(
    differences: Numbers, margin: float | None = None
) -> tuple[NDArray[np.str_], NDArray[np.int64], tuple[Numbers, Numbers]]:
    """The verdicts, the numbers of seeds, and the repeated intervals of one study of differences (arm, seed)."""
    looks = SeedRange(16).looks
    settings = AnalysisSettings(looks=looks, looked=len(looks), margin=margin)
    found = decide(differences, range(16), np.ones((len(looks), len(differences)), bool), settings)
    ends = np.array(looks)[found.look - 1]
    seen = np.where(np.arange(16) < ends[:, None], differences, np.nan)
    return found.verdict, ends, t_interval(moments(seen), confidence_at(settings, found.look))


def simulated(studies: int, seed: int = 0) -> list[Row]:
    """All rows."""
    parts = (intervals, new_images, false_calls, equivalences, detected, sequential)
    return [row for number, part in enumerate(parts) for row in part(studies, np.random.default_rng([seed, number]))]


def page(rows: list[Row], studies: int) -> str:
    """The table."""
    lines = [f"{studies:,} studies for each row; half as many for the effects of sequential studies.", ""]
    lines += ["| claim | case | figure | should be | holds |", "|---|---|---|---|---|"]
    for row in rows:
        wanted = "" if (row.least, row.most) == (0, 1) else f"{row.least:g} to {row.most:g}"
        wanted = f"{row.least:g} or more" if row.least and "as a share" in row.claim else wanted
        said = "" if not wanted else "yes" if row.holds(studies) else "**no**"
        lines.append(f"| {row.claim} | {row.case} | {row.figure:.3f} | {wanted} | {said} |")
    return "\n".join([*lines, ""])


def main(studies: int) -> None:
    """Writes the table into the page."""
    text = PAGE.read_text("utf-8")
    head, rest = text.split(BEGIN)
    rows = simulated(studies)
    PAGE.write_text(f"{head}{BEGIN}\n{page(rows, studies)}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
