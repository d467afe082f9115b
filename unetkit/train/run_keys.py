"""The keys of a RUN.yaml, and of its training."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from unetkit.block import Count
from unetkit.data.data_keys import DataKeys
from unetkit.document.keys import Holds, Keys, Reference, Slot, bare
from unetkit.language.spec_keys import SpecKeys
from unetkit.wording import AMOUNT

PATCH = {1: 2048, 2: 128, 3: 48}
"""The largest patch by default, in samples per axis, by dims."""
_Positive = Annotated[float, Field(gt=0)]


_LossSlot = Annotated[Slot, WithJsonSchema({"slot": "loss"})]
_TargetSlot = Annotated[Slot, WithJsonSchema({"slot": "target"})]


class Training(Keys):
    """How a network is trained. Of steps, epochs and minutes, the first that is reached ends the training."""

    steps: Count | None = None
    """Updates of the weights."""
    epochs: _Positive | None = None
    """Average number of times that each pixel is used."""
    minutes: _Positive | None = None
    """Time for training only; the number of steps, and the result, depend on the machine."""
    batch: Count = 8
    """Patches per step, over all processes."""
    accumulate: Count = 1
    """Batches whose gradients make one step."""
    patch: Count | tuple[Count, ...] | None = None
    """Minimum size of the output in samples; by default that of the images, at most 2048, 128², 48³."""
    balance: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the patches drawn around a pixel of a class, all classes being equally likely."""
    augmentation: tuple[Slot, ...] = ()
    """Random changes of patches, applied in order."""
    loss: Slot = bare("dice_ce")
    optimizer: Slot = bare("adamw")
    schedule: Slot = bare("one_cycle")
    clip: _Positive | None = 1.0
    """Maximum norm of the gradients."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Number type of the computation; weights are always fp32."""
    losses: dict[str, _LossSlot] = Field(default_factory=dict)
    """Losses of outputs by name, in place of `loss`."""
    targets: dict[str, _TargetSlot] = Field(default_factory=dict)
    """What outputs predict, by name; the classes of the data unless given."""
    loss_weights: dict[str, Annotated[float, Field(gt=0, le=1e6)]] = Field(default_factory=dict)
    """Weights of the losses of outputs by name, 1 unless given."""
    deep_supervision: tuple[Annotated[float, Field(gt=0, le=1)], ...] = ()
    """Weights of the loss at the decoder's levels 1, 2, …, relative to 1 for the output, such as [0.5, 0.25].

    The network gets a head at each level; one with heads for training has as many weights as those.
    """
    unfreeze: dict[Annotated[int, Field(ge=1)], tuple[Annotated[int, Field(ge=0)], ...]] = Field(default_factory=dict)
    """Levels of the encoder that the spec freezes, trained from a step on, such as {500: [5], 1000: [4]}."""
    learning_rates: dict[Literal["encoder", "bottleneck", "decoder", "head"], Annotated[float, Field(gt=0, le=1e3)]] = (
        Field(default_factory=dict)
    )
    """Factors of the learning rate for parts of the network, such as {encoder: 0.1}; 1 unless given."""
    checkpointing: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Levels whose activations are recomputed in the backward pass instead of kept."""
    memory: Annotated[str, Field(pattern=f"^{AMOUNT}$")] | None = None
    """Memory of a step, such as 6GB: activations are recomputed as far as that needs, in the least time."""
    weights: Annotated[str, Field(min_length=1)] | None = None
    """A model file with the initial weights; random ones unless given."""
    weights_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """The SHA-256 of that file, by default as it is when the run is loaded; a file with another is refused."""
    partial: bool = False
    """Whether weights that do not fit, or are missing from the file, may be random."""
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    """Seed of weights, patches and dropout."""
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the training images that are used; a smaller share is a subset of a larger one."""
    validate_every: Count | None = None
    """Steps between validations; only at the end unless given."""
    early_stopping: Count | None = None
    """Number of validations without improvement after which training ends."""
    checkpoint_every: Count = 200
    """Steps between checkpoints, from which an interrupted run continues."""
    log_every: Count = 10
    """Steps that one entry of the log averages."""
    logger: tuple[Literal["tensorboard", "mlflow"], ...] = ("tensorboard",)
    """Where the log is written in addition to log.csv."""


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
