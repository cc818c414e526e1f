"""Checkpoints: all that training goes on from, in a folder that appears whole or not at all.

    checkpoints/
    ├── latest                 the newest folder's name
    └── step-00000200/
        ├── tensors.safetensors   LearnerState.tensors
        └── state.json            the rest, and the tensors' SHA-256

A folder is written under a temporary name, forced to disk and renamed; then `latest` is replaced.
Neither file can hold code: safetensors and JSON, no pickle.

    CheckpointError(ValueError)    one line that names the file and what to do
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as dump_tensors

from learner.backend import LearnerState

LATEST = "latest"
TENSORS = "tensors.safetensors"
STATE = "state.json"
FORMAT = 2
"""Rises with what the tensors hold or are shown; 1: properties that tell of no order."""


class CheckpointError(ValueError):
    """A checkpoint that can't be loaded: missing, torn, or of another format or vocabulary."""


class _State(BaseModel):
    """The contents of `state.json`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: int
    tensors_sha256: str
    steps: int
    grammar_version: str
    text_version: str = "none"
    """Checkpoints of the time before there was a text vocabulary name none."""
    policy_version: int
    config: dict[str, Any]
    loop: dict[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """What one checkpoint holds."""

    learner: LearnerState
    grammar_version: str
    text_version: str
    """The version of the vocabulary that descriptions and names are split by."""
    policy_version: int
    """Newest version of the weights that was published."""
    config: Mapping[str, Any]
    """The whole config of the run, as JSON."""
    loop: Mapping[str, Any]
    """The train loop's own state: counters, curriculum, random generators; as JSON."""


def save(directory: Path, checkpoint: Checkpoint, *, keep: int) -> Path:
    """Write `directory/step-N`, point `latest` at it, delete all but the newest `keep`.

    A checkpoint of the same step is replaced. Raises OSError when the disk refuses.
    """
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"step-{checkpoint.learner.steps:08d}"
    temporary = directory / f".{target.name}.{os.getpid()}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    tensors = {name: value.contiguous() for name, value in checkpoint.learner.tensors.items()}
    blob = dump_tensors(tensors)
    about = _State(
        format=FORMAT,
        tensors_sha256=hashlib.sha256(blob).hexdigest(),
        steps=checkpoint.learner.steps,
        grammar_version=checkpoint.grammar_version,
        text_version=checkpoint.text_version,
        policy_version=checkpoint.policy_version,
        config=dict(checkpoint.config),
        loop=dict(checkpoint.loop),
    )
    _write(temporary / TENSORS, blob)
    _write(temporary / STATE, about.model_dump_json(indent=1).encode())
    _sync_folder(temporary)
    if target.exists():
        target.rename(temporary.with_suffix(".old.tmp"))
    temporary.rename(target)
    _write(directory / f".{LATEST}.tmp", target.name.encode())
    (directory / f".{LATEST}.tmp").replace(directory / LATEST)
    _sync_folder(directory)
    _prune(directory, keep)
    return target


def load(path: Path, *, grammar_version: str, text_version: str) -> Checkpoint:
    """Read a checkpoint: one folder `step-N`, or a folder of them with `latest`.

    Raises CheckpointError when there is none, when it is torn or damaged, or when it was trained
    in another format, with another grammar than `grammar_version` or with another text vocabulary
    than `text_version`.
    """
    folder = resolve(path)
    about = _read_state(folder)
    for what, its, ours in (
        ("format", about.format, FORMAT),
        ("grammar", about.grammar_version, grammar_version),
        ("text vocabulary", about.text_version, text_version),
    ):
        if its != ours:
            raise CheckpointError(
                f"{folder / STATE}: trained with {what} {its}, this code has {ours}: check out the "
                "code that trained it, or train anew"
            )
    blob = _read(folder / TENSORS)
    if hashlib.sha256(blob).hexdigest() != about.tensors_sha256:
        raise CheckpointError(_torn(folder / TENSORS, "its checksum does not match"))
    try:
        tensors = load_tensors(blob)
    except SafetensorError as error:
        raise CheckpointError(_torn(folder / TENSORS, str(error))) from None
    return Checkpoint(
        learner=LearnerState(tensors, about.steps),
        grammar_version=about.grammar_version,
        text_version=about.text_version,
        policy_version=about.policy_version,
        config=about.config,
        loop=about.loop,
    )


def resolve(path: Path) -> Path:
    """Return the folder of one checkpoint: `path` itself, or the one that `path/latest` names.

    Raises CheckpointError when there is none.
    """
    if (path / STATE).is_file():
        return path
    pointer = path / LATEST
    if not pointer.is_file():
        raise CheckpointError(
            f"{path}: no checkpoint there (no {LATEST}, no {STATE}): give a checkpoint's folder or "
            "the folder that holds them"
        )
    folder = path / pointer.read_text(encoding="utf-8").strip()
    if (folder / STATE).is_file():
        return folder
    # The pointer is a convenience: a crash while a step was saved anew may leave it dangling.
    complete = names(path)
    if not complete:
        raise CheckpointError(
            f"{pointer}: names {folder.name}, which is not there, and no other checkpoint is: "
            "give another folder, or train anew"
        )
    return path / complete[-1]


def names(directory: Path) -> list[str]:
    """Return the complete checkpoints in a folder, oldest first."""
    return sorted(folder.parent.name for folder in directory.glob(f"step-*/{STATE}"))


def _read_state(folder: Path) -> _State:
    file = folder / STATE
    text = _read(file)
    try:
        return _State.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"]) or "JSON"
        raise CheckpointError(_torn(file, f"{where}: {problem['msg']}")) from None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CheckpointError(_torn(file, error.strerror or str(error))) from None


def _torn(file: Path, why: str) -> str:
    return f"{file}: damaged or incomplete ({' '.join(why.split())}): use an older checkpoint"


def _write(file: Path, data: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Force a folder's entries to disk: without it, a rename may be lost with the power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prune(directory: Path, keep: int) -> None:
    # By age, not by step: a run that went on from an older checkpoint writes lower steps again.
    written = sorted(directory.glob(f"step-*/{STATE}"), key=lambda file: file.stat().st_mtime_ns)
    for file in written[:-keep]:
        shutil.rmtree(file.parent)
    for leftover in directory.glob(".step-*.tmp"):
        shutil.rmtree(leftover)
