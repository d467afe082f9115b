"""What is found for many arms at once equals what the plan of each says."""

from __future__ import annotations

from pathlib import Path

import unetkit
from tests.study.studies import study
from unetkit.planning import Execution, covering_size, needed_memory
from unetkit.study.matrix.arm import Arm
from unetkit.study.matrix.network_facts import patch_of, training_memory
from unetkit.train.parts.task import trained_network

MANY = """\
design: full
axes:
  channels.base: [4, 6]
  channels.levels: [1, 2, 4]
  block: [double_conv, residual, convnext]
  norm: [batch, none, group]
  down: [max_pool, {type: strided_conv, kernel: 3}]
  skip: [concat, attention, {type: add, align: pad}]
  odd_sizes: [error, pad]
"""


def check(arm: Arm) -> None:
    """Asserts that the facts of an arm are those of its plan."""
    facts = arm.facts
    assert facts is not None
    planned = unetkit.plan(unetkit.load(arm.values()["spec"]))
    sized = planned.at(facts.input_size)
    assert facts.digest == planned.digest
    assert facts.parameters == planned.parameters
    assert facts.macs == sized.macs
    assert facts.output_size == sized.output_size
    assert facts.receptive_field == planned.receptive_field
    assert min(facts.output_size) >= 32
    assert facts.input_size == covering_size(planned, (32, 32))


def test_facts_of_arms_with_blocks_in_common_are_those_of_each_plan(tmp_path: Path) -> None:
    found = study(tmp_path, MANY)
    assert len(found.planned) > 100
    for arm in found.planned[::7]:
        check(arm)


def test_memory_is_that_of_a_batch_with_weights_gradients_and_optimiser(tmp_path: Path) -> None:
    arm = study(tmp_path, "").base
    planned = unetkit.plan(unetkit.load(arm.values()["spec"]))
    assert arm.facts is not None
    needed = needed_memory(planned, arm.facts.input_size, Execution(batch=2, threads=1, channels_last=True))
    assert arm.memory() == needed.training + 4 * needed.weights


def test_a_patch_is_square_unless_it_says_otherwise() -> None:
    planned = unetkit.plan(unetkit.load("unet-small"))
    sizes = [patch_of(planned.dims, training) for training in ({}, {"patch": 64}, {"patch": (64, 96)})]
    assert sizes == [(128, 128), (64, 64), (64, 96)]


def test_a_network_with_supervised_levels_needs_more_memory_in_training() -> None:
    spec = {"extends": "unet-small", "channels": [4, 8, 8]}
    trained = trained_network(unetkit.load(spec), [0.5])
    training = {"batch": 2, "patch": 32}
    assert training_memory(unetkit.plan(trained), training) > training_memory(
        unetkit.plan(unetkit.load(spec)), training
    )
    assert [output.name for output in trained.outputs] == ["output", "level_1"]
    assert trained_network(trained, [0.5]) is trained  # it has heads of its own
