# ruff: noqa: E501 (one program a line)
import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.grammar import GRAMMAR, CodecError, Names, Root, codec
from policy.grammar.asdl import SUMS
from policy.grammar.roundtrip import difference

SOURCES = [
    "def f(a, /, b: int = 1, *c, d, e=2, **g) -> int:\n    'doc'\n    return a",
    "def f(*, a): pass",
    "@d\n@e(1)\nasync def f(a=1):\n    async for x in y:\n        await x\n    else:\n        pass\n"
    "    async with a as b, c: yield\n    return [x async for x in y if x if z]",
    "@d\nclass A(B, *C, metaclass=M, **k):\n    x: int\n    y: int = 1\n    (z): int\n    a.b: int = 2",
    "class A: pass\nclass B(A): pass",
    "del a, (b, [c]), d[0], e.f\ndel x",
    "a = b = c\n*a, b = c\n(a, *b) = [*c] = d\n[a, b] = c\na, b, c, d = e\n() = x\n[] = x",
    "a: int\nx += 1\nx.y -= 2\nx[0] @= 3\nx >>= 1",
    "for a, b in c: break\nelse: continue_ = 1\nfor x in y: continue",
    "while a:\n    if b: pass\n    elif c: pass\n    else: pass\nelse: pass",
    "with a: pass\nwith a as b, c as (d, e): pass\nwith a as b: pass",
    "raise\nraise a\nraise a from b\nassert a\nassert a, b",
    "try: a\nexcept: b\ntry: a\nexcept A: b\nexcept (B, C) as e: c\nelse: d\nfinally: e\ntry: a\nfinally: b",
    "try: a\nexcept* A as e: b\nexcept* B: c",
    "import a\nimport a.b as c, d\nfrom a import b\nfrom a import b as c, d\nfrom . import e\nfrom ..f import *",
    "def f():\n    global a, b\n    def g():\n        nonlocal_ = 1\n    return g",
    "def f(a):\n    def g():\n        nonlocal a\n        a = 1",
    "match a:\n    case 1 | -2 | 'x': pass\n    case [a, *_, b] if c: pass\n    case [*rest]: pass\n"
    "    case {'k': v, **rest}: pass\n    case {}: pass\n    case C(1, x=2, y=z): pass\n    case None | True: pass\n"
    "    case (1 as b): pass\n    case a.b: pass\n    case 1+2j: pass\n    case _: pass",
    "a and b and c and d or e or f\nnot a\n-a + ~b * +c ** d // e % f @ g / h << i >> j & k | l ^ m",
    "a < b <= c != d == e > f >= g is h is not i in j not in k",
    "(a := b)\nlambda: 0\nlambda x: x\nlambda x, *y, z=1, **w: (x, y)\nlambda x=1: x\na if b else c",
    "{}\n{1: 2}\n{1: 2, **a, 3: 4}\n{1}\n{*a, b}\n[]\n[a]\n[a, b, c, d]\n()\n(a,)\n(a, b)",
    "[x for x in y]\n{x for x in y if z}\n{k: v for k, v in x}\n(x for y in z for x in y if x if y)\n"
    "[x for x in y if z]\n{x for x in y}",
    "f()\nf(a)\nf(a, b, c)\nf(a, b, c, d)\nf(*a, k=1, **b)\nsorted(a, key=b)\nsorted(a, key=b, reverse=True)",
    "f'a{b}c{d!r:>{e}}{f:.2f}{g!s}{h!a}{i=}'\nf''\nf'{a}' 'b'",
    "a.b.append(c)\na[b]\na[b:c]\na[:c]\na[b:]\na[::c]\na[b::c]\na[:b:c]\na[b:c:d]\na[:]\na[b, c:d]\na[*b]",
    "0\n-1\n17\n123456789012345678901234567890\n1.5\n1e400\n1j\n'a'\nu'b'\nb'c'\n...\nTrue\nNone\n'é\\ud800\\x00'",
    "def f():\n    return (yield)\ndef g():\n    x = yield 1\n    yield from x",
    "async def f(): return await a",
]


NO_NAMES = Names()


def exact(tree: ast.Module, names: Names = NO_NAMES, root: Root = Root.MODULE) -> list[int]:
    actions = codec.encode(tree, names, root)
    back = codec.decode(actions, names, root)
    assert ast.dump(back) == ast.dump(tree)
    assert difference(tree, back) is None
    return actions


def actions_of(source: str, names: Names) -> list[str]:
    return [GRAMMAR.action_name(a) for a in exact(ast.parse(source), names, Root.BODY)]


@pytest.mark.parametrize("source", SOURCES)
def test_every_construct_comes_back_exactly(source: str) -> None:
    exact(ast.parse(source))


def test_the_sources_above_hold_every_constructor() -> None:
    seen = {type(node).__name__ for source in SOURCES for node in ast.walk(ast.parse(source))}
    # A type ignore comes from a comment alone, and is tested below.
    assert set(SUMS) - seen == {"TypeIgnore"}


def test_type_comments_and_ignores_come_back() -> None:
    source = (
        "x = []  # type: list[int]\nfor a in b:  # type: int\n    pass\nwith a as b:  # type: c\n    pass\n"
        "def f(a,  # type: int\n      ):\n    # type: (...) -> int\n    pass\nimport a  # type: ignore[b]\n"
    )
    exact(ast.parse(source, type_comments=True))


