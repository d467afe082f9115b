"""Norms that a patch leaves too few samples: refused before the first step, with a cure that cures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import unetkit
from tests.study.studies import study
from tests.support.photos import trained, values
from unetkit.errors import SizeError, UnetkitError
from unetkit.language import Spec
from unetkit.planning import training_fault
from unetkit.testing.strategies import specs
from unetkit.train import load_run
from unetkit.train.network_checks import check_samples

DEEP = {"extends": "unet-same", "name": "deep", "channels": {"base": 4, "levels": 5}}


def deep(photos: Path, norm: str, **training: Any) -> dict[str, Any]:
    """Returns a run of a network that makes one sample of 16."""
    return values(photos, steps=1, **training) | {"spec": DEEP | {"norm": norm}}


@pytest.mark.parametrize(
    ("norm", "batch", "cures"),
    [
        ("batch", 1, ["training.patch=17", "training.batch=2", "norm: layer in the spec"]),
        ("instance", 1, ["training.patch=17", "norm: layer in the spec"]),
        ("instance", 4, ["training.patch=17", "norm: layer in the spec"]),
    ],
)
@pytest.mark.parametrize("patch", [16, 3, [16, 16], [5, 9]])
def test_what_the_refusal_proposes_trains(
    norm: str, batch: int, cures: list[str], patch: Any, photos: Path, tmp_path: Path
) -> None:
    said = deep(photos, norm, batch=batch, patch=patch)
    with pytest.raises(UnetkitError) as caught:
        trained(said, tmp_path / "run")
    (fault,) = caught.value.faults
    assert fault.code == "size-too-small" and fault.path == "training.patch"
    assert re.findall(r"(?:Use | or )(.+?)(?= or |\.$)", fault.cure) == cures
    assert not [file for file in (tmp_path / "run").iterdir() if file.name != ".lock"]
    for cure in [*cures[:-1], "spec.norm=layer"] if patch == 16 else []:
        assert trained(said, tmp_path / cure, cure).steps == 1


@pytest.mark.parametrize(("norm", "batch"), [("batch", 2), ("layer", 1), ("none", 1)])
def test_what_trains_is_not_refused(norm: str, batch: int, photos: Path, tmp_path: Path) -> None:
    assert trained(deep(photos, norm, batch=batch), tmp_path).steps == 1


def test_images_smaller_than_a_patch_are_refused_by_their_patch(photos: Path, tmp_path: Path) -> None:
    said = deep(photos, "batch", batch=1)
    said["spec"] |= {"channels": {"base": 2, "levels": 7}}
    del said["training"]["patch"]
    with pytest.raises(UnetkitError, match=r"error\[size-too-small\]: training.patch: bottleneck.*1×1 in a batch of 1"):
        trained(said, tmp_path)


def test_a_batch_is_counted_per_process(photos: Path) -> None:
    run = load_run(deep(photos, "batch", batch=2))
    planned = unetkit.plan(run.spec)
    check_samples(run, planned, (16, 16))
    with pytest.raises(UnetkitError, match=r"in a batch of 1\n(.*\n)*.* or training.batch=4 or "):
        check_samples(run, planned, (16, 16), processes=2)


def test_an_arm_of_a_study_that_cannot_be_trained_is_skipped(tmp_path: Path) -> None:
    head = "unetkit: 1\nbase: {unetkit: 1, in_channels: 1, out_channels: 2, channels: {base: 4, levels: 3}}\n"
    head += "training: {steps: 10, batch: 1, patch: 8}\nseeds: 6\n"
    found = study(tmp_path, "axes: {channels.levels: [4], norm: [none, instance], training.patch: [4]}\n", head=head)
    skipped = {arm.name: arm.skipped for arm in found.arms if arm.skipped}
    assert list(skipped) == ["channels.levels=4", "training.patch=4"]
    assert all("batch norm needs more than one value per channel" in reason for reason in skipped.values())


@pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")
@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(specs(max_depth=4), st.integers(1, 2))
def test_the_plan_refuses_to_train_exactly_what_torch_refuses(spec: Spec, batch: int) -> None:
    planned = unetkit.plan(spec)
    size = tuple(one.minimum or 1 for one in planned.preferred_sizes)
    try:
        told = training_fault(planned, size, batch)
    except SizeError:
        return  # which is refused in prediction too
    model: nn.Module = unetkit.build(spec, seed=0).train()
    try:
        model(torch.zeros(batch, spec.in_channels, *size))
        refused = False
    except ValueError as error:
        assert "more than 1 value per channel" in str(error)
        refused = True
    assert refused == bool(told)
