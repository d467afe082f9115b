"""The few tensor functions and layers that torch lacks. They refuse what the plan refuses, and broadcast nothing."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def same_size(x: Tensor, like: Tensor) -> Tensor:
    """Returns x; raises ValueError unless it has the spatial size of `like`."""
    if x.shape[2:] != like.shape[2:]:
        raise ValueError(f"sizes differ: {tuple(x.shape[2:])} and {tuple(like.shape[2:])}")
    return x


def crop_to(x: Tensor, like: Tensor) -> Tensor:
    """Returns the centre of x, in the spatial size of `like`."""
    for axis in range(2, x.dim()):
        excess = x.shape[axis] - like.shape[axis]
        if excess < 0:
            raise ValueError(f"cannot crop {tuple(x.shape[2:])} to {tuple(like.shape[2:])}")
        x = x.narrow(axis, excess // 2, like.shape[axis])
    return x


def trim_to(x: Tensor, like: Tensor) -> Tensor:
    """Returns the first samples of x, in the spatial size of `like`."""
    for axis in range(2, x.dim()):
        if x.shape[axis] < like.shape[axis]:
            raise ValueError(f"cannot trim {tuple(x.shape[2:])} to {tuple(like.shape[2:])}")
        x = x.narrow(axis, 0, like.shape[axis])
    return x


def fill_up(x: Tensor, multiple: tuple[int, ...]) -> Tensor:
    """Returns x with zeros after its last samples, in the next size that is a multiple."""
    widths: list[int] = []
    for size, factor in zip(reversed(x.shape[2:]), reversed(multiple), strict=True):
        widths += [0, -size % factor]
    return functional.pad(x, widths)


def pad_to(x: Tensor, like: Tensor, mode: str = "zeros") -> Tensor:
    """Returns x with zeros, or its first and last samples again, around it, in the spatial size of `like`."""
    padding: list[int] = []
    for axis in range(x.dim() - 1, 1, -1):
        lack = like.shape[axis] - x.shape[axis]
        if lack < 0:
            raise ValueError(f"cannot pad {tuple(x.shape[2:])} to {tuple(like.shape[2:])}")
        padding += [lack // 2, lack - lack // 2]
    if mode == "zeros" or not any(padding):
        return functional.pad(x, padding)
    return functional.pad(x, padding, mode)


def pad_image(x: Tensor, size_sets: tuple[tuple[int, int, tuple[int, ...]], ...], mode: str) -> Tensor:
    """Returns x in the next size n ≥ start with n modulo period in remainders; the odd sample goes to the far end.

    `size_sets` has (start, period, remainders) for each axis. `reflect` mirrors as often as it takes.
    """
    for axis, (start, period, remainders) in enumerate(size_sets, start=2):
        wanted = max(x.shape[axis], start)
        lack = wanted + min((remainder - wanted) % period for remainder in remainders) - x.shape[axis]
        if lack:
            x = pad_axis(x, axis, lack // 2, lack - lack // 2, mode)
    return x


def pad_axis(x: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    """Returns x with so many samples more at the two ends of an axis."""
    size = x.shape[axis]
    position = torch.arange(-before, size + after, device=x.device)
    if mode == "reflect" and size > 1:
        period = 2 * (size - 1)
        folded = position % period
        index = torch.minimum(folded, period - folded)
    else:
        index = position.clamp(0, size - 1)
    y = x.index_select(axis, index)
    if mode == "zeros":
        inside = (position >= 0) & (position < size)
        y = torch.where(inside.reshape([-1 if i == axis else 1 for i in range(x.dim())]), y, 0)
    return y


def cut_padding(y: Tensor, padded: Tensor, image: Tensor) -> Tensor:
    """Returns y without the samples that stand for what was padded to `image`."""
    for axis in range(2, y.dim()):
        excess = padded.shape[axis] - image.shape[axis]
        if y.shape[axis] <= excess:
            raise ValueError(f"nothing is left of an image of {tuple(image.shape[2:])}")
        y = y.narrow(axis, excess // 2, y.shape[axis] - excess)
    return y


def channel_range(x: Tensor, start: int, count: int) -> Tensor:
    """Returns `count` channels of x, from `start` on."""
    return x.narrow(1, start, count)


def shift(x: Tensor, shift: Tensor) -> Tensor:
    """Returns x plus one value per channel."""
    if shift.shape[1] != x.shape[1] or any(size != 1 for size in shift.shape[2:]):
        raise ValueError(f"a shift of shape {tuple(shift.shape)} does not fit {tuple(x.shape)}")
    return x + shift


def absolute_difference(x: Tensor, y: Tensor) -> Tensor:
    """Returns the absolute difference of two tensors of one shape."""
    if x.shape != y.shape:
        raise ValueError(f"shapes differ: {tuple(x.shape)} and {tuple(y.shape)}")
    return (x - y).abs()


def sinusoids(
    x: Tensor, channels: int, longest: float, reaches_longest: bool = False, cosines_first: bool = False
) -> Tensor:
    """Returns the sines, then the cosines, of each channel of x times frequencies from 1 to 1 / `longest`.

    The last frequency is one step before 1 / `longest`, unless `reaches_longest`.
    """
    count = channels // (2 * x.shape[1])
    steps = torch.arange(count, device=x.device, dtype=x.dtype)
    frequencies = torch.exp(-math.log(longest) / max(1, count - reaches_longest) * steps)
    angles = (x[:, :, None] * frequencies.reshape(-1, *(1,) * (x.dim() - 2))).flatten(1, 2)
    halves = [angles.cos(), angles.sin()] if cosines_first else [angles.sin(), angles.cos()]
    return torch.cat(halves, dim=1)


def resize_to(x: Tensor, like: Tensor, mode: str) -> Tensor:
    """Returns x interpolated to the spatial size of `like`."""
    return functional.interpolate(x, size=like.shape[2:], mode=mode)


def max_unpool(x: Tensor, like: Tensor, factor: tuple[int, ...]) -> Tensor:
    """Returns x in the size of `like`: each sample where `like` is largest under its window, zeros elsewhere."""
    number = len(factor) - 1
    pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[number]
    unpool = (functional.max_unpool1d, functional.max_unpool2d, functional.max_unpool3d)[number]
    _, places = pool(like.detach(), factor, return_indices=True)
    if places.shape != x.shape:
        raise ValueError(f"cannot unpool {tuple(x.shape)} by the maxima of {tuple(like.shape)}")
    return unpool(x, places, factor, output_size=list(like.shape[2:]))


def blur_pool(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...]) -> Tensor:
    """Returns x after a binomial filter of the kernel's size along each axis, which moves by the stride."""
    weight = torch.ones((), dtype=x.dtype, device=x.device)
    for size in kernel:
        row = [math.comb(size - 1, place) / 2 ** (size - 1) for place in range(size)]
        weight = weight[..., None] * torch.tensor(row, dtype=x.dtype, device=x.device)
    convolve = (functional.conv1d, functional.conv2d, functional.conv3d)[len(kernel) - 1]
    weight = weight.expand(x.shape[1], 1, *kernel)
    return convolve(x, weight, stride=stride, padding=padding, groups=x.shape[1])


