"""How much memory this process may still take."""

from __future__ import annotations

from pathlib import Path


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes: what the host has left or a container's limit, whichever is less; None if unknown.

    Args:
        root: where `proc` and `sys` are.
    """
    found = [limit for limit in (_left(root), *_limits(root)) if limit is not None]
    return min(found, default=None)


def memory_limit(root: Path = Path("/")) -> int | None:
    """The container's, in bytes; None where it has none."""
    return min(_limits(root), default=None)


def _left(root: Path) -> int | None:
    for line in _read(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) << 10
    return None


def _limits(root: Path) -> list[int]:
    """Of the process's own cgroup and those above it, version 1 and 2."""
    groups = root / "sys/fs/cgroup"
    found = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, kinds, path = line.split(":", 2)
        if kinds not in ("", "memory"):
            continue
        file = "memory.limit_in_bytes" if kinds else "memory.max"
        below = Path(path.lstrip("/"))
        for group in (below, *below.parents):  # a container often sees its own as the topmost
            found.append(_read(groups / kinds / group / file).strip())
    return [int(limit) for limit in found if limit.isdigit()]  # "max" is none


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
