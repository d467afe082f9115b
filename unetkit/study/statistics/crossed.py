"""The crossed bootstrap: intervals that generalise to new seeds and new images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unetkit.study.statistics.cube import Values, mean

_CHUNK = 4_000_000
"""Largest number of array elements held at once."""


class BootstrapWeights(NamedTuple):
    """How often each seed (resample, seed) and each image, or each group of images (resample, image), is drawn."""

    seeds: Values
    images: Values


class VarianceComponents(NamedTuple):
    """Variances of the mean over seeds, over images, and of the residual, which both of them include."""

    seeds: Values
    images: Values
    rest: Values


def draw(num_seeds: int, num_images: int, resamples: int, random_seed: int) -> BootstrapWeights:
    """Seeds and images drawn with replacement, independently (the pigeonhole bootstrap, Owen, 2007)."""
    rng = np.random.default_rng(random_seed)
    seeds, images = (rng.multinomial(n, np.full(n, 1 / n), resamples).astype(float) for n in (num_seeds, num_images))
    return BootstrapWeights(seeds, images)


def crossed_interval(
    each: Sequence[Values],
    weights: BootstrapWeights,
    confidence: float | Values,
    groups: NDArray[np.int64] | None = None,
) -> tuple[Values, Values]:
    """The ends of an interval for the mean of each array (seed, image, class), for new seeds and images.

    `groups` are the numbers of the groups to which images belong; then `weights` are those of groups.

    Five seeds are too few for the percentiles of a bootstrap, which would cover 80 %, not 95 %, so only its variances
    are used. Seeds, images and both are resampled; each component is corrected for bias by n/(n - 1), the residual is
    subtracted once, and the quantile is Student's with the degrees of freedom of Satterthwaite (1946).
    NaN with fewer than two seeds or images.
    """
    from scipy import stats

    num_seeds, num_images = weights.seeds.shape[1], weights.images.shape[1]
    if min(num_seeds, num_images) < 2:
        nothing = np.full(len(each), np.nan)
        return nothing, nothing
    if groups is not None:
        weights = weights._replace(images=weights.images[:, groups])
    step = max(1, _CHUNK // (len(weights.seeds) * max(1, each[0].shape[2])))
    chunks = [np.stack(each[start : start + step]) for start in range(0, len(each), step)]
    centre = np.concatenate([resampled(chunk, one(num_seeds), one(chunk.shape[2]))[0] for chunk in chunks])
    parts = VarianceComponents(*np.concatenate([_variances(chunk, weights, num_images) for chunk in chunks], 1))
    total = parts.seeds + parts.images - parts.rest
    free = (num_seeds - 1, num_images - 1, (num_seeds - 1) * (num_images - 1))
    spread = sum(part**2 / n for part, n in zip(parts, free, strict=True))
    freedom = np.divide(total**2, spread, out=np.ones_like(total), where=spread > 0)
    half = stats.t.ppf((1 + confidence) / 2, freedom) * np.sqrt(total)
    return centre - half, centre + half


def one(count: int) -> Values:
    """Weights that draw everything once."""
    return np.ones((1, count))


def _variances(each: Values, weights: BootstrapWeights, num_images: int) -> Values:
    """The three variance components (3, comparison), corrected for bias; `num_images` are drawn independently."""
    num_seeds = weights.seeds.shape[1]
    by_seeds = resampled(each, weights.seeds, one(each.shape[2])).var(0)
    by_images = resampled(each, one(num_seeds), weights.images).var(0)
    both = resampled(each, weights.seeds, weights.images).var(0)
    seeds, images = by_seeds * num_seeds / (num_seeds - 1), by_images * num_images / (num_images - 1)
    return np.stack([seeds, images, np.clip(both - by_seeds - by_images, 0, np.minimum(seeds, images))])


def resampled(each: Values, seeds: Values, images: Values) -> Values:
    """The mean over the classes of the weighted mean over seeds and images: (resample, comparison).

    `each` is (comparison, seed, image, class). A class without any pair in a resample is left out of its mean.
    """
    known = np.isfinite(each)
    if known.all():  # nearly always: every class weighs the same in every draw
        total = _weighted(each.mean(3, keepdims=True), seeds, images)[:, :, 0]
        means: Values = total / (seeds.sum(1) * images.sum(1))[:, None]
        return means
    total = _weighted(np.where(known, each, 0.0), seeds, images)
    count = _weighted(known.astype(float), seeds, images)
    by_class = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean(by_class, 2)


def _weighted(values: Values, seeds: Values, images: Values) -> Values:
    """The weighted sum over seeds and images: (resample, comparison, class)."""
    num_draws = max(len(seeds), len(images))
    num_comparisons, num_seeds, num_images, num_classes = values.shape
    flat = values.transpose(1, 2, 0, 3).reshape(num_seeds * num_images, -1)
    total = np.empty((num_draws, flat.shape[1]))
    step = max(1, _CHUNK // len(flat))
    seeds, images = (np.broadcast_to(each, (num_draws, each.shape[1])) for each in (seeds, images))
    for start in range(0, num_draws, step):
        part = slice(start, start + step)
        weights = seeds[part, :, None] * images[part, None, :]
        total[part] = weights.reshape(-1, len(flat)) @ flat
    return total.reshape(num_draws, num_comparisons, num_classes)
