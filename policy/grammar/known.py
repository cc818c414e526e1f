"""What words and constants are, and what a call of a builtin is."""

import ast
from functools import cache

from policy.grammar import operations
from policy.grammar.expectations import UNKNOWN, Filled, State, Value, expect, told, typed
from policy.grammar.grammar import Action
from policy.grammar.operations import CLASSES
from policy.grammar.value_types import Atom, Type


@cache
def leaf(action: Action) -> Value | None:
    """The value that a name or a constant writes, None for what is no value."""
    row = action.row
    if "constant" in row:
        return constant(ast.literal_eval(row["constant"]))
    if "spell" in row:
        return typed({"INT": Type.INT, "FLOAT": Type.FLOAT, "STR": Type.STR}.get(row["spell"],
                     Type.OTHER))  # fmt: skip
    if row.get("kind") == "builtin":
        return word_value(row["word"])
    return UNKNOWN if action.sort == "name" else None


def constant(value: object) -> Value:
    """The value of a constant."""
    kinds = {bool: Type.INT, int: Type.INT, float: Type.FLOAT, str: Type.STR}
    # An ellipsis can do as little as None.
    return typed(Type.NONE if value in {None, ...} else kinds.get(type(value), Type.OTHER))


@cache
def word_value(word: str) -> Value:
    """The value of a builtin or another fixed name."""
    if word in CLASSES or word[0].isupper():
        return Value(Atom.CLASS)
    return Value(int(Atom.FUNC | Atom.CLASS) if word in operations.LAZY else int(Atom.FUNC))


def called_word(state: State, word: str) -> Filled:
    """What calling a builtin does, in the hole of what is called."""
    if word not in operations.calls() or state.detail < 0:
        return Filled(allowed=True)
    way = operations.way(word, state.detail)
    if way is None:
        return Filled(allowed=False)
    value = typed(way.result)
    arguments = way.arguments or ()
    found = [(1 + at, expect(atoms)) for at, atoms in enumerate(arguments)]
    return Filled(bool(value.atoms & state.accept), (), (*found, *told(state.tell, value)))


def result(word: str, count: int) -> Value:
    """What a builtin gives for so many arguments, negative where they are not counted."""
    if word not in operations.calls() or count < 0:
        return UNKNOWN
    way = operations.way(word, count)
    return UNKNOWN if way is None else typed(way.result)
