"""Small YAML files whose images and bases are there, beside those that come with unetkit."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import yaml

from tests.fuzz.mutation import text_changed
from tests.fuzz.trees import HOSTILE, at, places, tree_changed
from unetkit.language import shipped

BASE = """\
unetkit: 1
name: base
in_channels: 1
out_channels: 2
channels: [4, 8]
"""
"""base.yaml."""

SPEC = """\
unetkit: 1
extends: base.yaml
levels: {0: {block: {kernel: 5}}, 1: {encoder: {block: residual}}}
---
unetkit: 1
name: a
dims: 1
in_channels: 2
out_channels: 1
channels: {base: 4, levels: 3, growth: 2, max: 9}
block: {type: double_conv, padding: valid, norm: {type: group, groups: 2}, act: {type: leaky_relu}, dropout: 0.1}
skip: {type: concat, align: crop}
init: {method: xavier_uniform}
---
unetkit: 1
name: a
dims: 3
in_channels: 1
out_channels: 3
channels: [4, 4, 4]
down: {type: max_pool, kernel: [1, 2, 2]}
up: {type: interpolate, mode: linear}
skip: {type: add, align: resize}
decoder: {block: convnext}
"""

DATA = """\
unetkit: 1
images: photos/images
masks: photos/masks
classes: [nothing, disc]
---
unetkit: 1
name: discs
images: photos/images/*.png
masks: photos/masks/*.png
classes:
  - {name: nothing, values: [0]}
  - {name: disc, values: [1], colour: [255, 0, 0]}
split: {type: random, test: 0.3, validation: 0.3}
normalization: {type: dataset}
"""

RUN = """\
unetkit: 1
spec: {extends: base.yaml}
data: photos
training: {steps: 4, batch: 2, patch: 16}
---
unetkit: 1
spec: base.yaml
data: {images: photos/images, masks: photos/masks}
training:
  minutes: 1
  batch: 2
  patch: [16, 16]
  loss: {type: dice}
  optimizer: {type: sgd, learning_rate: 0.1}
  schedule: {type: poly}
  augmentation: [flip, {type: noise}]
"""

STUDY = """\
unetkit: 1
name: s
base: {extends: base.yaml}
data: {dataset: mni}
training: {steps: 5, batch: 2, patch: 16}
axes: {block.kernel: [1, 3], skip: [none, concat]}
seeds: 2
---
unetkit: 1
name: s
base: base.yaml
data: photos
training: {steps: 5}
axes:
  channels: [[4, 4], [8, 8]]
  training.optimizer.learning_rate: [0.1, 0.01]
design: one_at_a_time
seeds: [1, 2, 3]
metric: iou
margin: 0.02
"""

KINDS = {
    "spec": ("", SPEC),
    "data": ("runs/data", DATA),
    "run": ("runs", RUN),
    "study": ("studies", STUDY),
}

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # written in C where that is installed: ten times as quick
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def loaded(text: str) -> Any:
    """Returns what YAML holds."""
    return yaml.load(text, LOADER)  # noqa: S506 - a safe one, of two


def texts(kind: str) -> list[str]:
    """Returns the texts of a kind."""
    folder, own = KINDS[kind]
    return [file.read_text(encoding="utf-8") for file in shipped(folder).values()] + own.split("---\n")


class Mutator:
    """Changes YAML as a text or as values, with keys and values that other texts have."""

    def __init__(self, known: Sequence[str]) -> None:
        trees = [yaml.safe_load(text) for text in known]
        found = {path: at(tree, path) for tree in trees for path in places(tree)}
        self.keys = sorted({path[-1] for path in found if isinstance(path[-1], str)})
        self.others = (*found.values(), *HOSTILE)

    def changed(self, text: str, random: Random) -> str:
        """Returns another text."""
        if random.random() < 0.4:
            return text_changed(text, random)
        try:
            values: Any = tree_changed(loaded(text), random, self.keys, self.others)
            flow = random.random() < 0.5
            return yaml.dump(values, Dumper=DUMPER, sort_keys=False, allow_unicode=True, default_flow_style=flow)
        except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError, IndexError, KeyError):
            return text_changed(text, random)
