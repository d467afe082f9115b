"""The network of a plan as the values of a spec."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from unetkit.errors import Fault
from unetkit.nnunet.keys import PlainArguments, ResidualArguments
from unetkit.nnunet.plans import NnunetPlan

_Widths = tuple[int, ...]
_TORCH = r"torch\.nn\.(?:modules\.\w+\.)?"
_ACTS: Mapping[str, tuple[str, Mapping[str, tuple[str, Any]]]] = {
    "LeakyReLU": ("leaky_relu", {"negative_slope": ("slope", 0.01)}),
    "ReLU": ("relu", {}),
    "ELU": ("elu", {"alpha": ("alpha", 1.0)}),
    "GELU": ("gelu", {"approximate": ("approximate", "none")}),
    "SiLU": ("silu", {}),
    "Mish": ("mish", {}),
}
"""Of each activation of torch ours, and of its arguments our parameter and its default."""
_NORMS: Mapping[str, tuple[str, Mapping[str, tuple[str, Any]], Mapping[str, Any]]] = {
    "InstanceNorm": ("instance", {"eps": ("eps", 1e-5), "affine": ("affine", True)}, {"affine": False}),
    "BatchNorm": (
        "batch",
        {"eps": ("eps", 1e-5), "momentum": ("momentum", 0.1), "affine": ("affine", True)},
        {},
    ),
}
"""Of each norm of torch ours, of its arguments our parameter and its default, and torch's defaults that differ."""


class Stage(NamedTuple):
    """One resolution: its channels, kernel, stride, and how many blocks lead to it."""

    channels: int
    kernel: _Widths
    stride: _Widths
    blocks: int


def network_values(plan: NnunetPlan) -> dict[str, Any]:
    """The keys of the spec that describe the network. Raises SpecError with all faults of what no spec can say."""
    arguments, dims = plan.arguments, _dims(plan)
    stages = _stages(plan, dims)
    decoder = _repeats(plan, "n_conv_per_stage_decoder", len(stages) - 1)[::-1]
    norm, act = _norm(plan, dims), _act(plan)
    _check_dropout(plan)
    plan.reader.raise_faults()
    common: dict[str, Any] = {"bias": arguments.conv_bias}
    if isinstance(arguments, PlainArguments) and arguments.nonlin_first and arguments.norm_op and arguments.nonlin:
        common["order"] = "conv_act_norm"
    levels: dict[int, Any] = {}
    for level, stage in enumerate(stages):
        blocks = _plain(stage, common)
        if isinstance(arguments, ResidualArguments):
            blocks = _residual(arguments, stages, level, common)
        if level < len(decoder):
            again = _repeated({"type": "single_conv", "kernel": _short(stage.kernel), **common}, decoder[level])
            levels[level] = {"encoder": {"block": blocks}, "decoder": {"block": [again]}}
        else:
            levels[level] = {"block": blocks}
    return {
        "dims": dims,
        "in_channels": plan.channels,
        "channels": [stage.channels for stage in stages],
        "norm": norm,
        "act": act,
        "down": [],
        "up": {"type": "transposed_conv", "bias": arguments.conv_bias},
        "skip": {"type": "concat", "order": "up_first"},
        "head": "conv",
        "levels": levels,
    }


def _plain(stage: Stage, common: dict[str, Any]) -> list[Any]:
    """The blocks of a stage of convolutions; the first moves by the stride."""
    block = {"type": "single_conv", "kernel": _short(stage.kernel), **_stride(stage), **common}
    return [_repeated(block, stage.blocks)]


def _residual(arguments: ResidualArguments, stages: list[Stage], level: int, common: dict[str, Any]) -> list[Any]:
    """The residual blocks of a stage; the first stage begins with a convolution."""
    stage = stages[level]
    block = {"type": "residual", "kernel": _short(stage.kernel), **_stride(stage)}
    if max(stage.stride) > 1:
        block["shortcut"] = "pool"
    blocks: list[Any] = [_repeated(block | common, stage.blocks)]
    if level:
        return blocks
    stem: dict[str, Any] = {"type": "single_conv", "kernel": _short(stage.kernel), **common}
    if arguments.stem_channels not in (None, stage.channels):
        stem["channels"] = arguments.stem_channels
    return [stem, *blocks]


def _dims(plan: NnunetPlan) -> int:
    """The spatial axes of the convolutions, which all lists per axis must have too."""
    found = re.fullmatch(_TORCH + r"Conv([123])d", plan.arguments.conv_op)
    if not found:
        _refuse(
            plan, f"{plan.arguments.conv_op!r} is no convolution of torch", "Known: torch.nn.Conv2d, Conv3d.", "conv_op"
        )
        plan.reader.stop()
    dims = int(found[1])
    at = ("configurations", plan.name)
    for name in ("spacing", "patch_size"):
        if (length := len(getattr(plan.data, name))) != dims:
            message = f"{name} has {length} numbers for {dims} axes"
            plan.reader.fault(Fault("wrong-length", message, cure=f"Give {dims} numbers."), *at, name)
    return dims


