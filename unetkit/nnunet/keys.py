"""The keys of a plans file (nnU-Net v2) and of dataset.json, as far as they are read."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from unetkit.block import Count
from unetkit.document.keys import Keys

MOST_STAGES = 16
_Channels = Annotated[int, Field(ge=1, le=1 << 16)]
_Step = Annotated[int, Field(ge=1, le=32)]
_Repeats = Annotated[int, Field(ge=1, le=64)]
_Distance = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_PerStage = _Step | tuple[_Step | tuple[_Step, ...], ...]
_RepeatsPerStage = _Repeats | tuple[_Repeats, ...]


class OtherKeys(Keys):
    """Keys of a map that has further ones, which say nothing of the network or of its data."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class NetworkArguments(Keys):
    """The arguments of both networks (`arch_kwargs`). Others than these would be another network, and are refused."""

    n_stages: Annotated[int, Field(ge=2, le=MOST_STAGES)]
    features_per_stage: _Channels | tuple[_Channels, ...]
    conv_op: str
    kernel_sizes: _PerStage
    strides: _PerStage
    n_conv_per_stage_decoder: _RepeatsPerStage
    conv_bias: bool = False
    norm_op: str | None = None
    norm_op_kwargs: dict[str, Any] | None = None
    dropout_op: str | None = None
    dropout_op_kwargs: dict[str, Any] | None = None
    nonlin: str | None = None
    nonlin_kwargs: dict[str, Any] | None = None
    deep_supervision: bool = False


class PlainArguments(NetworkArguments):
    """The arguments of PlainConvUNet."""

    n_conv_per_stage: _RepeatsPerStage
    nonlin_first: bool = False


class ResidualArguments(NetworkArguments):
    """The arguments of ResidualEncoderUNet."""

    n_blocks_per_stage: _RepeatsPerStage
    block: str = "BasicBlockD"
    bottleneck_channels: Count | tuple[Count, ...] | None = None
    stem_channels: _Channels | None = None


class ArchitectureKeys(OtherKeys):
    """The key `architecture` of a configuration."""

    network_class_name: str
    arch_kwargs: dict[str, Any]


class OldArchitectureKeys(OtherKeys):
    """The network as plans before nnU-Net 2.4 have it, among the keys of a configuration."""

    UNet_class_name: str
    UNet_base_num_features: _Channels
    unet_max_num_features: _Channels
    conv_kernel_sizes: tuple[tuple[_Step, ...], ...]
    pool_op_kernel_sizes: tuple[tuple[_Step, ...], ...]
    n_conv_per_stage_encoder: _RepeatsPerStage
    n_conv_per_stage_decoder: _RepeatsPerStage


class ConfigurationKeys(OtherKeys):
    """What a configuration says of the data."""

    spacing: tuple[_Distance, ...]
    patch_size: tuple[Count, ...]
    batch_size: Count
    normalization_schemes: Annotated[tuple[str, ...], Field(min_length=1)]
    use_mask_for_norm: tuple[bool, ...] = ()
    previous_stage: str | None = None


class IntensityKeys(OtherKeys):
    """Intensities of the foreground of one channel."""

    mean: _Number
    std: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    percentile_00_5: _Number
    percentile_99_5: _Number


class PlansKeys(OtherKeys):
    """The keys of a plans file."""

    dataset_name: str = ""
    plans_name: str = ""
    image_reader_writer: str = ""
    transpose_forward: tuple[Annotated[int, Field(ge=0, le=2)], ...] = ()
    configurations: dict[str, Any]
    foreground_intensity_properties_per_channel: dict[str, Any] = Field(default_factory=dict)


class DatasetKeys(OtherKeys):
    """The keys of dataset.json."""

    labels: dict[str, int | tuple[int, ...]]
    regions_class_order: tuple[int, ...] | None = None
