"""What the README shows a newcomer runs as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import unetkit
from unetkit.cli.app import app
from unetkit.language import load
from unetkit.planning import plan

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def fenced(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_spec_in_the_readme_is_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "unet-2015.yaml"
    file.write_text(fenced("yaml")[0], encoding="utf-8")
    assert plan(load(file)).digest == plan(load("unet-2015")).digest
    assert plan(load(file)).parameters == 31_030_658


def test_the_python_in_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {"__name__": "readme"}
    for code in fenced("python"):
        exec(compile(code, "README.md", "exec"), space)  # noqa: S102 - our own text
    printed = capsys.readouterr().out
    assert "torch.cat" in printed
    assert "Nearest sizes that do: 248, 252" in printed
    assert isinstance(space["spec"], unetkit.Spec)


@pytest.mark.parametrize("line", [line for line in fenced("sh")[1].splitlines() if line.startswith("unetkit ")])
def test_the_commands_in_the_readme_run(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(fenced("yaml")[0], encoding="utf-8")
    words = shlex.split(line, comments=True)[1:]
    if words[0] == "new":
        words[1] = "another.yaml"
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
