"""What a hole expects of the value that fills it, and what is told to the holes after it.

What is known of a value only once it is there (a name's type, a call's by what is called) is told
to the holes beside it: a target, a right operand, the arguments.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from policy.grammar import operations
from policy.grammar.value_types import (
    ANY,
    ATOMS,
    CALLABLE,
    ITERABLE,
    Atom,
    Type,
    element,
)

BLOCK, VALUE, CALLEE, BIND, AUGMENT = range(5)
"""Roles of holes: statements, a value, what is called, a target, an augmented target."""


class Tell(NamedTuple):
    """Which hole after this one hears what the value is, and what that one makes of it."""

    offset: int
    """1 for the next one."""
    kind: str
    detail: str = ""
    """The operator, of a left operand."""


class State(NamedTuple):
    """What a hole expects."""

    accept: int = ANY
    """Atoms of the value; of a callee, of what the call gives; of a block, of what it returns."""
    role: int = VALUE
    detail: int = 0
    """The arguments of a callee's call, negative where they are not counted; a target's `Type`;
    whether an augmented assignment's operand is fixed."""
    tell: Tell | None = None

    @property
    def names(self) -> int:
        """Atoms that a name may be of to stand there."""
        return {VALUE: self.accept, AUGMENT: self.accept, CALLEE: CALLABLE}.get(self.role, ANY)


def expect(atoms: int) -> State:
    """A value of one of the atoms, or of a few more."""
    return State(operations.widen(atoms))


FREE: Final = State()
"""Nothing is expected."""


class Value(NamedTuple):
    """What is known of a value."""

    atoms: int
    type: Type = Type.UNKNOWN


UNKNOWN: Final = Value(ANY)


class Filled(NamedTuple):
    """What an action in a hole does to expectations."""

    allowed: bool
    children: tuple[State, ...] = ()
    told: tuple[tuple[int, State], ...] = ()
    """Offsets of later holes, 1 for the next, and what they expect now."""
    stored: Type | None = None
    """Type of the name that the action is, from now on."""


def typed(found: Type) -> Value:
    """A value of a type."""
    return Value(ATOMS[found], found)


def told(tell: Tell | None, value: Value) -> Iterator[tuple[int, State]]:
    """What the value tells the hole that hears of it."""
    if tell is None or value.atoms == ANY:
        return
    match tell.kind:
        case "bind":
            yield tell.offset, State(ANY, BIND, value.type)
        case "bind element":
            yield tell.offset, State(ANY, BIND, element(value.type))
        case "index":
            yield tell.offset, expect(operations.index(value.atoms))
        case "right":
            yield tell.offset, expect(operations.right(tell.detail, ANY, value.atoms))
        case "augment":
            accept = operations.right(tell.detail, value.atoms | Atom.FLOAT, value.atoms)
            # `+=` extends a list by anything that is iterable.
            accept |= ITERABLE if tell.detail == "Add" and value.atoms & Atom.LIST else 0
            yield tell.offset, expect(accept)


class UnfitError(Exception):
    """A production that gives no value of the type that its hole expects."""
