"""Which isolation this host can give: found by building a jail, never by guessing."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox import cgroups
from sandbox.cgroups import Group, Groups
from sandbox.config import SandboxConfig
from sandbox.errors import JailError
from sandbox.slot import Interpreter, Slot, State

_PROBE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Host:
    """What programs run on here."""

    tier: str
    interpreter: Interpreter
    groups: Groups
    """The slots' control groups; whoever probed closes them."""
    refused: tuple[str, ...]
    """Why each better tier can't be had: `T1: reason`."""


def probe(config: SandboxConfig) -> Host:
    """Return the interpreter and the best tier that works (or the one that was asked for).

    Raises:
        JailError: none works; says what to enable.

    """
    interpreter = find_interpreter(config.interpreter)
    tiers = [config.tier]
    if config.tier == "auto":
        tiers = ["T1", "T2", "T3"] if os.geteuid() == 0 else ["T2", "T3"]
    elif config.tier == "T1" and os.geteuid() != 0:
        raise JailError("sandbox.tier T1 needs root; run as root or ask for T2")
    reasons = []
    for tier in tiers:
        try:
            _try(tier, interpreter, config)
        except JailError as error:
            reasons.append(f"{tier}: {error}")
        else:
            return Host(tier, interpreter, cgroups.find(), tuple(reasons))
    raise JailError("no jail can be built here. " + "; ".join(reasons) + _advice())


def _try(tier: str, interpreter: Interpreter, config: SandboxConfig) -> None:
    slot = Slot(0, tier, interpreter, config.zygote, config.first_id, Group())
    try:
        slot.channel.settimeout(_PROBE_SECONDS)
        while slot.state is State.BOOTING:
            slot.on_boot_message()
    finally:
        slot.close()


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
