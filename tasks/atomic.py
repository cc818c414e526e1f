"""Files that appear whole or not at all."""

import contextlib
import os
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Write under a temporary name beside `path`, then rename. Raises OSError, leaving nothing."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
