"""Tasks whose programs cannot be written as they ask."""

import pytest

from policy.constraints import check_constraints
from policy.grammar import PROFILES
from policy.grammar.errors import ConstraintError
from tasks.schema import Constraints, Param, Signature, Task

SIGNATURE = Signature((Param("n", "int"),), "int")


def task(name: str, constraints: Constraints) -> Task:
    return Task(
        id=name, entry_point="f", signature=SIGNATURE, description="", constraints=constraints
    )


def test_what_can_be_met_is_taken() -> None:
    fine = [
        task("a", Constraints()),
        task("b", Constraints(30, ("While",), ("For", "Add"))),
        task("c", Constraints(require=("FunctionDef", "arg"))),
        Task(
            id="d",
            entry_point=None,
            signature=None,
            description="Print.",
            constraints=Constraints(require=("Call",)),
        ),
    ]
    check_constraints(fine, PROFILES["core"], 64)


@pytest.mark.parametrize(
    ("limits", "actions", "message"),
    [
        (
            Constraints(require=("With",)),
            64,
            "task b: constraints.require: .* core .* for With; take",
        ),
        (Constraints(require=("For", "If")), 4, "task b: max_actions: .* holds For, If"),
        (Constraints(3, require=("For",)), 64, "task b: constraints.max_nodes: .* For"),
    ],
)
def test_the_task_that_cannot_is_named(limits: Constraints, actions: int, message: str) -> None:
    with pytest.raises(ConstraintError, match=message):
        check_constraints([task("a", Constraints()), task("b", limits)], PROFILES["core"], actions)
