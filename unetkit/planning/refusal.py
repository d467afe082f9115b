"""The size of every signal at one size of the image; or why that size does not fit, and which sizes do."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from unetkit.errors import Fault, SizeError
from unetkit.geometry import SizeSet
from unetkit.planning import propagate
from unetkit.planning.sized import Size
from unetkit.wording import size_text

if TYPE_CHECKING:
    from unetkit.planning.planned import Plan

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""What the axes are called in messages."""
MAX_STEPS = 8
"""Sizes that are tried, one after the other, until one keeps what is asked of all axes together."""


def signal_sizes(plan: Plan, size: Size, image: Size) -> tuple[Size, ...]:
    """Returns the size of every signal where an image of size `image` enters the graph in `size`.

    Raises SizeError with everything that does not fit.
    """
    if len(size) != plan.dims or min(size, default=0) < 1:
        cure = f"Give {plan.dims} whole numbers from 1, one per axis."
        raise SizeError(Fault("size-shape", f"{size_text(size)} is no size for {plan.dims}D", cure=cure))
    columns: dict[tuple[int, int], list[int]] = {}
    faults: dict[str, Fault] = {}
    for axis, n in enumerate(size):
        key = plan.equal_axes[axis], n
        if key not in columns:
            found, limits = propagate.sizes(plan.nodes, axis, n)
            columns[key] = [int(value) for value in found]  # type: ignore[arg-type]
            broken = next(((index, limit) for index, limit in limits if not limit.holds()), None)
            if broken is not None:
                index, limit = broken
                rule = limit.rule.format(*(columns[key][i] for i in plan.nodes[index].inputs))
                faults[rule] = misfit(plan, index, limit.code, f"{rule} ({AXES[plan.dims][axis]})", axis, size)
    if faults:
        raise SizeError(*faults.values())
    sizes = tuple(zip(*(columns[plan.equal_axes[axis], n] for axis, n in enumerate(size)), strict=True))
    rule = joint_rule(plan, sizes)
    if rule:
        padded = "" if size == image else f", padded to {size_text(size)},"
        larger = larger_size(plan, size, image)
        cure = f"An image of {size_text(larger)} leaves more." if larger else "No size leaves more."
        raise SizeError(
            Fault("size-too-small", f"{rule}; an image of {size_text(image)}{padded} leaves one", cure=cure)
        )
    return sizes


def joint_rule(plan: Plan, sizes: tuple[Size, ...]) -> str:
    """Returns the first rule that the sizes of all axes break together; nothing where they keep all."""
    rules = (node.operation.joint_limit(sizes[node.inputs[0]]) for node in plan.nodes if node.operation is not None)
    return next((rule for rule in rules if rule), "")


def misfit(plan: Plan, index: int, code: str, rule: str, axis: int, size: Size) -> Fault:
    """Returns the fault of a size that breaks a rule at a node, with the nearest sizes that do fit."""
    span = plan.span_of(index)
    near = nearest_fitting(plan, axis, size)
    cure = f"input {size[axis]} does not fit this network. "
    cure += f"Nearest sizes that do: {', '.join(map(str, near))}." if near else "No size does."
    if code == "size-mismatch" and getattr(plan.spec.parts[span.scope], "align", "") == "same":
        cure += " Or: align: pad."
    return plan.spec.blame(Fault(code, rule, span.scope, cure), span.scope, ("align",))


def nearest_fitting(plan: Plan, axis: int, size: Size) -> list[int]:
    """Returns the next smaller and the next larger size along an axis with which the whole size fits.

    Where other axes do not fit either, they are brought to their next size in the same direction.
    """
    below = [n if n in sets else sets.below(n) for n, sets in zip(size, plan.accepted, strict=True)]
    above = [n if n in sets else sets.above(n) for n, sets in zip(size, plan.accepted, strict=True)]
    found = []
    if None not in below and fits(plan, tuple(n for n in below if n is not None)):
        found.append(below[axis])
    if None not in above:
        found.append(next_fitting(plan, axis, tuple(n for n in above if n is not None), plan.accepted[axis]))
    return [n for n in dict.fromkeys(found) if n is not None]


def next_fitting(plan: Plan, axis: int, size: Size, sizes: SizeSet) -> int | None:
    """Returns the least size along an axis, of a set and from the given size on, with which the whole size fits."""
    n: int | None = size[axis]
    for _ in range(MAX_STEPS):
        if n is None or fits(plan, (*size[:axis], n, *size[axis + 1 :])):
            return n
        n = sizes.above(n + 1)
    return None


def larger_size(plan: Plan, size: Size, image: Size) -> Size | None:
    """Returns the least image that fits, of those made larger along one axis; None where none does."""
    found = []
    for axis, sizes in enumerate(plan.preferred_sizes if plan.pads else plan.accepted):
        n = sizes.above(size[axis] + 1)
        for _ in range(MAX_STEPS):
            if n is None:
                break
            least = (sizes.below(n - 1) or 0) + 1 if plan.pads else n
            larger = (*image[:axis], max(least, image[axis]), *image[axis + 1 :])
            if fits(plan, larger):
                found.append(larger)
                break
            n = sizes.above(n + 1)
    return min(found, key=prod, default=None)


def fits(plan: Plan, image: Size) -> bool:
    """Whether an image of a size has an output."""
    inner = plan.padded_size(image)
    if len(inner) != plan.dims or min(inner, default=0) < 1:
        return False
    columns = []
    for axis, n in enumerate(inner):
        found, limits = propagate.sizes(plan.nodes, axis, n)
        if not all(limit.holds() for _, limit in limits):
            return False
        columns.append([int(value) for value in found])  # type: ignore[arg-type]
    sizes = tuple(zip(*columns, strict=True))
    rest = [m - (p - n) for m, p, n in zip(sizes[plan.output], inner, image, strict=True)]
    return min(rest) >= 1 and not joint_rule(plan, sizes)
