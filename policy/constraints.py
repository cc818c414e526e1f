"""Whether programs can be written as tasks ask, known before any is sampled."""

from collections.abc import Sequence

import torch

from policy.grammar import Automaton, Profile, Root, RowContext
from policy.grammar.errors import ConstraintError
from tasks.schema import Task


def check_constraints(tasks: Sequence[Task], profile: Profile, max_actions: int) -> None:
    """Raise ConstraintError, which names the task, where what one requires cannot be had."""
    fine = set()
    for task in tasks:
        asked = _asked(task)
        if not task.constraints.require or asked in fine:
            continue
        row, root = asked
        try:
            Automaton(profile, [row], max_actions, root, torch.device("cpu"))
        except ConstraintError as error:
            raise ConstraintError(f"task {task.id}: {error}") from None
        fine.add(asked)


def _asked(task: Task) -> tuple[RowContext, Root]:
    """What decides it, of what masks depend on."""
    signature, limits = task.signature, task.constraints
    row = RowContext(
        num_params=min(1, len(signature.params)) if signature else 0,
        return_type="None" if signature and signature.returns == "None" else "Any",
        forbid=limits.forbid,
        require=limits.require,
        max_nodes=limits.max_nodes,
    )
    return row, Root.MODULE if signature is None else Root.BODY
