"""Limits that control groups set to this process, as containers and batch systems use them (Linux, version 1 and 2).

See cgroups(7), proc_pid_mountinfo(5), and the kernel's documentation of the files memory.* and cpu.*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def memory_left(root: Path = ROOT) -> Iterator[int]:
    """Yields for each group with a limit the bytes that its processes can still get; files in `root`.

    Cached files that were not used lately count as free: the kernel drops them when memory is short.
    """
    for group in groups("memory", root):
        for limit_file, usage_file, cache_key in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit, usage = number(read(group / limit_file)), number(read(group / usage_file))
            if limit is not None and usage is not None:
                cached = re.search(rf"^{cache_key} (\d+)$", read(group / "memory.stat"), re.M)
                yield max(0, limit - usage + (int(cached[1]) if cached else 0))


def cpu_quotas(root: Path = ROOT) -> Iterator[float]:
    """Yields for each group with a quota how many processors its processes can keep busy; files in `root`."""
    for group in groups("cpu", root):
        quota, _, period = read(group / "cpu.max").partition(" ")
        if not period:
            quota, period = read(group / "cpu.cfs_quota_us"), read(group / "cpu.cfs_period_us")
        allowed, length = number(quota), number(period)
        if allowed is not None and length:
            yield allowed / length


def groups(controller: str, root: Path = ROOT) -> Iterator[Path]:
    """Yields the folder of this process's group, and those of the groups around it: their limits hold too.

    A container may see only a part of the tree: its mount says which.
    """
    own = dict(memberships(root))
    for line in read(root / "proc/self/mountinfo").splitlines():
        mount, _, system = line.partition(" - ")
        kind, _, options = system.partition(" ")
        version_1 = kind == "cgroup" and controller in options.split(" ")[-1].split(",")
        path = own.get(controller if version_1 else "") if version_1 or kind == "cgroup2" else None
        if path is None:
            continue
        visible, point = (unescaped(field) for field in mount.split(" ")[3:5])
        top = root / point.lstrip("/")
        yield from (top / inner for inner in ancestors(path, visible))


def memberships(root: Path) -> Iterator[tuple[str, str]]:
    """Yields each controller with the path of the group that this process belongs to; "" stands for version 2."""
    for line in read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def ancestors(path: str, visible: str) -> Iterator[str]:
    """Yields the path of a group within a mount that shows the tree from `visible` on, and those of its ancestors.

    >>> list(ancestors("/jobs/7", "/")), list(ancestors("/docker/3", "/docker/3")), list(ancestors("/../x", "/"))
    (['jobs/7', 'jobs', ''], [''], [''])
    """
    parts, hidden = ([part for part in each.split("/") if part] for each in (path, visible))
    inner = parts[len(hidden) :] if parts[: len(hidden)] == hidden and ".." not in parts else []
    for count in range(len(inner), -1, -1):
        yield "/".join(inner[:count])


def unescaped(field: str) -> str:
    r"""Returns a field of mountinfo, in which blanks are written as octal numbers.

    >>> unescaped(r"/sys/fs/my\040groups")
    '/sys/fs/my groups'
    """
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


def read(file: Path) -> str:
    """Returns the text of a file; "" where it cannot be read."""
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def number(text: str) -> int | None:
    """Returns a limit; None where there is none, which is written as "max" or as -1."""
    return int(text) if text.isdecimal() else None
