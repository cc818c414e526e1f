"""Nothing may outlive the tests: every process and file that they start is gone at their end."""

import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

MARK = "TREEWRIGHT_TEST_SESSION"
GRACE_SECONDS = 20.0
_STATUS = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the status for the end."""
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End at once when all is reported.

    Native threads of Ray and gRPC may still run while the interpreter is taken down, and once one
    of them crashed there, after every test had passed.
    """
    status = config.stash.get(_STATUS, None)
    # A worker's reports are still on their way.
    if status is not None and not hasattr(config, "workerinput"):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _marked_processes(mark: str) -> set[psutil.Process]:
    """Processes that inherited the mark, wherever they hang in the tree, and our children."""
    found = set(psutil.Process().children(recursive=True))
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.add(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return {process for process in found if process.is_running() and not _ends_with_us(process)}


def _ends_with_us(process: psutil.Process) -> bool:
    """Python's own helper of `multiprocessing`: it lives exactly as long as this process."""
    try:
        return any("multiprocessing.resource_tracker" in word for word in process.cmdline())
    except psutil.NoSuchProcess:  # zombies included
        return False


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    mark = os.environ[MARK] = uuid.uuid4().hex
    # A folder of our own: what other programs leave in /tmp is not ours. Short, for UNIX sockets.
    outside = os.environ.get("TMPDIR")
    os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.gettempdir()  # tmp_path stays where it is
    folder = Path(tempfile.mkdtemp(prefix="tw-"))
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    yield
    deadline = time.monotonic() + GRACE_SECONDS
    while (left := _marked_processes(mark)) and time.monotonic() < deadline:
        time.sleep(0.2)
    files = sorted(map(str, folder.glob("treewright-*")))
    shutil.rmtree(folder)
    tempfile.tempdir = None
    del os.environ["TMPDIR"], os.environ["PYTEST_DEBUG_TEMPROOT"], os.environ[MARK]
    if outside is not None:
        os.environ["TMPDIR"] = outside
    assert not left, (
        f"processes outlived the tests: {[p.as_dict(['pid', 'cmdline']) for p in left]}"
    )
    assert not files, f"files outlived the tests: {files}"