def _stages(plan: NnunetPlan, dims: int) -> list[Stage]:
    """The stages, the finest first."""
    number, blocks = plan.arguments.n_stages, "n_conv_per_stage"
    if isinstance(plan.arguments, ResidualArguments):
        blocks = "n_blocks_per_stage"
        if not re.fullmatch(r"(?:[\w.]+\.)?BasicBlockD", plan.arguments.block):
            _refuse(plan, f"the block {plan.arguments.block!r} is not known", "Known: BasicBlockD.", "block")
    features, kernels, strides, repeats = (
        _repeats(plan, "features_per_stage", number),
        _widths(plan, "kernel_sizes", number, dims),
        _widths(plan, "strides", number, dims),
        _repeats(plan, blocks, number),
    )
    for stage, kernel in enumerate(kernels):
        if not all(width % 2 for width in kernel):
            _refuse(
                plan, f"the kernel of stage {stage} is even", "Give odd numbers: a spec centres them.", "kernel_sizes"
            )
    if strides and max(strides[0]) > 1:
        _refuse(plan, "the first stage has a stride, so that nothing has full resolution", "Give 1.", "strides")
    plan.reader.raise_faults()
    return [Stage(*each) for each in zip(features, kernels, strides, repeats, strict=True)]


def _repeats(plan: NnunetPlan, name: str, number: int) -> list[int]:
    """A number for each stage."""
    given = getattr(plan.arguments, name)
    values = [given] * number if isinstance(given, int) else list(given)
    _check_length(plan, name, len(values), number)
    return values


def _widths(plan: NnunetPlan, name: str, number: int, dims: int) -> list[_Widths]:
    """Numbers per axis for each stage."""
    given = getattr(plan.arguments, name)
    values = [given] * number if isinstance(given, int) else list(given)
    _check_length(plan, name, len(values), number)
    for value in values:
        if not isinstance(value, int) and len(value) != dims:
            _refuse(plan, f"{list(value)} has {len(value)} numbers for {dims} axes", f"Give {dims}.", name)
    return [(value,) * dims if isinstance(value, int) else tuple(value) for value in values]


def _check_length(plan: NnunetPlan, name: str, given: int, wanted: int) -> None:
    if given != wanted:
        _refuse(plan, f"{name} has {given} entries for {wanted} stages", f"Give {wanted}.", name)


def _norm(plan: NnunetPlan, dims: int) -> Any:
    """The norm of the spec."""
    name = plan.arguments.norm_op
    if name is None:
        return "none"
    found = re.fullmatch(_TORCH + r"(InstanceNorm|BatchNorm)([123])d", name)
    if not found or int(found[2]) != dims:
        _refuse(
            plan,
            f"{name!r} is no norm that is known",
            f"Known: torch.nn.InstanceNorm{dims}d, BatchNorm{dims}d.",
            "norm_op",
        )
        return None
    kind, known, defaults = _NORMS[found[1]]
    return _component(plan, kind, "norm_op_kwargs", known, defaults)


def _act(plan: NnunetPlan) -> Any:
    """The activation of the spec."""
    name = plan.arguments.nonlin
    if name is None:
        return "identity"
    found = re.fullmatch(_TORCH + r"(\w+)", name)
    if not found or found[1] not in _ACTS:
        _refuse(plan, f"{name!r} is no activation that is known", f"Known: {', '.join(_ACTS)}, of torch.nn.", "nonlin")
        return None
    kind, known = _ACTS[found[1]]
    return _component(plan, kind, "nonlin_kwargs", known, {})


def _component(
    plan: NnunetPlan, kind: str, key: str, known: Mapping[str, tuple[str, Any]], defaults: Mapping[str, Any]
) -> Any:
    """A component with those arguments that are not its defaults."""
    values: dict[str, Any] = {}
    for name, value in {**defaults, **(getattr(plan.arguments, key) or {})}.items():
        if name in known and not (isinstance(value, int | float) or value in ("none", "tanh")):
            _refuse(plan, f"{name} = {value!r} is no number", "Give a number.", key, name)
        elif name in known:
            parameter, usual = known[name]
            if value != usual:
                values[parameter] = value
        elif (name, value) not in (("inplace", True), ("inplace", False), ("track_running_stats", kind == "batch")):
            _refuse(plan, f"{name} = {value!r} has no counterpart", f"Known: {', '.join(known)}.", key, name)
    return {"type": kind, **values} if values else kind


def _check_dropout(plan: NnunetPlan) -> None:
    if plan.arguments.dropout_op is not None and (plan.arguments.dropout_op_kwargs or {}).get("p", 0.5) != 0:
        message = "the dropout of nnU-Net stands between convolution and norm, where no block of a spec has one"
        _refuse(plan, message, "Write null: it has no weights and matters in training only.", "dropout_op")


def _refuse(plan: NnunetPlan, message: str, cure: str, *key: str) -> None:
    """Collects the fault of an argument; where old keys imply it, the configuration is its place."""
    plan.reader.fault(Fault("nnunet-network", message, cure=cure), *plan.path, *key)


def _repeated(block: dict[str, Any], times: int) -> dict[str, Any]:
    return block | ({"repeat": times} if times > 1 else {})


def _stride(stage: Stage) -> dict[str, Any]:
    return {"stride": _short(stage.stride)} if max(stage.stride) > 1 else {}


def _short(widths: _Widths) -> int | list[int]:
    """One number where all axes have the same."""
    return widths[0] if len(set(widths)) == 1 else list(widths)
