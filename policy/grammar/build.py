"""Builds `vocabulary.json` from the productions: `python -m policy.grammar.build`.

The file is part of the repository because checkpoints depend on the numbering of actions. Building
it again under any supported interpreter gives the same bytes.
"""

import ast
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from policy.grammar import productions as p
from policy.grammar.folds import FOLDS

VOCABULARY: Final = Path(__file__).with_name("vocabulary.json")
MAX_PARAMS: Final = 8
MAX_LITERALS: Final = 32
MAX_LOCALS: Final = 16
# A pattern in JSON: {"node": name, "fields": [[field, pattern]…]}, {"list": [pattern…]},
# {"hole": name, "contexts": [name…]} or {"value": constant}.
Pattern = dict[str, Any]


def _pattern(node: ast.expr) -> Pattern:
    match node:
        case ast.Call(func=ast.Name(id=name), keywords=keywords):
            return {"node": name, "fields": [[k.arg, _pattern(k.value)] for k in keywords]}
        case ast.List(elts=elements):
            return {"list": [_pattern(element) for element in elements]}
        case ast.Name(id=name):
            return {"hole": name, "contexts": []}
        case ast.Attribute(value=value, attr=attr):
            inner = _pattern(value)
            return {"hole": inner["hole"], "contexts": [*inner["contexts"], attr]}
        case _:
            return {"value": ast.literal_eval(node)}


def _rows() -> Iterator[dict[str, Any]]:
    """The actions in their order; PAD is 0."""
    yield {"name": "PAD", "sort": "pad"}
    yield {"name": "STOP", "sort": "stop"}
    yield {"name": "NONE", "sort": "none"}
    yield from _productions()
    for name in ("INT", "FLOAT", "COMPLEX", "STR", "USTR", "BYTES"):
        yield {"name": name, "sort": "const", "spell": name}
    yield {"name": "NAME", "sort": "name", "spell": "NAME"}
    for value in p.CONSTANTS:
        text = "..." if value is ... else repr(value)
        yield {"name": text, "sort": "const", "constant": text}
    for i in range(MAX_LITERALS):
        yield {"name": f"LIT_{i}", "sort": "literal", "index": i}
    for i in range(MAX_PARAMS):
        yield {"name": f"PARAM_{i}", "sort": "name", "param": i}
    yield {"name": "ENTRY", "sort": "name", "entry": True}
    for i in range(MAX_LOCALS):
        yield {"name": f"LOCAL_{i}", "sort": "name", "local": i}
    for kind, words in (
        ("builtin", p.BUILTINS),
        ("identifier", p.IDENTIFIERS),
        ("importable", p.IMPORTABLE),
    ):
        for word in words:
            yield {"name": word, "sort": "name", "word": word, "kind": kind}
    for character in p.CHARACTERS:
        yield {"name": f"CHAR_{character!r}", "sort": "char", "character": character}
    for nibble in range(16):
        yield {"name": f"HEX_{nibble:X}", "sort": "char", "nibble": nibble}


def _productions() -> Iterator[dict[str, Any]]:
    for line in _lines():
        head, text = line.split(" = ", 1)
        sort, name = head.split()
        pattern = _pattern(ast.parse(text, mode="eval").body)
        base = name.rstrip("!")
        if name.endswith("!"):
            yield {"name": f"{base}.", "sort": sort, "pattern": pattern, "ends": True}
        yield {"name": base, "sort": sort, "pattern": pattern}


def _lines() -> Iterator[str]:
    yield from p.STATEMENTS.strip().splitlines()
    for op in p.OPERATORS:
        ends = "!" if op in {"Add", "Sub", "Mult", "FloorDiv"} else ""
        yield f"stmt AugAssign[{op}]{ends} = AugAssign(target=aug_target, op={op}(), value=expr)"
    for op in p.BOOLEAN:
        for n in (2, 3):
            holes = ", ".join(["expr"] * n)
            yield f"expr {op}[{n}] = BoolOp(op={op}(), values=[{holes}])"
        yield f"expr {op}[*] = BoolOp(op={op}(), values=exprs2)"
    for op in p.OPERATORS:
        yield f"expr {op} = BinOp(left=expr, op={op}(), right=expr)"
    for op in p.UNARY:
        yield f"expr {op} = UnaryOp(op={op}(), operand=expr)"
    for op in p.COMPARISONS:
        yield f"expr {op} = Compare(left=expr, rest=[Comparison(op={op}(), right=expr)])"
        yield f"comparison rest[{op}] = Comparison(op={op}(), right=expr)"
    for word in p.ATTRIBUTES:
        yield f"expr .{word} = Attribute(value=expr, attr={word!r})"
    for word in p.KEYWORDS:
        yield f"keyword {word}= = keyword(arg={word!r}, value=expr)"
    yield from p.EXPRESSIONS.strip().splitlines()


def _holes() -> list[dict[str, Any]]:
    holes = [{"name": "none", "sorts": []}]
    for line in p.HOLES.strip().splitlines():
        name, sorts, *rest = line.split()
        taken = sorts.split("+")
        extra = ["name", "const", "literal"] if "expr" in taken else []
        hole: dict[str, Any] = {"name": name, "sorts": taken + extra}
        if rest:
            hole["rest"] = rest[0]
        holes.append(hole)
    return holes


def build() -> str:
    """The text of the vocabulary file."""
    content = {"holes": _holes(), "actions": list(_rows()), "folds": FOLDS}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
    limits = {"params": MAX_PARAMS, "literals": MAX_LITERALS, "locals": MAX_LOCALS}
    lines = [
        f'{{"version": "{digest}",',
        f'"limits": {json.dumps(limits)},',
        *_array("holes", content["holes"], ","),
        *_array("actions", content["actions"], ","),
        *_array("folds", content["folds"], ""),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _array(name: str, rows: Any, end: str) -> Iterator[str]:
    yield f'"{name}": ['
    yield from (json.dumps(row) + ("," if i + 1 < len(rows) else "") for i, row in enumerate(rows))
    yield f"]{end}"


if __name__ == "__main__":
    VOCABULARY.write_text(build(), encoding="utf-8")
