"""A study of real trainings on every engine, begun with the commands of docs/studies.md, gives the same results."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.plugins.sites import distribution
from tests.study.runs.chaos import ROOT, processes
from tests.study.runs.stub_study import Stub, do, results, write_study
from unetkit import registry
from unetkit.engine import EngineOptions
from unetkit.errors import BlockError
from unetkit.study import RunOptions, load_study
from unetkit.study.execution import settings_of
from unetkit.study.results.results import StudyError
from unetkit.study.runs.engines import find_engine, open_engine
from unetkit.study.runs.study_folder import StudyFolder

BIN = Path(sys.executable).parent
STUDY = """\
unetkit: 1
name: tiny
base: {extends: unet-small, name: tiny, channels: [4, 8]}
data: {dataset: mni}
training: {batch: 2, patch: 32, logger: []}
budget: {steps: 4}
seeds: 1
"""
SERVERS = {
    "unetkit study run STUDY --engine dask --address tcp://127.0.0.1:8786": ("8786", ("dask scheduler", "dask worker")),
    "unetkit study run STUDY --engine ray --address 127.0.0.1:6379": ("6379", ("ray start",)),
}
"""What runs beside a command, and the port that it has there."""


def documented(start: str) -> list[str]:
    """Returns the commands in the documentation that begin so."""
    lines = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith(start)]


COMMANDS = documented("unetkit study run STUDY --engine")


def words(command: str) -> list[str]:
    """Returns a command of the documentation with its program from where this Python has it."""
    program, *arguments = command.split()
    return [str(BIN / program), *arguments]


@contextmanager
def served(command: str, folder: Path) -> Iterator[str]:
    """Gives a command, on a port that is free, while what it asks to run first does."""
    port, servers = SERVERS.get(command, ("", ()))
    with ExitStack() as stack, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        own = str(free.getsockname()[1])
        free.close()
        for once in documented("ray get-auth-token") if "ray start" in servers else ():
            subprocess.run(
                words(once), cwd=folder, env=surroundings(folder), capture_output=True, check=True, timeout=60
            )
        for start in servers:
            server = words(documented(start)[0].replace(port, own))
            with (folder / "server.txt").open("ab") as log:
                process = subprocess.Popen(
                    server, cwd=folder, env=surroundings(folder), stdout=log, stderr=log, start_new_session=True
                )
            stack.callback(end, process)
        yield command.replace(port, own) if port else command


def end(server: subprocess.Popen[bytes]) -> None:
    """Ends a server and its processes; one of Ray does not always end when it is told to."""
    server.terminate()
    with suppress(subprocess.TimeoutExpired):
        server.wait(30)
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait(30)


def surroundings(folder: Path) -> dict[str, str]:
    """Returns the environment of commands: what the documentation exports, and a home where Ray leaves its token."""
    exported = dict(line.removeprefix("export ").split("=") for line in documented("export "))
    return os.environ | exported | {"HOME": str(folder), "RAY_worker_niceness": "0"}


def done(command: str, folder: Path) -> dict[str, str]:
    """Returns the results of a study that a command runs in a folder."""
    (folder / "tiny.yaml").write_text(STUDY)
    said = words(command.replace("STUDY", "tiny.yaml"))
    ended = subprocess.run(said, cwd=folder, env=surroundings(folder), capture_output=True, text=True, timeout=400)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return results(StudyFolder(folder / "studies" / "tiny"))


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The results of the default engine."""
    return done("unetkit study run STUDY --at-once 1", tmp_path_factory.mktemp("local"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_documented_command_gives_the_results_of_the_default_engine(
    command: str, wanted: dict[str, str], tmp_path: Path
) -> None:
    engine = command.split("--engine ")[1].split()[0]
    if find_spec(find_engine(engine).package) is None:
        pytest.skip(f"{engine} is not installed")
    with served(command, tmp_path) as ready:
        assert done(ready, tmp_path) == wanted
    assert len(wanted) == 1
    assert processes(tmp_path) == []


@pytest.mark.parametrize(("engine", "address"), [("dask", "tcp://127.0.0.1:1"), ("dask", "hi"), ("ray", "127.0.0.1:1")])
def test_an_address_where_nothing_answers_is_told(
    engine: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_spec(find_engine(engine).package) is None:
        pytest.skip(f"{engine} is not installed")
    monkeypatch.setattr("unetkit.study.runs.engines.PATIENCE", 1.0)
    with pytest.raises(StudyError, match=f"--address: no .* answers at {address}\n.*Is it running"):
        open_engine(engine, EngineOptions(1, tmp_path, address)).__enter__()


def test_engines_that_are_not_there_are_told() -> None:
    with pytest.raises(BlockError, match="no engine is called 'slurm'\n.*Known: dask, local, ray, submitit"):
        open_engine("slurm", EngineOptions(1, Path()))
    with pytest.raises(StudyError, match="the local engine has no address"):
        open_engine("local", EngineOptions(1, Path(), "tcp://127.0.0.1:1"))


def test_an_engine_whose_package_is_missing_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unetkit.study.runs.engines.find_spec", lambda name: None)
    with pytest.raises(StudyError, match=r"needs the package submitit\n.*pip install 'unetkit\[slurm\]'"):
        open_engine("submitit", EngineOptions(1, Path()))


def test_the_documentation_names_every_engine() -> None:
    assert {command.split("--engine ")[1].split()[0] for command in COMMANDS} == {*registry.BUILT_IN["engine"]} - {
        "local"
    }


PLUGIN = """
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from unetkit.plugin import Engine, EngineOptions


class Threads(Engine):
    \"\"\"Waits for each run in a thread.\"\"\"

    takes_address = False

    @contextmanager
    def open(self, options: EngineOptions) -> Iterator[Executor]:
        with ThreadPoolExecutor(options.at_once) as executor:
            yield executor


class Needy(Threads):
    queue: str


class Absent(Threads):
    package = "acme_scheduler"
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution with three engines."""
    points = {"engines/threads": "acme:Threads", "engines/needy": "acme:Needy", "engines/absent": "acme:Absent"}
    distribution(tmp_path / "site", "acme", points, PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    registry.forget()
    yield
    monkeypatch.undo()
    registry.forget()


@pytest.mark.usefixtures("acme")
def test_an_engine_of_a_plugin_executes_the_runs_of_a_study(tmp_path: Path) -> None:
    study = load_study(write_study(tmp_path, 1))
    folder = StudyFolder(tmp_path / "out")
    told = do(study, folder, Stub(steps=1), engine="threads")
    assert sorted(results(folder)) == sorted(told.order) == sorted(run.id for run in study.runs)
    assert find_engine("acme/threads") == find_engine("threads")
    settings = settings_of(study, RunOptions("threads"))
    assert settings.memory is not None and settings.at_once < 16


@pytest.mark.usefixtures("acme")
def test_an_engine_of_a_plugin_that_cannot_be_opened_is_told() -> None:
    with pytest.raises(StudyError, match="the threads engine has no address"):
        open_engine("threads", EngineOptions(1, Path(), "host"))
    with pytest.raises(StudyError, match="the engine needy needs queue, which no command gives"):
        find_engine("needy")
    with pytest.raises(StudyError, match="needs the package acme_scheduler\n.*pip install acme_scheduler"):
        open_engine("absent", EngineOptions(1, Path()))
