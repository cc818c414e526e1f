"""What a production expects of each of its holes, and what it gives.

An expectation is handed down a production's pattern, so that folded actions need no rules of their
own.
"""

from collections.abc import Callable
from typing import Final

from policy.grammar import context, operations
from policy.grammar.expectations import (
    AUGMENT,
    BIND,
    BLOCK,
    CALLEE,
    FREE,
    UNKNOWN,
    VALUE,
    Filled,
    State,
    Tell,
    UnfitError,
    Value,
    typed,
)
from policy.grammar.grammar import Pattern
from policy.grammar.known import called_word, constant, result, word_value
from policy.grammar.operations import UNARY
from policy.grammar.value_types import (
    ANY,
    HASHABLE,
    ITERABLE,
    NUMBER,
    TEXT,
    Atom,
    Type,
    element,
    item,
)


def called(pattern: Pattern, count: int, out: list[State]) -> Value:
    """Adds what the holes of something that is called expect; returns what the call gives."""
    fields = dict(pattern["fields"])
    if pattern["node"] != "Attribute":
        visit(pattern, FREE, out)
        return UNKNOWN
    name = str(fields["attr"].get("value", ""))
    own = operations.receivers(name, None if count < 0 else count)
    visit(fields["value"], State(own), out)
    return typed(operations.given(name))


Fields = dict[str, Pattern]


def visit(pattern: Pattern, state: State, out: list[State]) -> Value:
    """Adds the expectations of the pattern's holes, in their order; returns its value.

    Raises UnfitError where the pattern's own parts give no value that is expected.
    """
    if "hole" in pattern:
        out.append(_hole(pattern["hole"], state))
        return UNKNOWN
    if "list" in pattern:
        for child in pattern["list"]:
            visit(child, state, out)
        return UNKNOWN
    if "node" not in pattern:
        return UNKNOWN
    fields = dict(pattern["fields"])
    if state.role == BIND:
        return _target(pattern["node"], fields, state, out)
    rule = _RULES.get(pattern["node"])
    value = rule(fields, state, out) if rule else _plain(pattern["node"], fields, out)
    # A starred argument may stand for any others.
    if state.role == VALUE and not value.atoms & state.accept and pattern["node"] != "Starred":
        raise UnfitError
    return value


def _plain(node: str, fields: Fields, out: list[State]) -> Value:
    for child in fields.values():
        visit(child, FREE, out)
    return _RESULTS.get(node, UNKNOWN)


def _hole(name: str, state: State) -> State:
    if state.role in {VALUE, AUGMENT}:
        state = state._replace(accept=operations.widen(state.accept))
    if name == "bind":
        return State(ANY, BIND, Type.FUNC)
    if name in context.BINDING_HOLES and state.role != BIND:
        return State(ANY, BIND, Type.UNKNOWN)
    return state


_RESULTS: Final = {
    "Lambda": typed(Type.FUNC),
    "GeneratorExp": typed(Type.ITER),
    "ListComp": typed(Type.LIST),
    "List": typed(Type.LIST),
    "Tuple": typed(Type.TUPLE),
    "Dict": typed(Type.DICT),
    "JoinedStr": typed(Type.STR),
}


def _target(node: str, fields: Fields, state: State, out: list[State]) -> Value:
    kind = Type(state.detail)
    if node == "Subscript":
        _indexed(fields, operations.STORED, out)
        visit(fields["slice"], FREE, out)
    elif node == "Starred":
        visit(fields["value"], State(ANY, BIND, Type.LIST), out)
    elif "list" in fields.get("elts", {}):
        for at, child in enumerate(fields["elts"]["list"]):
            visit(child, State(ANY, BIND, item(kind, at)), out)
    else:
        inner = State(ANY, BIND, element(kind))
        for child in fields.values():
            visit(child, inner if "elts" in fields else FREE, out)
    return UNKNOWN


def _width(*patterns: Pattern) -> int:
    """How many holes the patterns have."""
    out: list[State] = []
    for pattern in patterns:
        visit(pattern, FREE, out)
    return len(out)


