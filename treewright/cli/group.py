"""The command group, and what becomes one line and exit status 2."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from treewright.signals import EXIT_INTERRUPTED

# Mistakes of the user and of the surroundings: one line and exit status 2. Anything else is a
# defect of ours and keeps its traceback. Named, not imported: their modules may need torch.
USER_ERRORS = {
    "actors.pool": ("ActorsFailed",),
    "evaluation.records": ("RecordError",),
    "learner.checkpoint": ("CheckpointError",),
    "learner.runfolder": ("RunFolderError",),
    "policy.decoding": ("CompileError",),
    "policy.device": ("DeviceError",),
    "policy.export": ("ExportError",),
    "policy.grammar.errors": ("ConstraintError",),
    "policy.parity": ("ParityError",),
    "policy.spec": ("SpecError",),
    "replay.interface": ("ReplayError",),
    "sandbox.errors": ("SandboxError",),
    "tasks.datasets": ("DatasetError",),
    "tasks.files": ("TaskFileError",),
    "tasks.schema": ("TaskError",),
    "treewright.config": ("ConfigError",),
}

# The sandbox's commands do without what the others need; one of these missing is no such case.
_OURS = ("actors", "evaluation", "learner", "policy", "replay", "sandbox", "tasks", "treewright")


class _MistakeError(click.ClickException):
    """What click prints as one line, `Error: …`."""

    exit_code = 2


class _Group(click.Group):
    """A group that turns the errors above, and wrong options, into one line and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "treewright"
            said = " ".join(error.format_message().split())
            raise _MistakeError(f"{said} ({where} --help tells more)") from error
        except _user_errors() as error:
            raise _MistakeError(" ".join(str(error).split())) from error
        except ModuleNotFoundError as error:
            missing = str(error.name).partition(".")[0]
            if missing in _OURS:
                raise
            raise _MistakeError(
                f"this command needs {missing}, which is not installed: "
                "pip install 'treewright[train]'"
            ) from error
        except KeyboardInterrupt:
            # What the command had started was stopped on the way here.
            sys.exit(EXIT_INTERRUPTED)
        except BrokenPipeError:
            # The reader of a pipe has gone: nothing is left to say, and Python must not try again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)


def _user_errors() -> tuple[type[Exception], ...]:
    return tuple(
        getattr(sys.modules[module], name)
        for module, names in USER_ERRORS.items()
        if module in sys.modules
        for name in names
    )


PATH = click.Path(path_type=Path)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="treewright")
def main() -> None:
    """Train a small network to write programs, and run what it writes in a sandbox."""
