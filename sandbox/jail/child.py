"""One program's process: give up the last rights, run the program, write out what it returned.

Everything written here is a claim of untrusted code. The dispatcher takes it as a guess of the
expected values and believes only the kernel about how the process ended.
"""

# Running untrusted code and surviving it is what this file is for.
# ruff: noqa: BLE001, S102, S302

import contextlib
import gc
import marshal
import os
import random
import resource
import signal
import sys
from collections.abc import Callable
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn

from sandbox.jail.encode import EncodeError, TooLargeError, encode
from sandbox.jail.filters import for_process
from sandbox.jail.kernel import PR_SET_PDEATHSIG, Kernel

# Frames: a tag, the length of the body (4 bytes, little endian), the body.
COMPILED, COMPILE_ERROR, LOAD_ERROR = b"K", b"C", b"X"
VALUE, EXCEPTION, NO_MEMORY, TOO_LARGE = b"V", b"E", b"M", b"O"
WEAK_PASSED, WEAK_FAILED, DONE = b"P", b"F", b"D"

CALLS, SCRIPT = 0, 1
CALL, STATEMENTS = 0, 1

EXIT_BROKEN = 70
"""Confining failed (then no frame was written) or the program broke the code around it."""

FILE_NAME = "<program>"
_MODULE_NAME = "program"
_MAX_TEXT = 400
_PROGRAM_ID = 1


def run(
    descriptors: list[int],
    cpu_seconds: float,
    memory_bytes: int,
    program_filter: bytes,
    own_ids: bool,
    zygote: int,
) -> NoReturn:
    """Run one program and end the process. Never returns, whatever the program does."""
    try:
        payload = _contents(descriptors.pop(0))
        calls = Kernel()
        own_filter = calls.prepared_filter(for_process(program_filter, os.getpid()))
        _confine(descriptors, cpu_seconds, memory_bytes, own_ids)
        # Where no pid namespace ends it with its zygote; after the ids, whose change would undo it.
        calls.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != zygote:
            os._exit(EXIT_BROKEN)
        own_filter.install()
        random.seed(0)  # os.fork gave it a seed that no other slot has
        gc.enable()
        execute(payload, descriptors[0])
        _flush()
        os._exit(0)
    finally:
        os._exit(EXIT_BROKEN)


def _contents(descriptor: int) -> bytes:
    """Return all of a file, and close it."""
    data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    os.close(descriptor)
    return data


def _confine(
    descriptors: list[int],
    cpu_seconds: float,
    memory_bytes: int,
    own_ids: bool,
) -> None:
    """Take the pipes, the limits and the program's ids, in this order."""
    _, stdout, stderr, *stdin = descriptors
    # Opened anew: an open file's flags and position are shared with all who inherit it.
    os.close(0)
    if stdin:
        os.dup2(stdin[0], 0)
        os.close(stdin[0])
    else:
        os.open("/dev/null", os.O_RDONLY)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stdout)
    os.close(stderr)
    # A second net below the zygote's finer clock. Soft below hard: else the end looks like SIGKILL.
    seconds = int(cpu_seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
    if own_ids:
        os.setresgid(_PROGRAM_ID, _PROGRAM_ID, _PROGRAM_ID)
        os.setresuid(_PROGRAM_ID, _PROGRAM_ID, _PROGRAM_ID)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def execute(payload: bytes, results: int) -> None:
    """Run a payload in this process, as it is; frames go to `results`, nowhere if that is -1."""

    def emit(tag: bytes, body: bytes = b"") -> None:
        data = tag + len(body).to_bytes(4, "little") + body
        while data and results >= 0:
            data = data[os.write(results, data) :]

    kind, source, entry_point, tests, output_bytes = marshal.loads(payload)  # from the trusted side
    try:
        code = compile(source, FILE_NAME, "exec", dont_inherit=True)
    except BaseException as error:
        emit(COMPILE_ERROR, describe(error))
        return
    emit(COMPILED)
    if kind == SCRIPT:
        _run_script(code, emit)
    else:
        _run_calls(code, entry_point, tests, output_bytes, emit)


def _run_script(code: CodeType, emit: Callable[..., None]) -> None:
    """Run the program as the main module; its output is what it writes."""
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    try:
        exec(code, module.__dict__)
    except MemoryError:
        emit(NO_MEMORY)
    except BaseException as error:
        if not _exited_in_order(error):
            emit(LOAD_ERROR, describe(error))
    emit(DONE)


def _exited_in_order(error: BaseException) -> bool:
    try:
        return isinstance(error, SystemExit) and error.code in (None, 0)
    except BaseException:
        return False  # the exception is of a class of the program's


def _run_calls(
    code: CodeType,
    entry_point: str,
    tests: list[tuple[int, Any]],
    output_bytes: int,
    emit: Callable[..., None],
) -> None:
    """Run the program as a module, then each test in turn, all in this process."""
    module = ModuleType(_MODULE_NAME)
    sys.modules[_MODULE_NAME] = module
    names = module.__dict__
    try:
        exec(code, names)
        if entry_point and entry_point not in names:
            raise NameError(f"the program defines no {entry_point}")
    except MemoryError:
        emit(NO_MEMORY)
        return
    except BaseException as error:
        emit(LOAD_ERROR, describe(error))
        return
    for kind, held in tests:
        if kind == CALL:
            _run_call(names, entry_point, held, output_bytes, emit)
        else:
            _run_statements(names, held, emit)
    emit(DONE)


def _run_call(
    names: dict[str, Any],
    entry_point: str,
    args: Any,
    output_bytes: int,
    emit: Callable[..., None],
) -> None:
    try:
        data = encode(names[entry_point](*args), output_bytes)
    except TooLargeError:
        emit(TOO_LARGE)
    except EncodeError as error:
        emit(EXCEPTION, b"the entry point returned %s" % str(error).encode())
    except MemoryError:
        emit(NO_MEMORY)
    except BaseException as error:
        emit(EXCEPTION, describe(error))
    else:
        emit(VALUE, data)


def _run_statements(names: dict[str, Any], source: Any, emit: Callable[..., None]) -> None:
    try:
        exec(compile(source, "<test>", "exec", dont_inherit=True), names)
    except AssertionError as error:
        emit(WEAK_FAILED, describe(error))
    except MemoryError:
        emit(NO_MEMORY)
    except BaseException as error:
        emit(EXCEPTION, describe(error))
    else:
        emit(WEAK_PASSED)


def describe(error: BaseException) -> bytes:
    """`Type: message (line n)`; the message is the program's own and may be anything."""
    try:
        text = f"{type(error).__name__}: {error}"[:_MAX_TEXT]
        if (line := _line(error.__traceback__)) is not None:
            text += f" (line {line})"
        return text.encode("utf-8", "backslashreplace")
    except BaseException:
        return b"an exception that can't be described"


def _line(trace: TracebackType | None) -> int | None:
    """Return the deepest line of the program itself."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):  # the program may have put anything there
            stream.flush()