def _bound(value: Pattern, kind: str, target: Pattern, out: list[State], accept: int) -> None:
    """A value and the target that it goes to, which is the next hole."""
    found = visit(value, State(accept, tell=Tell(1, kind)), out)
    known = found.type if kind == "bind" else element(found.type)
    visit(target, State(ANY, BIND, known), out)


def _assign(fields: Fields, state: State, out: list[State]) -> Value:
    targets = fields["targets"]
    _bound(fields["value"], "bind", targets, out, ANY)
    visit(fields["type_comment"], FREE, out)
    return UNKNOWN


def _for(fields: Fields, state: State, out: list[State]) -> Value:
    _bound(fields["iter"], "bind element", fields["target"], out, ITERABLE)
    inside = state if state.role == BLOCK else FREE
    for name in ("body", "orelse", "ifs", "type_comment", "is_async"):
        if name in fields:
            visit(fields[name], inside if name in {"body", "orelse"} else FREE, out)
    return UNKNOWN


def _augment(fields: Fields, state: State, out: list[State]) -> Value:
    operator, value = fields["op"]["node"], fields["value"]
    fixed = "hole" not in value and operator not in {"Div", "Pow"}
    accept = operations.left(operator, ANY)
    tell = Tell(1, "augment", operations.like(operator)) if "hole" in value else None
    visit(fields["target"], State(accept, AUGMENT, int(fixed), tell), out)
    accept = operations.right(operator, ANY) | (ITERABLE if operator == "Add" else 0)
    visit(value, State(accept), out)
    return UNKNOWN


def _while(fields: Fields, state: State, out: list[State]) -> Value:
    for name, child in fields.items():
        inside = name in {"body", "orelse"} and state.role == BLOCK
        visit(child, state if inside else FREE, out)
    return UNKNOWN


def _return(fields: Fields, state: State, out: list[State]) -> Value:
    visit(fields["value"], State(state.accept if state.role == BLOCK else ANY), out)
    return UNKNOWN


def _binary(fields: Fields, state: State, out: list[State]) -> Value:
    operator = fields["op"]["node"]
    return _operands(operator, state.accept, fields["left"], fields["right"], out)


def _operands(operator: str, wanted: int, left: Pattern, right: Pattern, out: list[State]) -> Value:
    accept = operations.left(operator, wanted)
    tell = Tell(1, "right", operations.like(operator)) if "hole" in right else None
    found = visit(left, State(accept, tell=tell), out)
    beside = found.atoms & accept
    visit(right, State(operations.right(operator, wanted, beside)), out)
    return Value(operations.result(operator))


def _compare(fields: Fields, state: State, out: list[State]) -> Value:
    rest = fields["rest"]
    if "list" in rest and len(rest["list"]) == 1:
        one = dict(rest["list"][0]["fields"])
        _operands(one["op"]["node"], ANY, fields["left"], one["right"], out)
    else:
        visit(fields["left"], FREE, out)
        visit(rest, FREE, out)
    return typed(Type.INT)


def _comparison(fields: Fields, state: State, out: list[State]) -> Value:
    visit(fields["right"], State(operations.right(fields["op"]["node"], ANY)), out)
    return UNKNOWN


def _unary(fields: Fields, state: State, out: list[State]) -> Value:
    operator = fields["op"]["node"]
    accept = UNARY[operator]
    visit(fields["operand"], State(accept & (state.accept | Atom.OTHER)
                                    if operator != "Not" else ANY), out)  # fmt: skip
    return typed(Type.INT) if operator == "Not" else Value(accept | Atom.INT)


def _either(fields: Fields, state: State, out: list[State]) -> Value:
    """Of an operator's operands the last is what it gives, others are where they end it."""
    values = fields["values"]
    if "list" in values:
        *others, last = values["list"]
        for child in others:
            visit(child, FREE, out)
        visit(last, State(state.accept), out)
    else:
        visit(values, FREE, out)
    return UNKNOWN


def _if_else(fields: Fields, state: State, out: list[State]) -> Value:
    visit(fields["test"], FREE, out)
    for name in ("body", "orelse"):
        visit(fields[name], State(state.accept), out)
    return UNKNOWN


