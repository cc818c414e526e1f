"""Which isolation this host can give: found by building jails, never by guessing.

T1: root, with user ids in a user namespace that are nobody else's. T2: a user namespace with the
server's own id. T3: no user namespace; Landlock, seccomp, rlimits, and where root starts it ids
that are nobody else's.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox import cgroups
from sandbox.cgroups import Group, Groups
from sandbox.config import SandboxConfig
from sandbox.errors import JailError
from sandbox.jailed import State
from sandbox.slot import Interpreter, Slot
from sandbox.types import Primitive

TIERS = ("T1", "T2", "T3")
"""From the strongest down."""
_PROBE_SECONDS = 20.0
_CGROUP_V2 = (
    "a cgroup of the server's own: systemd Delegate=yes in its unit, or"
    " `systemd-run --scope -p Delegate=yes treewright sandbox serve`"
)
_CGROUP_V1 = "controllers memory and pids mounted below /sys/fs/cgroup, and root"


@dataclass(frozen=True, slots=True)
class Host:
    """What programs run on here."""

    tier: str
    interpreter: Interpreter
    groups: Groups
    """The slots' control groups; whoever probed closes them."""
    refused: dict[str, str]
    """Why each better tier can't be had."""


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier, tried."""

    name: str
    available: bool
    reason: str
    """Why not."""
    loop: str
    """Loop that serves in its jails: "c" or "python"."""


def probe(config: SandboxConfig) -> Host:
    """Return the interpreter and the best tier that works (or the one that was asked for).

    Raises:
        JailError: none works; says what to enable.

    """
    interpreter = find_interpreter(config.interpreter)
    refused: dict[str, str] = {}
    for name in candidates(config):
        tier = try_tier(name, interpreter, config)
        if tier.available:
            return Host(name, interpreter, cgroups.find(), refused)
        refused[name] = tier.reason
    raise JailError(no_jail(refused))


def candidates(config: SandboxConfig) -> tuple[str, ...]:
    """Return the tiers that a server with this configuration tries, in order."""
    return TIERS if config.tier == "auto" else (config.tier,)


def try_tier(name: str, interpreter: Interpreter, config: SandboxConfig) -> Tier:
    """Build a jail of this tier and end it."""
    if name == "T1" and os.geteuid() != 0:
        return Tier(name, False, "needs root", "")
    slot = Slot(0, name, interpreter, config.zygote, config.first_id, Group())
    try:
        slot.channel.settimeout(_PROBE_SECONDS)
        while slot.state is State.BOOTING:
            slot.on_boot_message()
    except JailError as error:
        return Tier(name, False, str(error), "")
    finally:
        slot.close()
    return Tier(name, True, "", slot.loop)


def group_primitives(groups: Groups) -> tuple[Primitive, ...]:
    """Return the kinds of control groups as means of isolation."""
    found = []
    for mode, enable in (("v2", _CGROUP_V2), ("v1", _CGROUP_V1)):
        available = groups.mode == mode
        reason = groups.reason if available else groups.refused.get(mode, "a better one is there")
        found.append(Primitive(f"cgroup {mode}", available, reason, "" if available else enable))
    return tuple(found)


def find_interpreter(path: str | None) -> Interpreter:
    """Return the Python for the programs, asked for its version and place.

    Raises:
        JailError: it does not run.

    """
    executable = os.path.realpath(path or sys.executable)
    question = "import sys; print(sys.base_prefix); print('%d.%d.%d' % sys.version_info[:3])"
    try:
        answer = subprocess.run(
            [executable, "-I", "-S", "-c", question],
            capture_output=True,
            text=True,
            check=True,
            timeout=_PROBE_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise JailError(f"sandbox.interpreter: {executable} does not run: {error}") from error
    prefix, version = answer.stdout.splitlines()
    return Interpreter(executable, os.path.realpath(prefix), version)


def no_jail(refused: dict[str, str]) -> str:
    """Return in one line why no tier can be had and what to do."""
    reasons = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
    return f"no jail can be built here. {reasons}{_advice()} (see `treewright sandbox doctor`)"


def _advice() -> str:
    """Return what to enable, from what the kernel says about user namespaces."""
    for name, bad in (
        ("user/max_user_namespaces", "0"),
        ("kernel/unprivileged_userns_clone", "0"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1"),
    ):
        path = Path("/proc/sys") / name
        if path.exists() and path.read_text().strip() == bad:
            setting = name.replace("/", ".")
            return f". User namespaces are off: set {setting} (it is {bad})"
    return (
        ". User namespaces, mount and pivot_root must be allowed: in a container, run with"
        " security_opt seccomp=deploy/seccomp/sandbox.json (and apparmor=unconfined)"
    )
