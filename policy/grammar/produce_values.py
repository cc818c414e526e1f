"""What operators, displays and subscripts expect of their holes, and what they give."""

from typing import Final

from policy.grammar import operations
from policy.grammar.expectations import FREE, UNKNOWN, State, Tell, Value, typed
from policy.grammar.grammar import Pattern
from policy.grammar.known import constant, word_value
from policy.grammar.operations import UNARY
from policy.grammar.value_types import ANY, HASHABLE, ITERABLE, NUMBER, TEXT, Atom, Type
from policy.grammar.walk import Fields, Rule, Walk


def _binary(walk: Walk, fields: Fields, state: State) -> Value:
    operator = fields["op"]["node"]
    return _operands(walk, operator, state.accept, fields["left"], fields["right"])


def _operands(walk: Walk, operator: str, wanted: int, left: Pattern, right: Pattern) -> Value:
    accept = operations.left(operator, wanted)
    tell = Tell(1, "right", operations.like(operator)) if "hole" in right else None
    found = walk.visit(left, State(accept, tell=tell))
    beside = found.atoms & accept
    walk.visit(right, State(operations.right(operator, wanted, beside)))
    return Value(operations.result(operator))


def _compare(walk: Walk, fields: Fields, state: State) -> Value:
    rest = fields["rest"]
    if "list" in rest and len(rest["list"]) == 1:
        one = dict(rest["list"][0]["fields"])
        _operands(walk, one["op"]["node"], ANY, fields["left"], one["right"])
    else:
        walk.visit(fields["left"], FREE)
        walk.visit(rest, FREE)
    return typed(Type.INT)


def _comparison(walk: Walk, fields: Fields, state: State) -> Value:
    walk.visit(fields["right"], State(operations.right(fields["op"]["node"], ANY)))
    return UNKNOWN


def _unary(walk: Walk, fields: Fields, state: State) -> Value:
    operator = fields["op"]["node"]
    accept = UNARY[operator]
    walk.visit(fields["operand"], State(accept & (state.accept | Atom.OTHER)
                                    if operator != "Not" else ANY))  # fmt: skip
    return typed(Type.INT) if operator == "Not" else Value(accept | Atom.INT)


def _either(walk: Walk, fields: Fields, state: State) -> Value:
    """Of an operator's operands the last is what it gives, others are where they end it."""
    values = fields["values"]
    if "list" in values:
        *others, last = values["list"]
        for child in others:
            walk.visit(child, FREE)
        walk.visit(last, State(state.accept))
    else:
        walk.visit(values, FREE)
    return UNKNOWN


def _if_else(walk: Walk, fields: Fields, state: State) -> Value:
    walk.visit(fields["test"], FREE)
    for name in ("body", "orelse"):
        walk.visit(fields[name], State(state.accept))
    return UNKNOWN


def _hashed(*hashed: str, gives: Type) -> Rule:
    def rule(walk: Walk, fields: Fields, state: State) -> Value:
        for name, child in fields.items():
            walk.visit(child, State(HASHABLE) if name in hashed else FREE)
        return typed(gives)

    return rule


def _subscript(walk: Walk, fields: Fields, state: State) -> Value:
    found = walk.indexed(fields, operations.indexed(state.accept))
    walk.visit(fields["slice"], State(operations.index(found.atoms)))
    return UNKNOWN


def _slice(walk: Walk, fields: Fields, state: State) -> Value:
    for child in fields.values():
        walk.visit(child, State(Atom.INT | Atom.NONE))
    return UNKNOWN


def _starred(walk: Walk, fields: Fields, state: State) -> Value:
    walk.visit(fields["value"], State(ITERABLE))
    return UNKNOWN


def _formatted(walk: Walk, fields: Fields, state: State) -> Value:
    plain = fields["format_spec"] == {"value": None}
    walk.visit(fields["value"], FREE if plain else State(NUMBER | TEXT))
    walk.visit(fields["format_spec"], FREE)
    return UNKNOWN


RULES: Final[dict[str, Rule]] = {
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
    "Constant": lambda walk, fields, state: constant(fields["value"]["value"]),
    "Name": lambda walk, fields, state: word_value(str(fields["id"]["value"])),
}