def shrink(x: Tensor, factor: tuple[int, ...]) -> Tensor:
    """Returns x (N, C, *spatial) at the centre of each group of `factor` samples along each axis."""
    kernel = [2 - step % 2 for step in factor]
    before = [(step - width) // 2 for step, width in zip(factor, kernel, strict=True)]
    if any(before):
        x = functional.pad(x, [-one for margin in reversed(before) for one in (margin, margin)])
    pool = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)[len(factor) - 1]
    return pool(x, kernel, stride=factor)


def pad_channels(x: Tensor, channels: int) -> Tensor:
    """Returns x with channels of zeros after its own."""
    return functional.pad(x, [0, 0] * (x.dim() - 2) + [0, channels - x.shape[1]])


def channel_summary(x: Tensor) -> Tensor:
    """Returns the mean and the largest value over the channels, as two channels."""
    return torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)


def shift_samples(x: Tensor, axis: int, groups: int) -> Tensor:
    """Returns x with its channels in groups, moved by -(groups // 2), …, groups // 2 samples along an axis.

    Zeros come in. The groups are those of torch.chunk: of one width, but the last.
    """
    size, reach, axis = x.shape[axis + 2], groups // 2, axis + 2
    parts = x.chunk(groups, 1)
    moved = []
    for step, part in enumerate(parts, -reach):
        pads = [0, 0] * (x.dim() - axis - 1) + [reach + step, reach - step]
        moved.append(functional.pad(part, pads).narrow(axis, reach, size))
    return torch.cat(moved, 1)


def add(x: Tensor, other: Tensor, *others: Tensor) -> Tensor:
    """Returns the sum of tensors of the same shape."""
    for each in (other, *others):
        if x.shape != each.shape:
            raise ValueError(f"cannot add {tuple(x.shape)} and {tuple(each.shape)}")
    total = x + other
    for each in others:
        total += each  # in place, so that no more than the result is allocated
    return total


