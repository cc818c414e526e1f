"""Judging drafts: what the Q-heads say of programs once they were run.

    reading = read(policy, tasks, drafts)
    for values in judge(policy, reading): …       # halt, or edit the draft
    edits = propose(policy, tasks, drafts, 1, reading=reading, …)

That is for policies whose `model.hrm.q_position` is `draft`. The spec then holds the program and
what the visible examples said of it, and the Q-heads read the position at which its next edit
begins. So they know what the policy could not know while it wrote the program, and an edit that
follows shares the spec's encoding.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from policy.drafts import Draft
from policy.grammar import PROFILES, Automaton, Root, RowContext
from policy.model import Policy
from policy.network import SpecStates
from policy.spec import Spec, collate, encode
from tasks.schema import Task


class QValues(NamedTuple):
    """What the Q-heads say of a program."""

    halt: float
    """Logit of the chance that it is right."""
    go_on: float
    """Logit of the value of another edit."""


def sigmoid(logit: float) -> float:
    """Turn a Q-head's logit into a probability."""
    return 0.5 * (1.0 + math.tanh(0.5 * logit))


class Reading(NamedTuple):
    """Tasks with their drafts, as the policy read them."""

    specs: Sequence[Spec]
    states: SpecStates

    def select(self, rows: Sequence[int]) -> "Reading":
        """Give some of them, in that order; one may be there more than once."""
        chosen = torch.tensor(rows, device=self.states.states.device)
        return Reading([self.specs[row] for row in rows], self.states.select(chosen))


@torch.inference_mode()
def read(policy: Policy, tasks: Sequence[Task], drafts: Sequence[Draft | None]) -> Reading:
    """Read at least one task, each with its draft if it has one.

    Raises:
        SpecError: a draft that is no program of its task.

    """
    specs = [
        encode(task, policy.config.spec, draft) for task, draft in zip(tasks, drafts, strict=True)
    ]
    return Reading(specs, policy.encode_spec(collate(specs).to(policy.output_bias.device)))


@torch.inference_mode()
def judge(policy: Policy, reading: Reading) -> list[QValues]:
    """Give the Q-values of each draft that was read.

    Raises:
        ValueError: the policy's Q-heads judge no drafts.

    """
    if not policy.config.judges_drafts:
        raise ValueError("the Q-heads judge no drafts: train with model.hrm.q_position=draft")
    features = torch.stack([first_features(spec.root) for spec in reading.specs])
    halt, go_on = policy.judge(reading.states, features.to(policy.output_bias.device))
    return [QValues(*pair) for pair in zip(halt.tolist(), go_on.tolist(), strict=True)]


@lru_cache(maxsize=len(Root))
def first_features(root: Root) -> Int[Tensor, " 6"]:
    """Give the features of the first hole: those of every program of that root."""
    automaton = Automaton(PROFILES["python"], [RowContext()], 64, root, torch.device("cpu"))
    return automaton.features()[0]
