"""Writes study files for tests."""

from __future__ import annotations

from pathlib import Path

from unetkit.study import Study, load_study

BASE = """\
unetkit: 1
base:
  unetkit: 1
  name: tiny
  in_channels: 1
  out_channels: 2
  channels: {base: 8, levels: 3}
training: {steps: 10, batch: 2, patch: 32}
seeds: 6
"""


def study_file(folder: Path, text: str, *, head: str = BASE) -> Path:
    """Returns a study file that begins with a small base."""
    path = folder / "study.yaml"
    path.write_text(head + text, encoding="utf-8")
    return path


def study(folder: Path, text: str, *overrides: str, head: str = BASE) -> Study:
    """Returns the study in a text that follows a small base."""
    return load_study(study_file(folder, text, head=head), overrides)


def names(of: Study) -> list[str]:
    """Returns the names of the arms."""
    return [arm.name for arm in of.arms]
