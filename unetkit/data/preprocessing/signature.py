"""The record of inputs and outputs of a trained network in a model file and its exports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from unetkit import registry
from unetkit.data.files.grouping import below_common, check_pattern
from unetkit.data.files.modalities import channels_of_files
from unetkit.data.normalization import Normalization
from unetkit.data.preprocessing.intensity import IntensityRange, range_of, sample_pixels
from unetkit.wording import listed

if TYPE_CHECKING:
    from unetkit.data.pairs import Pairs
    from unetkit.data.preprocessing.preprocessing import Preprocessing
    from unetkit.data.spec import DataSpec
    from unetkit.data.targets import Target
    from unetkit.language import Spec


def _check_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it has control characters")
    return text


Text = Annotated[str, Field(max_length=200), AfterValidator(_check_printable)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_check_printable)]
_Byte = Annotated[int, Field(ge=0, le=255)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class StrictRecord(BaseModel):
    """A record without unknown keys and type conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ClassRecord(StrictRecord):
    """A class: its name, its colour, and its values in masks; None where that was its index."""

    name: Name
    colour: tuple[_Byte, _Byte, _Byte] | None = None
    values: tuple[int | Text, ...] | None = None


class OutputRecord(StrictRecord):
    """An output of several: its name, and what it predicts, as in `training.targets`."""

    name: Name
    kind: Literal["classes", "regions", "values"]
    names: tuple[Text, ...]
    """The names of its channels; of two classes in one channel both."""
    target: dict[str, Any]


class VectorRecord(StrictRecord):
    """A vector beside the images: its values where all images had the same, else the columns of a table."""

    name: Name
    values: tuple[float, ...] = ()
    columns: tuple[Text, ...] = ()
    categories: tuple[Text, ...] = ()

    @property
    def count(self) -> int:
        """The number of its values."""
        return len(self.values or self.categories or self.columns)


