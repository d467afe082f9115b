"""The machine: limits of control groups, locks between processes, and what psutil says of this process."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from unetkit.host import (
    Locked,
    available_memory,
    exclusive_lock,
    is_locked,
    kill_session,
    num_cores,
    process_exists,
    resident_memory,
)
from unetkit.host.cgroups import cpu_quotas, memory_left

UNIFIED = "35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
MEMORY = "35 31 0:32 {} /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
CPU = "36 31 0:33 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"


def files(root: Path, contents: dict[str, str]) -> Path:
    """Writes files below a folder, and returns it."""
    for name, text in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def version_2(group: str) -> dict[str, str]:
    """Returns what a machine with cgroup version 2 shows to a process in a group."""
    return {"proc/self/mountinfo": UNIFIED, "proc/self/cgroup": f"0::{group}\n"}


def version_1(group: str, visible: str = "/") -> dict[str, str]:
    """Returns what a machine with cgroup version 1 shows to a process in a group of a container."""
    groups = f"9:name=systemd:/\n4:memory:{group}\n1:cpu,cpuacct:{group}\n0::/\n"
    return {"proc/self/mountinfo": MEMORY.format(visible) + CPU, "proc/self/cgroup": groups}


def test_a_limit_of_version_2_leaves_what_is_not_used_and_old_cache(tmp_path: Path) -> None:
    own = {"memory.max": "1000\n", "memory.current": "700\n", "memory.stat": "anon 500\ninactive_file 150\nfile 200\n"}
    root = files(tmp_path, version_2("/job") | {f"sys/fs/cgroup/job/{name}": text for name, text in own.items()})
    assert list(memory_left(root)) == [450]


def test_limits_of_the_groups_around_count_too(tmp_path: Path) -> None:
    limits = {"a/b": ("max", "5"), "a": ("90", "40"), "": ("300", "100")}
    values = {
        f"sys/fs/cgroup/{group}/{name}": text
        for group, pair in limits.items()
        for name, text in zip(("memory.max", "memory.current"), pair, strict=True)
    }
    assert list(memory_left(files(tmp_path, version_2("/a/b") | values))) == [50, 200]


def test_more_used_than_allowed_leaves_nothing(tmp_path: Path) -> None:
    values = {"sys/fs/cgroup/memory.max": "10", "sys/fs/cgroup/memory.current": "12"}
    assert list(memory_left(files(tmp_path, version_2("/") | values))) == [0]


@pytest.mark.parametrize(
    ("group", "visible", "place"),
    [
        ("/docker/3", "/docker/3", ""),  # the container sees its own group alone
        ("/docker/3", "/", "docker/3/"),
        ("/../other", "/", ""),  # the mount shows nothing of the group
    ],
)
def test_a_limit_of_version_1_is_found_where_the_mount_shows_it(
    group: str, visible: str, place: str, tmp_path: Path
) -> None:
    own = {"limit_in_bytes": "1000", "usage_in_bytes": "400", "stat": "inactive_file 9\ntotal_inactive_file 100\n"}
    at = f"sys/fs/cgroup/memory/{place}memory."
    root = files(tmp_path, version_1(group, visible) | {f"{at}{name}": text for name, text in own.items()})
    assert list(memory_left(root)) == [700]


def test_quotas_of_both_versions_are_counted_in_processors(tmp_path: Path) -> None:
    two = version_2("/job") | {"sys/fs/cgroup/job/cpu.max": "150000 100000\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}
    assert list(cpu_quotas(files(tmp_path / "two", two))) == [1.5]
    at = "sys/fs/cgroup/cpu,cpuacct/"
    one = version_1("/job") | {
        f"{at}job/cpu.cfs_quota_us": "400000",
        f"{at}job/cpu.cfs_period_us": "100000",
        f"{at}cpu.cfs_quota_us": "-1",
        f"{at}cpu.cfs_period_us": "100000",
    }
    assert list(cpu_quotas(files(tmp_path / "one", one))) == [4.0]


@pytest.mark.parametrize("name", ["proc/self/cgroup", "proc/self/mountinfo", "sys/fs/cgroup/memory.max"])
def test_what_is_missing_sets_no_limit(name: str, tmp_path: Path) -> None:
    values = version_2("/") | {"sys/fs/cgroup/memory.max": "10", "sys/fs/cgroup/memory.current": "1"}
    root = files(tmp_path, values)
    (root / name).unlink()
    assert list(memory_left(root)) == []


def test_the_least_of_machine_and_groups_is_available(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = available_memory()
    assert whole > 0 and num_cores() >= 1
    monkeypatch.setattr("unetkit.host.memory.memory_left", lambda: iter([12345, 99999]))
    assert available_memory() == 12345
    for quotas, expected in (([0.5], 1), ([1.5], 1), ([10_000.0], num_cores())):
        monkeypatch.setattr("unetkit.host.processors.cpu_quotas", lambda quotas=quotas: iter(quotas))
        assert num_cores() == expected


def test_resident_memory_grows_by_what_is_touched() -> None:
    before, size = resident_memory(), 64_000_000
    with mmap.mmap(-1, size) as kept:  # new pages: malloc may hand out memory that was touched before
        for start in range(0, size, mmap.PAGESIZE):
            kept[start] = 1
        assert resident_memory() - before > size // 2


# --- locks and processes --------------------------------------------------------------------------------------------

HOLD = """
import sys
from pathlib import Path
from unetkit.host import exclusive_lock
with exclusive_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a lock until it is killed."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_is_held_by_one_process_and_released_when_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with holder(path) as other:
        assert is_locked(path)
        with pytest.raises(Locked), exclusive_lock(path):
            pass
        other.send_signal(signal.SIGKILL)
        other.wait()
        with exclusive_lock(path):
            assert is_locked(path)
    assert not is_locked(path)


