"""What each action does to expectations, by the state of the hole that it fills."""

from functools import cache

from policy.grammar.expectations import (
    AUGMENT,
    BIND,
    BLOCK,
    CALLEE,
    FREE,
    UNKNOWN,
    Filled,
    State,
    UnfitError,
    Value,
    told,
    typed,
)
from policy.grammar.grammar import Action
from policy.grammar.known import called_word, leaf
from policy.grammar.produce import called, produced
from policy.grammar.value_types import (
    ATOMS,
    ITERABLE,
    Atom,
    Type,
    join,
)


def fill_name(state: State, found: Type) -> Filled:
    """What a name of that type does in a hole."""
    if state.role == BIND:
        return Filled(allowed=True, stored=join(found, Type(state.detail)))
    known = Type.UNKNOWN if found is Type.UNBOUND else found
    stored = None
    if state.role == AUGMENT:
        stored = _augmented(known, fixed=bool(state.detail))
    if state.role == CALLEE:
        return Filled(allowed=True)
    return Filled(True, (), tuple(told(state.tell, typed(known))), stored)


def _augmented(found: Type, *, fixed: bool) -> Type:
    if found is Type.INT and not fixed:
        return Type.NUM
    return Type.LIST if ATOMS[found] == Atom.LIST else found


def fill(state: State, action: Action) -> Filled:
    """What any other action does; the state is that of the hole that it fills."""
    if state.role == CALLEE:
        return _callee(state, action)
    # Whoever hears of a call hears of it by what is called.
    heard = state.tell if "Call" in action.nodes[:1] else None
    asked = state if heard is state.tell else state._replace(tell=heard)
    value, children = _produce(asked, action)
    if state.role == BIND and action.nodes[:1] in (("Tuple",), ("List",)):
        return Filled(bool(ATOMS[state.detail] & ITERABLE), children)
    if value is None or state.role in {BLOCK, BIND}:
        return Filled(True, children)
    allowed = bool(value.atoms & state.accept) or "Starred" in action.nodes[:1]
    return Filled(allowed, children, tuple(told(state.tell, value)))


@cache
def _produce(state: State, action: Action) -> tuple[Value | None, tuple[State, ...]]:
    if action.pattern is None:
        return leaf(action), (FREE,) * len(action.holes)
    try:
        return produced(action.pattern, state)
    except UnfitError:
        return Value(0), (FREE,) * len(action.holes)


def _callee(state: State, action: Action) -> Filled:
    """A call is what it calls: that tells the arguments, and who waits for the result."""
    if action.sort == "name":
        return called_word(state, str(action.row.get("word", "")))
    value, children = _produce_callee(state.detail, action)
    return Filled(bool(value.atoms & state.accept), children, tuple(told(state.tell, value)))


@cache
def _produce_callee(count: int, action: Action) -> tuple[Value, tuple[State, ...]]:
    if action.pattern is None:
        return UNKNOWN, (FREE,) * len(action.holes)
    try:
        return called(action.pattern, count)
    except UnfitError:
        return Value(0), (FREE,) * len(action.holes)
