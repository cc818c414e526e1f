"""Checkpoints by the path that a user gives: a run folder, its `checkpoints/`, or one of them."""

import copy
from pathlib import Path

from learner.checkpoint import Checkpoint
from learner.publish import load_policy
from policy.model import Policy
from treewright.config import SECRETS, Config, check


def load(path: Path) -> tuple[Policy, Checkpoint, Config]:
    """Return the policy, the checkpoint and the configuration that it was trained with.

    Raises:
        CheckpointError: there is none, or it is torn or of another grammar.
    """
    inside = path / "checkpoints"
    policy, found = load_policy(inside if inside.is_dir() else path)
    values = copy.deepcopy(dict(found.config))
    for section, key in SECRETS:
        values[section][key] = None
    return policy, found, check(values)
