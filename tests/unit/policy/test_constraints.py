"""Tasks whose programs cannot be written as they ask."""

import pytest

from policy.constraints import check_constraints
from policy.grammar import PROFILES
from policy.grammar.errors import ConstraintError
from tasks.schema import Constraints, Param, Signature, Task

SIGNATURE = Signature((Param("n", "int"),), "int")


def task(name: str, **limits: object) -> Task:
    constraints = Constraints(**limits)
    return Task(
        id=name, entry_point="f", signature=SIGNATURE, description="", constraints=constraints
    )


def test_what_can_be_met_is_taken() -> None:
    fine = [
        task("a"),
        task("b", require=("For", "Add"), forbid=("While",), max_nodes=30),
        task("c", require=("FunctionDef", "arg")),
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
        ({"require": ("With",)}, 64, "task b: constraints.require: .* core .* for With; take"),
        ({"require": ("For", "If")}, 4, "task b: max_actions: .* holds For, If"),
        ({"require": ("For",), "max_nodes": 3}, 64, "task b: constraints.max_nodes: .* For"),
    ],
)
def test_the_task_that_cannot_is_named(
    limits: dict[str, object], actions: int, message: str
) -> None:
    with pytest.raises(ConstraintError, match=message):
        check_constraints([task("a"), task("b", **limits)], PROFILES["core"], actions)
