"""The summary: what was compared, what was found, and how reliable that is. It must be true for any outcome."""

from __future__ import annotations

from collections.abc import Sequence

from unetkit.study.report.view import View, p_is
from unetkit.study.statistics import Comparison
from unetkit.study.statistics.effects import Effect
from unetkit.study.statistics.modes import open_rate
from unetkit.wording import listed, plural


def sentences(view: View) -> tuple[str, str, str]:
    """The three sentences as plain text."""
    return done(view), found(view), _borne(view)


def done(view: View) -> str:
    """What was compared, and how many runs have finished."""
    results, analysis = view.results, view.analysis
    variants = len(results.arms) - 1 - sum(bool(arm.skipped) for arm in results.arms)
    finished, failed, missing = (len(view.runs_in(state)) for state in ("done", "failed", "missing"))
    looks = analysis.settings.looks
    seeds = f"{looks[0]} to {looks[-1]} seeds" if looks else plural(len({run.seed for run in results.runs}), "seed")
    text = f"This study compares {plural(variants, 'variant')} with “{view.base}”"
    text += f" by {view.metric} on {plural(len(analysis.images), 'test image')}" if analysis.images else ""
    text += f", with {seeds} each" + ", until it is decided" * bool(looks)
    fractions = len({run.fraction for run in results.runs})
    text += f" and {fractions} fractions of the training images" if fractions > 1 else ""
    text += f": {finished:,} of {plural(len(results.runs), 'run')} {'has' if finished == 1 else 'have'} finished"
    text += f", {failed:,} failed" if failed else ""
    text += f", {missing:,} {'is' if missing == 1 else 'are'} still to come" if missing else ""
    unneeded = len(view.runs_in("unneeded"))
    text += f", {unneeded:,} {'is' if unneeded == 1 else 'are'} not needed any more" if unneeded else ""
    skipped = sum(bool(arm.skipped) for arm in results.arms)
    return text + (f", and {plural(skipped, 'variant')} could not be built." if skipped else ".")


def found(view: View) -> str:
    """The results of the tests."""
    groups: dict[str, list[Comparison]] = {}
    for each in view.ranked:
        groups.setdefault(each.verdict, []).append(each)
    if not groups:
        return f"Nothing can be compared yet: {nothing(view)}."
    if set(groups) == {"untested"}:
        return f"Nothing can be tested yet: {untested(view)}."
    direction = ("lower", "higher") if view.analysis.settings.less_is_better else ("higher", "lower")
    parts = []
    for verdict, word in zip(("better", "worse"), direction, strict=True):
        if verdict in groups:
            parts.append(_called(view, groups[verdict], word))
    if not parts:
        parts.append(f"no variant is shown to differ from “{view.base}”")
    margin = view.analysis.settings.margin
    for verdict, text in (
        ("equivalent", f"equivalent to “{view.base}” within ±{margin:g}" if margin else ""),
        ("undecided", "undecided"),
        ("untested", "not tested (too few pairs, or pairs that do not vary)"),
    ):
        if verdict in groups:
            text += _left_open(view, groups[verdict]) if verdict == "equivalent" else ""
            parts.append(f"{_names(view, groups[verdict])} {'is' if len(groups[verdict]) == 1 else 'are'} {text}")
    text = ", ".join(parts[:-1]) + (", and " if len(parts) > 1 else "") + parts[-1]
    return f"{_effects(view)}On these images {text}.{_failing(view)}"


def _effects(view: View) -> str:
    """The effects that are shown, of a study whose factors are combined; they use all runs, and so come first."""
    tested = [one for one in view.effects.effects if one.p_adjusted is not None] if view.effects else []
    if not tested:
        return ""
    level = view.analysis.settings.level
    shown = sorted((one for one in tested if (one.p_adjusted or 0) <= level), key=lambda one: -one.size)
    if not shown:
        return f"Averaged over the other factors, none of {len(tested)} effects is shown. "
    text = listed([_effect(view, one) for one in shown], 3, last=" and ")
    rest = len(tested) - len(shown)
    return (
        f"Averaged over the other factors, {text} {'is' if len(shown) == 1 else 'are'} shown; {rest} others are not. "
    )


def _effect(view: View, effect: Effect) -> str:
    """An effect with its levels, its estimate and its interval."""
    levels = f" ({effect.about})" * bool(effect.about)
    if effect.estimate is None:
        return f"an effect of {effect.name}{levels} of size {view.score(effect.size)}"
    number = f"{view.signed(effect.estimate)}, {view.percent} interval {view.between(effect.interval)}"
    return f"an effect of {effect.name}{levels} on {view.metric} ({number})"


def _names(view: View, group: Sequence[Comparison]) -> str:
    """The names of variants; with the seeds at which each was decided, where the study decides while it runs."""
    texts = [
        f"“{view.name(each.arm, each.fraction)}”" + (f" (after {each.look} seeds)" * bool(each.look)) for each in group
    ]
    return listed(texts, 4, last=" and ")


