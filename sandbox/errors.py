"""What can go wrong, each with one line that says what and what to do.

SandboxError
├── ConfigError          a setting that can't work
├── ServerError          the server can't start here, or lost its dispatcher
│   └── JailError        no jail can be built here
├── SandboxUnavailable   no server answered in time (or the client was closed)
├── SandboxRejected      the server can't run a program at all, and says why
└── ExecFileError        a line of a file of programs
"""


class SandboxError(Exception):
    """Base of all."""


class ConfigError(SandboxError, ValueError):
    """A setting that can't work."""


class ServerError(SandboxError, RuntimeError):
    """The server can't start here, or lost its dispatcher."""


class JailError(ServerError):
    """No jail can be built here."""


class SandboxUnavailable(SandboxError, RuntimeError):  # noqa: N818 - reads as the state it names
    """No server answered in time, or the client was closed."""


class SandboxRejected(SandboxError, ValueError):  # noqa: N818
    """The server can't run a program at all."""


class ExecFileError(SandboxError, ValueError):
    """A line of a file of programs that can't be read."""
