"""What a production expects of each of its holes, and what it gives."""

from typing import Final

from policy.grammar import produce_calls, produce_statements, produce_values
from policy.grammar.expectations import State, Value
from policy.grammar.grammar import Pattern
from policy.grammar.walk import Walk

_RULES: Final = {**produce_statements.RULES, **produce_values.RULES, **produce_calls.RULES}
Produced = tuple[Value, tuple[State, ...]]
"""The value, and what the holes expect, in their order."""


def produced(pattern: Pattern, state: State) -> Produced:
    """A production in a hole of that state.

    Raises UnfitError where the pattern's own parts give no value that is expected.
    """
    walk = Walk(_RULES)
    return walk.visit(pattern, state), tuple(walk.out)


def called(pattern: Pattern, count: int) -> Produced:
    """A production as what is called, with so many arguments; the value is that of the call.

    Raises UnfitError as `produced` does.
    """
    walk = Walk(_RULES)
    return produce_calls.called(walk, pattern, count), tuple(walk.out)
