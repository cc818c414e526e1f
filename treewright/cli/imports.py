"""Imports of what a command needs, at less cost."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Import torch, and all that needs it, without the garbage collector.

    The import makes objects by the hundred thousand, which stay: to walk them over and over takes a
    sixth of its time. Afterwards no later collection walks them either.
    """
    if "torch" in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
