"""Fine-tuning: training begins with the weights of a file, as far as they fit, and the file is a part of the run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

import unetkit
from tests.study.studies import study
from tests.support.commandline import run
from tests.support.photos import trained, values
from tests.train.test_run_folder import broken_off
from unetkit.errors import SpecError
from unetkit.train import TrainError, load_run


@pytest.fixture
def first(photos: Path, tmp_path: Path) -> Path:
    """The model file of a short run."""
    trained(values(photos), tmp_path / "first")
    return tmp_path / "first" / "last.safetensors"


def still(photos: Path, **training: Any) -> dict[str, Any]:
    """Returns a run that changes next to nothing."""
    return values(photos, steps=1, optimizer={"type": "sgd", "learning_rate": 1e-12}, **training)


def test_a_training_begins_with_the_weights_of_a_file(photos: Path, first: Path, tmp_path: Path) -> None:
    result = trained(still(photos, weights=str(first)), tmp_path / "tuned")
    old, new = load_file(first), load_file(tmp_path / "tuned" / "last.safetensors")
    learned = [name for name in old if "running" not in name and "num_batches" not in name]
    assert all(torch.allclose(old[name], new[name], atol=1e-6) for name in learned)
    assert result.values["weights"] == {
        "file": str(first), "sha256": load_run(tmp_path / "tuned" / "run.yaml").training.weights_sha256,
        "taken": len(old), "left_out": [],
    }  # fmt: skip
    assert result.values["run"]["training"]["weights"] == str(first)
    assert "weights" not in trained(still(photos), tmp_path / "random").values["run"]["training"]


def other(photos: Path, first: Path, **training: Any) -> dict[str, Any]:
    """Returns a run of a network with another head and one level more."""
    said = still(photos, weights=str(first), **training)
    said["spec"] |= {"channels": [4, 8, 8], "out_channels": 1}
    return said


def test_all_shapes_that_do_not_fit_are_one_fault(photos: Path, first: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainError) as caught:
        trained(other(photos, first), tmp_path / "tuned")
    (fault,) = caught.value.faults
    assert (fault.code, fault.path) == ("weights-shape", "training.weights")
    assert "head.conv1.weight: (2, 4, 1, 1) in the file, (1, 4, 1, 1) in the network" in fault.lines
    assert "encoder.1.block.conv1.weight: nothing in the file, (8, 4, 3, 3) in the network" in fault.lines
    assert fault.cure == "Set training.partial=true to load the rest."
    given = load_file(first)
    network = unetkit.build(load_run(other(photos, first)).spec).state_dict()
    differing = {
        name for name in given.keys() | network.keys()
        if name not in given or name not in network or given[name].shape != network[name].shape
    }  # fmt: skip
    assert {line.partition(":")[0] for line in fault.lines} == differing


def test_a_part_is_taken_where_the_run_says_so(photos: Path, first: Path, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(other(photos, first, partial=True)))
    told = run("train", tmp_path / "run.yaml", "-o", tmp_path / "tuned", "--accelerator", "cpu").stderr
    assert (
        f"initial weights from {first}: " in told and "head.conv1.bias: (2,) in the file, (1,) in the network" in told
    )
    old, new = load_file(first), load_file(tmp_path / "tuned" / "last.safetensors")
    assert torch.allclose(old["encoder.0.block.conv1.weight"], new["encoder.0.block.conv1.weight"], atol=1e-6)
    values_ = trained(other(photos, first, partial=True), tmp_path / "again").values["weights"]
    assert values_["taken"] + len(values_["left_out"]) == len(old.keys() | new.keys())


def test_a_file_of_which_nothing_fits_is_refused_even_so(photos: Path, tmp_path: Path) -> None:
    model = unetkit.build({"unetkit": 1, "in_channels": 3, "out_channels": 5, "channels": [7], "norm": "none"})
    unetkit.save(model, tmp_path / "other.safetensors")
    said = still(photos, weights=str(tmp_path / "other.safetensors"), partial=True)
    with pytest.raises(TrainError, match="Give weights of this network: none fit"):
        trained(said, tmp_path / "tuned")


def test_changed_weights_are_another_run(
    photos: Path, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = values(photos, weights=str(first), checkpoint_every=2)
    broken_off(said, tmp_path / "tuned", monkeypatch)
    kept = first.read_bytes()
    unetkit.save(unetkit.build(load_run(said).spec, seed=5), first)
    with pytest.raises(
        TrainError, match=r"holds a different run. Differences:\n +training.weights_sha256: .* there, .* here"
    ):
        trained(said, tmp_path / "tuned")
    with pytest.raises(SpecError, match=r"\[weights-changed\].*has changed since"):
        load_run(tmp_path / "tuned" / "run.yaml")
    first.write_bytes(kept)
    whole = trained(values(photos, weights=str(first)), tmp_path / "whole").values
    assert trained(said, tmp_path / "tuned").values["loss"] == whole["loss"]


def test_weights_are_not_read_again_where_a_run_goes_on(
    photos: Path, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = values(photos, weights=str(first), checkpoint_every=1, optimizer={"type": "sgd", "learning_rate": 0.1})
    whole = trained(said, tmp_path / "whole")
    broken_off(said, tmp_path / "tuned", monkeypatch)
    assert trained(said, tmp_path / "tuned").values["loss"] == whole.values["loss"]


def wrong_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yields files that no training begins with, and what is said."""
    save_file({"a": torch.zeros(1)}, folder / "state.safetensors")
    torch.save({"a": torch.zeros(1)}, folder / "state.pth")
    (folder / "empty.safetensors").write_bytes(b"")
    yield (
        folder / "state.safetensors",
        "was not written by unetkit\n   Convert weights of another program",
    )
    yield folder / "state.pth", "cannot be read: .*\n   Convert weights of another program"
    yield folder / "empty.safetensors", "cannot be read"


