"""Every engine gives the results of the default one, started as docs/studies.md says."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.chaos import ROOT, processes
from tests.stub_study import main, results, write_study
from unetkit.study.engines import ENGINES, PACKAGES, Place, open_engine
from unetkit.study.home import Home
from unetkit.study.results import StudyError

PORT = "8786"
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the default engine has done a study of four runs."""
    made = tmp_path_factory.mktemp("engines")
    write_study(made, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        main(made, 1, 2)
    return made


def done(folder: Path, engine: str, *address: str) -> dict[str, str]:
    """Returns the results of an engine, which has a process of its own: engines leave threads and settings behind."""
    command = [sys.executable, "-m", "tests.stub_study", str(folder), "1", "2", engine, *address]
    subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True, timeout=300)
    return results(Home(folder / engine))


def environment() -> dict[str, str]:
    """Returns variables with which the stub is found, wherever an engine begins it."""
    import os

    return os.environ | {"PYTHONPATH": str(ROOT)}


def documented(start: str) -> list[str]:
    """Returns the command in the documentation that begins so."""
    lines = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(start)).split()


@contextmanager
def dask_by_hand(port: str) -> Iterator[str]:
    """Gives the address of a scheduler with workers, started as the documentation says, on another port."""
    with ExitStack() as stack:
        for start in ("dask scheduler", "dask worker"):
            command = [word.replace(PORT, port) for word in documented(start)]
            command[0] = str(BIN / command[0])
            process = stack.enter_context(
                subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            stack.callback(process.terminate)
        yield documented("unetkit study run STUDY --engine dask --address")[-1].replace(PORT, port)


@pytest.mark.parametrize("engine", ["dask", "submitit", "ray"])
def test_an_engine_gives_the_results_of_the_default_one(engine: str, folder: Path) -> None:
    if find_spec(PACKAGES[engine]) is None:
        pytest.skip(f"{engine} is not installed")
    assert done(folder, engine) == results(Home(folder / "local"))
    assert processes(folder / engine) == []


@pytest.mark.skipif(find_spec("distributed") is None, reason="dask is not installed")
def test_dask_workers_started_by_hand_give_the_results_of_the_default_engine(folder: Path, tmp_path: Path) -> None:
    write_study(tmp_path, 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with dask_by_hand(port) as address:
        assert done(tmp_path, "dask", address) == results(Home(folder / "local"))


def test_engines_that_are_not_there_are_told() -> None:
    with pytest.raises(StudyError, match="there is no engine 'slurm'\n.*Known: local, dask, submitit, ray"):
        open_engine("slurm", Place(1, Path()))
    with pytest.raises(StudyError, match="the local engine has no address"):
        open_engine("local", Place(1, Path(), "tcp://127.0.0.1:1"))


def test_an_engine_whose_package_is_missing_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unetkit.study.engines.find_spec", lambda name: None)
    with pytest.raises(StudyError, match=r"needs the package submitit\n.*pip install 'unetkit\[slurm\]'"):
        open_engine("submitit", Place(1, Path()))


def test_the_documentation_names_every_engine() -> None:
    text = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    assert all(f"--engine {engine}" in text for engine in ENGINES if engine != "local")
