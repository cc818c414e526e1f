"""A learner that is killed goes on as if it had not been."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import torch

from learner import checkpoint
from learner.batch import collate
from learner.checkpoint import Checkpoint, CheckpointError
from learner.config import LearnerConfig, ObjectiveConfig
from learner.local import LocalBackend
from policy.grammar import GRAMMAR
from policy.text import VOCABULARY
from tests.unit.learner import samples

STEPS = 12
CONFIG = LearnerConfig(device="cpu", text_dropout=0.3)


def train(folder: Path) -> None:
    """Go on from the folder's checkpoint to the end; save after each step, note its loss before."""
    backend = LocalBackend(samples.MODEL, ObjectiveConfig(), CONFIG, seed=3)
    references = samples.references(CONFIG)
    rollouts = samples.rows(0)
    try:
        saved = checkpoint.load(
            folder, grammar_version=GRAMMAR.version, text_version=VOCABULARY.version
        )
    except CheckpointError:
        pass  # the first start
    else:
        backend.load_state(saved.learner)
        references.load_state(saved.loop["references"])
    while backend.steps < STEPS:
        shards = collate([*references.draw(8), *rollouts], num_parts=2, policy_version=4)
        note(folder, backend.steps, backend.update(shards))
        state = Checkpoint(
            learner=backend.state(),
            grammar_version=GRAMMAR.version,
            text_version=VOCABULARY.version,
            policy_version=0,
            config={},
            loop={"references": references.state()},
        )
        checkpoint.save(folder, state, keep=2)


def note(folder: Path, step: int, figures: dict[str, float]) -> None:
    with (folder / "losses").open("a") as file:
        file.write(json.dumps([step, figures]) + "\n")


def losses(folder: Path) -> list[tuple[int, dict[str, float]]]:
    lines = (folder / "losses").read_text().splitlines()
    return [(step, figures) for step, figures in map(json.loads, lines)]


def test_losses_after_kill_9_are_those_of_an_undisturbed_run(tmp_path: Path):
    torch.set_num_threads(1)
    calm, disturbed = tmp_path / "calm", tmp_path / "disturbed"
    calm.mkdir()
    disturbed.mkdir()
    spawn = multiprocessing.get_context("spawn")
    victim = spawn.Process(target=train, args=(disturbed,))
    victim.start()
    train(calm)
    deadline = time.monotonic() + 100
    while not checkpoint.names(disturbed) and time.monotonic() < deadline:
        time.sleep(0.002)
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)  # in a step or in a save, wherever it is just now
    victim.join()
    assert victim.exitcode == -signal.SIGKILL
    train(disturbed)
    expected = dict(losses(calm))
    found = losses(disturbed)
    assert len(expected) == STEPS
    assert {step for step, _ in found} == set(range(STEPS))
    for step, figures in found:
        assert figures == expected[step], step