def test_files_that_are_no_models_are_refused_before_the_first_step(photos: Path, tmp_path: Path) -> None:
    for file, message in wrong_files(tmp_path):
        with pytest.raises(TrainError, match=rf"error\[weights-foreign\]: training.weights: .*{message}"):
            trained(still(photos, weights=str(file)), tmp_path / "run")
        assert not (tmp_path / "run" / "run.yaml").exists()


@pytest.mark.parametrize(
    ("training", "message"),
    [
        (
            {"weights": "missing.safetensors"},
            r"error\[file-missing\]: training.weights: .*missing.safetensors: No",
        ),
        ({"weights": "."}, r"error\[file-missing\]: training.weights: .*: Is a directory"),
        ({"partial": True}, "partial has no effect without weights"),
        ({"weights_sha256": "0" * 64}, "weights_sha256 has no effect without weights"),
        ({"weights": ""}, "training.weights"),
        ({"weights": 3}, "training.weights"),
        ({"weights": ["a"]}, "training.weights"),
    ],
)
def test_wrong_keys_are_told_with_their_place(training: dict[str, Any], message: str, photos: Path) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        load_run(still(photos, **training))
    assert all(fault.place for fault in caught.value.faults)


def test_a_path_begins_at_the_folder_of_its_file_and_on_the_command_line_here(
    photos: Path, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "run.yaml").write_text(yaml.safe_dump(still(photos, weights="../first/last.safetensors")))
    monkeypatch.chdir(tmp_path)
    assert load_run(Path("runs/run.yaml")).training.weights == str(first)
    changed = load_run(Path("runs/run.yaml"), [f"training.weights={os.path.relpath(first)}"])
    assert changed.training.weights == str(first)
    assert load_run(changed.resolve()).resolve() == changed.resolve()


def test_weights_are_a_training_key_of_studies(photos: Path, first: Path, tmp_path: Path) -> None:
    shutil.copy(first, tmp_path / "same.safetensors")
    unetkit.save(unetkit.build(load_run(values(photos)).spec, seed=3), tmp_path / "other.safetensors")
    text = f"""\
axes: {{training.weights: [first/last.safetensors, other.safetensors], training.partial: [true]}}
data: {photos}
base: {{unetkit: 1, name: tiny, extends: unet-same, channels: [4, 8]}}
training: {{steps: 1, batch: 2, patch: 16, weights: same.safetensors}}
"""
    made = study(tmp_path, text, head="unetkit: 1\nseeds: 1\n")
    said = [arm.values()["training"] for arm in made.arms]
    assert [Path(one["weights"]).name for one in said] == [
        "same.safetensors", "last.safetensors", "other.safetensors", "same.safetensors",
    ]  # fmt: skip
    assert said[0]["weights_sha256"] == said[1]["weights_sha256"] != said[2]["weights_sha256"]
    assert len({one.id for one in made.runs}) == 4
    before = [one.id for one in made.runs]
    unetkit.save(unetkit.build(load_run(values(photos)).spec, seed=4), tmp_path / "other.safetensors")
    after = [one.id for one in study(tmp_path, text, head="unetkit: 1\nseeds: 1\n").runs]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, True, False, True]


def test_imported_weights_can_be_trained_on(photos: Path, tmp_path: Path) -> None:
    spec = load_run(values(photos)).spec
    state = unetkit.build(spec, seed=7).state_dict()
    torch.save({"params": state}, tmp_path / "w.pth.tar")
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec.resolve()))
    run("import-weights", tmp_path / "w.pth.tar", "--spec", tmp_path / "spec.yaml", "-o", tmp_path / "m.safetensors")
    assert trained(still(photos, weights=str(tmp_path / "m.safetensors")), tmp_path / "run").values["weights"]["taken"]
    new = load_file(tmp_path / "run" / "last.safetensors")
    assert torch.allclose(new["head.conv1.weight"], state["head.conv1.weight"], atol=1e-6)
