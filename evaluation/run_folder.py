"""A run folder on disk.

run.json        RunInfo, once, when the run starts
config.yaml     the config as run
metrics.jsonl   TrainRecord and EvalRecord, one JSON object a line, told apart by "kind"
samples.jsonl   SampleRecord, one JSON object a line
"""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from evaluation.records import (
    EvalRecord,
    Phase,
    RecordError,
    RunInfo,
    SampleRecord,
    Split,
    TrainRecord,
)

METRICS_FILE = "metrics.jsonl"
SAMPLES_FILE = "samples.jsonl"
CONFIG_FILE = "config.yaml"
RUN_FILE = "run.json"

MetricsRecord = TrainRecord | EvalRecord
_Record = TypeVar("_Record", TrainRecord, EvalRecord, SampleRecord, RunInfo)


@dataclass(frozen=True)
class Run:
    """A run folder, read. `info` and `config` are None where their file is absent."""

    folder: Path
    info: RunInfo | None
    config: str | None
    train: tuple[TrainRecord, ...]
    evals: tuple[EvalRecord, ...]
    samples: tuple[SampleRecord, ...]

    def evaluation(self, split: Split, phase: Phase) -> EvalRecord | None:
        """Return the last evaluation of a split in a phase."""
        found = [e for e in self.evals if e.split == split and e.phase == phase]
        return found[-1] if found else None


def append(folder: Path, record: MetricsRecord | SampleRecord) -> None:
    """Add one record to its file of the folder, as one whole line in one write."""
    name = SAMPLES_FILE if isinstance(record, SampleRecord) else METRICS_FILE
    line = json.dumps(record.to_json()) + "\n"
    with (folder / name).open("ab", buffering=0) as file:
        file.write(line.encode())


def write_info(folder: Path, info: RunInfo) -> None:
    """Write the folder's `run.json`, all of it or nothing."""
    beside = folder / f".{RUN_FILE}.tmp"
    beside.write_text(json.dumps(info.to_json(), indent=2) + "\n", encoding="utf-8")
    beside.replace(folder / RUN_FILE)


def read_run(folder: Path) -> Run:
    """Read a run folder; one that is still being written is fine.

    Raises RecordError when there is no `metrics.jsonl` or a line of a file is not a record.
    """
    if not (folder / METRICS_FILE).is_file():
        raise RecordError(f"{folder}: not a run folder (it has no {METRICS_FILE})")
    metrics = [_metrics_record(at, line) for at, line in _read_lines(folder / METRICS_FILE)]
    return Run(
        folder=folder,
        info=read_info(folder),
        config=_read_text(folder / CONFIG_FILE),
        train=tuple(record for record in metrics if isinstance(record, TrainRecord)),
        evals=tuple(record for record in metrics if isinstance(record, EvalRecord)),
        samples=tuple(
            _parse(SampleRecord, at, data) for at, data in _read_lines(folder / SAMPLES_FILE)
        ),
    )


def read_info(folder: Path) -> RunInfo | None:
    """Read the folder's `run.json`; None where there is none. Raises RecordError as `read_run`."""
    text = _read_text(folder / RUN_FILE)
    at = str(folder / RUN_FILE)
    return None if text is None else _parse(RunInfo, at, _json(at, text))


def _metrics_record(at: str, data: object) -> MetricsRecord:
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind == "train":
        return _parse(TrainRecord, at, data)
    if kind == "eval":
        return _parse(EvalRecord, at, data)
    raise RecordError(f'{at}: "kind" must be "train" or "eval", got {kind!r}')


def _read_lines(path: Path) -> Iterator[tuple[str, object]]:
    """Each whole line with its place. A last line without its newline is still being written."""
    for number, line in enumerate(io.StringIO(_read_text(path) or ""), start=1):
        if not line.endswith("\n"):
            return
        at = f"{path}:{number}"
        yield at, _json(at, line)


def _json(at: str, text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise RecordError(f"{at}: not JSON: {error.msg}") from error


def _parse(record: type[_Record], at: str, data: object) -> _Record:
    try:
        return record.from_json(data)
    except RecordError as error:
        raise RecordError(f"{at}: {error}") from error


def _read_text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