def test_a_process_that_was_forked_does_not_keep_the_lock(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with exclusive_lock(path):
        if not (child := os.fork()):
            os._exit(0)
        os.waitpid(child, 0)
        assert is_locked(path)  # nor does its end release it
    assert not is_locked(path)


def test_looking_at_a_lock_makes_no_file_and_follows_no_link(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        is_locked(tmp_path / ".lock")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "precious").write_text("precious")
    (tmp_path / ".lock").symlink_to("precious")
    with pytest.raises(OSError):
        is_locked(tmp_path / ".lock")
    with pytest.raises(OSError), exclusive_lock(tmp_path / ".lock"):
        pass
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_process_exists_until_it_ends() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process_exists(process.pid)
    process.communicate(b"\n")
    assert not process_exists(process.pid) and not process_exists(10**30)


WITH = """
import sys, time
from unetkit.host import die_with, processes
processes.LINUX = sys.argv[2] == "kernel"
die_with(int(sys.argv[1]))
print("ready", flush=True)
time.sleep(600)
"""
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid()), sys.argv[2]], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""


def ends(process: psutil.Process) -> bool:
    """Returns whether a process ends within a minute; nobody may have reaped it."""
    until = time.monotonic() + 60
    with suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
    return True


@pytest.mark.parametrize("way", ["kernel", "thread"])
def test_a_process_dies_with_its_parent(way: str) -> None:
    command = [sys.executable, "-c", PARENT, WITH, way]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert ends(child)


@pytest.mark.parametrize("way", ["session", "descendants"])
def test_a_session_is_killed_with_those_that_it_began(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "descendants":
        monkeypatch.delattr(os, "killpg")  # as on Windows
    command = [sys.executable, "-c", PARENT, "print(1, flush=True); input()", ""]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as leader:
        assert leader.stdout is not None
        child = psutil.Process(int(leader.stdout.readline()))
        kill_session(leader.pid)
        assert leader.wait() == -signal.SIGKILL
        kill_session(leader.pid)
    assert ends(child)
