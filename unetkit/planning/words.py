"""The facts of a network in words: its sizes, its receptive field, its costs."""

from __future__ import annotations

from collections.abc import Iterable

from unetkit.geometry import SizeSet
from unetkit.planning.memory import Memory
from unetkit.planning.planned import Plan
from unetkit.planning.refusal import AXES
from unetkit.planning.sized import SizedPlan
from unetkit.wording import magnitude, megabytes, size_text


def facts_in_words(sized: SizedPlan) -> dict[str, str]:
    """What a network takes, sees and costs at a size.

    >>> from unetkit.language import load
    >>> from unetkit.planning import plan
    >>> facts = facts_in_words(plan(load("unet-2015")).at((572, 572)))
    >>> facts["size"], facts["receptive field"], facts["parameters"], facts["MACs"]
    ('572×572 → 388×388', '204×204', '31,030,658', '150.4 G')
    """
    plan: Plan = sized.plan
    whole, left = plan.parameters, plan.for_inference().parameters
    return {
        "size": f"{size_text(sized.input_size)} → {size_text(sized.output_size)}",
        "accepted sizes": in_words_by_axis(plan, plan.accepted),
        "aligned sizes": in_words_by_axis(plan, plan.aligned),
        "receptive field": field_in_words(plan.receptive_field),
        "parameters": f"{whole:,}" if whole == left else f"{whole:,} in training, {left:,} for inference",
        "MACs": magnitude(sized.macs, ".1f"),
    }


def field_in_words(field: Iterable[int | None]) -> str:
    """A receptive field, by axis.

    >>> field_in_words((204, 204)), field_in_words((None, None)), field_in_words((44, None))
    ('204×204', 'the whole image', '44×whole')
    """
    widths = tuple(field)
    return size_text(width or "whole" for width in widths) if any(widths) else "the whole image"


def memory_in_words(memory: Memory) -> str:
    """The memory that one image takes."""
    inference, training = megabytes(memory.inference), megabytes(memory.training)
    return f"{inference} for inference, {training} for training, with one image"


def in_words_by_axis(plan: Plan, sets: tuple[SizeSet, ...]) -> str:
    """Returns sizes in words, once for axes that agree."""
    names: dict[SizeSet, list[str]] = {}
    for name, sizes in zip(AXES[plan.dims], sets, strict=True):
        names.setdefault(sizes, []).append(name)
    if len(names) == 1:
        return in_words(sets[0])
    return "; ".join(f"{' and '.join(axes)}: {in_words(sizes)}" for sizes, axes in names.items())


def in_words(sizes: SizeSet) -> str:
    """A set of sizes in words.

    >>> from unetkit.geometry import SizeSet
    >>> in_words(SizeSet((), 16, 16, (0,))), in_words(SizeSet((), 188, 1, (0,)))
    ('multiples of 16: 16, 32, 48, ...', 'any from 188')
    >>> in_words(SizeSet((5, 7), 12, 8, (2, 4))), in_words(SizeSet((), 1, 1, ()))
    ('5, 7, and 8k + 2 or 4: 12, 18, 20, ...', 'none')
    """
    few = ", ".join(map(str, sizes.few))
    following, size = list[int](), sizes.above(sizes.start)
    while size is not None and len(following) < 3:
        following.append(size)
        size = sizes.above(size + 1)
    if not following:
        return few or "none"
    if sizes.period == 1:
        rule = f"any from {following[0]}"
    else:
        remainders = " or ".join(map(str, sizes.remainders))
        rule = f"multiples of {sizes.period}" if remainders == "0" else f"{sizes.period}k + {remainders}"
        rule += f": {', '.join(map(str, following))}, ..."
    return f"{few}, and {rule}" if few else rule
