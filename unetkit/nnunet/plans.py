"""Reads plans files and dataset.json: JSON as data, every fault with its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from unetkit.document.document import Document
from unetkit.document.merge import Key
from unetkit.document.reader import Reader
from unetkit.document.text import MAX_BYTES, checked, compose_map, too_large
from unetkit.errors import Fault, SpecError, did_you_mean
from unetkit.nnunet.keys import (
    ArchitectureKeys,
    ConfigurationKeys,
    DatasetKeys,
    IntensityKeys,
    NetworkArguments,
    OldArchitectureKeys,
    PlainArguments,
    PlansKeys,
    ResidualArguments,
)

NETWORKS: Mapping[str, type[NetworkArguments]] = {
    "PlainConvUNet": PlainArguments,
    "ResidualEncoderUNet": ResidualArguments,
}
PREFERRED = ("3d_fullres", "2d")
"""The configuration that is read where none is asked for: the first of these that there is."""
_MODULE = "dynamic_network_architectures.architectures.unet"


class NnunetPlan(NamedTuple):
    """One configuration of a plans file, with the reader that collects faults of its meaning."""

    name: str
    plans: PlansKeys
    data: ConfigurationKeys
    arguments: NetworkArguments
    intensities: tuple[IntensityKeys | None, ...]
    reader: Reader
    path: tuple[Key, ...]
    """Where the arguments stand; where old keys say them, where the configuration stands."""

    @property
    def channels(self) -> int:
        """Channels of the images: each has its normalization scheme."""
        return len(self.data.normalization_schemes)


class DatasetLabels(NamedTuple):
    """The labels of dataset.json: names by number, those that are left out, and whether labels are regions."""

    classes: tuple[str, ...]
    values: tuple[int, ...]
    ignore: int | None
    regions: bool


def read_plan(path: Path, configuration: str | None = None) -> NnunetPlan:
    """Reads a configuration of a plans file. Raises SpecError with all faults."""
    reader = Reader(_document(path))
    plans = reader.read_keys(PlansKeys, reader.document.values())
    reader.raise_faults()
    name = _chosen(reader, plans, configuration)
    values = _inherited(reader, plans, name)
    at: tuple[Key, ...] = ("configurations", name)
    data = reader.read_keys(ConfigurationKeys, values, *at)
    if data.previous_stage is not None:
        message = f"{name} also takes the result of {data.previous_stage}, which no spec has as an input"
        reader.fault(Fault("nnunet-cascade", message, cure="Choose another configuration."), *at, "previous_stage")
        reader.stop()
    if "architecture" in values:
        arguments, at = _architecture(reader, values, *at)
    else:
        arguments = _old_architecture(reader, values, *at)
    reader.raise_faults()
    return NnunetPlan(name, plans, data, arguments, _intensities(reader, plans, data), reader, at)


def read_dataset(path: Path) -> DatasetLabels:
    """Reads the labels of dataset.json. Raises SpecError with all faults."""
    reader = Reader(_document(path))
    keys = reader.read_keys(DatasetKeys, reader.document.values())
    reader.raise_faults()
    labels = dict(keys.labels)
    ignored = labels.pop("ignore", None)
    regions = any(isinstance(value, tuple) for value in labels.values())
    if regions:
        classes = tuple(name for name in labels if name != "background")
        return DatasetLabels(classes, (), ignored if isinstance(ignored, int) else None, regions=True)
    numbers = {value: name for name, value in labels.items() if isinstance(value, int)}
    if len(numbers) < 2:
        reader.fault(
            Fault("wrong-value", "there are fewer than two labels", cure="Give each class its number."), "labels"
        )
        reader.stop()
    return DatasetLabels(
        tuple(numbers[value] for value in sorted(numbers)),
        tuple(sorted(numbers)),
        ignored if isinstance(ignored, int) else None,
        regions=False,
    )


def _document(path: Path) -> Document:
    """A JSON file as a document. YAML, which JSON is a part of, has places; it has no tabs, which JSON may have."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise SpecError(Fault("file-unreadable", message, cure="Give the path of a plans.json.")) from error
    if len(content) > MAX_BYTES:
        raise too_large(str(path), f"more than {MAX_BYTES:,}")
    text = content.decode("utf-8", "surrogateescape").replace("\t", " ")
    return Document(str(path), compose_map(checked(str(path), text)))


