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

from sandbox import cgroups, languages, primitives
from sandbox.cgroups import Group, Groups
from sandbox.config import SandboxConfig
from sandbox.errors import JailError
from sandbox.primitives import Primitive
from sandbox.slot import Interpreter, Slot, State
from sandbox.types import Language

TIERS = ("T1", "T2", "T3")
"""From the strongest down."""
_PROBE_SECONDS = 20.0
_CGROUP_V2 = (
    "a cgroup of the server's own: systemd Delegate=yes in its unit, or"
    " `systemd-run --scope -p Delegate=yes treewright sandbox serve`"
)
_CGROUP_V1 = "controllers memory and pids mounted below /sys/fs/cgroup, and root"
_C_LOOP = "install with a C compiler and Python's headers (apt install gcc python3-dev)"


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


@dataclass(frozen=True, slots=True)
class Report:
    """All that decides what a server on this host does."""

    tiers: tuple[Tier, ...]
    tier: str
    """The one that a server with this configuration takes; empty: it can't start."""
    error: str
    """Why it can't start."""
    interpreter: str
    cgroup: str
    primitives: tuple[Primitive, ...]
    languages: tuple[Language, ...]


def probe(config: SandboxConfig) -> Host:
    """Return the interpreter and the best tier that works (or the one that was asked for).

    Raises:
        JailError: none works; says what to enable.

    """
    interpreter = find_interpreter(config.interpreter)
    refused: dict[str, str] = {}
    for name in _candidates(config):
        tier = _tried(name, interpreter, config)
        if tier.available:
            return Host(name, interpreter, cgroups.find(), refused)
        refused[name] = tier.reason
    raise JailError(_no_jail(refused))


def examine(config: SandboxConfig) -> Report:
    """Try everything, and say what a server with this configuration would take."""
    found = cgroups.find()
    found.close()
    try:
        interpreter = find_interpreter(config.interpreter)
    except JailError as error:
        return Report((), "", str(error), "", found.mode, _primitives(found, "", ""), ())
    tiers = tuple(_tried(name, interpreter, config) for name in TIERS)
    usable = [tier for tier in tiers if tier.available and tier.name in _candidates(config)]
    refused = {tier.name: tier.reason for tier in tiers if tier.name in _candidates(config)}
    loop = usable[0].loop if usable else ""
    return Report(
        tiers=tiers,
        tier=usable[0].name if usable else "",
        error="" if usable else _no_jail(refused),
        interpreter=f"{interpreter.path} ({interpreter.version})",
        cgroup=found.mode,
        primitives=_primitives(found, loop, config.zygote),
        languages=languages.known(interpreter.version),
    )


def _candidates(config: SandboxConfig) -> tuple[str, ...]:
    return TIERS if config.tier == "auto" else (config.tier,)


def _tried(name: str, interpreter: Interpreter, config: SandboxConfig) -> Tier:
    """Build a jail and end it."""
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


def _primitives(groups: Groups, loop: str, wanted: str) -> tuple[Primitive, ...]:
    return (*primitives.examine(), *group_primitives(groups), _loop_primitive(loop, wanted))


def group_primitives(groups: Groups) -> tuple[Primitive, ...]:
    """Return the kinds of control groups as means of isolation."""
    found = []
    for mode, enable in (("v2", _CGROUP_V2), ("v1", _CGROUP_V1)):
        available = groups.mode == mode
        reason = groups.reason if available else groups.refused.get(mode, "a better one is there")
        found.append(Primitive(f"cgroup {mode}", available, reason, "" if available else enable))
    return tuple(found)


def _loop_primitive(loop: str, wanted: str) -> Primitive:
    if loop == "c":
        return Primitive("C zygote loop", True, "", "")
    if not loop:
        return Primitive("C zygote loop", False, "no jail starts to try it in", "")
    if wanted == "python":
        return Primitive("C zygote loop", False, "sandbox.zygote is python", "zygote=auto")
    return Primitive("C zygote loop", False, "the extension is not built", _C_LOOP)


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


def _no_jail(refused: dict[str, str]) -> str:
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
