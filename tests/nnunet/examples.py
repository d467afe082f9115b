"""Plans in the form in which nnU-Net writes them, of narrow networks."""

from __future__ import annotations

from typing import Any

NETWORKS = ("PlainConvUNet", "ResidualEncoderUNet")
_RESAMPLING = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}


def stages(network: str, dims: int) -> dict[str, Any]:
    """The kernels, strides and blocks of three stages, the first of which is flat in 3D."""
    plain = network == "PlainConvUNet"
    return {
        "kernels": [[3] * dims if dims == 2 else [1, 3, 3], [3] * dims, [3] * dims],
        "strides": [[1] * dims, [2] * dims if dims == 2 else [1, 2, 2], [2] * dims],
        "blocks": [2, 2, 2] if plain else [1, 3, 4],
        "decoder": [2, 1] if plain else [1, 1],
    }


def old_network(network: str, dims: int) -> dict[str, Any]:
    """The keys before nnU-Net 2.4."""
    each = stages(network, dims)
    return {
        "UNet_class_name": network,
        "UNet_base_num_features": 4,
        "n_conv_per_stage_encoder": each["blocks"],
        "n_conv_per_stage_decoder": each["decoder"],
        "num_pool_per_axis": [2] * dims,
        "pool_op_kernel_sizes": each["strides"],
        "conv_kernel_sizes": each["kernels"],
        "unet_max_num_features": 12,
    }


def new_network(network: str, dims: int) -> dict[str, Any]:
    """The key `architecture`."""
    each = stages(network, dims)
    arguments = {
        "n_stages": 3,
        "features_per_stage": [4, 8, 12],
        "conv_op": f"torch.nn.modules.conv.Conv{dims}d",
        "kernel_sizes": each["kernels"],
        "strides": each["strides"],
        "n_conv_per_stage" if network == "PlainConvUNet" else "n_blocks_per_stage": each["blocks"],
        "n_conv_per_stage_decoder": each["decoder"],
        "conv_bias": True,
        "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{dims}d",
        "norm_op_kwargs": {"eps": 1e-05, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    }
    name = f"dynamic_network_architectures.architectures.unet.{network}"
    imported = ["conv_op", "norm_op", "dropout_op", "nonlin"]
    return {"architecture": {"network_class_name": name, "arch_kwargs": arguments, "_kw_requires_import": imported}}


def configuration(network: str, dims: int, *, old: bool) -> dict[str, Any]:
    """A configuration of a plans file."""
    return {
        "data_identifier": "nnUNetPlans",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": [16, 32, 32][-dims:],
        "median_image_size_in_voxels": [20.0, 512.0, 512.0][-dims:],
        "spacing": [3.0, 0.5, 0.5][-dims:],
        "normalization_schemes": ["CTNormalization", "CTNormalization"],
        "use_mask_for_norm": [False, False],
        "resampling_fn_data": "resample_data_or_seg_to_shape",
        "resampling_fn_data_kwargs": _RESAMPLING,
        "batch_dice": True,
        **(old_network(network, dims) if old else new_network(network, dims)),
    }


def plans(network: str = "PlainConvUNet", *, old: bool = False) -> dict[str, Any]:
    """A whole plans file."""
    moments = {"max": 1000.0, "min": -1000.0, "median": 50.0, "percentile_00_5": -850.5, "percentile_99_5": 620.0}
    return {
        "dataset_name": "Dataset500_Liver",
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": [3.0, 0.5, 0.5],
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "configurations": {
            "2d": configuration(network, 2, old=old),
            "3d_lowres": {**configuration(network, 3, old=old), "next_stage": "3d_cascade_fullres"},
            "3d_fullres": configuration(network, 3, old=old),
            "3d_cascade_fullres": {"inherits_from": "3d_fullres", "previous_stage": "3d_lowres"},
        },
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {
            "0": {**moments, "mean": 90.5, "std": 40.0},
            "1": {**moments, "mean": 5.5, "std": 4.0},
        },
    }