def gate(x: Tensor, weights: Tensor) -> Tensor:
    """Returns x times weights of the same spatial size, for each channel or for all."""
    if weights.shape[2:] != x.shape[2:]:
        raise ValueError(f"a gate of {tuple(weights.shape)} does not fit {tuple(x.shape)}")
    return x * weights


def gate_image(x: Tensor, weights: Tensor) -> Tensor:
    """Returns x times weights of one sample per channel."""
    if weights.shape[2:].numel() != 1:
        raise ValueError(f"a gate of {tuple(weights.shape)} is not one sample per channel")
    return x * weights


def mask_by_class(x: Tensor, classes: Tensor) -> Tensor:
    """Returns x for images whose first value of `classes` (N, classes, 1, …) is not the largest, zeros for others."""
    if classes.shape[2:].numel() != 1:
        raise ValueError(f"classes of {tuple(classes.shape)} are not those of a whole image")
    return x * (classes.argmax(1, keepdim=True) > 0).to(x.dtype)


def attend(x: Tensor, heads: int) -> Tensor:
    """Returns self-attention over all samples of x (N, 3·C, *spatial): queries, keys and values one after the other."""
    tokens = x.flatten(2).transpose(1, 2).contiguous()  # (N, samples, 3·C)
    parts = tokens.reshape(*tokens.shape[:2], 3, heads, -1)
    query, key, value = parts.permute(2, 0, 3, 1, 4)  # (N, heads, samples, C / heads)
    y = functional.scaled_dot_product_attention(query, key, value)
    return y.permute(0, 1, 3, 2).reshape(x.shape[0], -1, *x.shape[2:])


def tokens(x: Tensor, count: int) -> Tensor:
    """Returns the values of vectors (N, count·C, 1, …) as sequences (N, C, count, 1, …)."""
    parts = x.reshape(x.shape[0], count, -1).transpose(1, 2)
    return parts.reshape(*parts.shape, *(1,) * (x.dim() - 3))


def attend_to(x: Tensor, context: Tensor, heads: int) -> Tensor:
    """Returns what x (N, C, *spatial) takes from a context (N, 2·C, *spatial): keys and values one after the other."""
    query = x.flatten(2).transpose(1, 2).contiguous()  # (N, samples, C)
    query = query.reshape(*query.shape[:2], heads, -1).transpose(1, 2)
    pairs = context.flatten(2).transpose(1, 2).contiguous()  # (N, tokens, 2·C)
    key, value = pairs.reshape(*pairs.shape[:2], 2, heads, -1).permute(2, 0, 3, 1, 4)  # (N, heads, tokens, C / heads)
    y = functional.scaled_dot_product_attention(query, key, value)
    return y.permute(0, 1, 3, 2).reshape(x.shape)


