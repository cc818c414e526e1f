"""A run's folder, `runs/NAME/`: where its files lie (`evaluation.run_folder` says what is in them).

Nothing there is ever overwritten by another run.
"""

import json
from pathlib import Path

from evaluation.run_folder import CONFIG_FILE, METRICS_FILE


class RunFolderError(ValueError):
    """A run folder that cannot be used; the message is one line for the user."""


class RunFolder:
    """The paths of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self.config = path / CONFIG_FILE
        self.metrics = path / METRICS_FILE
        self.checkpoints = path / "checkpoints"
        self.tensorboard = path / "tensorboard"
        self.redis = path / "redis"
        self.report = path / "report.html"

    @classmethod
    def create(cls, runs: Path, name: str) -> "RunFolder":
        """Make `runs/NAME`, or `runs/NAME-2`, `-3`, … where that exists.

        Raises:
            RunFolderError: the folder cannot be made.
        """
        number = 1
        while True:
            path = runs / (name if number == 1 else f"{name}-{number}")
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                number += 1
            except OSError as error:
                raise RunFolderError(f"run folder {path}: {error.strerror}") from error
            else:
                return cls(path)

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """An existing run.

        Raises:
            RunFolderError: there is no run in `path`.
        """
        folder = cls(path)
        if not folder.config.is_file():
            raise RunFolderError(f"{path} is not a run folder: it holds no {CONFIG_FILE}")
        return folder

    def truncate_metrics(self, step: int) -> None:
        """Forget the records after `step`, which a resumed run writes again.

        A last line that a crash cut short is dropped too.
        """
        if not self.metrics.is_file():
            return
        lines = self.metrics.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        temporary = self.metrics.with_suffix(".tmp")
        temporary.write_text("".join(kept), encoding="utf-8")
        temporary.replace(self.metrics)
