"""The keys of a RUN.yaml, and of the training in it, as they stand in the YAML."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from unetkit.block import Count
from unetkit.data.data_keys import DataKeys
from unetkit.document.keys import Holds, Keys, Reference, Slot, bare
from unetkit.language.spec_keys import SpecKeys

PATCH = {1: 2048, 2: 128, 3: 48}
"""Samples of the output per axis at most, by dims, where a run does not say."""
Positive = Annotated[float, Field(gt=0)]


class Training(Keys):
    """How a network is trained. Steps, epochs or minutes say how long; where several do, the first that is spent."""

    steps: Count | None = None
    """Updates of the weights."""
    epochs: Positive | None = None
    """How often each pixel is seen, on average."""
    minutes: Positive | None = None
    """Time for training alone; how many steps that is depends on the machine, and so does the result."""
    batch: Count = 8
    """Patches per step, over all processes."""
    accumulate: Count = 1
    """Batches whose gradients make one step."""
    patch: Count | tuple[Count, ...] | None = None
    """Samples per axis that the output holds at least; by default those of the images, at most 2048, 128², 48³."""
    balance: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the patches that are drawn around a pixel of a class that is drawn evenly."""
    augmentation: tuple[Slot, ...] = ()
    """What is done to patches at random, one after the other."""
    loss: Slot = bare("dice_ce")
    optimizer: Slot = bare("adamw")
    schedule: Slot = bare("one_cycle")
    clip: Positive | None = 1.0
    """The largest norm of all gradients together."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Numbers to compute in; weights are always fp32."""
    deep_supervision: tuple[Annotated[float, Field(gt=0, le=1)], ...] = ()
    """Weights of the loss at the decoder's levels 1, 2, … beside 1 for the output, as in [0.5, 0.25]."""
    checkpointing: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Levels whose activations are computed again in the backward pass, and so not kept."""
    weights: Annotated[str, Field(min_length=1)] | None = None
    """A model file whose weights training begins with; random ones unless given."""
    weights_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """The SHA-256 of that file; found when the run is loaded, and a file that has another is refused."""
    partial: bool = False
    """Whether weights that do not fit the network, or that the file lacks, may begin as random ones."""
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    """Of weights, patches and dropout."""
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the images to train with; a smaller share is a part of a larger one."""
    validate_every: Count | None = None
    """Steps between validations; at the end alone unless given."""
    early_stopping: Count | None = None
    """Validations without a better one after which training ends."""
    checkpoint_every: Count = 200
    """Steps between checkpoints, from which a run that was broken off goes on."""
    log_every: Count = 10
    """Steps that one entry of the log is the mean of."""
    logger: tuple[Literal["tensorboard", "mlflow"], ...] = ("tensorboard",)
    """Where the log goes beside log.csv."""


class RunKeys(Keys):
    """The keys of a RUN.yaml."""

    unetkit: Literal[1]
    """Version of the language."""
    spec: Annotated[Reference, Holds(SpecKeys)]
    """The network: a spec file, the name of a shipped spec, or a map as in a spec."""
    data: Annotated[Reference, Holds(DataKeys)]
    """The images: a data file, a folder with images/ and masks/, `mni`, or a map as in a data file."""
    training: Annotated[dict[str, Any], Holds(Training, named=False)]
    """How the network is trained."""
