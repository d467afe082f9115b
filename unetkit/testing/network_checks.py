"""The checks of a topology beside those of a block: all depths, tiles, generated code, and the drawing."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unetkit.errors import UnetkitError
from unetkit.language import load
from unetkit.planning import Plan, plan
from unetkit.testing.checks import built, image
from unetkit.testing.report import Failed
from unetkit.testing.subject import Subject

_DEPTHS = range(1, 6)


def _planned(subject: Subject, depth: int) -> Plan:
    """A network of a depth; raises Failed where there is none."""
    try:
        spec = subject.spec(2, subject.needed) | {"channels": [4 + 2 * level for level in range(depth)]}
        return plan(load(spec))
    except UnetkitError as error:
        raise Failed(f"no network of depth {depth}: {error.faults[0].message}. {error.faults[0].cure}") from error


def _any_depth(subject: Subject) -> None:
    """Networks of one to five levels have as many parameters as planned, and each level has a block."""
    import torch

    from unetkit.model.network import assemble

    for depth in _DEPTHS:
        planned = _planned(subject, depth)
        with torch.device("meta"):
            weights = sum(weight.numel() for weight in assemble(planned).parameters())
        if weights != planned.parameters:
            raise Failed(f"at depth {depth} the plan says {planned.parameters} parameters, torch has {weights}.")
        idle = set(range(depth)) - {call.level for call in planned.calls}
        if idle:
            raise Failed(f"at depth {depth} nothing is at level {min(idle)}. Use all of net.channels.")


def _tiled(subject: Subject) -> None:
    """Tiles give the same output as the whole image."""
    import numpy as np

    from unetkit.tiling import predict

    network = built(subject, 2)
    size = [(sizes.above(40) or 40) for sizes in network.plan.preferred_sizes]
    whole = np.random.default_rng(0).random((4, *size), np.float32)
    tile = network.plan.preferred_sizes[0].above(20)
    if network.plan.is_global:
        return
    difference = np.abs(predict(network, whole, tile=tile) - predict(network, whole, tile=None)).max()
    if difference > 1e-4:
        raise Failed(
            f"tiles differ from the whole image by {difference:.2g}. The plan misses what an output depends on."
        )


def _written(subject: Subject) -> None:
    """The generated code has the same keys and computes the same."""
    import torch

    from unetkit.codegen import code

    network, images = built(subject, 2), image(subject, 2)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "network.py")
        file.write_text(code(network.plan), encoding="utf-8")
        found = importlib.util.spec_from_file_location("network", file)
        assert found is not None and found.loader is not None, "a file that exists"
        module: Any = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
    written = module.UNet().eval()
    if list(written.state_dict()) != list(network.state_dict()):
        raise Failed("the generated code has other keys. Give each scope a name of its own.")
    written.load_state_dict(network.state_dict())
    with torch.no_grad():
        if not torch.equal(written(images), network(images)):
            raise Failed("the generated code gives another output.")


def _drawn(subject: Subject) -> None:
    """Every depth can be drawn, with all levels."""
    from unetkit.draw import svg

    for depth in _DEPTHS:
        planned = _planned(subject, depth)
        text = svg(planned.at(tuple(sizes.above(64) or 64 for sizes in planned.preferred_sizes)))
        if f">level {depth - 1}<" not in text:
            raise Failed(f"at depth {depth} the drawing lacks level {depth - 1}. Give level= of each position.")


NETWORK_CHECKS: dict[str, Callable[[Subject], None]] = {
    "depths": _any_depth,
    "tiles": _tiled,
    "code": _written,
    "drawing": _drawn,
}
"""The checks by name, in order."""
