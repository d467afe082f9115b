"""Short texts cannot ask for much work: it is counted in passes through the network, of which each costs its nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import unetkit
from tests.support.commandline import run
from unetkit.errors import SizeError, SpecError
from unetkit.planning import natural_size, propagate
from unetkit.planning.spatial_graph import spatial_graph
from unetkit.study.loading import load_study

HEAD: dict[str, Any] = {"unetkit": 1, "in_channels": 1, "out_channels": 1}
SIXTEEN: dict[str, Any] = HEAD | {"channels": {"base": 4, "levels": 16, "max": 16}}
CROP = {"type": "concat", "align": "crop"}
VALID: dict[str, Any] = {"block": {"type": "double_conv", "padding": "valid"}}
PRIMES = {level + 1: {"down": {"type": "max_pool", "stride": n}} for level, n in enumerate((2, 3, 5, 7, 11, 13))}
BOMBS: dict[str, dict[str, Any]] = {
    "16 levels": SIXTEEN,
    "strides that are prime": HEAD | {"channels": [4] * 7, "levels": PRIMES},
    "stride 3, 11 levels": HEAD | {"channels": {"base": 4, "levels": 11}, "down": {"type": "max_pool", "stride": 3}},
    "strides without measure": SIXTEEN | {"down": {"type": "max_pool", "stride": 1024}},
    "attention": SIXTEEN | {"skip": "attention"},
    "three axes": SIXTEEN | {"dims": 3, "down": {"type": "max_pool", "stride": [2, 3, 1]}},
    "crop": SIXTEEN | VALID | {"skip": {"type": "concat", "align": "crop"}, "down": "strided_conv"},
    "pad": SIXTEEN | VALID | {"skip": {"type": "concat", "align": "pad"}, "down": "strided_conv"},
    "resize": SIXTEEN | VALID | {"skip": {"type": "concat", "align": "resize"}},
    "no skip": SIXTEEN | {"skip": {"type": "none"}, "down": "strided_conv"},
    "interpolation": SIXTEEN | {"up": {"type": "interpolate", "method": "cubic"}},
    "odd interpolation": SIXTEEN | {"up": "interpolate", "down": {"type": "max_pool", "stride": 3}},
    "corners": SIXTEEN | {"up": {"type": "interpolate", "align_corners": True}},
}
MOST = 4000
"""Passes that are allowed for all that is known of a network; a network of 16 levels has a few hundred operations."""


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts how often sizes, limits, grids or needs are pushed through a network."""
    counts: Counter[str] = Counter()

    def counted(name: str) -> None:
        real = getattr(propagate, name)

        def wrapper(*arguments: Any, **keywords: Any) -> Any:
            counts[name] += 1
            return real(*arguments, **keywords)

        monkeypatch.setattr(propagate, name, wrapper)

    spatial_graph.cache_clear()  # what is known from another test takes no pass
    for name in ("sizes", "flow", "grids", "needs"):
        counted(name)
    return counts


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("odd", ["error", "pad"])
def test_all_that_is_known_of_a_network_takes_few_passes(name: str, odd: str, passes: Counter[str]) -> None:
    planned = unetkit.plan(unetkit.load(BOMBS[name] | {"odd_sizes": odd}))
    for ask in (lambda: planned.accepted, lambda: planned.at(natural_size(planned)), lambda: planned.receptive_fields):
        try:
            ask()
        except SizeError as error:
            assert error.faults[0].code in ("period-too-long", "size-mismatch", "size-too-small")
    assert 0 < sum(passes.values()) < MOST


def test_work_does_not_grow_with_the_period(passes: Counter[str]) -> None:
    """Each level more costs a few passes, although there are twice as many remainders."""
    found = []
    for levels in (6, 11, 16):
        passes.clear()
        spatial_graph.cache_clear()
        planned = unetkit.plan(unetkit.load(SIXTEEN | VALID | {"channels": [4] * levels, "skip": CROP}))
        assert planned.accepted and planned.aligned
        found.append(sum(passes.values()))
    assert found[1] - found[0] == found[2] - found[1] < 60


def test_sixteen_levels_have_the_sizes_that_follow_from_their_strides() -> None:
    assert unetkit.plan(unetkit.load(SIXTEEN)).aligned[0][2:] == (1 << 15, (0,))
    assert unetkit.plan(unetkit.load(BOMBS["strides that are prime"])).accepted[0][2:] == (30030, (0,))
    assert unetkit.plan(unetkit.load(BOMBS["stride 3, 11 levels"])).accepted[0][2:] == (3**10, (0,))


def test_strides_without_measure_are_refused_with_the_bound() -> None:
    with pytest.raises(SizeError, match=r"the strides multiply to more than 1,048,576"):
        assert unetkit.plan(unetkit.load(BOMBS["strides without measure"])).accepted


def texts() -> Iterator[tuple[str, str]]:
    """Yields texts below 2 kB that ask for much."""
    head = "unetkit: 1\nin_channels: 1\nout_channels: 1\n"
    yield "levels", head + "channels: {base: 4, levels: 10000}\n"
    yield "list", head + f"channels: [{', '.join(['4'] * 600)}]\n"
    yield "digits", head + f"channels: [{'9' * 1800}]\n"
    yield "deep list", head + f"channels: {'[' * 900}{']' * 900}\n"
    yield "deep map", head + f"block: {'{norm: ' * 200}x{'}' * 200}\n"
    yield "infinite", head + "channels: [1e400]\n"
    pairs = zip("abcdefghi", "bcdefghij", strict=True)
    laughs = [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in pairs]
    yield "aliases", "a: &a [x, x, x, x, x, x, x, x, x]\n" + "\n".join(laughs)
    yield "channels", head + "channels: [1000000000]\n"
    yield "repeated", head + "channels: [4]\nblock: {type: double_conv, kernel: 100000}\n"


@pytest.mark.parametrize(("name", "text"), list(texts()))
def test_texts_that_ask_for_much_are_refused(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(text)
    assert len(text) < 2048
    for command in ("show", "sizes", "validate", "code", "resolve"):
        assert "error[" in run(command, tmp_path / "spec.yaml", code=1).stderr


def test_arms_are_counted_before_they_are_made(tmp_path: Path) -> None:
    axes = {f"training.key{number}": list(range(10)) for number in range(10)}
    base = HEAD | {"channels": [4]}
    (tmp_path / "study.yaml").write_text(f"{ {'unetkit': 1, 'base': base, 'design': 'full', 'axes': axes} }")
    with pytest.raises(SpecError, match=r"this makes 10,000,000,000 arms, a study has at most 10,000"):
        load_study(tmp_path / "study.yaml")