def _chosen(reader: Reader, plans: PlansKeys, name: str | None) -> str:
    """The configuration to read."""
    found = plans.configurations
    if name is None:
        name = next((one for one in PREFERRED if one in found), next(iter(found), None))
    if name is None or name not in found:
        message = "there is no configuration" if name is None else f"there is no configuration {name!r}"
        cure = did_you_mean(name or "", found) or "Give the file that nnUNetv2_plan_experiment has written."
        reader.fault(Fault("nnunet-configuration", message, cure=cure), "configurations")
        reader.stop()
    return name


def _inherited(reader: Reader, plans: PlansKeys, name: str) -> dict[str, Any]:
    """The keys of a configuration, with those that it inherits."""
    values: dict[str, Any] = {}
    chain: list[str] = []
    current: Any = name
    while current is not None:
        at: tuple[Key, ...] = ("configurations", chain[-1] if chain else name)
        if current in chain or not isinstance(plans.configurations.get(current), dict):
            again = current in chain
            message = f"{name} inherits from itself" if again else f"there is no configuration {current!r} with keys"
            at = (*at, "inherits_from") if chain else at
            reader.fault(Fault("nnunet-configuration", message, cure=did_you_mean(current, plans.configurations)), *at)
            reader.stop()
        chain.append(current)
        own = plans.configurations[current]
        values = own | values
        current = own.get("inherits_from")
    return values


def _architecture(reader: Reader, values: dict[str, Any], *at: Key) -> tuple[NetworkArguments, tuple[Key, ...]]:
    """The arguments as they stand under `architecture`, and where."""
    path = (*at, "architecture")
    if not isinstance(values["architecture"], dict):
        reader.fault(Fault("wrong-type", "architecture is not a map", cure="Give the class and its arguments."), *path)
        reader.stop()
    keys = reader.read_keys(ArchitectureKeys, values["architecture"], *path)
    model = _model(reader, keys.network_class_name, *path, "network_class_name")
    return reader.read_keys(model, keys.arch_kwargs, *path, "arch_kwargs"), (*path, "arch_kwargs")


def _old_architecture(reader: Reader, values: dict[str, Any], *at: Key) -> NetworkArguments:
    """The arguments that plans before nnU-Net 2.4 imply."""
    keys = reader.read_keys(OldArchitectureKeys, values, *at)
    model = _model(reader, keys.UNet_class_name, *at, "UNet_class_name")
    stages, dims = len(keys.conv_kernel_sizes), len(keys.conv_kernel_sizes[0]) if keys.conv_kernel_sizes else 0
    features = [
        min(keys.UNet_base_num_features << stage, keys.unet_max_num_features) for stage in range(min(stages, 17))
    ]
    blocks = "n_conv_per_stage" if model is PlainArguments else "n_blocks_per_stage"
    implied = {
        "n_stages": stages,
        "features_per_stage": tuple(features),
        "conv_op": f"torch.nn.Conv{dims}d",
        "kernel_sizes": keys.conv_kernel_sizes,
        "strides": keys.pool_op_kernel_sizes,
        blocks: keys.n_conv_per_stage_encoder,
        "n_conv_per_stage_decoder": keys.n_conv_per_stage_decoder,
        "conv_bias": True,
        "norm_op": f"torch.nn.InstanceNorm{dims}d",
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    }
    return reader.read_keys(model, implied, *at)


def _model(reader: Reader, name: str, *at: Key) -> type[NetworkArguments]:
    """The arguments of a network by the name of its class, which is compared, never imported."""
    module, _, short = name.rpartition(".")
    if short not in NETWORKS or module not in ("", _MODULE):
        message = f"{name!r} is none of the networks that are known"
        reader.fault(Fault("nnunet-network", message, cure=f"Known: {', '.join(NETWORKS)}."), *at)
        reader.stop()
    return NETWORKS[short]


def _intensities(reader: Reader, plans: PlansKeys, data: ConfigurationKeys) -> tuple[IntensityKeys | None, ...]:
    """The intensities of each channel whose scheme needs them."""
    key = "foreground_intensity_properties_per_channel"
    found: list[IntensityKeys | None] = []
    for number, scheme in enumerate(data.normalization_schemes):
        values = getattr(plans, key).get(str(number))
        if scheme != "CTNormalization":
            found.append(None)
        elif isinstance(values, dict):
            found.append(reader.read_keys(IntensityKeys, values, key, str(number)))
        else:
            message = f"the intensities of channel {number} are missing, which CTNormalization needs"
            reader.fault(Fault("missing-key", message, cure="Give mean, std and percentiles."), key)
    reader.raise_faults()
    return tuple(found)
