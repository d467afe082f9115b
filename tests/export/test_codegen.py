"""The written file is the network: same keys, same weights, same outputs and gradients, and it needs only torch."""

from __future__ import annotations

import importlib.util
import math
import shutil
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn

import unetkit
from tests.support.any_spec import any_spec, is_affordable
from tests.support.campaign import examples, share
from tests.support.narrow import LARGE, narrow, vectors
from unetkit import registry
from unetkit.block import Block
from unetkit.codegen import code
from unetkit.codegen.layout import in_tuple, lay_out
from unetkit.errors import SizeError
from unetkit.language import shipped
from unetkit.signal import Signal
from unetkit.testing.strategies import sizes

EXAMPLES = examples(60)
pytestmark = pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")
FULL = {
    "channels": [8, 16, 32],
    "block": {"type": "residual", "squeeze_excite": 4, "dropout": 0.1},
    "skip": {"type": "attention", "align": "pad"},
    "up": {"type": "interpolate", "conv": 1},
}


def imported(source: str, folder: Path) -> ModuleType:
    """Returns a written file as a module."""
    file = folder / "network.py"
    file.write_text(source, encoding="utf-8")
    found = importlib.util.spec_from_file_location("network", file)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def written(spec: unetkit.Spec, seed: int = 0) -> nn.Module:
    """Returns the network of the written file."""
    source = code(unetkit.plan(spec))
    assert max(map(len, source.splitlines())) <= 120
    with tempfile.TemporaryDirectory() as folder, torch.random.fork_rng():
        torch.manual_seed(seed)
        network: nn.Module = imported(source, Path(folder)).UNet()
    return network


def listed(outputs: Any) -> list[torch.Tensor]:
    """Returns one or several outputs as a list."""
    return [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)


