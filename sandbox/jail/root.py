"""The jail's file system: a read-only tmpfs with /usr, the interpreter and three devices."""

# pathlib would be the heaviest import of the jail.
# ruff: noqa: PTH102, PTH112, PTH114, PTH115, PTH211

import os
from collections.abc import Callable

from sandbox.jail.kernel import MS_BIND, MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_REC, Kernel

PYTHON = "/python"
"""Where an interpreter that lies outside /usr appears."""

DEVICES = ("null", "zero", "urandom")
_LINKS = ("bin", "sbin", "lib", "lib32", "lib64")
_STAGE = "/tmp"  # noqa: S108 - any folder will do: the mount is in a namespace of our own


def enter(
    kernel: Kernel,
    interpreter_prefix: str,
    devices: tuple[str, ...] = DEVICES,
    furnish: Callable[[str], None] | None = None,
) -> None:
    """Build the root and move into it. Needs a mount namespace of our own.

    `furnish` adds to the folder that it is given, while that can still be written.
    """
    kernel.mount("none", "/", None, MS_REC | MS_PRIVATE)
    outside = not interpreter_prefix.startswith("/usr")
    source = os.open(interpreter_prefix, os.O_PATH | os.O_DIRECTORY)
    kernel.mount("tmpfs", _STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,nr_inodes=64,mode=755")
    bind(kernel, "/usr", _STAGE + "/usr")
    if outside:
        bind(kernel, f"/proc/self/fd/{source}", _STAGE + PYTHON)
    os.close(source)
    for name in _LINKS:
        _link(kernel, name)
    os.mkdir(_STAGE + "/dev")
    for name in devices:
        os.close(os.open(f"{_STAGE}/dev/{name}", os.O_CREAT | os.O_WRONLY))
        kernel.mount(f"/dev/{name}", f"{_STAGE}/dev/{name}", None, MS_BIND)
    if furnish is not None:
        furnish(_STAGE)
    kernel.make_read_only(_STAGE)
    kernel.enter_root(_STAGE)


def visible(interpreter_prefix: str) -> tuple[list[str], list[str]]:
    """Return the folders and the devices of the host that this root shows."""
    folders = ["/usr", *(f"/{name}" for name in _LINKS if os.path.isdir(f"/{name}"))]
    if not interpreter_prefix.startswith("/usr"):
        folders.append(interpreter_prefix)
    return folders, [f"/dev/{name}" for name in DEVICES]


def bind(kernel: Kernel, source: str, target: str) -> None:
    """Make a folder of the host appear as a new one."""
    os.mkdir(target)
    kernel.mount(source, target, None, MS_BIND | MS_REC)


def _link(kernel: Kernel, name: str) -> None:
    """/lib and its like: a link on a host that merged them into /usr, else the folder itself."""
    path = "/" + name
    if os.path.islink(path):
        os.symlink(os.readlink(path), f"{_STAGE}/{name}")
    elif os.path.isdir(path):
        bind(kernel, path, f"{_STAGE}/{name}")
