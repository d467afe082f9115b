"""Loops over the stages of a network, where they need no more than a stack of signals, as in a U."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from unetkit.codegen.stages import Stage


class Loop(NamedTuple):
    """Stages of one module that do the same one after the other; without `repeats` a single one."""

    stages: tuple[Stage, ...]
    repeats: bool
    pushes: bool
    pops: bool

    @property
    def name(self) -> str:
        """The name of the module."""
        return self.stages[0].path[0]


def loops(stages: Sequence[Stage], output: int) -> list[Loop] | None:
    """The network as loops that push their results on a stack or pop from it; None if it is none of that kind."""
    found = [_loop(tuple(group)) for _, group in groupby(stages, lambda stage: stage.path[0])]
    names = [loop.name for loop in found if loop]
    if None in found or len(names) > len(set(names)) or not any(loop.repeats for loop in found if loop):
        return None
    further = {node for stage in stages for node in stage.inputs[1:]}
    stack, x, whole = list[int](), stages[0].inputs[0], list[Loop]()
    for loop in found:
        assert loop is not None, "seen above"
        pushes = loop.repeats and loop.stages[0].output in further
        for stage in loop.stages:
            if stage.inputs[0] != x or (loop.pops and (not stack or stack.pop() != stage.inputs[1])):
                return None
            x = stage.output
            if pushes:
                stack.append(x)
        whole.append(loop._replace(pushes=pushes))
    return whole if x == output and not stack else None


def _loop(stages: tuple[Stage, ...]) -> Loop | None:
    """The stages of one module as a loop; None if they do not do the same."""
    first = stages[0]
    if len(first.path) == 1:
        return Loop(stages, repeats=False, pushes=False, pops=False) if first.is_chain and len(stages) == 1 else None
    chains = all(stage.is_chain for stage in stages)
    alike = all(len(stage.path) == 2 and stage.form == first.form and "skip" in stage.arguments for stage in stages)
    alike = alike and all(len(stage.arguments) == 1 for stage in stages)
    if not (alike or (chains and all(len(stage.path) == 2 and stage.names for stage in stages))):
        return None
    return Loop(stages, repeats=True, pushes=False, pops=alike)
