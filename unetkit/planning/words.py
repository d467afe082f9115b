"""Sets of sizes in words."""

from __future__ import annotations

from unetkit.geometry import SizeSet
from unetkit.planning.planned import Plan
from unetkit.planning.refusal import AXES


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