def _hashed(*hashed: str, gives: Type) -> Callable[[Fields, State, list[State]], Value]:
    def rule(fields: Fields, state: State, out: list[State]) -> Value:
        for name, child in fields.items():
            visit(child, State(HASHABLE) if name in hashed else FREE, out)
        return typed(gives)

    return rule


def _indexed(fields: Fields, accept: int, out: list[State]) -> Value:
    tell = Tell(1, "index") if "hole" in fields["slice"] else None
    return visit(fields["value"], State(accept, tell=tell), out)


def _subscript(fields: Fields, state: State, out: list[State]) -> Value:
    found = _indexed(fields, operations.indexed(state.accept), out)
    visit(fields["slice"], State(operations.index(found.atoms)), out)
    return UNKNOWN


def _slice(fields: Fields, state: State, out: list[State]) -> Value:
    for child in fields.values():
        visit(child, State(Atom.INT | Atom.NONE), out)
    return UNKNOWN


def _starred(fields: Fields, state: State, out: list[State]) -> Value:
    visit(fields["value"], State(ITERABLE), out)
    return UNKNOWN


def _formatted(fields: Fields, state: State, out: list[State]) -> Value:
    plain = fields["format_spec"] == {"value": None}
    visit(fields["value"], FREE if plain else State(NUMBER | TEXT), out)
    visit(fields["format_spec"], FREE, out)
    return UNKNOWN


def _keyword(fields: Fields, state: State, out: list[State]) -> Value:
    visit(fields["arg"], FREE, out)
    accept = operations.KEYWORDS.get(str(fields["arg"].get("value", "")), ANY)
    visit(fields["value"], State(accept), out)
    return UNKNOWN


def _attribute(fields: Fields, state: State, out: list[State]) -> Value:
    name = fields["attr"].get("value")
    accept = operations.receivers(name, None) if isinstance(name, str) else ANY
    visit(fields["value"], State(accept), out)
    return Value(operations.attribute(name)) if isinstance(name, str) else UNKNOWN


def _call(fields: Fields, state: State, out: list[State]) -> Value:
    function, arguments = fields["func"], fields["args"]
    count = len(arguments["list"]) if "list" in arguments else -1
    beyond = _width(arguments, fields["keywords"])
    tell = None
    if state.tell is not None and state.tell.kind.startswith("bind"):
        tell = state.tell._replace(offset=state.tell.offset + beyond)
    callee = State(operations.widen(state.accept, few=True), CALLEE, count, tell)
    if "hole" in function:
        out.append(callee)
        filled, value = Filled(allowed=True), UNKNOWN
    elif function["node"] == "Name":
        word = str(dict(function["fields"])["id"]["value"])
        filled = called_word(callee, word)
        value = result(word, count)
    else:
        filled, value = Filled(allowed=True), called(function, count, out)
    arguments_of = dict(filled.told)
    for at, child in enumerate(arguments.get("list", [arguments])):
        visit(child, arguments_of.get(1 + at, FREE), out)
    visit(fields["keywords"], FREE, out)
    return value if filled.allowed else Value(0)


_RULES: Final[dict[str, Callable[[Fields, State, list[State]], Value]]] = {
    "Assign": _assign,
    "For": _for,
    "comprehension": _for,
    "AugAssign": _augment,
    "While": _while,
    "Return": _return,
    "BinOp": _binary,
    "Compare": _compare,
    "Comparison": _comparison,
    "UnaryOp": _unary,
    "BoolOp": _either,
    "IfExp": _if_else,
    "Set": _hashed("elts", gives=Type.SET),
    "SetComp": _hashed("elt", gives=Type.SET),
    "DictComp": _hashed("key", gives=Type.DICT),
    "DictItem": _hashed("key", gives=Type.UNKNOWN),
    "Subscript": _subscript,
    "Slice": _slice,
    "Starred": _starred,
    "FormattedValue": _formatted,
    "keyword": _keyword,
    "Attribute": _attribute,
    "Call": _call,
    "Constant": lambda fields, state, out: constant(fields["value"]["value"]),
    "Name": lambda fields, state, out: word_value(str(fields["id"]["value"])),
}
