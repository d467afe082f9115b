"""The size of every signal at one size of the image; or why that size does not fit, and which sizes do."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from unetkit.errors import Fault, SizeError
from unetkit.geometry import Limit, Number, SizeSet
from unetkit.planning import propagate
from unetkit.planning.spatial_graph import Size
from unetkit.wording import size_text

if TYPE_CHECKING:
    from unetkit.planning.planned import Plan

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""What the axes are called in messages."""
_MAX_STEPS = 8
"""Sizes that are tried, one after the other, until one keeps what is asked of all axes together."""


def signal_sizes(plan: Plan, size: Size, image: Size) -> tuple[Size, ...]:
    """The size of every node of the spatial graph where an image of size `image` enters the network in `size`.

    Raises SizeError with everything that does not fit.
    """
    if len(size) != plan.dims or min(size, default=0) < 1:
        cure = f"Give {plan.dims} whole numbers from 1, one per axis."
        raise SizeError(Fault("size-shape", f"{size_text(size)} is no size for {plan.dims}D", cure=cure))
    sizes, rule = plan.spatial.fit(size)
    if sizes is None:
        raise SizeError(*_faults(plan, size))
    if rule:
        padded = "" if size == image else f", padded to {size_text(size)},"
        larger = _larger_size(plan, size, image)
        cure = f"An image of {size_text(larger)} leaves more." if larger else "No size leaves more."
        raise SizeError(
            Fault("size-too-small", f"{rule}; an image of {size_text(image)}{padded} leaves one", cure=cure)
        )
    return sizes


def _faults(plan: Plan, size: Size) -> list[Fault]:
    """For each axis the first rule that a size breaks."""
    faults: dict[str, Fault] = {}
    seen: set[tuple[int, int]] = set()
    for axis, n in enumerate(size):
        if (plan.equal_axes[axis], n) in seen:
            continue
        seen.add((plan.equal_axes[axis], n))
        found, limits = propagate.sizes(plan.nodes, axis, n)
        broken = next(((index, limit) for index, limit in limits if not limit.holds()), None)
        if broken is not None:
            index, limit = broken
            meeting = tuple(found[i] for i in plan.nodes[index].inputs)
            rule = limit.rule.format(*meeting)
            faults[rule] = _misfit(plan, index, limit._replace(rule=rule), meeting, axis, size)
    return list(faults.values())


def _misfit(plan: Plan, index: int, broken: Limit, meeting: Sequence[Number], axis: int, size: Size) -> Fault:
    """The fault of a size that breaks a rule at a node, whose inputs have the sizes `meeting`.

    It tells the nearest sizes that do fit.
    """
    call = plan.call_of(index)
    near = _nearest_fitting(plan, axis, size)
    cure = f"input {size[axis]} does not fit this network. "
    cure += f"Nearest sizes that do: {', '.join(map(str, near))}." if near else "No size does."
    within = next((one for one in plan.inner(call) if one.start <= index < one.end), None)
    component, inside = (within.part, within.inside) if within else (plan.spec.parts[call.scope], ())
    if broken.code == "size-mismatch" and getattr(component, "align", "") == "same":
        cure += " Or: align: pad." if meeting[0] < meeting[-1] else " Or: align: resize."
    message = f"{broken.rule} ({AXES[plan.dims][axis]})"
    return plan.spec.blame(Fault(broken.code, message, call.scope, cure), call.scope, (*inside, "align"))


def _nearest_fitting(plan: Plan, axis: int, size: Size) -> list[int]:
    """The next smaller and the next larger size along an axis with which the whole size fits.

    Where other axes do not fit either, they are brought to their next size in the same direction.
    """
    below = [n if n in sets else sets.below(n) for n, sets in zip(size, plan.accepted, strict=True)]
    above = [n if n in sets else sets.above(n) for n, sets in zip(size, plan.accepted, strict=True)]
    found = []
    if None not in below and fits(plan, tuple(n for n in below if n is not None)):
        found.append(below[axis])
    if None not in above:
        found.append(_next_fitting(plan, axis, tuple(n for n in above if n is not None), plan.accepted[axis]))
    return [n for n in dict.fromkeys(found) if n is not None]


def _next_fitting(plan: Plan, axis: int, size: Size, sizes: SizeSet) -> int | None:
    """The least size in a set, from the given size on, that fits along an axis together with the other axes."""
    n: int | None = size[axis]
    for _ in range(_MAX_STEPS):
        if n is None or fits(plan, (*size[:axis], n, *size[axis + 1 :])):
            return n
        n = sizes.above(n + 1)
    return None


def _larger_size(plan: Plan, size: Size, image: Size) -> Size | None:
    """The least image that fits, of those made larger along one axis; None where none does."""
    found = []
    for axis, sizes in enumerate(plan.padding_sizes if plan.pads else plan.accepted):
        n = sizes.above(size[axis] + 1)
        for _ in range(_MAX_STEPS):
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
    sizes, rule = plan.spatial.fit(inner)
    if sizes is None or rule:
        return False
    full = [sizes[index] for index in plan.spatial.outputs if plan.spatial.is_full(index)]
    return all(m - (p - n) >= 1 for output in full for m, p, n in zip(output, inner, image, strict=True))


def training_fault(plan: Plan, size: Size, batch: int) -> str:
    """The rule that training with batches of images of an accepted size breaks, or "".

    >>> from unetkit.planning import plan
    >>> from unetkit.language import load
    >>> training_fault(plan(load("unet-same")), (16, 16), 1)
    'bottleneck.block.norm1: batch norm needs more than one value per channel in training, here is 1×1 in a batch of 1'
    >>> training_fault(plan(load("unet-same")), (16, 16), 2)
    ''
    """
    sizes = plan.at(size).sizes
    for index, node in enumerate(plan.nodes):
        if node.operation is not None:
            rule = node.operation.training_limit(sizes[node.inputs[0]], batch)
            if rule:
                shape = size_text(sizes[node.inputs[0]])
                return f"{plan.call_of(index).scope}.{node.name}: {rule}, here is {shape} in a batch of {batch}"
    return ""
