"""What a hole inherits from above, and what an action passes on.

A hole knows which names are visible, where it stands (in a function, in a loop, …) and what its
function has signalled; `layout` says in which bits.
"""

from enum import IntEnum, IntFlag
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from policy.grammar.grammar import GRAMMAR, LOAD, Action, Hole, HoleUse
from policy.grammar.layout import (
    AROUND_BIT,
    KEYWORD_BIT,
    NUM_KEYWORDS,
    POINTER_BIT,
    RETURN_BIT,
    SIGNAL_BIT,
)
from policy.grammar.productions import words


class Flag(IntFlag):
    """Flags, inherited from above, and signals, which hold in all of a scope."""

    LOOP = 1 << AROUND_BIT + 1
    PLAIN_PARAMETERS = 1 << AROUND_BIT + 2
    FSTRING = 1 << POINTER_BIT
    NO_CAPTURE = 1 << POINTER_BIT + 1
    FUNCTION = 1 << RETURN_BIT + 1
    ASYNC = 1 << RETURN_BIT + 2
    COMPREHENSION = 1 << RETURN_BIT + 3
    NO_RETURN = 1 << RETURN_BIT + 4
    MUST_RETURN = 1 << RETURN_BIT + 5
    RETURNED = 1 << SIGNAL_BIT
    YIELDED = 1 << SIGNAL_BIT + 1
    RETURNED_VALUE = 1 << SIGNAL_BIT + 2


SIGNALS: Final = int(Flag.RETURNED | Flag.YIELDED | Flag.RETURNED_VALUE)
_KEYWORDS: Final = [a.id for a in GRAMMAR.actions if a.sort == "keyword" and a.name.endswith("=")]
KEYWORDS: Final = ((1 << NUM_KEYWORDS) - 1) << KEYWORD_BIT
# What follows from flags and signals.
NEED_RETURN, RETURN, RETURN_VALUE, YIELD, YIELD_FROM = (1 << bit for bit in range(32, 37))


class Kind(IntEnum):
    """Kinds of holes: those of one kind ask the same of an action that they take."""

    OTHER = 0
    LOAD = 1
    STORE = 2
    BIND = 3
    ARGUMENT = 4
    CAPTURE = 5
    BLOCK = 6
    HALF = 7
    """After the first half of a spelled byte."""


_FUNCTION_CLEARS: Final = (
    Flag.LOOP | Flag.ASYNC | Flag.COMPREHENSION | Flag.NO_RETURN | Flag.YIELDED
    | Flag.RETURNED_VALUE | Flag.RETURNED | Flag.MUST_RETURN
)  # fmt: skip


class Effect(NamedTuple):
    """What a context does to the flags below it, and to the count of nested blocks."""

    clear: int = 0
    set: int = 0
    nest: int = 0
    resets_nest: bool = False
    scope: bool = False


CONTEXTS: Final[dict[str, Effect]] = {
    "scope": Effect(scope=True),
    "loop": Effect(set=Flag.LOOP, nest=1),
    "nest": Effect(nest=3),
    "func": Effect(_FUNCTION_CLEARS, Flag.FUNCTION, resets_nest=True),
    "afunc": Effect(_FUNCTION_CLEARS, Flag.FUNCTION | Flag.ASYNC, resets_nest=True),
    # The compiler refuses `:=` in a comprehension's iterable, inside a lambda there as well.
    "lam": Effect(_FUNCTION_CLEARS & ~Flag.COMPREHENSION, Flag.FUNCTION),
    "klass": Effect(_FUNCTION_CLEARS | Flag.FUNCTION, resets_nest=True),
    "comp": Effect(set=Flag.COMPREHENSION),
    "fstring": Effect(set=Flag.FSTRING),
    "annotation": Effect(Flag.ASYNC, Flag.COMPREHENSION),
    "alternative": Effect(set=Flag.NO_CAPTURE),
    "star": Effect(Flag.LOOP, Flag.NO_RETURN),
    "plain": Effect(set=Flag.PLAIN_PARAMETERS),
    "last": Effect(),
}
"""Contexts that begin at a hole. `last`: its block ends the function if its statement does."""


def effect(action: Action, use: HoleUse) -> Effect:
    """The combined effect of the contexts of one of the action's holes."""
    return _effect(use.contexts, ends=action.ends, default="Default" in action.nodes)