def attend_jointly(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Returns values (N, C, *spatial) weighed by a softmax over all pairs of samples; rows are read on as maps."""
    products = queries.flatten(2).transpose(1, 2) @ keys.flatten(2)  # (N, samples, samples)
    weights = products.flatten(1).softmax(1).view_as(products)
    return (weights @ values.flatten(2).transpose(1, 2)).reshape(values.shape)


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each sample of a tensor (N, C, *spatial)."""

    def __init__(self, channels: int, eps: float = 1e-6, affine: bool = True) -> None:
        super().__init__(channels, eps=eps, elementwise_affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class ChannelScale(nn.Module):
    """Multiplies each channel of a tensor (N, C, *spatial) by a learned number."""

    def __init__(self, channels: int, initial: float = 1.0) -> None:
        super().__init__()
        self.initial = initial
        self.weight = nn.Parameter(torch.full((channels,), initial))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight.reshape(-1, *(1,) * (x.dim() - 2))

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, initial={self.initial}"


class StochasticDepth(nn.Module):
    """Zeroes a share of the images of a batch (N, C, *spatial) in training; the others grow, so that the mean stays."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        kept = torch.empty((x.shape[0], *(1,) * (x.dim() - 1)), dtype=x.dtype, device=x.device)
        return x * kept.bernoulli_(1 - self.share).div_(1 - self.share)

    def extra_repr(self) -> str:
        return f"share={self.share}"


class PixelShuffle(nn.Module):
    """Turns channels (N, C·f, *spatial) into samples (N, C, *spatial·factor), for any dims and a factor per axis."""

    def __init__(self, factor: tuple[int, ...]) -> None:
        super().__init__()
        self.factor = tuple(factor)

    def forward(self, x: Tensor) -> Tensor:
        dims = len(self.factor)
        parts = x.reshape(x.shape[0], -1, *self.factor, *x.shape[2:])  # (N, C, *factor, *spatial)
        order = [0, 1] + [axis for i in range(dims) for axis in (2 + dims + i, 2 + i)]
        size = [n * f for n, f in zip(x.shape[2:], self.factor, strict=True)]
        return parts.permute(order).reshape(x.shape[0], -1, *size)

    def extra_repr(self) -> str:
        return f"factor={self.factor}"


class PixelUnshuffle(nn.Module):
    """Turns samples (N, C, *spatial) into channels (N, C·f, *spatial/factor), for any dims and a factor per axis.

    With `by_sample` the channels of one sample stay together: first the first sample, then those that are further along
    one axis, then along two, the first axis first; as in Swin, and in 3D as in MONAI.
    """

    def __init__(self, factor: tuple[int, ...], by_sample: bool = False) -> None:
        super().__init__()
        self.factor = tuple(factor)
        self.by_sample = by_sample
        places: list[tuple[int, ...]] = [()]
        for count in reversed(self.factor):
            places = [(*place, one) for place in places for one in range(count)]
        self.places = sorted([place[::-1] for place in places], key=lambda place: sum(map(bool, place)))

    def forward(self, x: Tensor) -> Tensor:
        if self.by_sample:
            steps = [tuple(map(slice, place, [None] * len(place), self.factor)) for place in self.places]
            return torch.cat([x[(slice(None), slice(None), *step)] for step in steps], 1)
        dims = len(self.factor)
        size = [n // f for n, f in zip(x.shape[2:], self.factor, strict=True)]
        split = [n for pair in zip(size, self.factor, strict=True) for n in pair]
        parts = x.reshape(*x.shape[:2], *split)  # (N, C, H/f, f, W/f, f)
        order = [1, *[3 + 2 * i for i in range(dims)], *[2 + 2 * i for i in range(dims)]]
        return parts.permute(0, *order).reshape(x.shape[0], -1, *size)

    def extra_repr(self) -> str:
        return f"factor={self.factor}{', by_sample=True' if self.by_sample else ''}"


class Positions(nn.Module):
    """Adds a learned number for each channel and sample to maps (N, C, *size) of one size."""

    def __init__(self, channels: int, size: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, *size))
        nn.init.trunc_normal_(self.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1:] != self.weight.shape:
            raise ValueError(f"positions of {tuple(self.weight.shape)} do not fit {tuple(x.shape)}")
        return x + self.weight

    def extra_repr(self) -> str:
        return f"channels={self.weight.shape[0]}, size={tuple(self.weight.shape[1:])}"


class WindowAttention(nn.Module):
    """Self-attention of (N, 3·C, *spatial) within windows: queries, keys and values one after the other.

    Windows begin at multiples of their size, moved by `shift`; those that a border cuts are smaller. Without
    `shift_lone` a window that covers the map along an axis is not moved along it.
    """

    def __init__(
        self,
        heads: int,
        window: tuple[int, ...],
        shift: tuple[int, ...] = (),
        position_bias: bool = True,
        shift_lone: bool = True,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.window = tuple(window)
        self.shift = tuple(shift) or (0,) * len(window)
        self.shift_lone = shift_lone
        if position_bias:
            offsets = torch.Size(2 * n - 1 for n in window).numel()
            self.position_bias = nn.Parameter(torch.empty(heads, offsets))
            nn.init.trunc_normal_(self.position_bias, std=0.02)
        else:
            self.register_parameter("position_bias", None)

    def forward(self, x: Tensor) -> Tensor:
        size, axes = x.shape[2:], list(range(2, x.dim()))
        shift = [
            n if self.shift_lone or length > window else 0
            for n, length, window in zip(self.shift, size, self.window, strict=True)
        ]
        if any(shift):
            x = x.roll([-n for n in shift], axes)
        tokens = self.split(x)
        shape = (3, self.heads, tokens.shape[2] // (3 * self.heads), tokens.shape[3])
        tokens = tokens.reshape(*tokens.shape[:2], *shape)
        query, key, value = tokens.unbind(2)  # (N, windows, heads, C / heads, samples of a window)
        scores = self.similarity(query, key)
        bias = self.bias()
        if bias is not None:
            scores = scores + bias[:, self.offsets(x.device)]
        if any(shift):
            scores = scores.masked_fill(self.apart(size, shift, x.device), -torch.inf)
        y = self.join((value @ scores.softmax(4).transpose(3, 4)).flatten(2, 3), size)
        return y.roll(shift, axes) if any(shift) else y

    def similarity(self, query: Tensor, key: Tensor) -> Tensor:
        """Returns the products of each query with all keys of its window."""
        products: Tensor = (query * query.shape[3] ** -0.5).transpose(3, 4) @ key
        return products

    def bias(self) -> Tensor | None:
        """Returns a number for each head and offset."""
        bias: Tensor | None = self.position_bias
        return bias

    def split(self, x: Tensor) -> Tensor:
        """Returns the windows (N, windows, C, samples of a window) of a map."""
        dims = len(self.window)
        pairs = [part for n, window in zip(x.shape[2:], self.window, strict=True) for part in (n // window, window)]
        counts, inner = range(2, 2 + 2 * dims, 2), range(3, 3 + 2 * dims, 2)
        parts = x.reshape(*x.shape[:2], *pairs).permute(0, *counts, 1, *inner)
        return parts.flatten(2 + dims).flatten(1, dims)

    def join(self, y: Tensor, size: torch.Size) -> Tensor:
        """Returns the map of windows, the inverse of `split`."""
        dims = len(self.window)
        counts = [n // window for n, window in zip(size, self.window, strict=True)]
        pairs = [axis for place in range(dims) for axis in (1 + place, 2 + dims + place)]
        parts = y.reshape(y.shape[0], *counts, y.shape[2], *self.window)
        return parts.permute(0, 1 + dims, *pairs).reshape(y.shape[0], y.shape[2], *size)

    def offsets(self, device: torch.device) -> Tensor:
        """Returns for each pair of samples of a window the number of the offset between them."""
        number = torch.zeros((), dtype=torch.long, device=device)
        for place, n in enumerate(self.window):
            position = torch.arange(n, device=device)
            apart = position[:, None] - position + n - 1
            shape = [1] * (2 * len(self.window))
            shape[place] = shape[len(self.window) + place] = n
            number = number * (2 * n - 1) + apart.reshape(shape)
        samples = torch.Size(self.window).numel()
        return number.reshape(samples, samples)

    def apart(self, size: torch.Size, shifts: list[int], device: torch.device) -> Tensor:
        """Returns which samples of a rolled window (windows, 1, samples, samples) are of opposite borders."""
        part = torch.zeros((1, 1, *size), dtype=torch.long, device=device)
        for place, (n, shift) in enumerate(zip(size, shifts, strict=True)):
            shape = [1] * (2 + len(size))
            shape[2 + place] = n
            part = part * 2 + (torch.arange(n, device=device) >= n - shift).long().reshape(shape)
        part = self.split(part)[0]  # (windows, 1, samples of a window)
        return part[..., :, None] != part[..., None, :]

    def extra_repr(self) -> str:
        return f"heads={self.heads}, window={self.window}, shift={self.shift}"


class CosineAttention(WindowAttention):
    """Attention within windows by the cosine of queries and keys, as in Swin v2.

    A learned number for each head multiplies the cosines. The numbers for the offsets come from a small network.
    """

    def __init__(
        self,
        heads: int,
        window: tuple[int, ...],
        shift: tuple[int, ...] = (),
        hidden: int = 512,
    ) -> None:
        super().__init__(heads, window, shift, position_bias=False, shift_lone=False)
        self.logit_scale = nn.Parameter(torch.full((heads, 1, 1), math.log(10)))
        layers = [nn.Linear(len(self.window), hidden), nn.ReLU(), nn.Linear(hidden, heads, bias=False)]
        self.cpb_mlp = nn.Sequential(*layers)

    def similarity(self, query: Tensor, key: Tensor) -> Tensor:
        cosines = functional.normalize(query, dim=3).transpose(3, 4) @ functional.normalize(key, dim=3)
        return cosines * self.logit_scale.clamp(max=math.log(100)).exp()

    def bias(self) -> Tensor:
        places = [torch.arange(1 - n, n).to(self.logit_scale) / max(1, n - 1) for n in self.window]
        places = [place.sign() * torch.log2(8 * place.abs() + 1) / 3 for place in places]
        table = torch.stack(torch.meshgrid(places, indexing="ij"), dim=-1).flatten(0, -2)
        numbers: Tensor = 16 * self.cpb_mlp(table).sigmoid()
        return numbers.transpose(0, 1)
