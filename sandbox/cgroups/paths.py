"""Where this process stands in the control groups: read from two files of /proc, pure."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OwnGroups:
    """Folders of this process's groups; those that no mount shows are left out."""

    v2: Path | None
    v1: dict[str, Path]
    """By controller."""


def own_groups(cgroup: str, mountinfo: str) -> OwnGroups:
    """Parse `/proc/self/cgroup` and `/proc/self/mountinfo`."""
    v2: Path | None = None
    v1: dict[str, Path] = {}
    mounts = _mounts(mountinfo)
    for line in cgroup.splitlines():
        _, names, path = line.split(":", 2)
        if not names:
            v2 = _visible(path, mounts.get("cgroup2", []))
            continue
        for name in names.split(","):
            if (folder := _visible(path, mounts.get(name, []))) is not None:
                v1[name] = folder
    return OwnGroups(v2, v1)


def _mounts(mountinfo: str) -> dict[str, list[tuple[str, str]]]:
    """(Root within the hierarchy, mount point) of each mount, by v1 controller or "cgroup2"."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields, (kind, _, options) = left.split(" "), right.split(" ", 2)
        names = {"cgroup2": ["cgroup2"], "cgroup": options.split(",")}.get(kind, [])
        for name in names:
            found.setdefault(name, []).append((_unescaped(fields[3]), _unescaped(fields[4])))
    return found


def _unescaped(text: str) -> str:
    """Blanks and backslashes stand there as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _visible(path: str, mounts: list[tuple[str, str]]) -> Path | None:
    """Return the folder of a group; None where each mount shows another part of the hierarchy."""
    if path.startswith("/.."):  # outside our control group namespace
        return None
    for root, point in mounts:
        if root == "/":
            return Path(point + path)
        if path == root or path.startswith(root + "/"):
            return Path(point + path[len(root) :])
    return None