def _left_open(view: View, group: Sequence[Comparison]) -> str:
    """The rate of failures that the runs of equivalent variants leave open."""
    runs = min(len(each.seeds) for each in group)
    rate = 100 * open_rate(runs, view.analysis.settings.level)
    each = " each" * (len(group) > 1)
    return f" (of {runs} runs{each} none failed to learn; up to {rate:.0f} % could)"


def _failing(view: View) -> str:
    """The arms of which some runs failed to learn."""
    found = [arm for arm in view.analysis.arms if arm.failing]
    if not found:
        return ""
    texts = []
    for arm in found[:4]:
        worse = [score for seed, score in zip(arm.seeds, arm.scores, strict=True) if seed in arm.failing]
        rest = [score for seed, score in zip(arm.seeds, arm.scores, strict=True) if seed not in arm.failing]
        ends = " to ".join(dict.fromkeys((view.score(min(worse)), view.score(max(worse)))))
        others = " to ".join(dict.fromkeys((view.score(min(rest)), view.score(max(rest)))))
        name = view.name(arm.arm, arm.fraction)
        texts.append(f"{len(worse)} of {len(arm.seeds)} runs of “{name}” ({ends}; the others {others})")
    more = f", and in {len(found) - 4} more variants" if len(found) > 4 else ""
    return f" Some runs form a second, worse mode, as where training fails: {listed(texts, 4, last=' and ')}{more}."


def untested(view: View) -> str:
    """The reason why no comparison is tested."""
    if all(each.difference is None for each in view.analysis.comparisons):
        return f"no variant shares a value of {view.metric} with “{view.base}” in any class"
    settings = view.analysis.settings
    if settings.looks and not settings.looked:
        return f"the first look is at {settings.looks[0]} seeds"
    if all(len(each.seeds) < 2 for each in view.analysis.comparisons):
        return "no variant shares two finished seeds with the base"
    return "the differences do not vary over seeds, or come from a single seed"


def nothing(view: View) -> str:
    """The reason why there is no comparison."""
    if len(view.results.arms) < 2:
        return f"there is no arm beside “{view.base}”"
    if not any(run.arm == view.base and run.state == "done" for run in view.results.runs):
        return f"“{view.base}” has no finished run"
    return f"no variant has finished a run beside “{view.base}”"


def _called(view: View, group: Sequence[Comparison], word: str) -> str:
    """The variants that differ in one direction, and the largest of their differences."""
    names = _names(view, group)
    most = max(group, key=lambda each: abs(each.difference or 0))
    number = f"{view.signed(most.difference)}, {view.interval} {view.between(most.interval)}"
    text = f"{names} score{'s' * (len(group) == 1)} {word} than “{view.base}” ("
    if len(group) > 1:
        text += f"“{view.name(most.arm, most.fraction)}” by most: "
    small = sum(each.within_margin for each in group)
    if small:
        number += f"; {'the difference is' if len(group) == 1 else f'{small} of the differences are'} within the margin"
    return f"{text}{number})"


def _borne(view: View) -> str:
    """Whether the data discriminate between the arms, and the differences that such a study detects."""
    spread, settings = view.analysis.spread, view.analysis.settings
    if spread is None:
        return (
            "Whether the arms differ beyond chance cannot be tested yet: this takes two arms with two finished seeds "
            "in common, and scores that vary over seeds."
        )
    tells = spread.discriminates(settings.level)
    text = (
        "The data discriminate between the arms" if tells else "The data are not shown to discriminate between the arms"
    )
    own = f"within an arm {view.score(spread.within)} after removing what each seed does to all arms"
    told = f"standard deviation between arms {view.score(spread.between)}, {own}; F-test, {p_is(spread.p)}"
    return f"{text} ({told}){_detectable(view)}{_new_images(view)}."


def _detectable(view: View) -> str:
    """The true differences that such a study detects; nothing where a study decides while it runs, or modes differ."""
    found = [each.detectable for each in view.analysis.comparisons if each.detectable and not each.two_modes]
    if not found:
        return ""
    sizes = dict.fromkeys((view.score(min(found)), view.score(max(found))))
    which = ", depending on the variant," if len(sizes) > 1 else ""
    return (
        f": a true difference of {' to '.join(sizes)}{which} would be significant in about "
        f"{100 * view.analysis.settings.power:g} % of such studies, if no run fails to learn"
    )


def _new_images(view: View) -> str:
    """The number of significant differences that generalise to new images."""
    calls = [each for each in view.analysis.comparisons if each.verdict in ("better", "worse")]
    if not calls:
        return ""
    held = sum(not each.crossed[0] <= 0 <= each.crossed[1] for each in calls if each.crossed)
    if held == len(calls):
        return f"; the significant differences hold for new images too ({view.percent} intervals)"
    if not held:
        return "; no significant difference is shown to hold for new images too"
    return f"; {held} of the {len(calls)} significant differences hold for new images too ({view.percent} intervals)"
