"""A server's processes seen from outside: who they are, what they hold, what outlives them."""

from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox.local import LocalServer

_JAIL = "jail/boot.py"


def dispatcher(server: LocalServer) -> psutil.Process:
    """The front end's only child."""
    [found] = psutil.Process(server.process.pid).children()
    return found


def jails(server: LocalServer) -> set[psutil.Process]:
    """The first process of each Python slot."""
    return {one for one in dispatcher(server).children() if _is_jail(one)}


def _is_jail(process: psutil.Process) -> bool:
    return any(word.endswith(_JAIL) for word in process.cmdline())


@dataclass(frozen=True)
class Held:
    """What one kind of process holds, all of the kind together."""

    memory_bytes: int
    descriptors: int


def held(server: LocalServer) -> dict[str, Held]:
    """Look at a server that runs no program. Memory: what is the processes' own (USS)."""
    front_end, boss = psutil.Process(server.process.pid), dispatcher(server)
    kinds = {"front end": [front_end], "dispatcher": [boss], "jails": list(jails(server))}
    return {
        name: Held(
            sum(one.memory_full_info().uss for one in processes),
            sum(one.num_fds() for one in processes),
        )
        for name, processes in kinds.items()
    }


def strangers(server: LocalServer) -> list[psutil.Process]:
    """Processes below the jails of a server that runs no program: there should be none."""
    return [child for jail in jails(server) for child in jail.children(recursive=True)]


def groups(pid: int) -> list[Path]:
    """Control groups of a dispatcher, by the pid in their names."""
    return list(Path("/sys/fs/cgroup").glob(f"**/treewright-*-{pid}-*"))
