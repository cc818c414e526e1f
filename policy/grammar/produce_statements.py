"""What statements expect of their holes, and comprehensions, which bind as loops do."""

from typing import Final

from policy.grammar import operations
from policy.grammar.expectations import AUGMENT, BIND, BLOCK, FREE, UNKNOWN, State, Tell, Value
from policy.grammar.grammar import Pattern
from policy.grammar.value_types import ANY, ITERABLE, element
from policy.grammar.walk import Fields, Rule, Walk


def _bound(walk: Walk, value: Pattern, kind: str, target: Pattern, accept: int) -> None:
    """A value and the target that it goes to, which is the next hole."""
    found = walk.visit(value, State(accept, tell=Tell(1, kind)))
    known = found.type if kind == "bind" else element(found.type)
    walk.visit(target, State(ANY, BIND, known))


def _assign(walk: Walk, fields: Fields, state: State) -> Value:
    targets = fields["targets"]
    _bound(walk, fields["value"], "bind", targets, ANY)
    walk.visit(fields["type_comment"], FREE)
    return UNKNOWN


def _for(walk: Walk, fields: Fields, state: State) -> Value:
    _bound(walk, fields["iter"], "bind element", fields["target"], ITERABLE)
    inside = state if state.role == BLOCK else FREE
    for name in ("body", "orelse", "ifs", "type_comment", "is_async"):
        if name in fields:
            walk.visit(fields[name], inside if name in {"body", "orelse"} else FREE)
    return UNKNOWN


def _augment(walk: Walk, fields: Fields, state: State) -> Value:
    operator, value = fields["op"]["node"], fields["value"]
    fixed = "hole" not in value and operator not in {"Div", "Pow"}
    accept = operations.left(operator, ANY)
    tell = Tell(1, "augment", operations.like(operator)) if "hole" in value else None
    walk.visit(fields["target"], State(accept, AUGMENT, int(fixed), tell))
    accept = operations.right(operator, ANY) | (ITERABLE if operator == "Add" else 0)
    walk.visit(value, State(accept))
    return UNKNOWN


def _while(walk: Walk, fields: Fields, state: State) -> Value:
    for name, child in fields.items():
        inside = name in {"body", "orelse"} and state.role == BLOCK
        walk.visit(child, state if inside else FREE)
    return UNKNOWN


def _return(walk: Walk, fields: Fields, state: State) -> Value:
    walk.visit(fields["value"], State(state.accept if state.role == BLOCK else ANY))
    return UNKNOWN


RULES: Final[dict[str, Rule]] = {
    "Assign": _assign,
    "For": _for,
    "comprehension": _for,
    "AugAssign": _augment,
    "While": _while,
    "Return": _return,
}