def test_a_closed_formula_takes_eight_actions_at_most() -> None:
    names = Names(("n",), "f")
    assert len(actions_of("def f(n):\n    return n * (n + 1) // 2", names)) <= 8


def test_names_become_pointers_and_words() -> None:
    names = Names(("xs", "list"), "f", ("yes", 41))
    source = "def f(xs, list):\n    v0 = f(xs, list)\n    return 'yes' if len(v0) < 41 else other"
    found = actions_of(source, names)
    assert {"PARAM_0", "PARAM_1", "ENTRY", "LOCAL_0", "LIT_0", "LIT_1", "NAME"} <= set(found)
    assert "len" in " ".join(found)


def test_a_local_slot_never_means_a_parameter() -> None:
    names = Names(("v0",), "v1")
    assert names.locals[:3] == ("v0_", "v1_", "v2")
    actions_of("def v1(v0):\n    v0_ = v0\n    return v0_", names)


def test_a_negative_literal_is_written_as_its_negation() -> None:
    names = Names((), "f", (-41, -2.5))
    found = actions_of("def f():\n    return [-41, -2.5, -40]", names)
    assert {"LIT_0", "LIT_1"} <= set(found)


@pytest.mark.parametrize(
    "value",
    [math.inf, -math.inf, math.nan, -0.0, 0.0, -5, complex(1, -0.0), complex(math.nan, 2)],
)
def test_numbers_that_no_source_spells_come_back(value: complex) -> None:
    tree = ast.Module([ast.Expr(ast.Constant(value, None))], [])
    back = codec.decode(codec.encode(tree, Names(), Root.MODULE), Names(), Root.MODULE)
    assert difference(tree, back) is None


@given(
    st.text(st.characters(categories=None), max_size=30),
    st.binary(max_size=30),
    st.floats(),
    st.integers(),
)
def test_any_constant_comes_back(text: str, data: bytes, real: float, whole: int) -> None:
    constants = [ast.Constant(text, None), ast.Constant(data, None), ast.Constant(real, None)]
    constants += [ast.Constant(whole, None), ast.Constant(text, "u")]
    tree = ast.Module([ast.Expr(constant) for constant in constants], [])
    exact(tree)


def test_a_deep_tree_needs_no_recursion() -> None:
    node: ast.expr = ast.Name("x", ast.Load())
    for _ in range(20_000):
        node = ast.UnaryOp(ast.Not(), node)
    tree = ast.Module([ast.Expr(node)], [])
    actions = codec.encode(tree, Names(), Root.MODULE)
    assert difference(tree, codec.decode(actions, Names(), Root.MODULE)) is None


def test_padding_is_ignored() -> None:
    tree = ast.parse("x = 1")
    actions = codec.encode(tree, Names(), Root.MODULE)
    assert ast.dump(codec.decode([*actions, 0, 0], Names(), Root.MODULE)) == ast.dump(tree)


@pytest.mark.parametrize(
    ("source", "params"),
    [("x = 1", ()), ("def f(a):\n    return a", ("b",)), ("def f(a: int):\n    return a", ("a",)),
     ("@d\ndef f(a):\n    return a", ("a",)), ("def f(a=1):\n    return a", ("a",))],
)  # fmt: skip
def test_the_body_root_takes_the_plain_entry_function_alone(
    source: str, params: tuple[str, ...]
) -> None:
    with pytest.raises(CodecError, match="normalise"):
        codec.encode(ast.parse(source), Names(params, "f"), Root.BODY)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (["Return[value]."], "1 holes open"),
        (["Return.", "Pass."], "complete before it"),
        (["Add"], "cannot fill block"),
        (["Expr.", "PARAM_3"], "PARAM_3 is used"),
        (["Expr.", "LIT_0"], "LIT_0 is used"),
        (["Expr.", "STR", "HEX_F", "STOP"], "half of a byte"),
        (["Expr.", "FLOAT", "CHAR_'x'", "STOP"], "cannot be read"),
    ],
)
def test_actions_that_are_no_program_are_refused(actions: list[str], message: str) -> None:
    ids = [GRAMMAR.action_ids[name] for name in actions]
    with pytest.raises(CodecError, match=message):
        codec.decode(ids, Names(("a",), "f"), Root.BODY)


def test_constants_that_python_never_parses_are_refused() -> None:
    pair = ast.Constant((1, 2), None)  # type: ignore[arg-type]
    tree = ast.Module([ast.Expr(pair)], [])
    with pytest.raises(CodecError, match="tuple"):
        codec.encode(tree, Names(), Root.MODULE)


@pytest.mark.parametrize("sign", [1, -1])
def test_integers_too_long_for_decimal_come_back(sign: int) -> None:
    value = sign * 10**5000
    tree = ast.Module([ast.Expr(ast.Constant(value, None))], [])
    back = codec.decode(codec.encode(tree, Names(), Root.MODULE), Names(), Root.MODULE)
    found = back.body[0]
    assert isinstance(found, ast.Expr)
    assert isinstance(found.value, ast.Constant)
    assert found.value.value == value
