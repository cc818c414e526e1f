"""One interpreter a program inside bubblewrap: namespaces of its own, the host's /usr read-only."""

import os
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.peers import Job
from benchmarks.peers.plain import succeeds

INSTALL = "apt-get install bubblewrap"
_LINKS = ("bin", "lib", "lib64", "sbin")


def present() -> bool:
    """Whether it is here."""
    return shutil.which("bwrap") is not None


def run(jobs: Sequence[Job], workers: int) -> list[bool]:
    """Return which programs ended without an error."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(_check, jobs))


def _check(job: Job) -> bool:
    python = os.path.realpath(sys.executable)
    prefix = os.path.realpath(sys.base_prefix)
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    command.append("--as-pid-1")  # else its children's CPU time is never told
    for folder in {"/usr", prefix}:
        command += ["--ro-bind", folder, folder]
    for name in _LINKS:
        command += ["--symlink", f"usr/{name}", f"/{name}"]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/tmp"]
    return succeeds([*command, python, "-c", job.source + "\n" + job.asserts(job.entry_point)])