def trained(network: nn.Module, *inputs: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Returns the outputs in training and all gradients, in double precision.

    In single precision oneDNN computes, which reads beyond a volume that is smaller than the kernel, and may crash.
    """
    torch.manual_seed(1)
    network.double().train().zero_grad()
    outputs = listed(network(*(one.double() for one in inputs)))
    loss: Any = torch.stack([output.square().sum() for output in outputs]).sum()
    loss.backward()
    gradients = [weight.grad.flatten() for weight in network.parameters() if weight.grad is not None]
    return [output.detach() for output in outputs], torch.cat([torch.zeros(1, dtype=torch.float64), *gradients])


def assert_same(found: Any, expected: Any) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


def assert_same_network(spec: unetkit.Spec, size: tuple[int, ...]) -> None:
    """Holds the written network against the built one: keys, first weights, output, training, refusals."""
    built, network = unetkit.build(spec, seed=0), written(spec)
    assert list(network.state_dict()) == list(built.state_dict())
    assert_same(dict(network.state_dict()), dict(built.state_dict()))
    network.load_state_dict(unetkit.build(spec, seed=1).state_dict(), strict=True)
    built.load_state_dict(network.state_dict(), strict=True)
    image, given = torch.rand(2, spec.in_channels, *size), vectors(spec, 2)
    try:
        unetkit.plan(spec).output_size(size)
    except SizeError:
        with pytest.raises((RuntimeError, ValueError)):
            network.eval()(image[:1], *(one[:1] for one in given))  # group norm counts the samples of a whole batch
        return
    with torch.no_grad():
        assert_same(listed(network.eval()(image, *given)), listed(built.eval()(image, *given)))
    outputs, gradients = zip(*(trained(each, image, *given) for each in (network, built)), strict=True)
    assert_same(*outputs)
    near = 1e-12 * float(gradients[1].abs().max())  # those of a map that several heads read are added in another order
    torch.testing.assert_close(*gradients, rtol=0, atol=near, equal_nan=True)


@pytest.mark.parametrize("name", share((name for name in shipped() if name not in LARGE), of=5))
def test_a_shipped_spec_computes_the_same(name: str) -> None:
    spec = narrow(name)
    size = tuple(accepted.above(30) or 1 for accepted in unetkit.plan(spec).accepted)
    assert_same_network(spec, size)


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_spec_computes_the_same(data: st.DataObject) -> None:
    spec = any_spec(data, max_depth=4)
    planned = unetkit.plan(spec)
    size = data.draw(sizes(planned, most=1 << 10))
    assume(is_affordable(planned, size))
    assert_same_network(spec, size)


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_spec_that_pads_computes_the_same(data: st.DataObject) -> None:
    mode = data.draw(st.sampled_from(["reflect", "replicate", "zeros"]))
    spec = any_spec(data, max_depth=4, odd_sizes={"type": "pad", "mode": mode})
    planned = unetkit.plan(spec)
    size = data.draw(sizes(planned, most=1 << 10))
    assume(math.prod(planned.padded_size(size)) <= 1 << 12 and is_affordable(planned, size))
    assert_same_network(spec, size)


def test_a_network_within_a_block_has_the_same_first_weights() -> None:
    """Also where its modules are not listed in the order in which they compute."""
    block = {"type": "unet_plus_plus", "channels": [4, 4, 4], "block": "single_conv"}
    spec = unetkit.load({"unetkit": 1, "in_channels": 1, "out_channels": 1, "channels": [4], "block": block})
    assert_same_network(spec, (8, 8))


def test_skips_that_leave_some_of_their_maps_unread_take_as_many_as_they_are_given() -> None:
    skip = {"type": "none", "align": "resize"}
    values = {"unetkit": 1, "in_channels": 1, "out_channels": 1, "channels": [4, 4, 4], "skip": skip}
    assert_same_network(unetkit.load(values | {"topology": "unet_plus_plus", "block": "single_conv"}), (9, 10))


KINDS = ["conv", "act", "add", "concat", "weigh", "within", "place"]
STEPS = st.tuples(st.sampled_from(KINDS), st.integers(0, 99), st.integers(0, 99))


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, max_size=12), st.sampled_from(["", "shortcut", "x", "add", "conv1"]))
def test_any_wiring_computes_the_same(steps: list[tuple[str, int, int]], name: str) -> None:
    class Wired(Block):
        """Wires what was drawn."""

        def wire(self, x: Signal, channels: int) -> Signal:
            signals, read = [x], set[int]()
            for number, (step, first, second) in enumerate(steps):
                one, other = signals[first % len(signals)], signals[second % len(signals)]
                read |= {one.index} | ({other.index} if step in ("add", "concat", "weigh") else set())
                match step:
                    case "conv":
                        signals.append(one.conv(4, 1, name=f"{name}{'_' * number}" if name else ""))
                    case "act":
                        signals.append(one.activation("ReLU"))
                    case "add":
                        signals.append(one.add(other))
                    case "concat":
                        signals.append(one.concat(other).conv(4, 1))
                    case "weigh":
                        signals.append(one.gate(other.global_avg_pool().activation("Sigmoid"), whole=True))
                    case "within":
                        with one.scope(f"inner{number}"), one.scope("branch"):
                            signals.append(one.conv(4, 1).activation("ReLU"))
                    case "place":
                        signals.append(one.place(str(number), residual(), channels=4))
            loose = [signal for signal in signals if signal.index not in read]
            return loose[0].add(*loose[1:]) if len(loose) > 1 else loose[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._registered, ("block", "wired"), Wired)
        registry.find.cache_clear()
        residual = registry.find("block", "residual")
        spec = unetkit.load({"unetkit": 1, "in_channels": 4, "out_channels": 1, "channels": [4], "block": "wired"})
        built, network = unetkit.build(spec, seed=0), written(spec)
        image = torch.rand(2, 4, 5, 5)
        with torch.no_grad():
            assert_same(listed(network.eval()(image)), listed(built.eval()(image)))
    registry.find.cache_clear()


@pytest.mark.parametrize("method", registry.BUILT_IN["init"])
def test_every_way_to_begin_weights_is_written(method: str) -> None:
    spec = unetkit.load({"unetkit": 1, "in_channels": 1, "out_channels": 2, **FULL, "init": method})
    assert_same_network(spec, (16, 16))


@pytest.mark.parametrize(
    "change", [{}, {"dims": 1}, {"dims": 3}, {"channels": [8]}, {"skip": "none"}, {"up": "pixel_shuffle"}]
)
def test_forms_of_networks_compute_the_same(change: dict[str, Any]) -> None:
    spec = unetkit.load({"unetkit": 1, "in_channels": 1, "out_channels": 2, **FULL, **change})
    assert_same_network(spec, (12,) * spec.dims)


def test_levels_that_differ_in_numbers_share_a_class() -> None:
    source = code(unetkit.plan(unetkit.load({"unetkit": 1, "in_channels": 1, "out_channels": 2, **FULL})))
    assert source.count("class Residual") == 1
    assert "DoubleConv(1, 64)" in code(unetkit.plan(unetkit.load("unet-2015")))


def test_names_and_descriptions_do_no_harm(tmp_path: Path) -> None:
    text = 'a """ \\ \n\t\x07 é' + " long" * 50
    values = {"unetkit": 1, "name": text, "description": text, "paper": text, "in_channels": 1, "out_channels": 1}
    source = code(unetkit.plan(unetkit.load({**values, "channels": [2, 4]})))
    assert max(map(len, source.splitlines())) <= 120
    imported(source, tmp_path)


@pytest.mark.parametrize(
    ("init", "text"),
    [("normal", "normal_(module.weight, std=0.02)"), ({"type": "trunc_normal", "std": 0.1}, "std=0.1")],
)
def test_the_deviation_of_the_weights_is_written(init: Any, text: str) -> None:
    spec = unetkit.load({"unetkit": 1, "in_channels": 1, "out_channels": 2, **FULL, "init": init})
    assert text in code(unetkit.plan(spec))
    assert_same_network(spec, (16, 16))


def test_the_files_of_all_shipped_specs_are_formatted_and_clean(tmp_path: Path) -> None:
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    for name, change in product(shipped(), ([], ["odd_sizes=pad"])):
        file = tmp_path / f"{name}{'-pad' * bool(change)}.py"
        file.write_text(code(unetkit.plan(unetkit.load(name, change))), encoding="utf-8")
    options = ["--isolated", "--no-cache", "--line-length=120", "--target-version=py311"]
    for command in (["format", "--diff"], ["check", "--select=E,F,W,I,B,UP,SIM,D1", "--ignore=D102,D107"]):
        done = subprocess.run([ruff, *command, *options, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_in_the_file_prints_the_shape_it_names(tmp_path: Path) -> None:
    file = tmp_path / "network.py"
    file.write_text(code(unetkit.plan(narrow("unet-2015"))), encoding="utf-8")
    done = subprocess.run([sys.executable, "-I", str(file)], capture_output=True, text=True, check=True)
    assert done.stdout == "(1, 2, 388, 388)\n"
    assert "# (1, 2, 388, 388)" in file.read_text(encoding="utf-8")


def test_what_a_network_that_does_not_pad_needs_not_is_not_written() -> None:
    assert "pad" not in code(unetkit.plan(unetkit.load("unet-2015")))
    padded = code(unetkit.plan(unetkit.load("unet-2015", ["odd_sizes=pad"])))
    borrowed = [line.partition("(")[0] for line in padded.splitlines() if line.startswith("def ")]
    assert borrowed == ["def crop_to", "def pad_image", "def pad_axis", "def cut_padding", "def initialize"]


def test_many_sizes_along_one_axis_are_written_one_below_the_other() -> None:
    many = in_tuple(in_tuple("1", "99", in_tuple(*map(str, range(40)))))
    assert list(lay_out("x = ", many, ""))[:4] == ["x = (", "    (", "        1,", "        99,"]
    assert list(lay_out("x = ", many, ""))[-4:] == ["            39,", "        ),", "    ),", ")"]


def test_the_file_does_not_import_unetkit() -> None:
    lines = code(unetkit.plan(unetkit.load("unet-strided"))).splitlines()
    roots = {line.split()[1].partition(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert roots == {"collections", "torch"}


def test_writing_the_file_imports_no_torch() -> None:
    program = "import sys, unetkit.codegen as c, unetkit; c.code(unetkit.plan(unetkit.load('unet-3d')))"
    check = "; sys.exit(int('torch' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program + check]).returncode == 0
    assert subprocess.run([sys.executable, "-c", program + "; import torch" + check]).returncode == 1