@cache
def _effect(contexts: tuple[str, ...], *, ends: bool, default: bool) -> Effect:
    clear, value, nest, resets, scope = 0, 0, 0, False, False
    if not ("last" in contexts and ends):
        clear |= Flag.MUST_RETURN
    for name in contexts:
        step = CONTEXTS[name]
        clear |= step.clear
        value = (value & ~step.clear) | step.set
        nest = step.nest if step.resets_nest else nest + step.nest
        resets, scope = resets or step.resets_nest, scope or step.scope
    if default:
        # It is evaluated in the scope around its function: a `yield` there would make that one a
        # generator, unseen by the signals of the function's own scope.
        value |= Flag.COMPREHENSION
    return Effect(clear, value, nest, resets, scope)


@cache
def name_bit(action: Action) -> int | None:
    """The bit in SEEN of a name that must be bound before it is used: no two share one."""
    row = action.row
    bound = row.get("kind") == "importable" or action.name in {"self", "cls"}
    return action.id % 64 if bound or {"local", "param", "entry"} & row.keys() else None


ARGUMENT_HOLES: Final = frozenset(words("arg args arg_name posonly kwonly opt_arg"))
CAPTURE_HOLES: Final = frozenset({"capture", "opt_capture"})
IMPORT_HOLES: Final = frozenset({"alias", "aliases", "aliases1"})
STORE_HOLES: Final = frozenset(
    words("target targets targets1 elements_to elements_t2 name_target bind as_name")
)


BINDING_HOLES: Final = STORE_HOLES | ARGUMENT_HOLES | CAPTURE_HOLES | IMPORT_HOLES
"""Holes in which a name is bound in its scope."""


def kind(hole: Hole) -> Kind:
    """The kind of one of the codec's holes."""
    if "expr" in hole.sorts and hole.mode == LOAD:
        return Kind.LOAD
    if hole.name == "bind":
        return Kind.BIND
    if hole.name in {"block", "stmts"}:
        return Kind.BLOCK
    for names, found in (
        (STORE_HOLES, Kind.STORE),
        (ARGUMENT_HOLES, Kind.ARGUMENT),
        (CAPTURE_HOLES, Kind.CAPTURE),
    ):
        if hole.name in names:
            return found
    return Kind.OTHER


def returns_value(action: Action) -> bool:
    """Whether the action is a `return` with a value."""
    return "Return" in action.nodes and len(action.holes) + len(action.parts) > 0


def keyword_bits(action: Action) -> tuple[int, int]:
    """The bits that must be unset before a call's keyword, and those it leaves set."""
    if action.id in _KEYWORDS:
        bit = 1 << (KEYWORD_BIT + _KEYWORDS.index(action.id))
        return bit, bit
    return (KEYWORDS, KEYWORDS) if action.name == "keyword" else (0, 0)


def leaves(action: Action) -> int:
    """Flags that the action sets in what is left of the list that it stands in."""
    return keyword_bits(action)[1]


def signals(action: Action) -> int:
    """Signals that the action sets in its scope."""
    if returns_value(action):
        return Flag.RETURNED | Flag.RETURNED_VALUE
    if "Yield" in action.nodes or "YieldFrom" in action.nodes:
        return Flag.RETURNED | Flag.YIELDED
    return 0


DERIVED: Final = NEED_RETURN | RETURN | RETURN_VALUE | YIELD | YIELD_FROM


def derive(states: NDArray[np.int64]) -> NDArray[np.int64]:
    """What follows from flags and signals."""

    def on(flag: Flag) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = states & int(flag) > 0
        return found

    asynchronous = on(Flag.ASYNC)
    may_return = on(Flag.FUNCTION) & ~on(Flag.NO_RETURN)
    may_yield = on(Flag.FUNCTION) & ~on(Flag.COMPREHENSION)
    holds = {
        NEED_RETURN: on(Flag.MUST_RETURN) & ~on(Flag.RETURNED),
        RETURN: may_return,
        RETURN_VALUE: may_return & ~(asynchronous & on(Flag.YIELDED)),
        YIELD: may_yield & ~(asynchronous & on(Flag.RETURNED_VALUE)),
        YIELD_FROM: may_yield & ~asynchronous,
    }
    return np.array(list(holds)) @ np.array(list(holds.values()), dtype=np.int64)
