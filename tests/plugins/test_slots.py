"""Every slot takes components of third parties: ways to divide, to normalise, to initialise and to pad, and losses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

import unetkit
from tests.plugins.sites import distribution
from unetkit import registry
from unetkit.data import Pair, load_data, normalization_of, open_data
from unetkit.document.keys import Keys
from unetkit.document.schema import schema
from unetkit.language.spec_keys import SpecKeys
from unetkit.plugin import Component, Filling, Init, Normalization, NormalizationMethod, OddSizes, Split
from unetkit.plugins.distributions import distributions, stray
from unetkit.train import load_run
from unetkit.train.run_keys import RunKeys

SPEC = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8]}
DATA = {"dataset": "mni"}


class Constant(Init):
    """One number for all weights."""

    value: float = 0.5

    def filling(self) -> Filling:
        return Filling("constant_", {"val": self.value})


class Zeros(OddSizes):
    """Pads with zeros."""

    @property
    def padding(self) -> str:
        return "zeros"


class Halves(Split):
    """The first half is for training."""

    def divide(self, names: Sequence[str], folder: Path) -> tuple[list[str], list[str], list[str]]:
        return list(names[: len(names) // 2]), [], list(names[len(names) // 2 :])


class Window(NormalizationMethod):
    """Divides by a number that is given, or by the largest value."""

    width: float | None = None

    def fixed(self) -> Normalization | None:
        return Normalization("dataset", (0.0,), (self.width,)) if self.width else None

    def measured(self, pairs: Iterable[Pair]) -> Normalization:
        return Normalization("dataset", (0.0,), (float(max(pair.image.max() for pair in pairs)),))


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    mine: dict[str, type[Component]] = {"constant": Constant, "zeros": Zeros, "halves": Halves, "window": Window}
    for name, component in mine.items():
        registry.register(name, component)
    yield
    for name, component in mine.items():
        registry._registered.pop((component.slot, name), None)
    registry.find.cache_clear()


def test_weights_begin_as_a_component_says() -> None:
    spec = unetkit.load(SPEC | {"init": {"type": "constant", "value": 0.25}})
    assert spec.resolve()["init"] == {"type": "constant", "value": 0.25}
    assert unetkit.load(spec.resolve()) == spec
    network = unetkit.build(spec)
    assert all((one.weight == 0.25).all() for one in network.modules() if isinstance(one, torch.nn.Conv2d))


def test_odd_sizes_are_padded_as_a_component_says() -> None:
    planned = unetkit.plan(unetkit.load(SPEC | {"odd_sizes": "zeros"}))
    assert planned.pads and planned.output_size((13, 15)) == (13, 15)


def test_data_are_divided_and_normalised_by_components() -> None:
    data = load_data(DATA | {"split": "halves", "normalization": "window"})
    assert data.resolve()["split"] == {"type": "halves"} and data.resolve()["normalization"] == {"type": "window"}
    splits = open_data(data)
    assert len(splits.train) == len(splits.test) > 0
    assert normalization_of(data, splits.train).std[0] == max(pair.image.max() for pair in splits.train)
    wide = load_data(DATA | {"normalization": {"type": "window", "width": 4}})
    assert normalization_of(wide, splits.train).std == (4,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"init": {"type": "constant", "valeu": 1}}, r"unknown-key\]: init.valeu: .*\n(.*\n)*.*Did you mean: value"),
        ({"init": "konstant"}, r"unknown-init\]: init.type: no init is called 'konstant'"),
        ({"odd_sizes": "zero"}, r"unknown-odd-sizes\]: odd_sizes.type: no odd_sizes is called 'zero'"),
    ],
)
def test_a_mistake_has_its_place_and_a_code_of_its_slot(change: dict[str, Any], message: str) -> None:
    with pytest.raises(unetkit.SpecError, match=rf"<values>:\d+:\d+: error\[{message}"):
        unetkit.load(SPEC | change)


def test_all_mistakes_of_a_run_are_named_at_once_in_the_order_of_the_file() -> None:
    training = {"steps": 4, "bach": 2, "loss": "dise", "schedule": {"type": "poly", "power": -1}}
    values = {
        "unetkit": 1,
        "spec": SPEC | {"init": "konstant"},
        "data": DATA | {"split": "thirds"},
        "training": training,
    }
    with pytest.raises(unetkit.SpecError) as caught:
        load_run(values)
    codes = ["unknown-init", "unknown-split", "unknown-key", "unknown-loss", "wrong-value"]
    assert [fault.code for fault in caught.value.faults] == codes


@pytest.mark.parametrize(("model", "names"), [(SpecKeys, ["constant", "zeros"]), (RunKeys, ["halves", "window"])])
def test_editors_know_them(model: type[Keys], names: list[str]) -> None:
    definitions = schema(model)["definitions"]
    known = {name for slot in ("init", "odd_sizes", "split", "normalization") if slot in definitions
             for name in definitions[slot]["oneOf"][0]["enum"]}  # fmt: skip
    assert known >= {*names}


def test_each_slot_has_a_group_of_entry_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = ("blocks", "losses", "splits", "normalizations", "inits", "odd_sizes", "augmentations")
    distribution(tmp_path, "acme", {f"{group}/mine": "acme:Mine" for group in groups})
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.forget()
    try:
        acme = next(one for one in distributions() if one.name == "acme")
        assert not list(stray(acme, registry.SLOTS))
        offered = {slot for slot in registry.SLOTS for entry in registry.offers(slot) if entry.distribution == "acme"}
        assert offered == {"block", "loss", "split", "normalization", "init", "odd_sizes", "augmentation"}
    finally:
        monkeypatch.undo()
        registry.forget()
