"""The suite itself: it draws the same examples every time, says how to repeat new ones, and hides no skipped test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.support.campaign import TIMES
from unetkit.language import resolve
from unetkit.testing.strategies import specs

ROOT = Path(__file__).parents[2]
ELSEWHERE = """
from tests.support import campaign
campaign.register_profiles()
campaign.forget_constants()
from tests.package.test_campaign import drawn
print(drawn())
"""
FILE = """
import pytest

def test_this_needs_what_is_missing():
    pytest.skip("there is no abacus")

@pytest.mark.xfail
def test_this_is_known_to_fail():
    assert False
"""


@cache
def drawn() -> str:
    """A hash of random specs, as a test draws them."""
    found: list[Any] = []
    given(specs())(lambda spec: found.append(resolve(spec)))()
    return f"{len(found)} {sha256(json.dumps(found).encode()).hexdigest()}"


def python(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a new Python gives."""
    known = {key: value for key, value in os.environ.items() if not key.startswith(("UNETKIT_", "PYTEST_"))}
    known |= {"PYTHONPATH": str(ROOT)} | environment
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=known, check=False)


@pytest.mark.parametrize("order", ["1", "2"])
def test_another_process_draws_the_same_examples(order: str) -> None:
    """With another order of sets, and other modules imported before."""
    if TIMES > 1:
        return  # `make test-long` draws new ones
    assert python("-c", ELSEWHERE, PYTHONHASHSEED=order).stdout.strip() == drawn()


def test_a_skipped_test_fails_where_none_may_be_and_the_end_says_how_to_repeat_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(FILE)
    call = ("-m", "pytest", "-p", "tests.conftest", "--rootdir", tmp_path, tmp_path / "test_it.py")
    usual = python(*call)
    assert usual.returncode == 0 and "1 skipped, 1 xfailed" in usual.stdout
    strict = python(*call, UNETKIT_NO_SKIPS="1", UNETKIT_TIMES="10", UNETKIT_SEED="5")
    assert strict.returncode == 1 and "nothing may be skipped here: Skipped: there is no abacus" in strict.stdout
    assert "1 failed, 1 xfailed" in strict.stdout.splitlines()[-1]
    assert strict.stdout.count("make test-long SEED=5") == 2, "at the beginning and at the end"
