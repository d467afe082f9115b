"""The memory of a network as a table, for `unetkit show --memory`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from unetkit.wording import gigabytes, megabytes, plural, size_text

if TYPE_CHECKING:
    from unetkit.planning import Plan, Size
    from unetkit.planning.memory_report import Largest, MemoryReport, MemoryUse

_ITEMSIZE = {"fp32": 4, "bf16": 2}


class Question(NamedTuple):
    """What is asked for: the memory of how large a batch, in which number type, trained how, within how much."""

    train: str | None
    dtype: str
    batch: int
    within: int | None


def show_memory(plan: Plan, size: Size, question: Question, *, as_json: bool) -> None:
    """Prints the memory by level and purpose, and the largest image and batch that fit."""
    from unetkit.cli.output import print_json, print_rich, say
    from unetkit.host import available_memory
    from unetkit.planning.memory_report import largest, memory_report

    use = _use(plan, size, question)
    report = memory_report(plan, use)
    budget = question.within or available_memory()
    fitting = {False: largest(plan, use, budget)}
    if use.is_training:
        fitting[True] = largest(plan, use, budget, recomputing=True)
    note = _note(question.dtype)
    if as_json:
        print_json(_values(plan, question, use, report, budget, fitting, note))
        return
    print_rich(_table(report, use))
    word = "a training step" if use.is_training else "inference"
    say("", f"{gigabytes(report.total)} for {word} with {plural(use.run.batch, 'image')} of {size_text(size)}")
    for recomputing, found in fitting.items():
        again = " where all activations are computed again (training.memory)" if recomputing else ""
        say(f"within {gigabytes(budget)}{again}: {_in_words(found, use)}")
    if note:
        say(note)


def _use(plan: Plan, size: Size, question: Question) -> MemoryUse:
    from unetkit import registry
    from unetkit.operations.onednn import block_size
    from unetkit.planning import Execution
    from unetkit.planning.memory_report import MemoryUse

    run = Execution(
        question.batch,
        _ITEMSIZE[question.dtype],
        channels_last=plan.channels_last,
        channel_block=block_size(),
    )
    if question.train is None:
        return MemoryUse(size, run)
    optimizer: Any = registry.find("optimizer", question.train)
    return MemoryUse(size, run, optimizer().copies)


def _note(dtype: str) -> str:
    from unetkit.host import has_native_bf16

    if dtype != "bf16" or has_native_bf16():
        return ""
    return "bf16 is not native on this processor: it takes longer here than fp32"


def _values(  # noqa: PLR0913 - what is printed
    plan: Plan,
    question: Question,
    use: MemoryUse,
    report: MemoryReport,
    budget: int,
    fitting: dict[bool, Largest],
    note: str,
) -> dict[str, Any]:
    names = {False: "largest", True: "largest_recomputing"}
    return {
        "name": plan.spec.name,
        "digest": plan.digest,
        "input_size": list(use.size),
        "batch": use.run.batch,
        "dtype": question.dtype,
        "optimizer": question.train,
        **report.json(),
        "within": budget,
        **{names[key]: {"input_size": one.size and list(one.size), "batch": one.batch} for key, one in fitting.items()},
        "note": note,
    }


def _table(report: MemoryReport, use: MemoryUse) -> Any:
    from unetkit.cli.output import table

    purposes = ("weights", "gradients", "optimizer", "activations") if use.is_training else ("weights",)
    rows = table("level", *purposes, right=("level", *purposes))
    for level in report.levels:
        rows.add_row(str(level.level), *(megabytes(getattr(level, purpose)) for purpose in purposes))
    rows.rows[-1].end_section = True
    sums = [megabytes(sum(getattr(level, purpose) for level in report.levels)) for purpose in purposes]
    rows.add_row("total", *sums)
    filled = [""] * (len(purposes) - 1)
    rows.add_row("peak", *filled, megabytes(report.activations))
    rows.add_row("images", *filled, megabytes(report.images))
    return rows


def _in_words(found: Largest, use: MemoryUse) -> str:
    images = plural(use.run.batch, "image")
    size = f"{images} of at most {size_text(found.size)}" if found.size else f"no size with {images}"
    batch = f"at most {plural(found.batch, 'image')}" if found.batch else "no image"
    return f"{size}, or {batch} of {size_text(use.size)}"
