"""Commented YAML files to start from. Each of their commented settings can be uncommented."""

from __future__ import annotations

import os
from pathlib import Path

from unetkit.document.kinds import Kind
from unetkit.language import find_spec, load, shipped
from unetkit.overwriting import check_outputs
from unetkit.planning import plan
from unetkit.writing import write_whole

_SPEC = """\
# Check: unetkit validate {file}      Show: unetkit show {file}
unetkit: 1                                # version of the spec language
{name}
dims: {dims}                                   # axes of the images: 1, 2 or 3
in_channels: 1                            # of the images: 1 for grey, 3 for colour
out_channels: 2                           # classes
channels: [32, 64, 128, 256]              # one number per level, full resolution first

block: double_conv                        # the convolutions of a level; `unetkit blocks` lists all
norm: batch                               # in all blocks: batch, instance, group, layer or none
act: relu
down: max_pool                            # to the next level, at half the size
up: transposed_conv                       # back to the level above
skip: {{type: concat, align: same}}         # joins encoder and decoder; align: crop or pad accepts any size
head: conv

# Each setting can be overridden for a part of the network; `unetkit explain {file} PATH` shows where one applies:
# bottleneck:
#   block: {{dropout: 0.2}}
# levels:
#   0: {{block: {{kernel: 5}}}}

# topology: unet_plus_plus                # another way to join the blocks; `unetkit blocks topology` lists all
# heads:                                  # several outputs; this one supervises level 1 in training
#   mask: {{}}
#   coarse: {{at: 1, when: training}}
"""

_CHANGED = """\
# Check: unetkit validate {file}      Show the changes: unetkit diff {base} {file}
{extends}
{name}

# Write only what differs; `unetkit resolve {base}` lists all settings. For example:
# block: {{kernel: 5}}
# skip: {{align: pad}}
"""

_DATA = """\
# Check: unetkit validate {file}      Inspect the images: unetkit data {file} -o sheet.png
unetkit: 1                                # version of the language
{name}
dims: {dims}                                   # axes of the images: 1, 2 or 3
dataset:
  type: folders
  images: images                          # a folder, or a pattern as in scans/{{name}}/image.nii.gz, images/**
  masks: masks                            # files of the same names: a class number or a colour per pixel
classes: [background, object]             # class 0, 1 …; with other numbers {{name: object, values: [255]}}
channels: 1                               # of the images: 1 for grey, 3 for colour
split: {{type: ratio, validation: 0.1, test: 0.2}}  # at random; or block: by order, group: by patient, file: by a list
normalization: image                      # or dataset, percentile, none

# spacing: median                         # resample to one spacing, or [3, 1, 1]; native by default
# ignore: 255                             # the value of unlabelled pixels
# source: The origin of the images, and their licence
# cache: false                            # read images again each time, if they do not fit into memory
# workers: 2                              # processes that load patches
"""

_RUN = """\
# Check: unetkit validate {file}      Train: unetkit train {file}
unetkit: 1                                # version of the language
spec:                                     # a file, the name of a shipped spec, or a map as in a spec
  {extends}
  {name}
{spec}data: data.yaml                           # a data file (unetkit new data.yaml --kind data), or a folder
training:
  steps: 1000                             # or epochs, or minutes
  batch: {batch}
  patch: {patch:<33}# least size of the output
  augmentation: [flip, {turn}, intensity]
  loss: dice_ce                           # `unetkit blocks` lists losses, optimizers, schedules, augmentations
  optimizer: {{type: adamw, learning_rate: 0.003}}
  validate_every: 250                     # steps; the best model is kept in best.safetensors

  # balance: 0.3                          # share of patches that are centred on a pixel of a random class
  # deep_supervision: [0.5, 0.25]         # weights of the loss at coarser levels
  # precision: bf16                       # faster on processors that support it
  # memory: 6GB                           # of a step: recomputes activations as far as that needs
  # early_stopping: 3
"""

_STUDY = """\
# Check: unetkit study plan {file}      Run: unetkit study run {file}
unetkit: 1                                # version of the language
{name}
base:                                     # the network that arms are compared with
  {extends}
{spec}data: data.yaml                           # a data file (unetkit new data.yaml --kind data), or a folder
axes:                                     # paths into the spec, training or data, and their values
  skip: [none, add]
seeds: 6
budget: {{steps: 300}}                      # training time of each arm
training: {{batch: {batch}, patch: {patch}}}
margin: 0.01                              # smallest relevant difference in Dice

# design: full                            # all combinations of all axes
# match: parameters                       # scale widths so that all arms have equally many
"""
_STARTERS: dict[Kind, str] = {"spec": _SPEC, "data": _DATA, "run": _RUN, "study": _STUDY}

_OWN_SPEC = """\
  dims: {dims}                                 # axes of the images
  in_channels: 1                          # of the images: 1 for grey, 3 for colour
  out_channels: 2                         # classes
  channels: {{base: {width}, levels: 4}}         # of the first level; doubled at each level
"""
"""The network of a run or a study that is not based on a given spec."""

_PATCHES = {1: 1024, 2: 128, 3: 32}
"""Samples per axis of a patch, by dims."""


def _starter(file: Path, kind: Kind = "spec", *, dims: int = 2, base: str | None = None) -> str:
    """The text of a new file, for images with `dims` axes, or based on the spec `base`.

    References to `base` are relative to the path `file`. Raises SpecError if `base` is not valid.
    """
    text, spec, extends = _STARTERS[kind], _OWN_SPEC.format(dims=dims, width=8 if dims == 3 else 16), "unet-same"
    if base is not None:
        dims, spec = plan(load(base)).dims, ""
        extends = base if base in shipped() else Path(os.path.relpath(find_spec(base), file.parent)).as_posix()
        if kind == "spec":
            text = _CHANGED
    return text.format(
        file=file,
        base=base,
        name=_line("name", file.stem),
        dims=dims,
        extends=_line("extends", extends),
        spec=spec,
        patch=_PATCHES[dims],
        batch=4 if dims == 3 else 8,
        turn="rotation" if dims > 1 else "scale",
    )


def write_starter(
    file: Path, kind: Kind = "spec", *, dims: int = 2, base: str | None = None, overwrite: bool = False
) -> Path:
    """Writes the file that `_starter` describes."""
    text = _starter(file, kind, dims=dims, base=base)
    document = load(base).document if base else None
    check_outputs([file], inputs=document.files() if document else (), overwrite=overwrite)
    write_whole(file, text.encode())
    return file


def _line(key: str, value: str) -> str:
    """One line of YAML, with the value in quotes if necessary.

    >>> _line("name", "mine"), _line("name", "12")
    ('name: mine', "name: '12'")
    """
    import yaml

    return str(yaml.safe_dump({key: value}, allow_unicode=True, width=1000)).rstrip()
