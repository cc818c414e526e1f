"""Checkpoints appear whole and come back equal; what is not whole is refused with one line."""

import json
import os
from pathlib import Path

import pytest
import torch

from learner import checkpoint
from learner.backend import LearnerState
from learner.checkpoint import Checkpoint, CheckpointError

GRAMMAR = "python-3.11/7"
TEXT = "words/3"


def make(steps: int = 3) -> Checkpoint:
    tensors = {
        "weights/a": torch.randn(3, 4).T,  # not contiguous: safetensors alone would refuse it
        "optimizer/a/step": torch.tensor(3.0),
        "rng/cpu/0": torch.get_rng_state(),
    }
    return Checkpoint(
        learner=LearnerState(tensors, steps),
        grammar_version=GRAMMAR,
        text_version=TEXT,
        policy_version=17,
        config={"seed": 1, "model": {"width": 64}},
        loop={"generator": {"state": 2**127 + 1}, "leased": ["1-0"]},
    )


def save(folder: Path, steps: int = 3, keep: int = 3) -> Path:
    return checkpoint.save(folder, make(steps), keep=keep)


def load(path: Path, grammar: str = GRAMMAR, text: str = TEXT) -> Checkpoint:
    return checkpoint.load(path, grammar_version=grammar, text_version=text)


def refused(path: Path, *, grammar: str = GRAMMAR, text: str = TEXT) -> str:
    with pytest.raises(CheckpointError) as caught:
        load(path, grammar, text)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_what_was_saved_comes_back(tmp_path: Path):
    saved = make()
    folder = checkpoint.save(tmp_path, saved, keep=1)
    for path in (tmp_path, folder):
        loaded = load(path)
        assert loaded.learner.tensors.keys() == saved.learner.tensors.keys()
        for name, value in saved.learner.tensors.items():
            assert torch.equal(loaded.learner.tensors[name], value)
        assert loaded.learner.steps == saved.learner.steps
        assert loaded.config == saved.config
        assert loaded.loop == saved.loop
        assert (loaded.grammar_version, loaded.text_version) == (GRAMMAR, TEXT)
        assert loaded.policy_version == 17


def test_latest_is_the_last_written_and_only_the_newest_are_kept(tmp_path: Path):
    for steps in (10, 20, 30, 40):
        save(tmp_path, steps, keep=2)
    assert checkpoint.names(tmp_path) == ["step-00000030", "step-00000040"]
    assert checkpoint.resolve(tmp_path).name == "step-00000040"


def test_a_run_that_goes_on_from_an_older_checkpoint_keeps_what_it_writes(tmp_path: Path):
    save(tmp_path, 10, keep=2)
    save(tmp_path, 30, keep=2)
    save(tmp_path, 20, keep=2)
    assert checkpoint.names(tmp_path) == ["step-00000020", "step-00000030"]
    save(tmp_path, 25, keep=1)
    assert checkpoint.resolve(tmp_path).name == "step-00000025"
    assert load(tmp_path).learner.steps == 25


def test_the_same_step_is_replaced(tmp_path: Path):
    save(tmp_path)
    again = make()
    checkpoint.save(tmp_path, again, keep=3)
    loaded = load(tmp_path)
    assert torch.equal(loaded.learner.tensors["weights/a"], again.learner.tensors["weights/a"])
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_a_crash_while_writing_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    old = save(tmp_path, 1)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(tmp_path, 2)
    monkeypatch.undo()
    assert checkpoint.resolve(tmp_path) == old
    assert load(tmp_path).learner.steps == 1
    save(tmp_path, 3)
    assert not list(tmp_path.glob(".*"))  # the leftover is gone


def test_a_dangling_pointer_falls_back_to_the_newest_complete_one(tmp_path: Path):
    save(tmp_path, 1)
    lost = save(tmp_path, 2)
    (lost / checkpoint.STATE).unlink()
    assert checkpoint.resolve(tmp_path).name == "step-00000001"


def test_another_grammar_is_refused(tmp_path: Path):
    folder = save(tmp_path)
    message = refused(tmp_path, grammar="python-3.11/8")
    assert str(folder / checkpoint.STATE) in message
    assert "python-3.11/7" in message
    assert "python-3.11/8" in message


def test_another_text_vocabulary_and_none_are_refused(tmp_path: Path):
    state = save(tmp_path) / checkpoint.STATE
    message = refused(tmp_path, text="words/4")
    assert "text vocabulary words/3, this code has words/4" in message
    older = json.loads(state.read_text())
    del older["text_version"]
    state.write_text(json.dumps(older))
    assert "text vocabulary none, this code has words/3" in refused(tmp_path)


def test_an_older_format_is_refused(tmp_path: Path):
    state = save(tmp_path) / checkpoint.STATE
    state.write_text(json.dumps(json.loads(state.read_text()) | {"format": 1}))
    message = refused(tmp_path)
    assert f"{state}: trained with format 1, this code has {checkpoint.FORMAT}" in message
    assert "train anew" in message


def test_a_missing_checkpoint_is_refused(tmp_path: Path):
    assert str(tmp_path / "none") in refused(tmp_path / "none")


@pytest.mark.parametrize("size", [0, 7, 100, -1])
def test_torn_tensors_are_refused(tmp_path: Path, size: int):
    file = save(tmp_path) / checkpoint.TENSORS
    file.write_bytes(file.read_bytes()[:size])
    message = refused(tmp_path)
    assert str(file) in message
    assert "use an older checkpoint" in message


def test_a_flipped_bit_is_refused(tmp_path: Path):
    file = save(tmp_path) / checkpoint.TENSORS
    data = bytearray(file.read_bytes())
    data[-3] ^= 4
    file.write_bytes(data)
    assert "checksum" in refused(tmp_path)


def test_absent_tensors_are_refused(tmp_path: Path):
    file = save(tmp_path) / checkpoint.TENSORS
    file.unlink()
    assert str(file) in refused(tmp_path)


@pytest.mark.parametrize("field", ["format", "steps", "config", "tensors_sha256", "loop"])
def test_a_state_without_a_field_is_refused(tmp_path: Path, field: str):
    file = save(tmp_path) / checkpoint.STATE
    about = json.loads(file.read_text())
    del about[field]
    file.write_text(json.dumps(about))
    message = refused(tmp_path)
    assert str(file) in message
    assert field in message


def test_a_torn_state_is_refused(tmp_path: Path):
    file = save(tmp_path) / checkpoint.STATE
    file.write_bytes(file.read_bytes()[:50])
    assert str(file) in refused(tmp_path)
