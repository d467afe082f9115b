"""The built-in engines, which execute runs on this machine or on a cluster, and the opening of any engine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib.util import find_spec
from time import monotonic, sleep
from typing import Any, TypeVar, cast

from unetkit import registry
from unetkit.engine import Engine, EngineOptions
from unetkit.errors import Fault
from unetkit.host import available_memory, num_cores
from unetkit.study.results.results import StudyError
from unetkit.study.runs.process import quickest
from unetkit.study.runs.task import PROCESSES
from unetkit.study.study import MANY, Study
from unetkit.wording import listed

T = TypeVar("T")
_OWN = 600_000_000
"""Memory in bytes of a process that has imported torch and Lightning, before it trains."""
PATIENCE = 20.0
"""Seconds that a cluster may take to answer."""


class Local(Engine):
    """On this machine: one thread for each process, on Linux forked from a server that has imported what runs need.

    Processes that still run when the context is left are ended.
    """

    takes_address = False

    @contextmanager
    def open(self, options: EngineOptions) -> Iterator[Executor]:
        PROCESSES.allow(quickest())
        with ThreadPoolExecutor(options.at_once, "run") as executor:
            try:
                yield executor
            finally:
                PROCESSES.stop()


class Dask(Engine):
    """On the workers of a Dask scheduler, or on a local cluster."""

    package = "distributed"
    extra = "dask"

    @contextmanager
    def open(self, options: EngineOptions) -> Iterator[Executor]:
        import distributed

        opened: Any = distributed  # its classes are not annotated
        with ExitStack() as stack:
            where: Any = options.address
            if where is None:
                own = {"n_workers": options.at_once, "threads_per_worker": 1, "dashboard_address": None}
                where = stack.enter_context(opened.LocalCluster(**own, local_directory=str(options.folder / "jobs")))
            with _reaching("Dask scheduler", options.address, "Is it running?"):
                client = stack.enter_context(opened.Client(where, timeout=PATIENCE))
            executor: Executor = client.get_executor(pure=False, retries=3)
            yield executor


@contextmanager
def _reaching(what: str, address: str | None, cure: str, error: type[Exception] = OSError) -> Iterator[None]:
    """Raises StudyError where nothing answers at an address."""
    try:
        yield
    except (OSError, ValueError, error) as reason:
        if address is None:
            raise
        raise StudyError(Fault("no-engine", f"no {what} answers at {address}", "--address", cure)) from reason


def _wait_for(address: str) -> None:
    """Waits until something listens at `HOST:PORT`; raises OSError otherwise. Ray itself would wait for minutes."""
    host, _, port = address.rpartition(":")
    if not port.isdigit():  # "auto", for instance
        return
    until = monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((host.rpartition("/")[2], int(port)), timeout=PATIENCE).close()
        except OSError:
            if monotonic() > until:
                raise
            sleep(0.2)
        else:
            return


class WaitingPool(ThreadPoolExecutor):
    """A pool of threads, each of which passes a task to an engine and waits for its result."""

    def __init__(self, at_once: int, hand: Callable[..., Any]) -> None:
        super().__init__(at_once, "job")
        self.hand = hand

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Passes a call to the engine."""
        return super().submit(self.hand, fn, *args, **kwargs)


class Submitit(Engine):
    """As Slurm jobs where Slurm is available, else with submitit's local executor. `address` selects one of them."""

    package = "submitit"
    extra = "slurm"
    on_cluster = True

    @contextmanager
    def open(self, options: EngineOptions) -> Iterator[Executor]:
        from submitit import AutoExecutor

        jobs: list[Any] = []
        made = AutoExecutor(folder=options.folder / "jobs", cluster=options.address)
        made.update_parameters(cpus_per_task=1, tasks_per_node=1, timeout_min=60 * 24 * 7, name="unetkit")

        def hand(function: Callable[..., T], *arguments: Any) -> T:
            job = made.submit(function, *arguments)
            jobs.append(job)
            result: T = job.result()
            return result

        with WaitingPool(options.at_once, hand) as executor:
            try:
                yield executor
            finally:
                for job in jobs:
                    if not job.done():
                        job.cancel()


class Ray(Engine):
    """On a Ray cluster, or on a local one."""

    package = "ray"
    extra = "ray"

    @contextmanager
    def open(self, options: EngineOptions) -> Iterator[Executor]:
        import ray as engine

        own = (
            {"address": "local", "num_cpus": options.at_once, "include_dashboard": False}
            if options.address is None
            else {"address": options.address}
        )
        cure = "Is it running, and are RAY_AUTH_MODE and the token here what they are there?"
        with _reaching("Ray cluster", options.address, cure, engine.exceptions.RayError):
            _wait_for(options.address or "")
            engine.init(**own, log_to_driver=False, configure_logging=False)
        try:
            remote = engine.remote(num_cpus=1, max_retries=3)(call)
            with WaitingPool(options.at_once, lambda *task: engine.get(remote.remote(*task))) as executor:
                yield executor
        finally:
            engine.shutdown()


def call(function: Callable[..., T], *arguments: Any) -> T:
    """Calls a function; Ray finds this one by its name."""
    return function(*arguments)


def find_engine(name: str) -> Engine:
    """An engine by its name; raises UnetkitError where there is none, or it cannot be chosen by its name alone."""
    kind = cast("type[Engine]", registry.find("engine", name))
    required = [key for key, field in kind.model_fields.items() if field.is_required()]
    if required:
        message = f"the engine {name} needs {listed(required)}, which no command gives"
        raise StudyError(Fault("block-class", message, cure="Give all its fields defaults."))
    return kind()


def open_engine(name: str, options: EngineOptions) -> AbstractContextManager[Executor]:
    """An engine as a context; raises UnetkitError where it is unknown or its package is missing."""
    engine = find_engine(name)
    if options.address is not None and not engine.takes_address:
        fault = Fault("no-effect", f"the {name} engine has no address", cure="Leave --address out, or choose --engine.")
        raise StudyError(fault)
    if engine.package and find_spec(engine.package) is None:
        what = f"'unetkit[{engine.extra}]'" if engine.extra else engine.package
        message = f"the engine {name} needs the package {engine.package}"
        raise StudyError(Fault("engine-missing", message, cure=f"Install it: pip install {what}."))
    return engine.open(options)


def default_at_once(study: Study) -> int:
    """The number of runs at once on this machine: one per core, as far as free memory allows."""
    arms = study.planned if len(study.planned) <= MANY else study.planned[:1]
    most = max((arm.memory() for arm in arms), default=0) + _OWN
    return max(1, min(num_cores(), available_memory() // most))
