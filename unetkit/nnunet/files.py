"""A plan as files: the spec, the data file, the run, and a list of what the plans file cannot tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from unetkit.document.document import to_text
from unetkit.errors import Fault, UnetkitError
from unetkit.language import from_text
from unetkit.nnunet.network import network_values
from unetkit.nnunet.plans import DatasetLabels, NnunetPlan
from unetkit.overwriting import check_outputs
from unetkit.planning import Plan, plan
from unetkit.quoting import one_line
from unetkit.wording import listed, value_text
from unetkit.writing import write_whole

SPEC, DATA, RUN = "network.yaml", "data.yaml", "run.yaml"
_STEPS = 250_000
_READERS = ("SimpleITKIO", "NibabelIO", "NibabelIOWithReorient")
"""Readers of nnU-Net whose axes are those of a NIfTI file in the opposite order."""


class PlanFiles(NamedTuple):
    """The texts of the files, the plan of the network, and what the plans file cannot tell."""

    spec: str
    data: str
    run: str
    network: Plan
    open: tuple[str, ...]


def plan_files(found: NnunetPlan, labels: DatasetLabels | None = None) -> PlanFiles:
    """The files of a plan; without `labels` the network has two classes. Raises SpecError for what no spec can say."""
    spec = _spec_text(found, labels)
    try:
        network = plan(from_text(spec, SPEC))
    except UnetkitError as error:
        for fault in error.faults:
            told = f"no spec can say this: {fault.path}: {fault.message}"
            found.reader.fault(Fault("nnunet-network", told, cure=fault.cure), *found.path)
        found.reader.stop()
    return PlanFiles(spec, _data_text(found, labels), _run_text(found), network, tuple(_open(found, labels)))


def write_plan_files(files: PlanFiles, folder: Path, *, overwrite: bool = False, inputs: Iterable[Path] = ()) -> None:
    """Writes the files into a folder. Raises FileError where one is there already."""
    texts = {SPEC: files.spec, DATA: files.data, RUN: files.run}
    check_outputs([folder / name for name in texts], inputs=inputs, overwrite=overwrite)
    for name, text in texts.items():
        write_whole(folder / name, text.encode())


def _spec_text(found: NnunetPlan, labels: DatasetLabels | None) -> str:
    values = network_values(found)
    levels = values.pop("levels")
    title = " ".join(part for part in (found.plans.dataset_name, found.name) if part)
    kind = {"plain": "The plain network", "residual": "The residual encoder network"}[_kind(found)]
    head = {
        "unetkit": 1,
        "name": title,
        "description": f"{kind} of nnU-Net for {title}",
        "paper": "Isensee et al., 2021, doi:10.1038/s41592-020-01008-z",
        "dims": values.pop("dims"),
        "in_channels": values.pop("in_channels"),
        "out_channels": len(labels.classes) if labels else 2,
    }
    lines = [f"# {kind} of the configuration {one_line(found.name)} of a plan of nnU-Net.", to_text(head).rstrip()]
    lines += [f"{key}: {value_text(value)}" for key, value in values.items()]
    lines += ["levels:", *(f"  {level}: {value_text(value)}" for level, value in levels.items())]
    return "\n".join(lines) + "\n"


def _kind(found: NnunetPlan) -> str:
    return "plain" if hasattr(found.arguments, "n_conv_per_stage") else "residual"


def _data_text(found: NnunetPlan, labels: DatasetLabels | None) -> str:
    data, dims = found.data, len(found.data.spacing)
    images = [f"imagesTr/{{name}}_{number:04d}.nii.gz" for number in range(found.channels)]
    values: dict[str, Any] = {
        "unetkit": 1,
        "name": found.plans.dataset_name,
        "dims": dims,
        "dataset": {
            "type": "folders",
            "images": images if len(images) > 1 else images[0],
            "masks": "labelsTr/{name}.nii.gz",
        },
    }
    if labels and not labels.regions:
        values["classes"] = [
            name if value == index else {"name": name, "values": [value]}
            for index, (name, value) in enumerate(zip(labels.classes, labels.values, strict=True))
        ]
        values |= {} if labels.ignore is None else {"ignore": labels.ignore}
    values["channels"] = found.channels
    if dims == 3 and _reads_backwards(found):
        values["orientation"] = "".join("SAR"[axis] for axis in _transposed(found))
    values["spacing"] = list(data.spacing)
    normalization = _normalization(found)
    if normalization is not None:
        values["normalization"] = normalization
    lines = [
        "# What a plan of nnU-Net says of the data. Images and masks are where nnU-Net expects them.",
        to_text(values),
    ]
    return "\n".join(lines)


def _normalization(found: NnunetPlan) -> Any:
    """The normalization of the data file; None where channels differ, or in what it does not know."""
    schemes = set(found.data.normalization_schemes)
    if schemes == {"CTNormalization"}:
        known = [one for one in found.intensities if one]
        return {"type": "dataset", "mean": [one.mean for one in known], "std": [one.std for one in known]}
    if schemes == {"RGBTo01Normalization"}:
        return {"type": "dataset", "mean": [0.0] * found.channels, "std": [255.0] * found.channels}
    if schemes == {"Rescale0to1Normalization"} or schemes == {"RescaleTo01Normalization"}:
        return {"type": "percentile", "low": 0.0, "high": 100.0}
    return (
        {"ZScoreNormalization": "image", "NoNormalization": "none"}.get(next(iter(schemes)))
        if len(schemes) == 1
        else None
    )


def _run_text(found: NnunetPlan) -> str:
    supervised = [0.5**level for level in range(1, found.arguments.n_stages - 2)]
    training: dict[str, Any] = {"steps": _STEPS, "batch": found.data.batch_size, "patch": list(found.data.patch_size)}
    lines = [
        "# Patch and batch are those of the plan; nnU-Net trains for 1000 epochs of 250 batches.",
        to_text({"unetkit": 1, "spec": SPEC, "data": DATA}).rstrip(),
        "training:",
        *(f"  {key}: {value_text(value)}" for key, value in training.items()),
        *([f"  deep_supervision: {value_text(supervised)}"] if supervised else []),
    ]
    return "\n".join(lines) + "\n"


def _open(found: NnunetPlan, labels: DatasetLabels | None) -> Iterator[str]:
    """Yields what the plans file does not tell, or no data file can say."""
    if labels is None:
        yield "classes: the network has 2; dataset.json has their names and numbers (--dataset)"
    elif labels.regions:
        yield f"regions: {listed(labels.classes)} overlap; training.targets trains an output for regions"
    if labels and labels.regions and labels.ignore is not None:
        yield f"ignore: {labels.ignore} in masks counts nowhere"
    yield "images: their folder and their file names"
    yield "training: loss, optimizer, schedule and augmentation are those of the trainer"
    schemes = found.data.normalization_schemes
    if "CTNormalization" in schemes:
        limits = (
            f"{one.percentile_00_5:g} … {one.percentile_99_5:g} (channel {number})"
            for number, one in enumerate(found.intensities)
            if one
        )
        yield f"normalization: CTNormalization also clips intensities to {listed(list(limits))}"
    if _normalization(found) is None:
        yield f"normalization: a data file has one for all channels; the plan has {listed(schemes)}"
    if any(found.data.use_mask_for_norm):
        yield "normalization: nnU-Net counts only what is not 0, and leaves 0 as it is"
    if _reads_backwards(found):
        axes = ", ".join("ZYX"[axis] for axis in _transposed(found)[-len(found.data.spacing) :])
        yield f"axes: those of the plan are {axes} of a NIfTI file as it is stored, here of a volume in RAS"
    elif list(_transposed(found)) != sorted(_transposed(found)):
        yield f"axes: the plan transposes images by {list(_transposed(found))}"


def _reads_backwards(found: NnunetPlan) -> bool:
    """Whether the plan's images are read by a reader with the axes of NIfTI in the opposite order."""
    return found.plans.image_reader_writer.rpartition(".")[2] in _READERS


def _transposed(found: NnunetPlan) -> tuple[int, ...]:
    """The axis of the reader for each axis of the plan; as they are where the plan has no permutation."""
    given = found.plans.transpose_forward
    return given if sorted(given) == [0, 1, 2] else (0, 1, 2)
