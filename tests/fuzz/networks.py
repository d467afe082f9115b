"""Random specs against torch: sizes, parameters, multiply-adds, tiles, code, files, pickles, exports."""

from __future__ import annotations

import pickle
import traceback
import warnings
from collections.abc import Iterator
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
from unetkit.testing.strategies import sizes, specs

EXAMPLES = 5
"""Networks of one case; hypothesis draws better where it draws several."""
CHECKS = ("plan", "file", "pickle", "code", "tiles", "export")
MOST = 60_000
"""Samples of the largest image that a network is run on."""


class Networks(Kind):
    """A few random networks, one property each."""

    name = "networks"
    share = 0.06

    def prepare(self) -> None:
        """Imports what takes memory: nothing lies there."""
        for name in ("torch.onnx", "onnx", "onnxruntime", "onnxscript", "unetkit.export", "unetkit.tiling"):
            import_module(name)

    def case(self, random: Random) -> Iterator[Answer]:
        number, check = random.randrange(2**32), random.choices(CHECKS, (6, 4, 4, 4, 6, 1))[0]
        command = ("networks", check, str(number))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                held(check, number, self.folder)
        except Exception:  # noqa: BLE001 - whatever fails is what is looked for
            yield Answer(command, 3, "", "", 0, traceback.format_exc())
        else:
            yield Answer(command, 0, "", "", 0)


def held(check: str, number: int, folder: Path) -> None:
    """Holds a few networks against torch; raises what is wrong, with the smallest network that shows it."""

    @seed(number)
    @settings(
        max_examples=1 if check == "export" else EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=False,
    )
    @given(st.data())
    def one(data: st.DataObject) -> None:
        import unetkit

        spec = data.draw(specs(max_depth=2 if check == "export" else 5))
        planned = unetkit.plan(spec)
        size = data.draw(sizes(planned))
        try:
            sized = planned.at(size)
        except SizeError:
            return
        if int(np.prod(size)) * spec.in_channels <= MOST:
            globals()[f"check_{check}"](planned, sized, folder)

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
    from torch.utils.flop_counter import FlopCounterMode

    model = network(planned)
    assert planned.parameters == sum(weight.numel() for weight in model.parameters())
    with FlopCounterMode(display=False) as counter:
        shape = output(model, planned, sized.input_size).shape
    assert tuple(shape[2:]) == sized.output_size
    assert sized.macs * 2 == counter.get_total_flops()


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

    model = network(planned)
    image = np.random.default_rng(0).random((planned.spec.in_channels, *sized.input_size), np.float32)
    whole = unetkit.predict(model, image, tile=None)
    tiled = unetkit.predict(model, image, tile=max(16, max(sized.input_size) // 2))
    assert tiled.shape == whole.shape
    if planned.receptive_field and None not in planned.receptive_field:
        assert float(np.abs(tiled - whole).max()) <= 1e-3 * max(1.0, float(np.ptp(whole)))


def check_export(planned: Any, sized: Any, folder: Path) -> None:
    """An export computes the same, which it checks itself, or is refused."""
    from unetkit.export import export
    from unetkit.export.formats import ExportError

    try:
        export(network(planned), folder / "m.onnx", "onnx")
    except ExportError as error:
        assert all(fault.code != "export-differs" for fault in error.faults), str(error)
