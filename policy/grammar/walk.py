"""How an expectation is handed down a production's pattern.

So folded actions need no rules of their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from policy.grammar import context, operations
from policy.grammar.expectations import (
    AUGMENT,
    BIND,
    FREE,
    UNKNOWN,
    VALUE,
    State,
    Tell,
    UnfitError,
    Value,
    typed,
)
from policy.grammar.grammar import Pattern
from policy.grammar.value_types import ANY, Type, element, item

Fields = dict[str, Pattern]
_RESULTS: Final = {
    "Lambda": typed(Type.FUNC),
    "GeneratorExp": typed(Type.ITER),
    "ListComp": typed(Type.LIST),
    "List": typed(Type.LIST),
    "Tuple": typed(Type.TUPLE),
    "Dict": typed(Type.DICT),
    "JoinedStr": typed(Type.STR),
}
"""Of constructors whose parts are asked for nothing."""


@dataclass
class Walk:
    """One walk down a pattern."""

    rules: "Mapping[str, Rule]"
    """By constructor."""
    out: list[State] = field(default_factory=list)
    """What the holes that were met expect, in their order."""

    def visit(self, pattern: Pattern, state: State) -> Value:
        """Adds the expectations of the pattern's holes; returns its value.

        Raises UnfitError where the pattern's own parts give no value that is expected.
        """
        if "hole" in pattern:
            self.out.append(_hole(pattern["hole"], state))
            return UNKNOWN
        if "list" in pattern:
            for child in pattern["list"]:
                self.visit(child, state)
            return UNKNOWN
        if "node" not in pattern:
            return UNKNOWN
        return self._node(pattern["node"], dict(pattern["fields"]), state)

    def _node(self, node: str, fields: Fields, state: State) -> Value:
        if state.role == BIND:
            return self._target(node, fields, state)
        rule = self.rules.get(node)
        value = rule(self, fields, state) if rule else self._plain(node, fields)
        # A starred argument may stand for any others.
        if state.role == VALUE and not value.atoms & state.accept and node != "Starred":
            raise UnfitError
        return value

    def _plain(self, node: str, fields: Fields) -> Value:
        for child in fields.values():
            self.visit(child, FREE)
        return _RESULTS.get(node, UNKNOWN)

    def _target(self, node: str, fields: Fields, state: State) -> Value:
        kind = Type(state.detail)
        if node == "Subscript":
            self.indexed(fields, operations.STORED)
            self.visit(fields["slice"], FREE)
        elif node == "Starred":
            self.visit(fields["value"], State(ANY, BIND, Type.LIST))
        elif "list" in fields.get("elts", {}):
            for at, child in enumerate(fields["elts"]["list"]):
                self.visit(child, State(ANY, BIND, item(kind, at)))
        else:
            inner = State(ANY, BIND, element(kind))
            for child in fields.values():
                self.visit(child, inner if "elts" in fields else FREE)
        return UNKNOWN

    def indexed(self, fields: Fields, accept: int) -> Value:
        """The value of what a subscript reads or writes, which tells the index."""
        tell = Tell(1, "index") if "hole" in fields["slice"] else None
        return self.visit(fields["value"], State(accept, tell=tell))

    def width(self, *patterns: Pattern) -> int:
        """How many holes the patterns have."""
        inner = Walk(self.rules)
        for pattern in patterns:
            inner.visit(pattern, FREE)
        return len(inner.out)


Rule = Callable[[Walk, Fields, State], Value]
"""What a constructor with those fields does to a walk where that is expected; returns its value."""


def _hole(name: str, state: State) -> State:
    if state.role in {VALUE, AUGMENT}:
        state = state._replace(accept=operations.widen(state.accept))
    if name == "bind":
        return State(ANY, BIND, Type.FUNC)
    if name in context.BINDING_HOLES and state.role != BIND:
        return State(ANY, BIND, Type.UNKNOWN)
    return state
