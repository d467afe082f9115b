"""The symbolic handle that a block's `wire` passes on: every call appends one operation to the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from inspect import Parameter, signature
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from unetkit.errors import did_you_mean, located
from unetkit.operations import (
    AbsoluteDifference,
    Activation,
    Addition,
    AvgPooling,
    BlurPooling,
    ChannelPadding,
    ChannelRange,
    ChannelScale,
    ChannelSummary,
    ClassMask,
    Concatenation,
    Convolution,
    CosineAttention,
    CropTo,
    CrossAttention,
    Dropout,
    FilledUp,
    Gate,
    GlobalAttention,
    GlobalAvgPool,
    GlobalMaxPool,
    Interpolation,
    JointAttention,
    MaxPooling,
    MaxUnpooling,
    Operation,
    PadTo,
    PositionEmbedding,
    ResizeTo,
    SameSize,
    SampleShift,
    Shift,
    Shrinking,
    SidePadding,
    StochasticDepth,
    SubpixelShuffle,
    SubpixelUnshuffle,
    TransposedConvolution,
    TrimTo,
    WindowedAttention,
)
from unetkit.operations.operation import Axes, per_axis, wiring_error

if TYPE_CHECKING:
    from unetkit.block import Act, Component, Norm

Padding = Literal["same", "valid"]
Bias = bool | Literal["auto"]


class Node(NamedTuple):
    """One operation in a graph: its name within the block, the indices of its inputs, and its channels.

    In an inner scope the name has a dot: `shortcut.conv1`.
    """

    name: str
    operation: Operation | None  # None: the input of the network
    inputs: tuple[int, ...]
    channels: int


def input_names(count: int, conditions: Sequence[str] = ()) -> tuple[str, ...]:
    """The names of the signals that a block reads, of which the last are vectors.

    >>> input_names(4), input_names(2, ["time"])
    (('x', 'skip', 'skip2', 'skip3'), ('x', 'time'))
    """
    maps = count - len(conditions)
    return (*("x", "skip", *(f"skip{number}" for number in range(2, maps)))[:maps], *conditions)


def check_signals(component: Component, count: int) -> None:
    """Raises BlockError for a component that is given more signals than its `wire` takes."""
    most = _most_signals(type(component))
    if most and count > most:
        message = f"it merges {most - 1} map with the decoder's, here are {count - 1}"
        raise wiring_error(message, "Use a skip that takes several, such as concat.")


@cache
def _most_signals(component: type[Component]) -> int | None:
    """The most signals that the `wire` of a component takes; None where it takes any number."""
    parameters = signature(component.wire).parameters  # type: ignore[attr-defined]  # those of slots that are wired
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters.values()):
        return None
    return sum(name in ("x", "skip") for name in parameters)


@cache
def takes_skip_channels(component: type[Component]) -> bool:
    """Whether the `wire` of a way up takes the channels of the map whose resolution it leads to."""
    return "skip_channels" in signature(component.wire).parameters  # type: ignore[attr-defined]  # an up has one


class InnerCall(NamedTuple):
    """A component at work within a block: the scope of its operations, and their range, as in `Call`."""

    scope: str
    part: Component
    start: int
    end: int
    inputs: tuple[int, ...]
    output: int
    conditions: tuple[str, ...] = ()
    """The names of the vectors that it reads, which are the last of its inputs."""
    inside: tuple[str | int, ...] = ()
    """What leads to it within its block, as in `BlockError`: parameters and indexes in lists."""


class Source(NamedTuple):
    """What a block knows of a signal that it reads: its channels, and the products of the strides passed so far."""

    channels: int
    up: Axes
    down: Axes


class Wiring:
    """The operations of one block while it is wired; `nodes` begins with the signals that it reads."""

    def __init__(self, dims: int, sources: Sequence[Source], conditions: Sequence[tuple[str, Source]] = ()) -> None:
        self.dims = dims
        given = (*sources, *(source for _, source in conditions))
        signals = tuple(Signal(self, index, *source) for index, source in enumerate(given))
        self.inputs = signals[: len(sources)]
        self.conditions = dict(zip([name for name, _ in conditions], signals[len(sources) :], strict=True))
        """Vectors that the block may read, by name."""
        self.nodes = [Node("input", None, (), signal.channels) for signal in signals]
        self.undecided: list[int] = []
        """Convolutions whose bias is left to `auto`."""
        self.inner: list[InnerCall] = []
        """Components that were wired in a scope of their own, an inner one before the one that it is in."""
        self.inside: tuple[str | int, ...] = ()
        """What leads to the component that is wired now; see `Signal.within`."""
        self._scope = ""
        self._names: set[str] = set()
        self._counts: dict[str, int] = {}

    def condition(self, name: str) -> Signal:
        """A vector by name; raises BlockError where the network has none of that name."""
        if name not in self.conditions:
            cure = (
                did_you_mean(name, self.conditions) or f"Declare it: inputs: {{{name}: {{channels: 1, vector: true}}}}."
            )
            raise wiring_error(f"the network has no vector {name!r} among its inputs", cure)
        return self.conditions[name]

    def inputs_of(self, start: int, signals: tuple[Signal, ...]) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """What the operations from `start` on read: these signals, and vectors, with the names of the vectors."""
        read = {source for node in self.nodes[start:] for source in node.inputs}
        vectors = {name: signal.index for name, signal in self.conditions.items() if signal.index in read}
        return (*[signal.index for signal in signals], *vectors.values()), tuple(vectors)

    @property
    def current_scope(self) -> str:
        """The dotted name of the scope that is open; empty outside of all."""
        return self._scope[:-1]

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """A context in which operations are named `name.conv1`, …, and counted anew."""
        for part in name.split("."):
            if not (part.isascii() and part.isdecimal()):
                _check_name(part)
        outer, self._scope = self._scope, f"{self._scope}{name}."
        if self._scope[:-1] in self._names:
            raise wiring_error(f"an operation of this block is named {name!r} already", "Name the scope otherwise.")
        self._names.add(self._scope)
        try:
            yield
        finally:
            self._scope = outer

    def append(self, operation: Operation, inputs: tuple[Signal, ...], name: str) -> Signal:
        """Appends one operation and returns its output."""
        first = inputs[0]
        if len(inputs) == 1:
            taken: Axes = (first.channels,)
            indices: Axes = (first.index,)
        else:
            if any(signal.wiring is not self for signal in inputs):
                raise wiring_error("a block reads a signal that it was not given")
            taken = tuple(signal.channels for signal in inputs)
            indices = tuple(signal.index for signal in inputs)
        channels = operation.channels(taken)
        self.nodes.append(Node(self._unused_name(operation.kind, name), operation, indices, channels))
        up, down = first.up, first.down
        if operation.rescales:
            scales = [operation.rescale(axis) for axis in range(self.dims)]
            up = tuple(value * scale[0] for value, scale in zip(up, scales, strict=True))
            down = tuple(value * scale[1] for value, scale in zip(down, scales, strict=True))
        return Signal(self, len(self.nodes) - 1, channels, up, down)

    def replay(self, start: Signal, end: Signal, x: Signal) -> Signal:
        """Appends the operations from `start` to `end` once more for x, under their names: as the same modules."""
        if x.channels != start.channels:
            raise wiring_error(f"weights for {start.channels} channels cannot be applied to {x.channels}")
        if any(start.index < one.end and one.start <= end.index for one in self.inner):
            raise wiring_error("weights of a component in a scope of its own cannot be applied again")
        moved = {start.index: x.index}
        for index in range(start.index + 1, end.index + 1):
            node = self.nodes[index]
            if not moved.keys().isdisjoint(node.inputs):
                moved[index] = len(self.nodes)
                self.nodes.append(node._replace(inputs=tuple([moved.get(source, source) for source in node.inputs])))
                if index in self.undecided:
                    self.undecided.append(moved[index])
        if end.index not in moved:
            raise wiring_error("what is applied again does not come from the signal that was given")
        up = tuple(one * to // of for one, to, of in zip(x.up, end.up, start.up, strict=True))
        down = tuple(one * to // of for one, to, of in zip(x.down, end.down, start.down, strict=True))
        return Signal(self, moved[end.index], end.channels, up, down)

    def _unused_name(self, kind: str, name: str) -> str:
        """The name of an operation in its block: the given one, or its kind with a number."""
        names, scope = self._names, self._scope
        if name:
            if not (name.isascii() and name.isdecimal()):  # as those of published weights may be
                _check_name(name)
            full = scope + name
            if full in names or f"{full}." in names:
                raise wiring_error(f"two operations of one block are named {full!r}", "Give each its own name.")
        else:
            counted = scope + _identifier(kind)
            number = self._counts.get(counted, 0) + 1
            while (full := f"{counted}{number}") in names or f"{full}." in names:  # somebody gave this very name
                number += 1
            self._counts[counted] = number
        names.add(full)
        return full


@cache
def _identifier(kind: str) -> str:
    """The kind of an operation as a part of a name."""
    name = kind.replace(" ", "_").replace("-", "_")
    _check_name(name)
    return name


RESERVED = frozenset(
    [
        "apply",
        "bfloat16",
        "buffers",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "eval",
        "float",
        "forward",
        "half",
        "modules",
        "parameters",
        "self",
        "requires_grad_",
        "share_memory",
        "state_dict",
        "to",
        "train",
        "training",
        "type",
        "zero_grad",
    ]
)
"""Names that a torch module has already."""


NAME_RULE = "Take letters, digits and underscores, a letter first; no keyword of Python, no method of a module."
"""What `is_name` asks for, in words."""


def is_name(text: str) -> bool:
    """Whether a module, and a variable of generated code, can have this name."""
    reserved = iskeyword(text) or text in RESERVED or text.startswith("_")
    return text.isidentifier() and text.isascii() and not reserved


@cache
def _check_name(name: str) -> None:
    """Raises BlockError for a name that no operation can have."""
    if not is_name(name):
        raise wiring_error(f"{name!r} is no name for an operation", NAME_RULE)


class Signal:
    """A feature map of `channels` channels whose size is not yet known.

    `up` and `down` are the products of the strides passed so far: sample steps of up / down input pixels per axis.
    """

    __slots__ = ("channels", "down", "index", "up", "wiring")

    def __init__(self, wiring: Wiring, index: int, channels: int, up: Axes, down: Axes) -> None:
        self.wiring = wiring
        self.index = index
        self.channels = channels
        self.up = up
        self.down = down

    @property
    def dims(self) -> int:
        """The number of spatial axes."""
        return self.wiring.dims

    def apply(self, operation: Operation, *others: Signal, name: str = "") -> Signal:
        """Appends any operation, also one of your own, with this signal as its first input."""
        return self.wiring.append(operation, (self, *others), name)

    def reapply(self, since: Signal, x: Signal) -> Signal:
        """Applies the operations that led from `since` to this signal to x too, with the same weights.

        >>> wiring = Wiring(2, [Source(4, (1, 1), (1, 1))])
        >>> (x,) = wiring.inputs
        >>> y = x.conv(4)
        >>> y = y.reapply(x, x.add(y))
        >>> [node.name for node in wiring.nodes]
        ['input', 'conv1', 'add1', 'conv1']
        """
        return self.wiring.replay(since, self, x)

    def conv(  # noqa: PLR0913 - the arguments of a convolution, by name
        self,
        channels: int,
        kernel: int | Axes = 3,
        *,
        stride: int | Axes = 1,
        padding: Padding = "same",
        dilation: int | Axes = 1,
        groups: int = 1,
        bias: Bias = "auto",
        padding_mode: str = "zeros",
        name: str = "",
    ) -> Signal:
        """Appends a convolution; `same` padding adds dilation·(kernel − 1) // 2 samples on each side."""
        dims = self.wiring.dims
        kernels = per_axis(kernel, dims, "kernel")
        strides = per_axis(stride, dims, "stride")
        dilations = per_axis(dilation, dims, "dilation")
        if padding == "valid":
            pads = (0,) * dims
        else:
            pads = tuple(d * (k - 1) // 2 for k, d in zip(kernels, dilations, strict=True))
            if any(s == 1 and d * (k - 1) % 2 for k, d, s in zip(kernels, dilations, strides, strict=True)):
                raise wiring_error(
                    f"padding: same cannot centre a kernel of {kernel} at stride 1",
                    "Use an odd kernel, or padding: valid.",
                )
        operation = Convolution(channels, kernels, strides, pads, dilations, groups, bias is not False, padding_mode)
        output = self.apply(operation, name=name)
        if bias == "auto":
            self.wiring.undecided.append(output.index)
        return output

    def transposed_conv(  # noqa: PLR0913 - the arguments of a convolution, by name
        self,
        channels: int,
        stride: int | Axes = 2,
        kernel: int | Axes | None = None,
        *,
        bias: Bias = "auto",
        groups: int = 1,
        output_padding: bool = True,
        name: str = "",
    ) -> Signal:
        """Appends a transposed convolution whose output is `stride` times the input; its kernel is the stride.

        Without `output_padding` the output lacks the last samples that no input sample stands for.
        """
        dims = self.wiring.dims
        strides = per_axis(stride, dims, "stride")
        kernels = strides if kernel is None else per_axis(kernel, dims, "kernel")
        excess = tuple(k - s for k, s in zip(kernels, strides, strict=True))
        pads = tuple(max(0, (e + 1) // 2) for e in excess)
        extra = tuple(2 * p - e for p, e in zip(pads, excess, strict=True))
        if any(e >= s for e, s in zip(extra, strides, strict=True)):
            raise wiring_error(f"a kernel of {kernel} cannot be centred at stride {stride}", "Use an odd kernel.")
        extra = extra if output_padding else (0,) * dims
        operation = TransposedConvolution(channels, kernels, strides, pads, extra, groups, bias is not False)
        output = self.apply(operation, name=name or "conv")
        if bias == "auto":
            self.wiring.undecided.append(output.index)
        return output

    def max_pool(self, kernel: int | Axes, *, stride: int | Axes | None = None, padding: int | Axes = 0) -> Signal:
        """Appends max pooling; the stride is the kernel unless given."""
        return self.apply(MaxPooling(*self._window(kernel, stride, padding)))

    def avg_pool(self, kernel: int | Axes, *, stride: int | Axes | None = None, padding: int | Axes = 0) -> Signal:
        """Appends average pooling; the stride is the kernel unless given."""
        return self.apply(AvgPooling(*self._window(kernel, stride, padding)))

    def blur_pool(self, kernel: int | Axes, *, stride: int | Axes) -> Signal:
        """Appends a binomial filter that moves by the stride, with (kernel − 1) // 2 zeros on each side."""
        kernels, strides = per_axis(kernel, self.dims, "kernel"), per_axis(stride, self.dims, "stride")
        return self.apply(BlurPooling(kernels, strides, tuple((k - 1) // 2 for k in kernels)))

    def _window(self, kernel: int | Axes, stride: int | Axes | None, padding: int | Axes) -> tuple[Axes, Axes, Axes]:
        kernels = per_axis(kernel, self.dims, "kernel")
        strides = kernels if stride is None else per_axis(stride, self.dims, "stride")
        return kernels, strides, per_axis(padding, self.dims, "padding")

    def global_avg_pool(self) -> Signal:
        """Appends the mean over the whole image."""
        return self.apply(GlobalAvgPool())

    def global_max_pool(self) -> Signal:
        """Appends the largest value of the whole image."""
        return self.apply(GlobalMaxPool())

    def channel_summary(self) -> Signal:
        """Appends the mean and the largest value over the channels of each sample: two channels."""
        return self.apply(ChannelSummary())

    def shift_samples(self, axis: int, groups: int) -> Signal:
        """Appends a move of groups of channels, an odd number of them, by -(groups // 2), … samples along an axis."""
        return self.apply(SampleShift(tuple(groups if one == axis else 1 for one in range(self.dims))))

    def interpolate(self, factor: int | Axes, method: str = "linear", *, align_corners: bool = False) -> Signal:
        """Appends interpolation by a whole factor: nearest, linear or cubic."""
        return self.apply(Interpolation(per_axis(factor, self.dims, "factor"), method, align_corners))

    def shrink(self, factor: int | Axes) -> Signal:
        """Appends linear interpolation to fewer samples, by a whole factor."""
        return self.apply(Shrinking(per_axis(factor, self.dims, "factor")))

    def pixel_unshuffle(self, factor: int | Axes, *, by_sample: bool = False) -> Signal:
        """Appends the rearrangement of samples into channels, the inverse of `pixel_shuffle`.

        With `by_sample` the channels of one sample stay together.
        """
        return self.apply(SubpixelUnshuffle(per_axis(factor, self.dims, "factor"), by_sample))

    def pixel_shuffle(self, factor: int | Axes) -> Signal:
        """Appends the rearrangement of channels into samples."""
        return self.apply(SubpixelShuffle(per_axis(factor, self.dims, "factor")))

    def resize_to(self, other: Signal, method: str = "linear") -> Signal:
        """Appends interpolation to the size of another signal."""
        return self.apply(ResizeTo(method), other)

    def crop_to(self, other: Signal) -> Signal:
        """Appends a central crop to the size of another signal."""
        return self.apply(CropTo(), other)

    def trim_to(self, other: Signal) -> Signal:
        """Appends the choice of the first samples, as many as another signal has."""
        return self.apply(TrimTo(), other)

    def fill_up(self, multiple: int | Axes) -> Signal:
        """Appends zeros after the last samples, up to a multiple."""
        return self.apply(FilledUp(per_axis(multiple, self.dims, "multiple")))

    def pad_to(self, other: Signal, mode: str = "zeros") -> Signal:
        """Appends zeros, or the outermost samples again (`replicate`), around the signal up to the size of another."""
        return self.apply(PadTo(mode), other)

    def max_unpool(self, other: Signal, factor: int | Axes) -> Signal:
        """Appends zeros around the samples, which go where another signal is largest under a window of `factor`."""
        return self.apply(MaxUnpooling(per_axis(factor, self.dims, "factor")), other)

    def same_size_as(self, other: Signal) -> Signal:
        """Appends the demand that another signal has the same size."""
        return self.apply(SameSize(), other)

    def concat(self, *others: Signal) -> Signal:
        """Appends the concatenation of this signal and others."""
        return self.apply(Concatenation(), *others)

    def add(self, *others: Signal) -> Signal:
        """Appends the sum of this signal and others."""
        return self.apply(Addition(), *others)

    def shift(self, values: Signal) -> Signal:
        """Appends the sum with a vector: one value per channel."""
        return self.apply(Shift(), values)

    def absolute_difference(self, other: Signal) -> Signal:
        """Appends the absolute difference of two signals."""
        return self.apply(AbsoluteDifference(), other)

    def condition(self, name: str) -> Signal:
        """A vector among the inputs of the network: a signal with one sample per axis."""
        return self.wiring.condition(name)

    def attend(self, heads: int) -> Signal:
        """Appends self-attention over all samples; the signal has queries, keys and values one after the other."""
        return self.apply(GlobalAttention(heads))

    def attend_in_windows(
        self,
        heads: int,
        window: int | Axes,
        *,
        shift: int | Axes = 0,
        position_bias: bool = True,
        shift_lone: bool = True,
    ) -> Signal:
        """Appends self-attention within windows, moved by `shift`; see `attend`.

        Without `shift_lone` a window that covers the map is not moved.
        """
        windows, shifts = per_axis(window, self.dims, "window"), per_axis(shift, self.dims, "shift")
        return self.apply(WindowedAttention(heads, windows, shifts, position_bias, shift_lone))

    def attend_by_cosine(self, heads: int, window: int | Axes, *, shift: int | Axes = 0) -> Signal:
        """Appends self-attention within windows by the cosine of queries and keys; see `attend_in_windows`."""
        windows, shifts = per_axis(window, self.dims, "window"), per_axis(shift, self.dims, "shift")
        return self.apply(CosineAttention(heads, windows, shifts))

    def attend_to(self, context: Signal, heads: int) -> Signal:
        """Appends attention of these queries to the keys and values of a second signal, one after the other."""
        return self.apply(CrossAttention(heads), context)

    def attend_jointly(self, keys: Signal, values: Signal) -> Signal:
        """Appends values weighed by the similarity of these queries and keys, where all pairs have the sum 1."""
        return self.apply(JointAttention(), keys, values)

    def learned_positions(self, size: int | Axes) -> Signal:
        """Appends the sum with a learned number for each channel and sample of a map of this size."""
        return self.apply(PositionEmbedding(per_axis(size, self.dims, "size")))

    def gate(self, weights: Signal, *, whole: bool = False) -> Signal:
        """Appends the product with a gate; `whole`: the gate has one sample per channel."""
        return self.apply(Gate(whole), weights)

    def mask_by_class(self, classes: Signal) -> Signal:
        """Appends zeros in place of the signal where the most likely class of the whole image is class 0."""
        return self.apply(ClassMask(), classes)

    def channel_range(self, start: int, count: int) -> Signal:
        """Appends the choice of `count` channels from `start` on."""
        return self.apply(ChannelRange(start, count))

    def pad_channels(self, channels: int) -> Signal:
        """Appends channels of zeros up to a number; nothing where the signal has as many."""
        return self if self.channels == channels else self.apply(ChannelPadding(channels))

    def pad(self, before: int | Axes, after: int | Axes, mode: str = "zeros") -> Signal:
        """Appends samples before the first and after the last one; nothing where both are 0."""
        near, far = per_axis(before, self.dims, "before"), per_axis(after, self.dims, "after")
        return self.apply(SidePadding(near, far, mode)) if any(near) or any(far) else self

    def dropout(self, share: float, *, whole_channels: bool = False) -> Signal:
        """Appends dropout; nothing where the share is 0."""
        return self.apply(Dropout(share, whole_channels)) if share else self

    def stochastic_depth(self, share: float) -> Signal:
        """Appends zeros instead of a share of the images in training; nothing where the share is 0."""
        return self.apply(StochasticDepth(share)) if share else self

    def channel_scale(self, initial: float = 1.0, *, name: str = "") -> Signal:
        """Appends the product with one learned number per channel, `initial` before training."""
        return self.apply(ChannelScale(initial), name=name)

    def activation(self, name: str, arguments: Mapping[str, Any] | None = None, *, weights: int = 0) -> Signal:
        """Appends an activation of torch.nn by its name; `weights` says how many values it learns."""
        return self.apply(Activation(name, tuple((arguments or {}).items()), weights))

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """A context in which operations are named `name.conv1`, …, and counted anew.

        >>> x = Wiring(2, [Source(4, (1, 1), (1, 1))]).inputs[0]
        >>> with x.scope("shortcut"):
        ...     x = x.avg_pool(2).conv(8, 1)
        >>> [node.name for node in x.wiring.nodes]
        ['input', 'shortcut.avg_pool1', 'shortcut.conv1']
        """
        with self.wiring.scope(name):
            yield

    def place(self, name: str, part: Component, *others: Signal, **arguments: Any) -> Signal:
        """Wires a component in a scope of its own; `others` and `arguments` are those of its `wire`.

        The one operation of a norm or an activation has the name of the scope itself.
        """
        wiring: Wiring = self.wiring
        start, wire = len(wiring.nodes), part.wire  # type: ignore[attr-defined]  # those of the slots of a network have one
        check_signals(part, 1 + len(others))
        with wiring.scope(name):
            scope = wiring.current_scope
            output: Signal = wire(self, *others, **arguments)
        end = len(wiring.nodes)
        if end == start + 1 and part.slot in ("norm", "act"):
            wiring.nodes[start] = wiring.nodes[start]._replace(name=scope)
        elif end > start:
            inputs, vectors = wiring.inputs_of(start, (self, *others))
            wiring.inner.append(InnerCall(scope, part, start, end, inputs, output.index, vectors, wiring.inside))
        return output

    @contextmanager
    def within(self, *path: str | int) -> Iterator[None]:
        """A context in which faults are those of a component within this one, to which parameters and indexes lead."""
        outer, self.wiring.inside = self.wiring.inside, (*self.wiring.inside, *path)
        with located(*path):
            yield
        self.wiring.inside = outer

    def norm(self, norm: Norm) -> Signal:
        """Wires a norm block."""
        with located(norm):
            return norm.wire(self)

    def act(self, act: Act) -> Signal:
        """Wires an activation block."""
        with located(act):
            return act.wire(self)


class Strided(Protocol):
    """A signal, of which the channels and the products of the strides passed so far are known."""

    @property
    def channels(self) -> int: ...
    @property
    def up(self) -> Axes: ...
    @property
    def down(self) -> Axes: ...


def step_ratios(x: Strided, y: Strided) -> Iterator[tuple[int, int]]:
    """Yields for each axis how many times the step between samples of x is that of y: numerator and denominator."""
    for x_up, x_down, y_up, y_down in zip(x.up, x.down, y.up, y.down, strict=True):
        yield x_up * y_down, x_down * y_up


def stride_between(x: Strided, toward: Strided, coarser: int = 1, finer: int = 1) -> Axes:
    """By how much a way up must multiply the samples of x to come to the resolution of `toward`.

    Or to one that is coarser or finer by a factor.
    """
    strides = []
    for whole, fine in step_ratios(x, toward):
        wide, narrow = whole * finer, fine * coarser
        if wide % narrow:
            raise wiring_error(f"the way down went by a stride of {wide}/{narrow}, which no way up can undo")
        strides.append(wide // narrow)
    return tuple(strides)
