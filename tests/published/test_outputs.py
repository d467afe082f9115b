"""Specs compute what the networks of other packages compute with the same weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import unetkit
from tests.published.networks import NETWORKS
from tests.published.weights import with_random_weights
from unetkit.model import for_inference
from unetkit.model.importing import Checkpoint, import_weights


@pytest.mark.filterwarnings("ignore::unetkit.AlignmentWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_imported_weights_compute_what_they_computed_in_the_package(name: str) -> None:
    published = NETWORKS[name]
    spec = unetkit.load(published.spec, published.overrides)
    theirs = with_random_weights(published.make())
    checkpoint = Checkpoint(Path("weights.pth"), "", theirs.state_dict())
    made = import_weights(checkpoint, spec, fixed=published.fixed, drop=published.unused)
    ours = for_inference(made.model)
    vectors = [torch.tensor([value]) for value in published.vectors]
    generator = torch.Generator().manual_seed(0)
    if published.tokens:
        vectors.append(torch.rand(1, *published.tokens, generator=generator))
    for size in published.sizes:
        image = torch.rand(1, spec.in_channels, *size, generator=generator)
        with torch.no_grad():
            expected, found = theirs(image, *vectors), ours(image, *vectors)
        while not isinstance(expected, torch.Tensor):
            expected = expected[0]  # of a list, or of an output with a name
        spread = expected.max() - expected.min()
        assert spread > 1e-3
        assert (expected - found).abs().max() <= 1e-5 * spread
    if published.resizes:
        return
    if all(n % 2 == 0 for size in published.sizes for n in size):  # only where the package itself takes no odd sizes
        image = torch.rand(1, spec.in_channels, *[n + 1 for n in published.sizes[0]])
        with pytest.raises((RuntimeError, ValueError)):
            theirs(image, *vectors)