class Signature(StrictRecord):
    """The properties of the training images that others must share, and the classes that a network predicts.

    `channels` is the number of channels in a file, `take` those that are used, in this order; None for all. `axes` are
    the letters of the stored axes, if the data file gives them. `modalities` has a pattern of files per channel, if
    each channel has its own file, or per image of several; `file_channels` are then the channels of each of those
    files. `orientation`, `spacing` and `unit` are those of `Preprocessing`. `sampled` has the least and the largest
    distance between samples per axis, in `sampled_unit`, and `axis_codes` all orientations of the files. `greys` has a
    range for each used channel, `dtypes` the stored number types. `outputs` are those of a network that predicts
    anything else than the class of each pixel, `vectors` those that it takes beside the image. Unknown properties are
    empty.
    """

    channels: Annotated[int, Field(ge=1)]
    normalization: Normalization
    classes: Annotated[tuple[ClassRecord, ...], Field(min_length=2)]
    take: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] | None = None
    axes: Text | None = None
    modalities: tuple[Text, ...] = ()
    file_channels: tuple[Annotated[int, Field(ge=1)], ...] = ()
    orientation: Annotated[str, Field(pattern=r"^([LRPAIS]{1,3})?$")] = ""
    spacing: tuple[_Positive, ...] = ()
    unit: Text = ""
    sampled: tuple[tuple[_Positive, _Positive], ...] = ()
    sampled_unit: Text = ""
    axis_codes: tuple[Text, ...] = ()
    greys: tuple[IntensityRange, ...] = ()
    dtypes: tuple[Text, ...] = ()
    outputs: tuple[OutputRecord, ...] = ()
    vectors: tuple[VectorRecord, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        count = len(self.used_channels)
        if any(channel >= self.channels for channel in self.used_channels):
            raise ValueError(f"channel {max(self.used_channels)} of {self.channels} does not exist")
        if self.file_channels and (len(self.file_channels), sum(self.file_channels)) != (
            len(self.modalities),
            self.channels,
        ):
            raise ValueError(f"files with {list(self.file_channels)} channels for {self.channels}")
        if not self.file_channels and len(self.modalities) not in (0, self.channels):
            raise ValueError(f"{len(self.modalities)} files for {self.channels} channels")
        for pattern in self.modalities:
            check_pattern(pattern)
        if self.normalization.mean and len(self.normalization.mean) != count:
            raise ValueError(f"a normalization of {len(self.normalization.mean)} channels for {count}")
        if self.greys and len(self.greys) != count:
            raise ValueError(f"ranges of {len(self.greys)} channels for {count}")
        if len(set(self.names)) < len(self.names):
            raise ValueError("two classes have the same name")
        return self

    @property
    def used_channels(self) -> tuple[int, ...]:
        """The channels of a file that the network takes, in their order."""
        return tuple(range(self.channels)) if self.take is None else self.take

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return tuple(each.name for each in self.classes)

    @property
    def colours(self) -> tuple[tuple[int, int, int], ...]:
        """The colours of the classes; empty unless all have one."""
        known = tuple(each.colour for each in self.classes if each.colour is not None)
        return known if len(known) == len(self.classes) else ()

    @property
    def targets(self) -> dict[str, Target]:
        """What each output predicts, by name; empty where the only output predicts classes."""
        found: dict[str, Any] = {}
        for output in self.outputs:
            values = {key: value for key, value in output.target.items() if key != "type"}
            model = registry.find("target", str(output.target.get("type")))
            found[output.name] = model.model_validate_json(json.dumps(values))
        return found

    @property
    def preprocessing(self) -> Preprocessing:
        """The preprocessing of images with these channels."""
        from unetkit.data.preprocessing.preprocessing import Preprocessing  # needs torch

        return Preprocessing(self.normalization, self.orientation, self.spacing, self.unit)

    def check(self, spec: Spec) -> None:
        """Raises ValueError for a network with another number of channels, outputs or axes."""
        if len(self.used_channels) != spec.in_channels:
            raise ValueError(f"{len(self.used_channels)} channels for a network that takes {spec.in_channels}")
        if self.outputs:
            self._check_outputs(spec)
        elif len(self.classes) != max(2, spec.out_channels):
            raise ValueError(f"{len(self.classes)} classes for a network that predicts {max(2, spec.out_channels)}")
        wanted = spec.for_inference().vectors
        if self.vectors and {one.name: one.count for one in self.vectors} != wanted:
            raise ValueError(f"a network that takes {listed(list(wanted)) or 'no vectors'} beside the image")
        if {len(axes) for axes in (self.spacing, self.sampled) if axes} - {spec.dims}:
            raise ValueError(f"a spacing of other axes than the {spec.dims} of the network")

    def _check_outputs(self, spec: Spec) -> None:
        """Raises ValueError for a network with other outputs."""
        channels = {output.name: output.channels for output in spec.for_inference().outputs}
        if tuple(channels) != tuple(output.name for output in self.outputs):
            raise ValueError(f"a network with the outputs {', '.join(channels)}")
        for output in self.outputs:
            own = max(2, channels[output.name]) if output.kind == "classes" else channels[output.name]
            if len(output.names) != own:
                raise ValueError(f"{len(output.names)} names for the {own} channels of {output.name}")

    def to_json(self) -> str:
        """The text in a file; `from_json` reads it."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The record in a text; raises ValueError with the first fault."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ValueError(f"{where}: {first['msg']}".removeprefix(": ")) from error


def plain_signature(
    normalization: Normalization, names: tuple[str, ...], channels: int, colours: tuple[Any, ...] = ()
) -> Signature:
    """The record of a network about which only this is known: all channels of a file are used."""
    all_colours = colours or (None,) * len(names)
    classes = tuple(ClassRecord(name=name, colour=colour) for name, colour in zip(names, all_colours, strict=True))
    return Signature(channels=channels, normalization=normalization, classes=classes)


_MAX_IMAGES = 100
"""Images whose intensities and spacing are measured."""


def signature_of(data: DataSpec, pairs: Pairs, preprocessing: Preprocessing, outputs: int) -> Signature:
    """The record of a network that is trained on pairs of a data spec and predicts `outputs` classes.

    `pairs` are not resampled; at most MAX_IMAGES of them are measured.
    """
    keys, colours = data.classes, pairs.colours or (None,) * len(pairs.classes)
    classes = tuple(
        ClassRecord(name=name, colour=colour, values=keys[index].values if keys else None)
        for index, (name, colour) in enumerate(zip(pairs.classes[:outputs], colours, strict=False))
    )
    channels = data.read_options.channels
    return Signature(
        channels=channels,
        take=None if data.take == tuple(range(channels)) else data.take,
        axes=getattr(data.dataset, "axes", None),
        modalities=below_common(getattr(data.dataset, "modalities", ())),
        file_channels=channels_of_files(data.dataset.image_names, data.read_options),
        normalization=preprocessing.normalization,
        orientation=preprocessing.orientation,
        spacing=preprocessing.spacing,
        unit=preprocessing.unit,
        classes=classes,
        vectors=tuple(
            VectorRecord(name=one.name, values=one.values, columns=one.columns, categories=one.categories)
            for one in data.vectors.values()
        ),
        **_measure(pairs),
    )


def _measure(pairs: Pairs) -> dict[str, Any]:
    """The spacing, orientations, intensities and number types of images."""
    step = -(-len(pairs) // _MAX_IMAGES)
    spacings, units, codes, dtypes, samples = [], set(), set(), set(), []
    for number in range(0, len(pairs), step):
        pair = pairs[number]  # each is read once, if they are not cached
        spacings.append(pair.spacing)
        units.add(pair.unit)
        codes.add(pair.axis_codes)
        dtypes.add(pair.dtype)
        samples.append(sample_pixels(pair.image))
    known = [spacing for spacing in spacings if spacing is not None]
    same = len(known) == len(spacings) and len(units) == 1
    return {
        "sampled": tuple((min(axis), max(axis)) for axis in zip(*known, strict=True)) if same else (),
        "sampled_unit": units.pop() if same else "",
        "axis_codes": tuple(sorted(codes - {""})),
        "dtypes": tuple(sorted(dtypes - {""})),
        "greys": tuple(range_of(rows) for rows in zip(*samples, strict=True)),
    }
