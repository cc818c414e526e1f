"""An actor as a process of its own, without Ray."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import Connection, wait

from actors.handle import Handle
from actors.settings import ActorSettings

_ORPHAN_SECONDS = 5.0


class ProcessHandle(Handle):
    """A freshly started Python; nothing of this process's memory or threads is in it."""

    def __init__(self, settings: ActorSettings) -> None:
        context = multiprocessing.get_context("spawn")
        self._said, say = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_main, args=(settings, say), name=settings.name, daemon=True
        )
        self._process.start()
        say.close()

    def ended(self) -> str | None:
        """See `Handle.ended`."""
        if self._process.is_alive():
            return None
        code = self._process.exitcode or 0
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        try:
            said = self._said.recv_bytes().decode(errors="replace") if self._said.poll() else ""
        except EOFError:
            said = ""
        return f"ended with status {code}" + (f" ({said})" if said else "")

    def ask_to_stop(self) -> None:
        """See `Handle.ask_to_stop`."""
        self._process.terminate()

    def join(self, timeout_seconds: float) -> None:
        """See `Handle.join`."""
        self._process.join(timeout_seconds)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()
        self._said.close()


def _main(settings: ActorSettings, say: Connection) -> None:
    """Run one actor until SIGTERM, or until the process that started it is gone."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's, which then stops us
    threading.Thread(target=_end_with_parent, args=(stop,), daemon=True).start()
    logging.basicConfig(format=f"{settings.name}: %(message)s", level=logging.WARNING)

    from actors.rollout import RolloutActor  # seconds of torch: not before SIGTERM is handled

    try:
        RolloutActor(settings, stop).run()
    except Exception as error:
        say.send_bytes(" ".join(f"{type(error).__name__}: {error}".split()).encode())
        raise


def _end_with_parent(stop: threading.Event) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    stop.set()
    time.sleep(_ORPHAN_SECONDS)
    os._exit(1)
