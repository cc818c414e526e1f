"""What calls, methods and keyword arguments expect of their holes, and what they give."""

from typing import Final

from policy.grammar import operations
from policy.grammar.expectations import CALLEE, FREE, UNKNOWN, Filled, State, Value, typed
from policy.grammar.grammar import Pattern
from policy.grammar.known import called_word, result
from policy.grammar.value_types import ANY
from policy.grammar.walk import Fields, Rule, Walk


def called(walk: Walk, pattern: Pattern, count: int) -> Value:
    """Adds what the holes of something that is called expect; returns what the call gives."""
    fields = dict(pattern["fields"])
    if pattern["node"] != "Attribute":
        walk.visit(pattern, FREE)
        return UNKNOWN
    name = str(fields["attr"].get("value", ""))
    own = operations.receivers(name, None if count < 0 else count)
    walk.visit(fields["value"], State(own))
    return typed(operations.given(name))


def _attribute(walk: Walk, fields: Fields, state: State) -> Value:
    name = fields["attr"].get("value")
    accept = operations.receivers(name, None) if isinstance(name, str) else ANY
    walk.visit(fields["value"], State(accept))
    return Value(operations.attribute(name)) if isinstance(name, str) else UNKNOWN


def _keyword(walk: Walk, fields: Fields, state: State) -> Value:
    walk.visit(fields["arg"], FREE)
    accept = operations.KEYWORDS.get(str(fields["arg"].get("value", "")), ANY)
    walk.visit(fields["value"], State(accept))
    return UNKNOWN


def _call(walk: Walk, fields: Fields, state: State) -> Value:
    function, arguments = fields["func"], fields["args"]
    count = len(arguments["list"]) if "list" in arguments else -1
    beyond = walk.width(arguments, fields["keywords"])
    tell = None
    if state.tell is not None and state.tell.kind.startswith("bind"):
        tell = state.tell._replace(offset=state.tell.offset + beyond)
    callee = State(operations.widen(state.accept, few=True), CALLEE, count, tell)
    if "hole" in function:
        walk.out.append(callee)
        filled, value = Filled(allowed=True), UNKNOWN
    elif function["node"] == "Name":
        word = str(dict(function["fields"])["id"]["value"])
        filled = called_word(callee, word)
        value = result(word, count)
    else:
        filled, value = Filled(allowed=True), called(walk, function, count)
    arguments_of = dict(filled.told)
    for at, child in enumerate(arguments.get("list", [arguments])):
        walk.visit(child, arguments_of.get(1 + at, FREE))
    walk.visit(fields["keywords"], FREE)
    return value if filled.allowed else Value(0)


RULES: Final[dict[str, Rule]] = {
    "Attribute": _attribute,
    "keyword": _keyword,
    "Call": _call,
}
