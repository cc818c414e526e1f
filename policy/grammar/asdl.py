"""The abstract grammar of Python 3.11, which the vocabulary is built from.

The text is `Parser/Python.asdl` of CPython 3.11 without attributes and layout; it is kept here so
that the vocabulary is the same under any interpreter (later ones add fields and constructors).
"""

import re
from typing import Final, NamedTuple

TEXT: Final = """
mod = Module(stmt* body, type_ignore* type_ignores)
stmt = FunctionDef(identifier name, arguments args, stmt* body, expr* decorator_list,
                   expr? returns, string? type_comment)
     | AsyncFunctionDef(identifier name, arguments args, stmt* body, expr* decorator_list,
                        expr? returns, string? type_comment)
     | ClassDef(identifier name, expr* bases, keyword* keywords, stmt* body, expr* decorator_list)
     | Return(expr? value) | Delete(expr* targets)
     | Assign(expr* targets, expr value, string? type_comment)
     | AugAssign(expr target, operator op, expr value)
     | AnnAssign(expr target, expr annotation, expr? value, int simple)
     | For(expr target, expr iter, stmt* body, stmt* orelse, string? type_comment)
     | AsyncFor(expr target, expr iter, stmt* body, stmt* orelse, string? type_comment)
     | While(expr test, stmt* body, stmt* orelse) | If(expr test, stmt* body, stmt* orelse)
     | With(withitem* items, stmt* body, string? type_comment)
     | AsyncWith(withitem* items, stmt* body, string? type_comment)
     | Match(expr subject, match_case* cases) | Raise(expr? exc, expr? cause)
     | Try(stmt* body, excepthandler* handlers, stmt* orelse, stmt* finalbody)
     | TryStar(stmt* body, excepthandler* handlers, stmt* orelse, stmt* finalbody)
     | Assert(expr test, expr? msg) | Import(alias* names)
     | ImportFrom(identifier? module, alias* names, int? level)
     | Global(identifier* names) | Nonlocal(identifier* names) | Expr(expr value)
     | Pass() | Break() | Continue()
expr = BoolOp(boolop op, expr* values) | NamedExpr(expr target, expr value)
     | BinOp(expr left, operator op, expr right) | UnaryOp(unaryop op, expr operand)
     | Lambda(arguments args, expr body) | IfExp(expr test, expr body, expr orelse)
     | Dict(expr* keys, expr* values) | Set(expr* elts)
     | ListComp(expr elt, comprehension* generators) | SetComp(expr elt, comprehension* generators)
     | DictComp(expr key, expr value, comprehension* generators)
     | GeneratorExp(expr elt, comprehension* generators)
     | Await(expr value) | Yield(expr? value) | YieldFrom(expr value)
     | Compare(expr left, cmpop* ops, expr* comparators)
     | Call(expr func, expr* args, keyword* keywords)
     | FormattedValue(expr value, int conversion, expr? format_spec) | JoinedStr(expr* values)
     | Constant(constant value, string? kind)
     | Attribute(expr value, identifier attr, expr_context ctx)
     | Subscript(expr value, expr slice, expr_context ctx) | Starred(expr value, expr_context ctx)
     | Name(identifier id, expr_context ctx) | List(expr* elts, expr_context ctx)
     | Tuple(expr* elts, expr_context ctx) | Slice(expr? lower, expr? upper, expr? step)
expr_context = Load() | Store() | Del()
boolop = And() | Or()
operator = Add() | Sub() | Mult() | MatMult() | Div() | Mod() | Pow() | LShift() | RShift()
         | BitOr() | BitXor() | BitAnd() | FloorDiv()
unaryop = Invert() | Not() | UAdd() | USub()
cmpop = Eq() | NotEq() | Lt() | LtE() | Gt() | GtE() | Is() | IsNot() | In() | NotIn()
comprehension = comprehension(expr target, expr iter, expr* ifs, int is_async)
excepthandler = ExceptHandler(expr? type, identifier? name, stmt* body)
arguments = arguments(arg* posonlyargs, arg* args, arg? vararg, arg* kwonlyargs,
                      expr* kw_defaults, arg? kwarg, expr* defaults)
arg = arg(identifier arg, expr? annotation, string? type_comment)
keyword = keyword(identifier? arg, expr value)
alias = alias(identifier name, identifier? asname)
withitem = withitem(expr context_expr, expr? optional_vars)
match_case = match_case(pattern pattern, expr? guard, stmt* body)
pattern = MatchValue(expr value) | MatchSingleton(constant value)
        | MatchSequence(pattern* patterns)
        | MatchMapping(expr* keys, pattern* patterns, identifier? rest)
        | MatchClass(expr cls, pattern* patterns, identifier* kwd_attrs, pattern* kwd_patterns)
        | MatchStar(identifier? name) | MatchAs(pattern? pattern, identifier? name)
        | MatchOr(pattern* patterns)
type_ignore = TypeIgnore(int lineno, string tag)
"""


class Field(NamedTuple):
    """One field of a constructor: its sum type, and '' (one), '?' (optional) or '*' (a list)."""

    name: str
    type: str
    quantifier: str


def _parse() -> tuple[dict[str, tuple[Field, ...]], dict[str, str]]:
    fields: dict[str, tuple[Field, ...]] = {}
    sums: dict[str, str] = {}
    for rule in re.split(r"\n(?=\w)", TEXT.strip()):
        sum_type, constructors = rule.split(" = ", 1)
        for name, arguments in re.findall(r"(\w+)\(([^)]*)\)", constructors):
            found = re.findall(r"(\w+)([?*]?)\s+(\w+)", arguments)
            fields[name] = tuple(
                Field(field, kind, quantifier) for kind, quantifier, field in found
            )
            sums[name] = sum_type
    return fields, sums


_PARSED: Final = _parse()
FIELDS: Final = _PARSED[0]
"""Constructor name -> its fields, in Python 3.11's order."""
SUMS: Final = _PARSED[1]
"""Constructor name -> the sum type that it belongs to."""
