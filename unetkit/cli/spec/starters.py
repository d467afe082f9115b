"""The commented files that `unetkit new` writes. Every commented setting in them can be uncommented."""

from __future__ import annotations

SPEC = """\
# Check it: unetkit validate {file}      Look at it: unetkit show {file}
unetkit: 1                                # version of the spec language
{name}
dims: {dims}                                   # axes of the images: 1, 2 or 3
in_channels: 1                            # of the images: 1 grey, 3 colour
out_channels: 2                           # classes
channels: [32, 64, 128, 256]              # one number per level, the first is full resolution

block: double_conv                        # what a level does; unetkit blocks lists what there is
norm: batch                               # for all blocks: batch, instance, group, layer or none
act: relu
down: max_pool                            # the way to the next level, half the size
up: transposed_conv                       # the way back
skip: {{type: concat, align: same}}         # how encoder and decoder meet; align: crop or pad takes any size
head: conv

# Whatever stands above can be overridden for a part of the network:
# bottleneck:
#   block: {{dropout: 0.2}}
# levels:
#   0: {{block: {{kernel: 5}}}}
"""

CHANGED = """\
# Check it: unetkit validate {file}      See what changed: unetkit diff {base} {file}
{extends}
{name}

# Write only what differs; unetkit resolve {base} shows everything that can be changed. For example:
# block: {{kernel: 5}}
# skip: {{align: pad}}
"""

DATA = """\
# Check it: unetkit validate {file}      Look at the images: unetkit data {file} -o sheet.png
unetkit: 1                                # version of the language
{name}
dims: {dims}                                   # axes of the images: 1, 2 or 3
dataset:
  type: folders
  images: images                          # a folder, or a pattern as in scans/{{name}}/image.nii.gz, images/**
  masks: masks                            # the files of the same name: a number per pixel, or a colour
classes: [background, object]             # class 0, 1 …; of other numbers {{name: object, values: [255]}}
channels: 1                               # of the images: 1 grey, 3 colour
split: {{type: ratio, validation: 0.1, test: 0.2}}  # at random; block by order, group by patient, file by a list
normalization: image                      # or dataset, percentile, none

# spacing: median                         # resample to one distance between samples, or [3, 1, 1]; native unless given
# ignore: 255                             # pixels that count nowhere
# source: Where the images come from, and their terms
# cache: false                            # read images again each time, where they do not fit into the memory
# workers: 2                              # processes that make patches
"""

RUN = """\
# Check it: unetkit validate {file}      Train: unetkit train {file}
unetkit: 1                                # version of the language
spec:                                     # a file, the name of a shipped spec, or a map as in a spec
  {extends}
  {name}
{spec}data: data.yaml                           # a data file (unetkit new data.yaml --kind data), or a folder
training:
  steps: 1000                             # or epochs, or minutes
  batch: {batch}
  patch: {patch:<33}# samples per axis that the output holds at least
  augmentation: [flip, {turn}, intensity]
  loss: dice_ce                           # unetkit blocks lists losses, optimizers, schedules, augmentations
  optimizer: {{type: adamw, learning_rate: 0.003}}
  validate_every: 250                     # the best is kept in best.safetensors

  # balance: 0.3                          # share of the patches around a pixel of a class that is drawn evenly
  # deep_supervision: [0.5, 0.25]         # the loss at coarser levels too
  # precision: bf16                       # quicker where the processor has it
  # checkpointing: [0]                    # less memory, more time
  # early_stopping: 3
"""

STUDY = """\
# Check it: unetkit study plan {file}      Run it: unetkit study run {file}
unetkit: 1                                # version of the language
{name}
base:                                     # what arms are compared with
  {extends}
{spec}data: data.yaml                           # a data file (unetkit new data.yaml --kind data), or a folder
axes:                                     # what varies: a path into the spec, training or data, and its values
  skip: [none, add]
seeds: 6
budget: {{steps: 300}}                      # how long every arm trains
training: {{batch: {batch}, patch: {patch}}}
margin: 0.01                              # a difference in Dice below it counts as none

# design: full                            # all combinations of several axes
# match: parameters                       # widths are chosen so that arms have equally many
"""
STARTERS = {"spec": SPEC, "data": DATA, "run": RUN, "study": STUDY}

OWN_SPEC = """\
  dims: {dims}                                 # axes of the images
  in_channels: 1                          # of the images: 1 grey, 3 colour
  out_channels: 2                         # classes
  channels: {{base: {width}, levels: 4}}         # of the first level; they double from level to level
"""
"""What a run or a study says of its network unless it begins with a given one."""
