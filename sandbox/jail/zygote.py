"""The zygote: take a request, fork a process for it, tell how that process ended.

A request is one message on the control socket, with the program itself in a file, the write ends of
three pipes (results, stdout, stderr) and maybe standard input; whatever the program writes goes to
the dispatcher directly. The zygote reads nothing from a program: what it tells is what the kernel
told it. Nor does it read the program, which would stay in its memory for all later ones to find.

Two loops do the same: `_loop` in C, and `python_loop`.
"""

import marshal
import os
from collections.abc import Callable
from struct import Struct
from typing import Protocol

from sandbox.jail.child import CALL, CALLS, STATEMENTS

REQUEST = Struct("<cddQ")  # b"R", CPU seconds, wall seconds, memory bytes
REPLY = Struct("<iBddQ")  # wait status, ENDED_*, CPU seconds, wall seconds, peak RSS bytes
KILL = b"K"
READY = b"R"  # and the name of the loop

ENDED_ITSELF, ENDED_BY_CPU, ENDED_BY_WALL, ENDED_BY_ORDER = range(4)

_WARM_UP = b"""
class Example:
    def __init__(self, value): self.value = value
def example(value):
    if value: raise ValueError(f"no {value}")
    return [Example(item).value for item in (None, True, 1, 1.5, "a", b"a", (1,), {1}, {1: 2})]
"""


class Loop(Protocol):
    """What both loops offer."""

    NAME: str

    def serve(
        self, control: int, program_filter: bytes, own_ids: bool, seal: Callable[[], None]
    ) -> None:
        """Serve requests until the dispatcher closes the control socket; `seal` comes first."""

    def execute(self, payload: bytes, results: int) -> None:
        """Run a payload in this process, unconfined; frames go to `results`, nowhere if -1."""


def find_loop(wanted: str) -> Loop:
    """Return the loop that the setting `zygote` asks for; "auto": C where it is built.

    Raises:
        OSError: the C loop is asked for and is not there for this interpreter.

    """
    if wanted != "python":
        try:
            from sandbox.jail import _loop
        except ImportError as error:
            if wanted == "c":
                text = f"sandbox.zygote=c: {error}; install with a C compiler, or ask for python"
                raise OSError(text) from error
        else:
            return _loop
    from sandbox.jail import python_loop

    return python_loop


def warm_up(loop: Loop) -> None:
    """Do once in the zygote what every program does, so that its process inherits it done.

    The first `compile` of an interpreter alone makes 200 pages of types, 1.5 ms for each program.
    """
    tests = [(CALL, (0,)), (CALL, (1,)), (STATEMENTS, b"assert example(0)")]
    loop.execute(marshal.dumps((CALLS, _WARM_UP, "example", tests, 1 << 20), 2), -1)


def serve(
    loop: Loop, control: int, program_filter: bytes, own_ids: bool, seal: Callable[[], None]
) -> None:
    """Tell the dispatcher which loop serves, and serve until it goes away.

    `seal` installs the own filter of the zygote, once all is ready that it would not let through.
    """
    os.write(control, READY + loop.NAME.encode() + b"\n")
    loop.serve(control, program_filter, own_ids, seal)
