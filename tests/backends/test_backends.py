"""Backends compute what the network computes, and the quickest is chosen and remembered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from torch import nn

import unetkit
from unetkit.backends import BACKENDS, apart, optimize, trial
from unetkit.backends.backend import Request
from unetkit.backends.quantization import fitted
from unetkit.errors import UnetkitError
from unetkit.fast.timing import cache_file
from unetkit.model import plan_of

SIZE = (32, 32)
TINY = ["channels=[4, 8]"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are kept in a folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def network() -> nn.Module:
    return unetkit.build(unetkit.load("unet-small", overrides=TINY), seed=0).eval()


def images(count: int) -> list[np.ndarray[Any, Any]]:
    return [np.random.default_rng(seed).standard_normal((1, *SIZE), np.float32) for seed in range(count)]


def far(model: nn.Module, other: nn.Module) -> float:
    """The largest difference of two networks, as a share of the range."""
    image = torch.from_numpy(images(1)[0])[None]
    with torch.no_grad():
        found, wanted = other(image), model(image)
    return float((found - wanted).abs().max() / (wanted.max() - wanted.min()))


@pytest.mark.parametrize(
    ("backend", "dtype", "close"),
    [("onnxruntime", "fp32", 1e-4), ("openvino", "fp32", 1e-4), ("torch", "bf16", 0.05), ("onnxruntime", "int8", 0.2)],
)
def test_a_backend_computes_what_the_network_computes(backend: str, dtype: str, close: float) -> None:
    model = network()
    made = optimize(model, SIZE, dtype, backend=backend, images=images(2))
    assert far(model, made) <= close
    assert made.reason == "as asked"
    assert made.plan.output_size(SIZE) == SIZE
    tiled = unetkit.predict(made, np.zeros((1, 45, 70), np.float32), tile=32)
    assert tiled.shape == (4, 45, 70)


def timed(monkeypatch: pytest.MonkeyPatch, seconds: dict[str, float]) -> list[str]:
    """Replaces the timing: the relative time of each kind of network; returns the names that are timed."""
    called = []

    def took(network: nn.Module, exact: nn.Module, inputs: object) -> float:
        name = f"{type(network).__name__} {getattr(network, 'dtype', '')}".strip()
        called.append(name)
        return seconds[name]

    monkeypatch.setattr(trial, "relative_time", took)
    for name in ("onnxruntime", "openvino"):  # whose files take seconds to write
        monkeypatch.setattr(BACKENDS[name], "obstacle", lambda request: "it is left out")
    return called


@pytest.mark.parametrize(("rounded", "dtype"), [(0.5, torch.bfloat16), (0.98, torch.float32), (1.5, torch.float32)])
def test_auto_takes_what_is_quicker_than_float32_and_remembers_it(
    rounded: float, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = timed(monkeypatch, {"OptimizedNetwork torch.bfloat16": rounded})
    for _ in range(2):
        made = optimize(network(), SIZE, "bf16", passes=["fold_norms"])
        assert made.dtype is dtype
        assert f"bf16 by torch: {rounded:.2f} times as long" in made.reason
        assert ("bf16 is not quicker here" in made.reason) == (dtype is torch.float32)
        assert "bf16 by openvino: it is left out" in made.reason
    assert called == ["OptimizedNetwork torch.bfloat16"]


def tried(monkeypatch: pytest.MonkeyPatch) -> trial.Trial:
    """The trial of onnxruntime in a process of its own, whose folder is gone afterwards."""
    folders: list[Path] = []

    def write(name: str, request: Request, folder: Path, write: Any = apart._write) -> None:
        folders.append(folder)
        write(name, request, folder)

    monkeypatch.setattr(apart, "_write", write)
    model = network()
    found = apart.trial_apart("onnxruntime", Request(model, plan_of(model), SIZE, "int8", ("fold_norms",), images(2)))
    assert len(folders) == 1 and not folders[0].exists()
    return found


def test_a_trial_apart_tells_time_and_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tried(monkeypatch)
    assert found.obstacle == ""
    assert found.relative is not None and found.relative > 0
    assert 0 < found.difference < 0.2


def test_a_trial_apart_is_ended_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "LIMIT", 0.0)
    assert "its trial takes more than 0 s" in tried(monkeypatch).obstacle
    assert not psutil.Process().children()


def test_a_trial_apart_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_MODEL", "another.safetensors")
    assert tried(monkeypatch).obstacle.startswith("in a process of its own: ")


def test_a_damaged_record_is_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    called = timed(monkeypatch, {"OptimizedNetwork torch.bfloat16": 0.5})
    file = cache_file("backend-times")
    optimize(network(), SIZE, "bf16", passes=["fold_norms"])
    for text in ("[1", json.dumps({key: {"fp32 torch": [1]} for key in json.loads(file.read_bytes())})):
        file.write_text(text)
        optimize(network(), SIZE, "bf16", passes=["fold_norms"])
    assert len(called) == 3


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"backend": "tensorrt"}, "backend"),
        ({"backend": "torch", "dtype": "int8", "images": images(1)}, "backend"),
        ({"dtype": "int8"}, "calibration"),
    ],
    ids=["unknown", "unable", "no images"],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], code: str) -> None:
    with pytest.raises(UnetkitError) as error:
        optimize(network(), SIZE, **options)
    assert [fault.code for fault in error.value.faults] == [code]


def test_a_network_is_timed_in_turn_with_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    quick, exact, order = nn.Identity(), nn.Identity(), []

    def took(called: nn.Module, inputs: object) -> float:
        order.append(called)
        return 1.0 if called is quick else 2.0

    monkeypatch.setattr(trial, "_seconds", took)
    assert trial.relative_time(quick, exact, [torch.zeros(1)]) == 0.5
    assert order == [exact, quick, quick, exact, exact, quick, quick, exact, exact, quick]
    monkeypatch.setattr(trial, "_SECONDS", 0)
    order.clear()
    assert trial.relative_time(quick, exact, [torch.zeros(1)]) == 0.5
    assert order == [exact, quick]


def test_images_for_calibration_are_cut_or_mirrored() -> None:
    image = np.arange(12.0).reshape(1, 3, 4)
    assert fitted(image, (1, 2)).tolist() == [[[5, 6]]]
    assert fitted(image, (3, 6))[0, 0].tolist() == [0, 0, 1, 2, 3, 3]
