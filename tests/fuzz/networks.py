"""Random specs against torch: sizes, parameters, multiply-adds, tiles, code, files, pickles."""

from __future__ import annotations

import pickle
import traceback
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.command import Answer
from tests.fuzz.kind import Kind
from unetkit.errors import SizeError
from unetkit.planning import needed_memory
from unetkit.testing.strategies import sizes, specs

MOST = 60_000
"""Samples of the largest image that a network is run on."""
MEMORY = 150_000_000
"""Bytes that the largest network needs for it, by its plan."""
Check = Callable[[Any, Any, Path], None]
"""A property: of a plan, of that at a size, and with a folder to write to."""


class Networks(Kind):
    """A few random networks, one property each."""

    def prepare(self) -> None:
        """Imports what takes memory: nothing lies there."""
        import_module("unetkit.tiling")
        self.checks: dict[Check, int] = {check_plan: 6, check_file: 4, check_pickle: 4, check_code: 4, check_tiles: 6}

    def case(self, random: Random) -> Iterator[Answer]:
        (check,) = random.choices(tuple(self.checks), tuple(self.checks.values()))
        yield tried(check, random.randrange(2**32), self.folder)


def tried(check: Check, number: int, folder: Path, *, levels: int = 5, examples: int = 5) -> Answer:
    """Returns whether some random networks have a property; hypothesis draws better where it draws several."""
    command = ("networks", check.__name__, str(number))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held(check, number, folder, levels, examples)
    except Exception:  # noqa: BLE001 - whatever fails is what is looked for
        return Answer(command, 3, "", "", 0, traceback.format_exc())
    return Answer(command, 0, "", "", 0)


def held(check: Check, number: int, folder: Path, levels: int, examples: int) -> None:
    """Holds a few networks against torch; raises what is wrong."""

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # what falls is made smaller by hand: that can take longer than the campaign
        print_blob=False,
    )
    @given(st.data())
    def one(data: st.DataObject) -> None:
        import unetkit

        spec = data.draw(specs(max_depth=levels))
        planned = unetkit.plan(spec)
        size = data.draw(sizes(planned))
        try:
            sized = planned.at(size)
        except SizeError:
            return
        if int(np.prod(size)) * spec.in_channels <= MOST and needed_memory(planned, size).inference <= MEMORY:
            check(planned, sized, folder)

    one()


def network(planned: Any) -> Any:
    """Returns a network with random weights."""
    import unetkit

    return unetkit.build(planned.spec, seed=0).eval()


def output(model: Any, planned: Any, size: tuple[int, ...]) -> Any:
    """Returns what a network gives for noise."""
    import torch

    with torch.no_grad():
        return model(torch.randn(1, planned.spec.in_channels, *size, generator=torch.Generator().manual_seed(0)))


def check_plan(planned: Any, sized: Any, folder: Path) -> None:
    """Size, parameters and multiply-adds are those of torch."""
    from unetkit.wrapping.flops import MacCounter

    model, size = network(planned), sized.input_size
    assert planned.parameters == sum(weight.numel() for weight in model.parameters())
    with MacCounter() as counter:
        given = output(model, planned, size)
    assert tuple(given.shape[2:]) == sized.output_size
    assert sized.macs == counter.macs


def check_file(planned: Any, sized: Any, folder: Path) -> None:
    """A file gives the same network."""
    import torch

    import unetkit

    model = network(planned)
    again = unetkit.load_model(unetkit.save(model, folder / "m.safetensors"))
    size = sized.input_size
    assert torch.equal(output(model, planned, size), output(again, planned, size))


def check_pickle(planned: Any, sized: Any, folder: Path) -> None:
    """A pickle gives the same network."""
    import torch

    model = network(planned)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301 - made just now
    size = sized.input_size
    assert torch.equal(output(model, planned, size), output(again, planned, size))


def check_code(planned: Any, sized: Any, folder: Path) -> None:
    """The written code computes the same."""
    from tests.export.test_codegen import assert_same_network

    assert_same_network(planned.spec, sized.input_size)


def check_tiles(planned: Any, sized: Any, folder: Path) -> None:
    """Tiles give what the whole image gives."""
    import unetkit
    from unetkit.tiling.running import InferenceError

    model = network(planned)
    image = np.random.default_rng(0).random((planned.spec.in_channels, *sized.input_size), np.float32)
    try:
        whole = unetkit.predict(model, image, tile=None)
    except SizeError as error:
        if any(fault.code != "output-resolution" for fault in error.faults):
            raise
        return  # the output has another resolution than the image, which prediction refuses
    tile = max(16, max(sized.input_size) // 2)
    try:
        tiled = unetkit.predict(model, image, tile=tile, exact=True)
    except InferenceError:  # tiles that are blended differ
        assert unetkit.predict(model, image, tile=tile).shape == whole.shape
    else:
        assert tiled.shape == whole.shape
        assert float(np.abs(tiled - whole).max()) <= 1e-3 * max(1.0, float(np.ptp(whole)))
