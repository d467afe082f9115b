"""Limits of this process by control groups, as in containers and batch systems (Linux, version 1 and 2).

See cgroups(7), proc_pid_mountinfo(5), and the kernel's documentation of the files memory.* and cpu.*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def memory_left(root: Path = ROOT) -> Iterator[int]:
    """The free bytes of each group with a limit; files are read below `root`.

    Cached files without recent use count as free: the kernel drops them when memory is short.
    """
    for group in _groups("memory", root):
        for limit_file, usage_file, cache_key in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit, usage = _number(_read(group / limit_file)), _number(_read(group / usage_file))
            if limit is not None and usage is not None:
                cached = re.search(rf"^{cache_key} (\d+)$", _read(group / "memory.stat"), re.M)
                yield max(0, limit - usage + (int(cached[1]) if cached else 0))


def cpu_quotas(root: Path = ROOT) -> Iterator[float]:
    """The number of processors that each group with a quota may use; files are read below `root`."""
    for group in _groups("cpu", root):
        quota, _, period = _read(group / "cpu.max").partition(" ")
        if not period:
            quota, period = _read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us")
        allowed, length = _number(quota), _number(period)
        if allowed is not None and length:
            yield allowed / length


def _groups(controller: str, root: Path = ROOT) -> Iterator[Path]:
    """The folders of this process's group and of its ancestors, whose limits apply too.

    A container may see only a part of the tree, given by its mount.
    """
    own = dict(_memberships(root))
    for line in _read(root / "proc/self/mountinfo").splitlines():
        mount, _, system = line.partition(" - ")
        kind, _, options = system.partition(" ")
        version_1 = kind == "cgroup" and controller in options.split(" ")[-1].split(",")
        path = own.get(controller if version_1 else "") if version_1 or kind == "cgroup2" else None
        if path is None:
            continue
        visible, point = (_unescape(field) for field in mount.split(" ")[3:5])
        top = root / point.lstrip("/")
        yield from (top / inner for inner in _ancestors(path, visible))


def _memberships(root: Path) -> Iterator[tuple[str, str]]:
    """Each controller with the path of this process's group; "" stands for version 2."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _ancestors(path: str, visible: str) -> Iterator[str]:
    """The path of a group within a mount of the tree below `visible`, and those of its ancestors.

    >>> list(_ancestors("/jobs/7", "/")), list(_ancestors("/docker/3", "/docker/3")), list(_ancestors("/../x", "/"))
    (['jobs/7', 'jobs', ''], [''], [''])
    """
    parts, hidden = ([part for part in text.split("/") if part] for text in (path, visible))
    inner = parts[len(hidden) :] if parts[: len(hidden)] == hidden and ".." not in parts else []
    for count in range(len(inner), -1, -1):
        yield "/".join(inner[:count])


def _unescape(field: str) -> str:
    r"""A field of mountinfo with its octal escapes of blanks decoded.

    >>> _unescape(r"/sys/fs/my\040groups")
    '/sys/fs/my groups'
    """
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


def _read(file: Path) -> str:
    """The text of a file; "" if it cannot be read."""
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _number(text: str) -> int | None:
    """A limit; None for no limit, which is written as "max" or as -1."""
    return int(text) if text.isdecimal() else None
